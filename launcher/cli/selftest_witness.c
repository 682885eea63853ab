// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <time.h>

#include <cjson/cJSON.h>
#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/file.h>
#include <snp/firmware_summary.h>
#include <snp/launch.h>
#include <snp/memory.h>

#include "cli/selftest.h"

/* The launch, with the members that a row of tests/vectors/hardware.json has. */
static int add_launch(const struct selftest *test, struct json_out *json, struct snp_error *err)
{
	const struct guest_record *record = test->record;
	struct cJSON *launch = json_out_object(json, json->root, "launch");
	_cleanup_(freep) char *summary = NULL;
	uint8_t digest[SNP_SHA384_SIZE];
	enum snp_hash_verifier verifier;
	char name[128];
	int r;

	snprintf(name, sizeof(name), "selftest-%.90s", test->kernel_version);
	json_out_text(json, launch, "name", name);
	json_out_string(json, launch, "evidence",
			!test->on_hardware ? "report of a simulated chip: evidence of nothing"
			: snp_verdict_authentic(test->verdict)
				? "report of real hardware, verified to AMD's root"
				: "report of real hardware, whose signature was not verified");
	json_out_string(json, launch, "vmm_profile", record->vcpus.profile);
	json_out_integer(json, launch, "vcpu_count", record->vcpus.count);
	json_out_string(json, launch, "cpu_model", record->vcpus.model);
	json_out_u64(json, launch, "cpu_signature", record->vcpus.signature);
	json_out_u64(json, launch, "guest_features", record->vcpus.features);
	r = snp_launch_firmware_digest(test->image, digest, err);
	if (r < 0)
		return r;
	r = snp_firmware_hash_verifier(test->image, &verifier, err);
	if (r < 0)
		return r;
	r = firmware_summary_print(snp_firmware_info(test->image), digest, verifier, &summary, err);
	if (r < 0)
		return r;
	json->failed |= !json_out_parsed(json, launch, "firmware", summary);
	json_out_hex(json, launch, "firmware_sha256", record->boot[BOOT_FIRMWARE].sha256,
		     SNP_SHA256_SIZE);
	json_out_hex(json, launch, "kernel_sha256", record->boot[BOOT_KERNEL].sha256,
		     SNP_SHA256_SIZE);
	json_out_hex(json, launch, "initrd_sha256", record->boot[BOOT_INITRD].sha256,
		     SNP_SHA256_SIZE);
	json_out_string(json, launch, "cmdline", record->cmdline);
	json_out_hex(json, launch, "launch_digest", record->launch_digest, SNP_LAUNCH_DIGEST_SIZE);
	return 0;
}

static void add_version(struct json_out *json, struct cJSON *object, const char *key,
			unsigned long version)
{
	char text[64];

	snprintf(text, sizeof(text), "%lu.%lu.%lu", version / 1000000, version / 1000 % 1000,
		 version % 1000);
	json_out_string(json, object, key, text);
}

static void add_evidence(const struct selftest *test, struct json_out *json)
{
	const struct guest_record *record = test->record;
	const struct snp_evidence *evidence = &test->evidence;
	const struct snp_certificate *c;
	struct cJSON *certificates;

	json_out_u64(json, json->root, "policy", record->policy);
	json_out_hex(json, json->root, "id_key_digest", record->binding.keys.id_key_digest,
		     sizeof(record->binding.keys.id_key_digest));
	json_out_hex(json, json->root, "nonce", test->nonce, sizeof(test->nonce));
	json_out_base64(json, json->root, "report", evidence->report.data, evidence->report.size);
	certificates = json_out_array(json, json->root, "certificates");
	for (size_t i = 0; (c = snp_certificates_at(evidence->certificates, i)); i++)
		json_out_base64(json, certificates, NULL, c->der.data, c->der.size);
}

void selftest_steps_json(const struct selftest *test, struct json_out *json)
{
	struct cJSON *steps = json_out_array(json, json->root, "steps"), *object;

	for (enum selftest_step i = 0; i < SELFTEST_STEPS; i++) {
		object = json_out_object(json, steps, NULL);
		json_out_string(json, object, "name", selftest_step_name(i));
		json_out_string(json, object, "state", selftest_state_names[test->steps[i].state]);
		if (test->steps[i].found[0])
			json_out_text(json, object, "found", test->steps[i].found);
	}
}

int selftest_save(const struct selftest *test, const char *path, struct snp_error *err)
{
	_cleanup_(json_out_done) struct json_out json = {0};
	_cleanup_(freep) char *text = NULL;
	const time_t now = time(NULL);
	struct cJSON *versions;
	char date[32];
	struct tm tm;
	int r;

	gmtime_r(&now, &tm);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%SZ", &tm);
	cli_json_begin(&json, "snp-witness/1");
	json_out_string(&json, json.root, "date", date);
	json_out_bool(&json, json.root, "on_hardware", test->on_hardware);
	selftest_steps_json(test, &json);
	versions = json_out_object(&json, json.root, "versions");
	json_out_text(&json, versions, "host_kernel", test->host_kernel);
	json_out_text(&json, versions, "guest_kernel", test->kernel_version);
	add_version(&json, versions, "libvirt", test->libvirt_version);
	add_version(&json, versions, "qemu", test->qemu_version);
	r = add_launch(test, &json, err);
	if (r < 0)
		return r;
	add_evidence(test, &json);
	r = json_out_print(&json, &text, err);
	return r < 0 ? r : file_write(path, text_span(text), 0666, true, err);
}
