// SPDX-License-Identifier: Apache-2.0
#include "guest/prepare.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/file.h>
#include <snp/igvm_bind.h>
#include <snp/memory.h>
#include <snp/sha.h>

#include "domain/domain_read.h"
#include "domain/domain_xml.h"
#include "domain/xml_document.h"
#include "guest/binding.h"
#include "guest/boot_file.h"
#include "guest/drift.h"
#include "guest/measurement.h"
#include "guest/remote_measure.h"
#include "guest/seed.h"
#include "host/firmware_search.h"

DEFINE_CLEANUP(struct snp_igvm *, snp_igvm_free);

void prepared_done(struct prepared *prepared)
{
	record_free(prepared->record);
	free(prepared->xml);
	*prepared = (struct prepared){0};
}

/* A random UUID, RFC 9562 version 4. */
static int make_uuid(char ret[static RECORD_UUID + 1], struct snp_error *err)
{
	uint8_t b[16];

	if (getrandom(b, sizeof(b), 0) != sizeof(b))
		return fail_errno(err, SNP_E_SYSTEM, errno, "no random bytes");
	b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
	b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
	snprintf(ret, RECORD_UUID + 1,
		 "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
		 b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
		 b[15]);
	return 0;
}

static int begin_record(const struct prepare_request *request, struct guest_record *record,
			struct snp_error *err)
{
	const struct vm_config *config = request->config;
	const char *uuid = request->uuid ? request->uuid : config->uuid;
	char created[32];
	time_t now = time(NULL);
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(created, sizeof(created), "%Y-%m-%dT%H:%M:%SZ", &tm);
	record->state = RECORD_CREATING;
	record->remote = request->remote;
	record->name = strdup(config->name);
	record->uri = strdup(request->uri);
	record->created = strdup(created);
	record->tool_version = strdup(SNP_VERSION);
	record->cmdline = config->cmdline ? strdup(config->cmdline) : NULL;
	record->emulator = config->emulator ? strdup(config->emulator) : NULL;
	record->user = config->user ? strdup(config->user) : NULL;
	record->kernel_hashes = config->kernel_hashes && config->kernel.path;
	record->is_igvm = config->is_igvm;
	record->policy = config->policy;
	record->has_vcek = record->has_guest_visible_workarounds = true;
	record->vcek = config->vcek;
	memcpy(record->guest_visible_workarounds, config->guest_visible_workarounds,
	       sizeof(record->guest_visible_workarounds));
	if (!record->name || !record->uri || !record->created || !record->tool_version ||
	    (config->cmdline && !record->cmdline) || (config->emulator && !record->emulator) ||
	    (config->user && !record->user))
		return out_of_memory(err);
	if (labels_copy(config->labels, config->n_labels, &record->labels, &record->n_labels, err) <
	    0)
		return -SNP_E_NO_MEMORY;
	if (!uuid)
		return make_uuid(record->uuid, err);
	snprintf(record->uuid, sizeof(record->uuid), "%s", uuid);
	return 0;
}

static const struct vm_file *file_of(const struct vm_config *config, enum boot_part part)
{
	return part == BOOT_FIRMWARE ? &config->firmware
	       : part == BOOT_KERNEL ? &config->kernel
				     : &config->initrd;
}

/* Another path, or another SHA-256, names the file anew. Where firmware.auto found it once, it is not looked for
 * again. */
bool prepare_keeps(const struct prepare_request *request, enum boot_part part)
{
	const struct vm_file *file = file_of(request->config, part);
	const struct boot_file *kept = request->kept ? &request->kept->boot[part] : NULL;

	if (!kept || !kept->source || request->remote || request->fresh)
		return false;
	if (file->has_sha256 && memcmp(file->sha256, kept->sha256, SNP_SHA256_SIZE) != 0)
		return false;
	if (file->path)
		return strcmp(file->path, kept->source) == 0;
	return part == BOOT_FIRMWARE && !(request->was && request->was->firmware.path);
}

static int place(const struct prepare_request *request, enum boot_part part,
		 const struct vm_file *file, struct boot_file *ret, struct snp_error *err)
{
	const uint8_t *expected = file->has_sha256 ? file->sha256 : NULL;
	_cleanup_(freep) char *local = NULL;

	if (prepare_keeps(request, part))
		return boot_file_take(request->dir, request->kept, part, ret, err);
	if (request->dir && !request->remote)
		return boot_file_copy(request->dir, part, file->path, expected, ret, err);
	local = format_text("%s%s", request->remote_root ? request->remote_root : "", file->path);
	return local ? boot_file_hash(part, local, local, expected, ret, err) : out_of_memory(err);
}

