// SPDX-License-Identifier: Apache-2.0
#include "guest/binding.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/file.h>
#include <snp/firmware.h>
#include <snp/hex.h>
#include <snp/key.h>
#include <snp/key_guard.h>
#include <snp/memory.h>
#include <snp/policy.h>
#include <snp/reference.h>
#include <snp/search.h>

DEFINE_CLEANUP(struct snp_firmware *, snp_firmware_free);
DEFINE_CLEANUP(struct snp_reference *, snp_reference_free);
DEFINE_CLEANUP(struct snp_key *, snp_key_free);

/* `snp-measure explain` tries more; here somebody is waiting for a launch. */
#define MAX_VCPUS 32

/* Which guest near the measured one has the wanted digest: "it belongs to this guest with 8 vCPUs instead of 4",
 * or that none has it. "" where that cannot be found out. */
static void near_digest(const struct measured_guest *g,
			const uint8_t wanted[static SNP_LAUNCH_DIGEST_SIZE], char *ret, size_t size)
{
	_cleanup_(snp_firmware_freep) struct snp_firmware *firmware = NULL;
	struct snp_launch launch = {
		.size = sizeof(struct snp_launch),
		.mode = SNP_MODE_SNP,
		.kernel_hashes =
			g->measured->has_kernel_hashes ? &g->measured->kernel_hashes : NULL,
		.vcpus = g->measured->vcpus,
	};
	_cleanup_(search_done) struct search search = {.max_vcpus = MAX_VCPUS};
	const char *cmdline = g->config->cmdline ? g->config->cmdline : "";
	struct search_answer answer;

	ret[0] = '\0';
	if (snp_firmware_read(g->boot[BOOT_FIRMWARE].path, &firmware, NULL) < 0)
		return;
	launch.firmware = firmware;
	if (search_begin(&search, &launch, cmdline, NULL) < 0 ||
	    search_run(&search, wanted, &answer, NULL) < 0)
		return;
	if (!answer.found)
		snprintf(ret, size,
			 "none of %" PRIu64 " similar guests has it, so the firmware%s differs",
			 answer.tried,
			 launch.kernel_hashes ? ", kernel, initrd or command line" : "");
	for (size_t i = 0, n = 0; i < answer.n && n < size; i++)
		n += (size_t)snprintf(ret + n, size - n, "%s%s",
				      i == 0 ? "it belongs to this guest with " : " and ",
				      answer.texts[i]);
}

static int digest_differs(struct snp_error *err, const struct measured_guest *g, const char *whose,
			  const uint8_t want[static SNP_LAUNCH_DIGEST_SIZE], const char *known)
{
	char wanted[2 * SNP_LAUNCH_DIGEST_SIZE + 1], found[2 * SNP_LAUNCH_DIGEST_SIZE + 1],
		why[320];

	hex_encode(want, SNP_LAUNCH_DIGEST_SIZE, wanted);
	hex_encode(g->measured->launch_digest, SNP_LAUNCH_DIGEST_SIZE, found);
	snprintf(why, sizeof(why), "%s", known);
	if (!why[0])
		near_digest(g, want, why, sizeof(why));
	return fail_with(err, SNP_E_DIGEST_DIFFERS, SNP_NO_OFFSET,
			 "the launch digest is %s, but %s %s%s%s; nothing was launched", found,
			 whose, wanted, why[0] ? ": " : "", why);
}

/* Which inputs differ from those that the document's image was measured from: "the kernel and the command
 * line differ", or "" where none does. */
