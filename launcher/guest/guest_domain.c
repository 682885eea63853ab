// SPDX-License-Identifier: Apache-2.0
#include "guest/guest_domain.h"

#include <stdio.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/file.h>
#include <snp/sha.h>

#include "config/launch_spec.h"
#include "domain/domain_read.h"
#include "domain/domain_xml.h"

#define MAX_MEASURED (BOOT_PARTS + 2)

/* What stands in <metadata> beside the digest: each input with size and SHA-256. */
static int list_measured(const struct prepare_request *request, const struct guest_record *record,
			 struct domain_measured list[static MAX_MEASURED], size_t *ret,
			 struct snp_error *err)
{
	_cleanup_(file_close) struct file file = {.fd = -1};
	size_t n = 0;
	int r;

	for (unsigned int i = 0; i < BOOT_PARTS; i++) {
		const struct boot_file *boot = &record->boot[i];

		if (!boot->source)
			continue;
		list[n] = (struct domain_measured){.input = boot_part_names[i], .size = boot->size};
		memcpy(list[n++].sha256, boot->sha256, SNP_SHA256_SIZE);
	}
	if (record->cmdline) {
		const struct snp_span text = {(const uint8_t *)record->cmdline,
					      strlen(record->cmdline)};

		list[n] = (struct domain_measured){.input = "cmdline", .size = text.size};
		r = sha256_of(text, list[n++].sha256, err);
		if (r < 0)
			return r;
	}
	r = file_open(request->config_path, SNP_MAX_CONFIG, &file, err);
	if (r < 0)
		return r;
	list[n] = (struct domain_measured){.input = "vm.json", .size = file.size};
	r = in_file(err, file_sha256(&file, NULL, NULL, list[n++].sha256, err),
		    request->config_path);
	*ret = n;
	return r;
}

static int build_xml(const struct prepare_request *request, const struct guest_record *record,
		     char **ret, struct snp_error *err)
{
	const struct guest_binding *b = &record->binding;
	struct domain_measured measured[MAX_MEASURED];
	struct domain_launch launch = {
		.uuid = record->uuid,
		.firmware = record->boot[BOOT_FIRMWARE].path,
		.kernel = record->boot[BOOT_KERNEL].path,
		.initrd = record->boot[BOOT_INITRD].path,
		.id_block = b->source != ID_NONE ? b->block : NULL,
		.id_auth = b->source != ID_NONE ? b->auth : NULL,
		.author_key = b->keys.has_author,
		.launch_digest = record->launch_digest,
		.state = request->final_path,
		.measured = measured,
		.emulator = request->emulator,
		.qemu_version = request->qemu_version,
		.uid = request->qemu_user,
		.gid = request->qemu_group,
	};
	_cleanup_(freep) char *log = NULL;
	int r;

	if (asprintf(&log, "%s/" GUEST_RUN "/console.log", request->final_path) < 0) {
		log = NULL;
		return out_of_memory(err);
	}
	if (!request->remote && request->config->console != VM_CONSOLE_NONE)
		launch.console_log = log;
	memcpy(launch.host_data, record->host_data, sizeof(launch.host_data));
	r = list_measured(request, record, measured, &launch.n_measured, err);
	if (r < 0)
		return r;
	return domain_xml_build(request->config, &launch, request->template, ret, err);
}

/* The checks of what vm.json cannot say, and a fragment or a template can; the others were made of vm.json,
 * and know more by it. */
static int check_domain(const struct prepare_request *request, const char *xml,
			struct snp_error *err)
{
	const char *blame = request->config->libvirt_xml ? request->config->libvirt_xml
			    : request->template		 ? request->template
							 : "domain.xml";
	_cleanup_(launch_spec_freep) struct launch_spec *spec = NULL;
	struct findings all, found = {0};
	int r;

	r = domain_read(blame, (struct snp_span){(const uint8_t *)xml, strlen(xml)}, &spec, err);
	if (r < 0)
		return r;
	checks_run(spec, request->checks, &all);
	for (size_t i = 0; i < all.n; i++) {
		struct finding *f = &found.at[found.n];

		if (all.at[i].check->pointer)
			continue;
		*f = all.at[i];
		f->line = 0; /* of the whole, not of the fragment */
		found.n++;
		found.n_errors += f->severity == CHECK_ERROR;
	}
	if (request->findings)
		*request->findings = found;
	return findings_refuse(&found, blame, err);
}

int guest_domain(const struct prepare_request *request, const struct guest_record *record,
		 char **ret, struct snp_error *err)
{
	_cleanup_(freep) char *xml = NULL;
	int r;

	r = build_xml(request, record, &xml, err);
	if (r == 0)
		r = check_domain(request, xml, err);
	if (r == 0)
		*ret = TAKE_PTR(xml);
	return r;
}
