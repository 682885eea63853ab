// SPDX-License-Identifier: Apache-2.0
#include "guest/metadata.h"

#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/sha.h>

int metadata_read(virDomainPtr domain, bool live, struct domain_record *ret, bool *ret_there,
		  struct snp_error *err)
{
	_cleanup_(freep) char *xml =
		virDomainGetXMLDesc(domain, live ? 0 : VIR_DOMAIN_XML_INACTIVE);

	if (!xml)
		return hypervisor_fail(err, "cannot read the guest's domain");
	*ret_there = domain_read_record(virDomainGetName(domain),
					(struct snp_span){(const uint8_t *)xml, strlen(xml)}, ret,
					NULL) == 0;
	return 0;
}

/* Whether the metadata have `input` with that SHA-256, or do not have it where `sha256` is NULL. */
static bool agrees(const struct domain_record *metadata, const char *input, const uint8_t *sha256)
{
	for (size_t i = 0; i < metadata->n_measured; i++)
		if (strcmp(metadata->measured[i].input, input) == 0)
			return sha256 &&
			       memcmp(metadata->measured[i].sha256, sha256, SNP_SHA256_SIZE) == 0;
	return !sha256;
}

const char *metadata_difference(const struct domain_record *metadata,
				const struct guest_record *record)
{
	const char *cmdline = record->cmdline;
	uint8_t sha256[SNP_SHA256_SIZE];

	if (!metadata->has_launch_digest ||
	    memcmp(metadata->launch_digest, record->launch_digest, SNP_LAUNCH_DIGEST_SIZE) != 0)
		return "launch digest";
	if (!metadata->has_policy || metadata->policy != record->policy)
		return "policy";
	for (unsigned int i = 0; i < BOOT_PARTS; i++)
		if (!agrees(metadata, boot_part_names[i],
			    record->boot[i].source ? record->boot[i].sha256 : NULL))
			return boot_part_names[i];
	if (cmdline && sha256_of((struct snp_span){(const uint8_t *)cmdline, strlen(cmdline)},
				 sha256, NULL) < 0)
		return "command line";
	return agrees(metadata, "cmdline", cmdline ? sha256 : NULL) ? NULL : "command line";
}

int metadata_check(const struct guest_record *record, virDomainPtr domain, struct snp_error *err)
{
	struct domain_record metadata;
	const char *what;
	bool there = false;
	int r = metadata_read(domain, false, &metadata, &there, err);

	if (r < 0)
		return r;
	what = there ? metadata_difference(&metadata, record) : "all of it";
	if (!what)
		return 0;
	return fail_with(
		err, SNP_E_DRIFT, SNP_NO_OFFSET,
		"%s: the guest's record is not what libvirt's domain says it was made with: %s "
		"differs; somebody exchanged one of them, and nothing was launched: create --replace",
		record->name, what);
}
