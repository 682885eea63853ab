/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNP_LAUNCH_DOCUMENT_H
#define SNP_LAUNCH_DOCUMENT_H

#include <stdbool.h>
#include <stdint.h>

#include <snp/json_out.h>
#include <snp/launch.h>

/* What snp-digest/1 and snp-plan/1 say of a launch, for every verb of both tools that prints one. */

/* One measured input, as far as it is known: one that is given by its digest has no name and no size. */
struct launch_input {
	bool present, has_size;
	const char *name; /* path, or NULL */
	uint64_t size;
	uint8_t sha256[SNP_SHA256_SIZE];
	bool is_summary; /* size and sha256 are those of an snp-firmware/1 document for this: */
	uint8_t firmware_digest[SNP_SHA384_SIZE];
};

struct launch_inputs {
	struct launch_input firmware, svsm, igvm, kernel, initrd, cmdline;
	const uint8_t *firmware_digest; /* given in place of the firmware's pages; NULL: not */
};

/* Add the parameters of a launch, what its digest does not cover, and the inputs. */
void launch_document_add(struct json_out *json, const struct snp_launch *launch,
			 const struct launch_inputs *inputs);

/* Add "not_covered" alone. docs/measurement.md has the reasons. */
void launch_document_not_covered(struct json_out *json, const struct snp_launch *launch);

#endif