static int place_all(const struct prepare_request *request, struct guest_record *record,
		     struct snp_error *err)
{
	const struct vm_config *config = request->config;
	struct vm_file firmware = config->firmware;
	char found[PATH_MAX];
	int r = 0;

	if (request->remote_measure && !request->remote_root)
		return 0;
	if (!firmware.path && !prepare_keeps(request, BOOT_FIRMWARE)) {
		if (request->remote)
			return fail_with(
				err, SNP_E_NOT_FOUND, SNP_NO_OFFSET,
				"firmware.auto searches only this machine; name the remote host's firmware by firmware.path");
		r = firmware_search(found, err);
		firmware.path = found;
	}
	if (r == 0)
		r = place(request, BOOT_FIRMWARE, &firmware, &record->boot[BOOT_FIRMWARE], err);
	if (r == 0 && config->kernel.path)
		r = place(request, BOOT_KERNEL, &config->kernel, &record->boot[BOOT_KERNEL], err);
	if (r == 0 && config->initrd.path)
		r = place(request, BOOT_INITRD, &config->initrd, &record->boot[BOOT_INITRD], err);
	return r;
}

/* Until now `path` was what this process could read; from now on it is what QEMU will open. */
static int point_to_launch(const struct prepare_request *request, struct guest_record *record,
			   struct snp_error *err)
{
	const char *const remote[BOOT_PARTS] = {
		[BOOT_FIRMWARE] = request->config->firmware.path,
		[BOOT_KERNEL] = request->config->kernel.path,
		[BOOT_INITRD] = request->config->initrd.path,
	};

	for (unsigned int i = 0; i < BOOT_PARTS; i++) {
		struct boot_file *file = &record->boot[i];
		char *path;

		if (!file->source)
			continue;
		path = request->remote ? strdup(remote[i])
				       : format_text("%s/" GUEST_BOOT "/%s", request->final_path,
						     boot_part_names[i]);
		if (!path)
			return out_of_memory(err);
		free(file->path);
		file->path = path;
	}
	return 0;
}

/* A key and its value before the first table: algorithm = "sha256", also "sha-256", in either quotes. */
static bool names_sha256(const char *text)
{
	static const char key[] = "algorithm", *const values[] = {"\"sha256\"", "\"sha-256\"",
								  "'sha256'", "'sha-256'"};

	for (const char *c = text + strspn(text, " \t"); *c && *c != '[';
	     c += strcspn(c, "\n"), c += strspn(c, "\n \t")) {
		const char *value = c + strlen(key);

		if (strncmp(c, key, strlen(key)) != 0)
			continue;
		value += strspn(value, " \t");
		if (*value != '=')
			continue;
		value += 1 + strspn(value + 1, " \t");
		for (size_t i = 0; i < ARRAY_SIZE(values); i++)
			if (strncmp(value, values[i], strlen(values[i])) == 0)
				return true;
		return false;
	}
	return false;
}

/* Initdata names the hash by which it becomes HOST_DATA, and SHA-256 alone has the 32 bytes of it. Only that line
 * of the TOML is looked at: what the rest means, the guest says. */
static int check_initdata(const char *path, struct snp_error *err)
{
	_cleanup_(freep) uint8_t *bytes = NULL;
	_cleanup_(freep) char *text = NULL;
	size_t size;
	int r = file_read(path, SNP_MAX_CONFIG, &bytes, &size, err);

	if (r < 0)
		return r;
	text = strndup((const char *)bytes, size);
	if (!text)
		return out_of_memory(err);
	if (strlen(text) != size || !names_sha256(text))
		r = fail_with(
			err, SNP_E_INITDATA, SNP_NO_OFFSET,
			"is not initdata of SHA-256; it must have a line algorithm = \"sha256\" before its first table");
	return in_file(err, r, path);
}

int guest_host_data(const struct vm_config *config, uint8_t ret[static SNP_SHA256_SIZE],
		    struct snp_error *err)
{
	_cleanup_(file_close) struct file file = {.fd = -1};
	int r;

	switch (config->host_data_kind) {
	case VM_HOST_DATA_ZERO:
		memset(ret, 0, SNP_SHA256_SIZE);
		return 0;
	case VM_HOST_DATA_BYTES:
		memcpy(ret, config->host_data, SNP_SHA256_SIZE);
		return 0;
	case VM_HOST_DATA_SHA256_OF:
		break;
	case VM_HOST_DATA_INITDATA:
		r = check_initdata(config->host_data_path, err);
		if (r < 0)
			return r;
		break;
	}
	r = file_open(config->host_data_path, SNP_MAX_INITRD, &file, err);
	return r < 0 ? r
		     : in_file(err, file_sha256(&file, NULL, NULL, ret, err),
			       config->host_data_path);
}