static void name_differences(const struct snp_reference_image *image,
			     const struct boot_file boot[static BOOT_PARTS], const char *cmdline,
			     uint32_t vcpu_count, char *ret, size_t size)
{
	_cleanup_(freep) char *published = image->cmdline_is_template
						   ? expand_vcpu_count(image->cmdline, vcpu_count)
						   : strdup(image->cmdline ? image->cmdline : "");
	const struct snp_reference_file *files[BOOT_PARTS] = {
		[BOOT_FIRMWARE] = &image->firmware,
		[BOOT_KERNEL] = &image->kernel,
		[BOOT_INITRD] = &image->initrd,
	};
	unsigned int n = 0;
	size_t at = 0;

	ret[0] = '\0';
	for (unsigned int i = 0; i < BOOT_PARTS; i++) {
		bool there = files[i]->name != NULL, here = boot[i].source != NULL;

		if (there == here &&
		    (!there || memcmp(files[i]->sha256, boot[i].sha256, SNP_SHA256_SIZE) == 0))
			continue;
		at += (size_t)snprintf(ret + at, size - at, "%s%s", n++ ? ", " : "another ",
				       boot_part_names[i]);
	}
	if (!published || strcmp(published, cmdline ? cmdline : "") != 0)
		snprintf(ret + at, size - at, "%scommand line", n ? ", " : "another ");
}

/* Fill what follows from block and auth, and compare them with what was measured. */
static int complete(struct guest_binding *b, const struct measured_guest *g, const char *why,
		    struct snp_error *err)
{
	uint64_t policy = g->config->policy;
	char ours[256], theirs[256];
	int r;

	r = snp_id_block_decode(b->block, &b->fields, err);
	if (r < 0)
		return r;
	r = snp_id_auth_verify(b->block, b->auth, &b->keys, err);
	if (r < 0)
		return r;
	if (memcmp(b->fields.launch_digest, g->measured->launch_digest, SNP_LAUNCH_DIGEST_SIZE) !=
	    0)
		return digest_differs(err, g, "the ID block has", b->fields.launch_digest, why);
	if (b->fields.policy == policy)
		return 0;
	snp_policy_describe(policy, ours, sizeof(ours));
	snp_policy_describe(b->fields.policy, theirs, sizeof(theirs));
	return fail_with(err, SNP_E_POLICY_DIFFERS, SNP_NO_OFFSET,
			 "the guest's policy is %s, but the ID block has %s; nothing was launched",
			 ours, theirs);
}

static int bind_by_reference(const struct measured_guest *g, struct guest_binding *b,
			     struct snp_error *err)
{
	const struct snp_reference_query query = {
		.size = sizeof(query),
		.image = g->config->id_image,
		.vcpus = g->measured->vcpus,
	};
	_cleanup_(snp_reference_freep) struct snp_reference *document = NULL;
	const struct snp_reference_variant *variant;
	const struct snp_reference_image *image;
	char why[128];
	int r;

	r = snp_reference_read(g->config->id_reference, &document, err);
	if (r < 0)
		return r;
	r = snp_reference_find(document, &query, &image, &variant, err);
	if (r < 0)
		return r;
	name_differences(image, g->boot, g->config->cmdline, variant->vcpus.count, why,
			 sizeof(why));
	if (memcmp(variant->launch_digest, g->measured->launch_digest, SNP_LAUNCH_DIGEST_SIZE) != 0)
		return digest_differs(err, g, "the published one is", variant->launch_digest, why);
	if (!variant->id_block || !variant->id_auth)
		return fail_with(
			err, SNP_E_NOT_BOUND, SNP_NO_OFFSET,
			"the document has no ID block for this guest; publish it with keys (snp-measure publish --id-key), or only compare, with snp.measurement");
	memcpy(b->block, variant->id_block, SNP_ID_BLOCK_SIZE);
	memcpy(b->auth, variant->id_auth, SNP_ID_AUTH_SIZE);
	b->source = ID_REFERENCE;
	return complete(b, g, why, err);
}

static int bind_by_block(const struct measured_guest *g, struct guest_binding *b,
			 struct snp_error *err)
{
	int r;

	r = file_value(g->config->id_block, "ID block", b->block, SNP_ID_BLOCK_SIZE, err);
	if (r < 0)
		return r;
	r = file_value(g->config->id_auth, "ID auth", b->auth, SNP_ID_AUTH_SIZE, err);
	if (r < 0)
		return r;
	b->source = ID_BLOCK;
	return in_file(err, complete(b, g, "", err), g->config->id_block);
}

