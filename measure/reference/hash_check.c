// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/fields.h>
#include <snp/file.h>
#include <snp/json_out.h>
#include <snp/publish.h>

#include "reference/model.h"

static const char *const verifiers[] = {
	[SNP_HASH_VERIFIER_UNKNOWN] = "unknown",
	[SNP_HASH_VERIFIER_ABSENT] = "absent",
	[SNP_HASH_VERIFIER_PRESENT] = "present",
	NULL,
};

/* From SNP_BOOT_REFUSES on. */
static const char *const boots[] = {"refuses", "starts", "cannot-tell", NULL};

const struct field hash_check_fields[] = {
	FIELD("static", field_choice, snp_kernel_hash_check, in_image, .required = true,
	      .rule = verifiers),
	FIELD("boot", field_choice, snp_kernel_hash_check, boot, .rule = boots,
	      .min = SNP_BOOT_REFUSES),
	FIELD("qemu_version", field_chars, snp_kernel_hash_check, qemu_version),
	FIELD("date", field_chars, snp_kernel_hash_check, date),
	{0},
};

void hash_check_print(struct json_out *out, struct cJSON *parent,
		      const struct snp_kernel_hash_check *check)
{
	struct cJSON *object;

	if (!check->is_known)
		return;
	object = json_out_object(out, parent, "kernel_hash_check");
	json_out_string(out, object, "static", verifiers[check->in_image]);
	if (check->boot != SNP_BOOT_NOT_TRIED)
		json_out_string(out, object, "boot", boots[check->boot - SNP_BOOT_REFUSES]);
	if (check->qemu_version[0])
		json_out_string(out, object, "qemu_version", check->qemu_version);
	if (check->date[0])
		json_out_string(out, object, "date", check->date);
}

/* What is looked at in an snp-boot/1 object, or in the member "boot" of an snp-rehearsal/1 one. */
struct boot_result {
	uint8_t firmware[SNP_SHA256_SIZE];
	struct snp_kernel_hash_check check;
};

static const struct field firmware_fields[] = {
	FIELD("sha256", field_hex, boot_result, firmware, .required = true),
	OTHER_KEYS,
};

static const struct field result_fields[] = {
	FIELD_OBJECT("firmware", firmware_fields, .required = true),
	FIELD("static", field_choice, boot_result, check.in_image, .required = true,
	      .rule = verifiers),
	FIELD("boot", field_choice, boot_result, check.boot, .required = true, .rule = boots,
	      .min = SNP_BOOT_REFUSES),
	FIELD("qemu_version", field_chars, boot_result, check.qemu_version),
	FIELD("date", field_chars, boot_result, check.date, .required = true),
	OTHER_KEYS,
};

static int read_result(const char *path, struct boot_result *ret, struct snp_error *err)
{
	_cleanup_(json_freep) struct json *document = NULL;
	const struct json_value *object;
	int r = json_read(path, SNP_MAX_DOCUMENT, &document, err);

	if (r < 0)
		return r;
	object = json_root(document);
	if (json_schema(document, "snp-rehearsal/1", NULL) == 0)
		r = json_need(object, "boot", &object, err);
	else
		r = json_schema(document, "snp-boot/1", err);
	return r < 0 ? r : fields_read(object, result_fields, ret, err);
}

/* Of several boots of one firmware, one that started something counts more than one that did not. */
static bool outweighs(enum snp_boot_check had, enum snp_boot_check now)
{
	return had == SNP_BOOT_STARTS || (had == SNP_BOOT_REFUSES && now == SNP_BOOT_CANNOT_TELL);
}

int snp_reference_add_boot(struct snp_reference *reference, const char *path, struct snp_error *err)
{
	struct boot_result result = {0};
	bool found = false;
	int r = read_result(path, &result, err);

	if (r < 0)
		return in_file(err, r, path);
	for (size_t i = 0; i < reference->n_images; i++) {
		struct snp_reference_image *image = &reference->images[i];
		enum snp_hash_verifier in_image = image->kernel_hash_check.in_image;

		if (!image->kernel_hash_check.is_known ||
		    memcmp(image->firmware.sha256, result.firmware, SNP_SHA256_SIZE) != 0)
			continue;
		found = true;
		if (outweighs(image->kernel_hash_check.boot, result.check.boot))
			continue;
		image->kernel_hash_check = result.check;
		image->kernel_hash_check.is_known = true;
		image->kernel_hash_check.in_image = in_image;
	}
	if (found)
		return 0;
	return in_file(
		err,
		fail_with(
			err, SNP_E_DIGEST_DIFFERS, SNP_NO_OFFSET,
			"no image with a kernel has the firmware that was booted; boot the firmware that you publish"),
		path);
}