/* A fault of a copy is reported of the file that it was made from; the copy is about to be removed. */
static void blame_source(const struct guest_record *record, struct snp_error *err)
{
	for (unsigned int i = 0; err && i < BOOT_PARTS; i++)
		if (record->boot[i].source && strcmp(err->file, record->boot[i].path) == 0)
			escape_text(record->boot[i].source, err->file, sizeof(err->file));
}

/* An ID block that says the same, of the same keys, is the same binding: only its signatures are others. */
static bool binds_the_same(const struct guest_record *kept, const struct guest_record *record)
{
	const struct guest_binding *a = &kept->binding, *b = &record->binding;

	return a->source == b->source && a->source != ID_NONE &&
	       memcmp(a->block, b->block, sizeof(a->block)) == 0 &&
	       a->keys.has_author == b->keys.has_author &&
	       memcmp(a->keys.id_key_digest, b->keys.id_key_digest, SNP_KEY_DIGEST_SIZE) == 0 &&
	       (!a->keys.has_author || memcmp(a->keys.author_key_digest, b->keys.author_key_digest,
					      SNP_KEY_DIGEST_SIZE) == 0);
}

/* All that is measured, enforced or reported must be what it was on the other host. */
static int refuse_another(const struct prepare_request *request, const struct guest_record *record,
			  const struct guest_measurement *m, struct snp_error *err)
{
	_cleanup_(launch_spec_freep) struct launch_spec *spec = NULL;
	struct differences d = {0};
	char text[700] = "";
	size_t n = 0;
	int r = launch_spec_from_config(request->config, &spec, err);

	if (r < 0)
		return r;
	memcpy(spec->host_data, record->host_data, sizeof(spec->host_data));
	r = guest_drift_measured(request->kept, spec, record->boot, m, &d, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < d.n && n < sizeof(text); i++) {
		/* Another guest, or another host, may have another of these. */
		if (strcmp(d.at[i].what, "name") == 0 || strcmp(d.at[i].what, "uuid") == 0)
			continue;
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s %.100s instead of %.100s",
				      n ? ", " : "", d.at[i].what, d.at[i].found, d.at[i].asked);
	}
	if (n == 0)
		return 0;
	return fail_with(
		err,
		memcmp(m->launch_digest, request->kept->launch_digest, SNP_LAUNCH_DIGEST_SIZE) == 0
			? SNP_E_DRIFT
			: SNP_E_DIGEST_DIFFERS,
		SNP_NO_OFFSET, "not the guest that was archived: %s", text);
}

/* With copies of the files here too, the two must be the same files. */
static int measure_there(const struct prepare_request *request,
			 struct boot_file boot[static BOOT_PARTS], struct guest_measurement *ret,
			 struct snp_error *err)
{
	struct boot_file there[BOOT_PARTS] = {0};
	int r = remote_measure(request->uri, request->spec, there, ret, err);

	for (unsigned int i = 0; r == 0 && i < BOOT_PARTS; i++) {
		const struct vm_file *file = file_of(request->config, (enum boot_part)i);
		const uint8_t *wanted = boot[i].source	   ? boot[i].sha256
					: file->has_sha256 ? file->sha256
							   : NULL;

		if (!there[i].source || !wanted ||
		    memcmp(wanted, there[i].sha256, SNP_SHA256_SIZE) == 0)
			continue;
		r = in_file(
			err,
			fail_with(err, SNP_E_DIGEST_DIFFERS, SNP_NO_OFFSET,
				  "the %s on the remote host is another file than %s",
				  boot_part_names[i],
				  boot[i].source ? "the copy below --remote-root" : "vm.json says"),
			there[i].source);
	}
	for (unsigned int i = 0; r == 0 && i < BOOT_PARTS; i++) {
		boot_file_done(&boot[i]);
		boot[i] = there[i];
		there[i] = (struct boot_file){0};
	}
	boot_files_done(there);
	return r;
}

/* The profile of the QEMU that was asked; where none was, that of the guest as it is, or the default. */
static void choose_profile(const struct prepare_request *request)
{
	const struct guest_record *kept = request->kept;
	const unsigned long version = request->checks ? request->checks->igvm_qemu_version : 0;
	char *profile = request->spec->vcpus.profile;

	if (version > 0)
		snprintf(profile, SNP_PROFILE_NAME_SIZE, "%s",
			 version >= 11000000 ? "igvm-qemu-11" : "igvm-qemu-10");
	else if (kept && kept->is_igvm)
		snprintf(profile, SNP_PROFILE_NAME_SIZE, "%s", kept->vcpus.profile);
}