static int read_key(const char *path, struct snp_key **ret, struct snp_error *err)
{
	_cleanup_(snp_key_freep) struct snp_key *key = NULL;
	uint8_t public[SNP_KEY_SIZE];
	int r;

	r = snp_key_read(path, NULL, NULL, &key, err);
	if (r < 0)
		return r;
	r = in_file(err, snp_id_key_public(key, public, err), path);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(key);
	return 0;
}

static int bind_by_key(const struct measured_guest *g, struct guest_binding *b,
		       struct snp_error *err)
{
	const struct vm_config *config = g->config;
	_cleanup_(snp_key_freep) struct snp_key *key = NULL, *author = NULL;
	struct snp_id_block block = {.guest_svn = config->id_svn, .policy = config->policy};
	int r;

	memcpy(block.launch_digest, g->measured->launch_digest, SNP_LAUNCH_DIGEST_SIZE);
	memcpy(block.family_id, config->id_family_id, SNP_ID_SIZE);
	memcpy(block.image_id, config->id_image_id, SNP_ID_SIZE);
	snp_id_block_encode(&block, b->block);
	r = key_guard_process(err);
	if (r == 0)
		r = read_key(config->id_key, &key, err);
	if (r == 0 && config->id_author_key)
		r = read_key(config->id_author_key, &author, err);
	if (r == 0 && author && snp_key_equal(key, author))
		r = in_file(
			err,
			fail_with(
				err, SNP_E_BAD_KEY, SNP_NO_OFFSET,
				"the author key is the same as the ID key; remove author_key, or give another"),
			config->id_author_key);
	if (r < 0)
		return r;
	r = snp_id_auth_sign(b->block, key, author, b->auth, err);
	if (r < 0)
		return r;
	b->source = ID_KEY;
	return complete(b, g, "", err);
}

static enum vm_id_kind kind_of(enum id_source source)
{
	return source == ID_REFERENCE ? VM_ID_REFERENCE
	       : source == ID_BLOCK   ? VM_ID_BLOCK
	       : source == ID_KEY     ? VM_ID_KEY
				      : VM_ID_NONE;
}

int guest_bind(const struct measured_guest *g, struct guest_binding *ret, struct snp_error *err)
{
	struct guest_binding b = {.source = ID_NONE};
	int r = 0;

	/* Its key stays where it is. Another kind of binding was asked for by --set. */
	if (g->archived && g->archived->binding.source != ID_NONE &&
	    g->config->id_kind == kind_of(g->archived->binding.source)) {
		b = g->archived->binding;
		r = complete(&b, g, "", err);
		if (r == 0)
			*ret = b;
		return r;
	}
	switch (g->config->id_kind) {
	case VM_ID_NONE:
		break;
	case VM_ID_REFERENCE:
		r = in_file(err, bind_by_reference(g, &b, err), g->config->id_reference);
		break;
	case VM_ID_BLOCK:
		r = bind_by_block(g, &b, err);
		break;
	case VM_ID_KEY:
		r = bind_by_key(g, &b, err);
		break;
	}
	if (r < 0)
		return r;
	*ret = b;
	return 0;
}

int guest_expect(const struct measured_guest *g, const uint8_t *expected, struct snp_error *err)
{
	const struct vm_config *config = g->config;
	uint8_t in_file[SNP_LAUNCH_DIGEST_SIZE];
	const uint8_t *wanted = NULL;
	int r;

	if (expected && memcmp(expected, g->measured->launch_digest, SNP_LAUNCH_DIGEST_SIZE) != 0)
		return digest_differs(err, g, "--expect says", expected, "");
	if (config->measurement_kind == VM_MEASUREMENT_BYTES) {
		wanted = config->measurement;
	} else if (config->measurement_kind == VM_MEASUREMENT_IN_FILE && !g->archived) {
		r = file_value(config->measurement_path, "measurement", in_file, sizeof(in_file),
			       err);
		if (r < 0)
			return r;
		wanted = in_file;
	}
	if (wanted && memcmp(wanted, g->measured->launch_digest, SNP_LAUNCH_DIGEST_SIZE) != 0)
		return digest_differs(err, g, "snp.measurement says", wanted, "");
	return 0;
}
