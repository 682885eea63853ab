// SPDX-License-Identifier: Apache-2.0
#include "archive/disk_image.h"

#include <inttypes.h>
#include <stdint.h>
#include <string.h>

#include <snp/fail.h>

/* Offsets, all big-endian. Version 2 ends before the features. */
#define MAGIC	      "QFI\xfb"
#define VERSION	      4
#define BACKING_FILE  8 /* where its name stands; 0: none */
#define V2_SIZE	      72
#define INCOMPATIBLE  72
#define EXTERNAL_DATA (1u << 2)

static uint64_t big_endian64(struct snp_span head, uint64_t offset)
{
	uint64_t value = 0;

	return snp_span_le64(head, offset, &value) ? __builtin_bswap64(value) : 0;
}

static int refuse(struct snp_error *err, const char *why)
{
	return fail_with(err, SNP_E_BAD_DISK, SNP_NO_OFFSET, "%s", why);
}

int disk_image_check(struct snp_span head, struct snp_error *err)
{
	uint32_t version;

	if (head.size < V2_SIZE || memcmp(head.data, MAGIC, 4) != 0 ||
	    !snp_span_le32(head, VERSION, &version))
		return refuse(err, "not a qcow2 image, as vm.json says");
	version = __builtin_bswap32(version);
	if (version != 2 && version != 3)
		return fail_with(err, SNP_E_BAD_DISK, SNP_NO_OFFSET,
				 "a qcow2 image of version %" PRIu32 "; must be 2 or 3", version);
	if (big_endian64(head, BACKING_FILE) != 0)
		return refuse(err, "the image has a backing file, which an archive does not hold; "
				   "make it whole with qemu-img convert");
	if (version == 2)
		return 0;
	if (head.size < QCOW2_HEADER)
		return refuse(err, "the header of the qcow2 image is cut off");
	if (big_endian64(head, INCOMPATIBLE) & EXTERNAL_DATA)
		return refuse(err,
			      "the image keeps its data in another file, which an archive does "
			      "not hold; make it whole with qemu-img convert");
	return 0;
}