static int measure(const struct prepare_request *request, struct guest_record *record,
		   struct snp_error *err)
{
	struct guest_measurement m;
	const struct measured_guest guest = {request->config, &m, record->boot,
					     request->archived ? request->kept : NULL};
	int r;

	if (request->spec->is_igvm)
		choose_profile(request);
	r = request->remote_measure ? measure_there(request, record->boot, &m, err)
				    : guest_measure(request->spec, record->boot, &m, err);
	if (r < 0)
		blame_source(record, err);
	if (r == 0 && request->archived)
		r = refuse_another(request, record, &m, err);
	if (r == 0 && !request->only_compare)
		r = guest_expect(&guest, request->expect, err);
	if (r == 0 && !request->only_compare)
		r = guest_bind(&guest, &record->binding, err);
	if (r < 0)
		return r;
	if (request->kept && binds_the_same(request->kept, record))
		record->binding = request->kept->binding;
	record->vcpus = m.vcpus;
	snprintf(record->vcpus.model, sizeof(record->vcpus.model), "%s",
		 request->config->cpu_model);
	memcpy(record->launch_digest, m.launch_digest, SNP_LAUNCH_DIGEST_SIZE);
	record->has_hash_verifier = m.has_kernel_hashes;
	record->hash_verifier = m.hash_verifier;
	/* Also of a firmware that firmware.auto has found, and of the very bytes that are launched. */
	if (request->only_compare)
		return 0;
	if (m.has_kernel_hashes && m.hash_verifier == SNP_HASH_VERIFIER_ABSENT &&
	    check_severity(request->checks, SNP_WARN_NOT_CHECKED) == CHECK_ERROR)
		return in_file(
			err,
			fail_with(err, SNP_E_NOT_CHECKED, SNP_NO_OFFSET,
				  "this firmware does not check kernel hashes: the host can boot "
				  "another kernel with the same digest; use an AmdSev build "
				  "(" SNP_LIBEXECDIR "/fetch-firmware fetches one), or "
				  "--warn " SNP_WARN_NOT_CHECKED),
			record->boot[BOOT_FIRMWARE].source);
	if (request->remote && record->binding.source == ID_NONE && !request->unbound)
		return fail_with(
			err, SNP_E_BOOT_FILES, SNP_NO_OFFSET,
			"the remote host's files cannot be checked from here, and without an ID block nothing enforces the measurement; give snp.id, or --unbound");
	return 0;
}

/* QEMU takes the ID block of an IGVM file from the file alone: the copy gets it. */
static int bind_igvm(const struct prepare_request *request, struct guest_record *record,
		     struct snp_error *err)
{
	struct boot_file *copy = &record->boot[BOOT_FIRMWARE];
	_cleanup_(snp_igvm_freep) struct snp_igvm *igvm = NULL;
	_cleanup_(freep) uint8_t *bound = NULL;
	size_t size;
	int r;

	if (!record->is_igvm || record->binding.source == ID_NONE || request->only_compare)
		return 0;
	if (request->remote)
		return fail_with(err, SNP_E_NOT_BOUND, SNP_NO_OFFSET,
				 "the IGVM file of a remote host cannot get an ID block from here; "
				 "put it in with snp-measure igvm sign, and remove snp.id");
	r = snp_igvm_read(copy->path, &igvm, err);
	if (r < 0)
		return r;
	r = igvm_bind(igvm, record->binding.block, record->binding.auth, &bound, &size, err);
	if (r < 0)
		return r;
	r = sha256_of((struct snp_span){bound, size}, copy->sha256, err);
	if (r < 0)
		return r;
	copy->size = size;
	return request->dir
		       ? file_write(copy->path, (struct snp_span){bound, size}, 0644, true, err)
		       : 0;
}

#define MAX_MEASURED (BOOT_PARTS + 4)
_Static_assert(MAX_MEASURED <= DOMAIN_MAX_MEASURED, "all are read back");

static int add_text(const char *input, struct snp_span text, struct domain_measured *list,
		    size_t *n, struct snp_error *err)
{
	list[*n] = (struct domain_measured){.input = input, .size = text.size};
	return sha256_of(text, list[(*n)++].sha256, err);
}

static int add_file(const char *input, const char *path, struct domain_measured *list, size_t *n,
		    struct snp_error *err)
{
	_cleanup_(freep) uint8_t *text = NULL;
	size_t size;
	int r = path ? file_read(path, DOMAIN_MAX_SIZE, &text, &size, err) : 0;

	return r < 0 || !path ? r : add_text(input, (struct snp_span){text, size}, list, n, err);
}

/* What stands in <metadata> beside the digest: each input with size and SHA-256, and what else the domain was made
 * from. */
static int list_measured(const struct prepare_request *request, const struct guest_record *record,
			 struct domain_measured list[static MAX_MEASURED], size_t *ret,
			 struct snp_error *err)
{
	const char *cmdline = record->cmdline;
	size_t n = 0;
	int r = 0;

	for (unsigned int i = 0; i < BOOT_PARTS; i++) {
		const struct boot_file *boot = &record->boot[i];

		if (!boot->source)
			continue;
		list[n] = (struct domain_measured){.input = boot_part_names[i], .size = boot->size};
		memcpy(list[n++].sha256, boot->sha256, SNP_SHA256_SIZE);
	}
	if (cmdline)
		r = add_text("cmdline", text_span(cmdline), list, &n, err);
	if (r < 0)
		return r;
	r = add_text("vm.json", vm_config_text(request->config), list, &n, err);
	if (r < 0)
		return r;
	r = add_file("libvirt_xml", request->config->libvirt_xml, list, &n, err);
	if (r < 0)
		return r;
	r = add_file("template", request->template, list, &n, err);
	*ret = n;
	return r;
}

static int build_xml(const struct prepare_request *request, const struct guest_record *record,
		     char **ret, struct snp_error *err)
{
	struct domain_measured measured[MAX_MEASURED];
	struct domain_request domain = {
		.config = request->config,
		.asked = request->spec,
		.template = request->template,
		.was = request->domain,
		.launch_digest = record->launch_digest,
		.state = request->final_path,
		.measured = measured,
		.qemu_version = request->qemu_version,
		.uid = request->qemu_user,
		.gid = request->qemu_group,
		.checks = request->checks,
		.findings = request->findings,
	};
	_cleanup_(freep) char *log =
		format_text("%s/" GUEST_LOG "/" GUEST_CONSOLE, request->final_path);
	_cleanup_(freep) char *seed = format_text("%s/" GUEST_SEED, request->final_path);
	int r;

	if (!log || !seed)
		return out_of_memory(err);
	if (request->config->cloud_init.user_data)
		domain.seed = seed;
	if (!request->remote && request->config->console != VM_CONSOLE_NONE)
		domain.console_log = log;
	r = list_measured(request, record, measured, &domain.n_measured, err);
	if (r < 0)
		return r;
	r = record_complete(record, request->spec, err);
	return r < 0 ? r : domain_xml_build(&domain, ret, err);
}

int guest_prepare(const struct prepare_request *request, struct prepared *ret,
		  struct snp_error *err)
{
	_cleanup_(record_freep) struct guest_record *record = calloc(1, sizeof(*record));
	_cleanup_(freep) char *xml = NULL;
	int r;

	if (!record)
		return out_of_memory(err);
	r = begin_record(request, record, err);
	if (r == 0 && request->remote && request->config->cloud_init.user_data)
		r = fail_with(
			err, SNP_E_NOT_FOUND, SNP_NO_OFFSET,
			"cloud_init makes a disk on this machine, which a remote host does not have; make it there, and name it in disks");
	if (r < 0)
		return r;
	if (request->archived && (request->config->host_data_kind == VM_HOST_DATA_SHA256_OF ||
				  request->config->host_data_kind == VM_HOST_DATA_INITDATA))
		memcpy(record->host_data, request->kept->host_data, sizeof(record->host_data));
	else
		r = guest_host_data(request->config, record->host_data, err);
	if (r < 0)
		return r;
	r = place_all(request, record, err);
	if (r < 0)
		return r;
	r = measure(request, record, err);
	if (r < 0)
		return r;
	r = bind_igvm(request, record, err);
	if (r < 0)
		return r;
	r = point_to_launch(request, record, err);
	if (r < 0)
		return r;
	r = build_xml(request, record, &xml, err);
	if (r == 0 && request->dir) {
		r = seed_make(request->config, record->uuid, request->dir,
			      request->spec->has_ids ? request->spec->gid : request->qemu_group,
			      err);
		seed_keep(request->config, request->dir);
	}
	if (r < 0)
		return r;
	*ret = (struct prepared){.record = TAKE_PTR(record), .xml = TAKE_PTR(xml)};
	return 0;
}
