// SPDX-License-Identifier: Apache-2.0
#include "no_memory.h"
#include "test_keys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <snp/cleanup.h>
#include <snp/file.h>
#include <snp/folder.h>
#include <snp/hex.h>
#include <snp/json_out.h>
#include <snp/memory.h>
#include <snp/policy.h>
#include <snp/sha.h>

#include "domain_text.h"
#include "guest/binding.h"
#include "guest/drift.h"
#include "guest/prepare.h"
#include "ovmf_image.h"
#include "told.h"

/*
 * From a vm.json to record and domain, before libvirt is asked: what is copied, measured, bound and written
 * down, and how a refusal names its reason. In texts, ~ stands for the folder of this test.
 */
#define UUID "9df77f02-4e40-4dd4-9308-c438bf0730f1"

static const char vm_json[] =
	"{\"schema\": \"snp-launch/1\", \"name\": \"web1\", \"uuid\": \"" UUID "\","
	" \"firmware\": {\"path\": \"~/fw\"},"
	" \"boot\": {\"kernel\": \"~/kernel\", \"initrd\": \"~/initrd\", \"cmdline\": \"quiet\"},"
	" \"cpu\": {\"count\": 2}, \"memory\": {\"size\": \"256MiB\"}, \"snp\": {}}";

static char root[] = "/tmp/snp-test-prepare-XXXXXX", state_path[64];

/* A text with the folder in place of ~. For free(). */
static char *in_root(const char *text)
{
	char *ret = calloc(1, (strlen(text) + 1) * sizeof(root)), *at = ret;

	assert_non_null(ret);
	for (; *text; text++)
		if (*text == '~')
			at = stpcpy(at, root);
		else
			*at++ = *text;
	return ret;
}

static void put(const char *name, const void *bytes, size_t size)
{
	_cleanup_(freep) char *path = in_root(name);

	assert_int_equal(file_write(path, (struct snp_span){bytes, size}, 0600, true, NULL), 0);
}

static void put_text(const char *name, const char *text)
{
	put(name, text, strlen(text));
}

/* Prepare vm.json with `old` replaced by `new` (NULL: as it is); the request may have more. */
static int prepare(const char *old, const char *new, struct prepare_request *request,
		   struct prepared *ret, struct snp_error *err)
{
	_cleanup_(vm_config_freep) struct vm_config *config = NULL;
	_cleanup_(launch_spec_freep) struct launch_spec *spec = NULL;
	_cleanup_(freep) char *changed = replace_once(vm_json, old ? old : "quiet",
						      old ? new : "quiet"),
			      *text = in_root(changed), *final = in_root("~/final");

	*ret = (struct prepared){0};
	if (vm_config_parse("vm.json", text_span(text), &config, err) < 0)
		fail_msg("%s", err->message);
	assert_int_equal(launch_spec_from_config(config, &spec, NULL), 0);
	request->config = config;
	request->spec = spec;
	request->final_path = final;
	request->uri = "test:///default";
	return guest_prepare(request, ret, err);
}

/* The launch digest of such a guest, and its ID block, if it has one. */
static void digest_of(const char *old, const char *new, uint8_t ret[static SNP_LAUNCH_DIGEST_SIZE],
		      struct guest_binding *ret_binding)
{
	_cleanup_(prepared_done) struct prepared p = {0};
	struct prepare_request request = {0};
	struct snp_error err = {0};

	if (prepare(old, new, &request, &p, &err) < 0)
		fail_msg("%s", err.message);
	memcpy(ret, p.record->launch_digest, SNP_LAUNCH_DIGEST_SIZE);
	if (ret_binding)
		*ret_binding = p.record->binding;
}

static void fail_unless_in(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("'%s' lacks '%s'", text, part);
}

/* What is refused, of which file, and why. */
static const struct refusal {
	const char *name, *old, *new;
	enum snp_code code;
	const char *file; /* NULL: none is named */
	const char *told;
} refusals[] = {
	{"no kernel there", "~/kernel", "~/none", SNP_E_OPEN, "~/none", "cannot open"},
	{"an empty initrd", "~/initrd", "~/empty", SNP_E_EMPTY_FILE, "~/empty",
	 "must hold the initrd"},
	{"a folder as initrd", "~/initrd", "~", SNP_E_NOT_REGULAR, "~", ""},
	{"another SHA-256 of the firmware", "\"~/fw\"",
	 "\"~/fw\", \"sha256\": "
	 "\"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\"",
	 SNP_E_DIGEST_DIFFERS, "~/fw", "; vm.json says 00112233"},
	{"text as a kernel", "~/kernel", "~/initrd", SNP_E_BAD_KERNEL, "~/initrd", ""},
	{"an initrd over the kernel's limit", "~/initrd", "~/large", SNP_E_TOO_LARGE, "~/large",
	 ""},
	{"firmware without metadata", "~/fw", "~/ones", SNP_E_NO_METADATA, "~/ones", ""},
	{"a CPU model that is not QEMU's", "\"count\": 2", "\"count\": 2, \"model\": \"EPYC-X\"",
	 SNP_E_BAD_CPU_MODEL, NULL, ""},
	{"host data of no file", "\"snp\": {", "\"snp\": {\"host_data\": \"sha256:~/none\"",
	 SNP_E_OPEN, "~/none", ""},
	{"measurement in no file", "\"snp\": {", "\"snp\": {\"measurement\": \"@~/none\"",
	 SNP_E_OPEN, "~/none", ""},
	{"no key", "\"snp\": {", "\"snp\": {\"id\": {\"key\": \"~/none\"}", SNP_E_OPEN, "~/none",
	 ""},
	{"an ID key on P-256", "\"snp\": {", "\"snp\": {\"id\": {\"key\": \"~/p256.pem\"}",
	 SNP_E_BAD_KEY, "~/p256.pem", "takes only P-384"},
	{"an author key on P-256", "\"snp\": {",
	 "\"snp\": {\"id\": {\"key\": \"~/id.pem\", \"author_key\": \"~/p256.pem\"}", SNP_E_BAD_KEY,
	 "~/p256.pem", "takes only P-384"},
	{"the ID key as author key", "\"snp\": {",
	 "\"snp\": {\"id\": {\"key\": \"~/id.pem\", \"author_key\": \"~/id.pem\"}", SNP_E_BAD_KEY,
	 "~/id.pem", "same as the ID key"},
	{"no ID block", "\"snp\": {",
	 "\"snp\": {\"id\": {\"block\": \"~/none\", \"auth\": \"~/auth\"}", SNP_E_OPEN, "~/none",
	 ""},
	{"text as ID auth", "\"snp\": {",
	 "\"snp\": {\"id\": {\"block\": \"~/block\", \"auth\": \"~/initrd\"}", SNP_E_BAD_HEX,
	 "~/initrd", ""},
	{"an ID block of another kernel",
	 "quiet\"}, \"cpu\": {\"count\": 2}, \"memory\": "
	 "{\"size\": \"256MiB\"}, \"snp\": {",
	 "quiet ro\"}, \"cpu\": {\"count\": 2}, \"memory\": {\"size\": \"256MiB\"}, \"snp\": "
	 "{\"id\": {\"block\": \"~/block\", \"auth\": \"~/auth\"}",
	 SNP_E_DIGEST_DIFFERS, "~/block", "but the ID block has "},
	{"an ID block of another policy", "\"snp\": {",
	 "\"snp\": {\"policy\": {\"smt\": false}, \"id\": {\"block\": \"~/block\", \"auth\": "
	 "\"~/auth\"}",
	 SNP_E_POLICY_DIFFERS, "~/block", "but the ID block has 0x30000"},
	{"an ID block that another key signed", "\"snp\": {",
	 "\"snp\": {\"id\": {\"block\": \"~/other-block\", \"auth\": \"~/auth\"}", SNP_E_SIGNATURE,
	 "~/other-block", ""},
};

static void check_refusal(void **state)
{
	const struct refusal *row = *state;
	_cleanup_(freep) char *file = in_root(row->file ? row->file : "");
	struct guest_dir dir;

	for (unsigned int copies = 0; copies < 2; copies++) {
		_cleanup_(prepared_done) struct prepared p = {0};
		struct prepare_request request = {.dir = copies ? &dir : NULL};
		struct snp_error err = {0};

		assert_int_equal(guest_dir_claim(state_path, "web1", NULL, &dir, NULL), 0);
		assert_int_equal(prepare(row->old, row->new, &request, &p, &err), -(int)row->code);
		tell_result(row->name, err.message[0] ? -1 : 0, &err);
		assert_true(!p.record && !p.xml);
		/* Never a copy, which goes before anybody can look at it. */
		assert_string_equal(err.file, file);
		fail_unless_in(err.message, row->told);
		assert_int_equal(guest_dir_remove(&dir, NULL), 0);
	}
}

/* Which guest near the one that was asked for has the digest that was wanted. */
static const struct near {
	const char *name, *old, *new, *told;
} nears[] = {
	{"more vCPUs", "\"count\": 2", "\"count\": 4", "this guest with 4 vCPUs instead of 2"},
	{"another model", "\"count\": 2", "\"count\": 2, \"model\": \"EPYC-Milan\"",
	 "this guest with CPU signature 0x00a00f11 (EPYC-Milan"},
	{"a line end", "quiet", "quiet\\n", "this guest with a command line with"},
	{"both", "quiet\"}, \"cpu\": {\"count\": 2", "quiet\\n\"}, \"cpu\": {\"count\": 3",
	 " and 3 vCPUs instead of 2"},
	{"another command line", "quiet", "verbose",
	 "similar guests has it, so the firmware, kernel, initrd or command line differs"},
	{"no kernel",
	 "\"boot\": {\"kernel\": \"~/kernel\", \"initrd\": \"~/initrd\", \"cmdline\": \"quiet\"},",
	 "", "this guest with kernel hashes off"},
};

static void check_near(void **state)
{
	const struct near *row = *state;
	_cleanup_(prepared_done) struct prepared p = {0}, q = {0};
	uint8_t measured[SNP_LAUNCH_DIGEST_SIZE], wanted[SNP_LAUNCH_DIGEST_SIZE];
	struct prepare_request request = {.expect = wanted};
	char hex[2 * SNP_LAUNCH_DIGEST_SIZE + 1];
	_cleanup_(freep) char *member = NULL, *told = NULL, *is = NULL;
	struct snp_error err = {0};

	digest_of(NULL, NULL, measured, NULL);
	digest_of(row->old, row->new, wanted, NULL);
	assert_memory_not_equal(measured, wanted, sizeof(wanted));
	assert_int_equal(prepare(NULL, NULL, &request, &p, &err), -SNP_E_DIGEST_DIFFERS);
	tell_result(row->name, err.message[0] ? -1 : 0, &err);
	fail_unless_in(err.message, row->told);
	hex_encode(wanted, sizeof(wanted), hex);
	told = format_text("--expect says %s: ", hex);
	fail_unless_in(err.message, told);
	fail_unless_in(err.message, "; nothing was launched");
	member = format_text("\"snp\": {\"measurement\": \"%s\"", hex);
	request.expect = NULL;
	assert_int_equal(prepare("\"snp\": {", member, &request, &p, &err), -SNP_E_DIGEST_DIFFERS);
	fail_unless_in(err.message, "snp.measurement says");
	hex_encode(measured, sizeof(measured), hex);
	is = format_text("the launch digest is %s, but", hex);
	fail_unless_in(err.message, is);
	/* That guest itself is launched. */
	request.expect = wanted;
	assert_int_equal(prepare(row->old, row->new, &request, &q, &err), 0);
}

/* Without kernel hashes only the firmware is left to blame. */
static void a_guest_without_kernel_is_told_of_firmware(void **state)
{
	static const char boot[] =
		"\"boot\": {\"kernel\": \"~/kernel\", \"initrd\": \"~/initrd\", \"cmdline\": "
		"\"quiet\"},";
	_cleanup_(prepared_done) struct prepared p = {0};
	uint8_t wanted[SNP_LAUNCH_DIGEST_SIZE] = {0};
	struct prepare_request request = {.expect = wanted};
	struct snp_error err = {0};

	(void)state;
	assert_int_equal(prepare(boot, "", &request, &p, &err), -SNP_E_DIGEST_DIFFERS);
	fail_unless_in(err.message, "so the firmware differs; nothing was launched");
}

/* A master with one guest: the one that digest_of() measured, its files and its block. */
static char *reference_of(const struct guest_record *record, bool with_block)
{
	_cleanup_(json_out_done) struct json_out out;
	struct cJSON *image, *inputs, *part, *variant;
	char *text;
	uint8_t hash[SNP_SHA256_SIZE];

	json_out_init(&out, "snp-reference-values/1");
	part = json_out_object(&out, out.root, "tool");
	json_out_string(&out, part, "name", "snp-measure");
	json_out_string(&out, part, "version", "0.1.0");
	image = json_out_object(&out, json_out_array(&out, out.root, "images"), NULL);
	json_out_string(&out, image, "name", "web");
	inputs = json_out_object(&out, image, "inputs");
	for (unsigned int i = 0; i < BOOT_PARTS; i++) {
		const struct boot_file *file = &record->boot[i];

		part = json_out_object(&out, inputs, boot_part_names[i]);
		json_out_string(&out, part, "name", boot_part_names[i]);
		json_out_integer(&out, part, "size", file->size);
		json_out_hex(&out, part, "sha256", file->sha256, sizeof(file->sha256));
		if (i == BOOT_FIRMWARE)
			json_out_hex(&out, part, "sha384", record->launch_digest, SNP_SHA384_SIZE);
	}
	part = json_out_object(&out, inputs, "cmdline");
	json_out_string(&out, part, "text", record->cmdline);
	json_out_integer(&out, part, "size", strlen(record->cmdline));
	assert_int_equal(sha256_of((struct snp_span){(const uint8_t *)record->cmdline,
						     strlen(record->cmdline) + 1},
				   hash, NULL),
			 0);
	json_out_hex(&out, part, "sha256", hash, sizeof(hash));
	json_out_u64(&out, image, "policy", record->policy);
	variant = json_out_object(&out, json_out_array(&out, image, "variants"), NULL);
	json_out_string(&out, variant, "vmm_profile", "qemu");
	json_out_integer(&out, variant, "vcpu_count", record->vcpus.count);
	json_out_string(&out, variant, "cpu_model", "EPYC-v4");
	json_out_u64(&out, variant, "cpu_signature", record->vcpus.signature);
	json_out_u64(&out, variant, "guest_features", 1);
	json_out_hex(&out, variant, "launch_digest", record->launch_digest, SNP_LAUNCH_DIGEST_SIZE);
	if (with_block) {
		json_out_base64(&out, variant, "id_block", record->binding.block,
				SNP_ID_BLOCK_SIZE);
		json_out_base64(&out, variant, "id_auth", record->binding.auth, SNP_ID_AUTH_SIZE);
	}
	json_out_array(&out, out.root, "not_covered");
	assert_int_equal(json_out_print(&out, &text, NULL), 0);
	return text;
}

#define BY_KEY	     "\"snp\": {\"id\": {\"key\": \"~/id.pem\"}"
#define BY_REFERENCE "\"snp\": {\"id\": {\"reference\": \"~/reference\"}"

/* What the document was measured from, and what of it is another now. */
static const struct published {
	const char *name, *old, *new;
	bool without_block;
	enum snp_code code;
	const char *told;
} publisheds[] = {
	{"as published", NULL, NULL, false, SNP_OK, ""},
	{"without ID block", NULL, NULL, true, SNP_E_NOT_BOUND, "publish it with keys"},
	{"another kernel", "~/kernel", "~/kernel-2", false, SNP_E_DIGEST_DIFFERS,
	 ": another kernel;"},
	{"another initrd", "~/initrd", "~/id.pem", false, SNP_E_DIGEST_DIFFERS,
	 ": another initrd;"},
	{"another command line", "quiet", "loud", false, SNP_E_DIGEST_DIFFERS,
	 ": another command line;"},
	{"another firmware", "~/fw", "~/fw-2", false, SNP_E_DIGEST_DIFFERS, ": another firmware;"},
	{"no initrd", " \"initrd\": \"~/initrd\",", "", false, SNP_E_DIGEST_DIFFERS,
	 ": another initrd;"},
	{"all others",
	 "~/fw\"}, \"boot\": {\"kernel\": \"~/kernel\", \"initrd\": \"~/initrd\", \"cmdline\": "
	 "\"quiet\"",
	 "~/fw-2\"}, \"boot\": {\"kernel\": \"~/kernel-2\", \"initrd\": \"~/id.pem\", \"cmdline\": "
	 "\"loud\"",
	 false, SNP_E_DIGEST_DIFFERS, ": another firmware, kernel, initrd, command line;"},
	{"a count that was not published", "\"count\": 2", "\"count\": 3", false, SNP_E_NO_VARIANT,
	 "3"},
};

static void check_published(void **state)
{
	const struct published *row = *state;
	_cleanup_(prepared_done) struct prepared published = {0}, p = {0};
	_cleanup_(freep) char *master = NULL, *changed = NULL, *members = NULL, *file = NULL;
	struct prepare_request request = {0};
	struct snp_error err = {0};
	const char *members_from;
	int r;

	assert_int_equal(prepare("\"snp\": {", BY_KEY, &request, &published, &err), 0);
	tell_result(row->name, err.message[0] ? -1 : 0, &err);
	master = reference_of(published.record, !row->without_block);
	put_text("~/reference", master);
	/* The row's change and the reference, as one. */
	changed = row->old ? replace_once(vm_json, row->old, row->new) : strdup(vm_json);
	members = replace_once(changed, "\"snp\": {", BY_REFERENCE);
	members_from = strstr(vm_json, "\"firmware\"");
	r = prepare(members_from, strstr(members, "\"firmware\""), &request, &p, &err);
	if (r != -(int)row->code)
		fail_msg("%d: %s", r, err.message);
	if (r < 0) {
		file = in_root("~/reference");
		fail_unless_in(err.message, row->told);
		assert_string_equal(err.file, file);
		assert_true(row->code != SNP_E_DIGEST_DIFFERS ||
			    strstr(err.message, "the published one is"));
		return;
	}
	assert_int_equal(p.record->binding.source, ID_REFERENCE);
	assert_memory_equal(p.record->binding.block, published.record->binding.block,
			    SNP_ID_BLOCK_SIZE);
	assert_memory_equal(p.record->binding.auth, published.record->binding.auth,
			    SNP_ID_AUTH_SIZE);
}

/* A block made here says what vm.json says, and is signed by its keys. */
static void a_block_of_this_host_s_key(void **state)
{
	uint8_t public[SNP_KEY_SIZE], id[SNP_KEY_DIGEST_SIZE], author[SNP_KEY_DIGEST_SIZE];
	struct snp_key *keys[2] = {load_test_key(P384_PKCS8), load_test_key(P384_OTHER)};
	struct guest_binding plain, b;
	uint8_t digest[SNP_LAUNCH_DIGEST_SIZE];

	(void)state;
	assert_int_equal(snp_id_key_public(keys[0], public, NULL), 0);
	assert_int_equal(snp_id_key_digest(public, id, NULL), 0);
	assert_int_equal(snp_id_key_public(keys[1], public, NULL), 0);
	assert_int_equal(snp_id_key_digest(public, author, NULL), 0);
	digest_of("\"snp\": {", BY_KEY, digest, &plain);
	assert_int_equal(plain.source, ID_KEY);
	assert_false(plain.keys.has_author);
	assert_int_equal(plain.fields.guest_svn, 0);
	assert_int_equal(plain.fields.policy, SNP_POLICY_DEFAULT);
	assert_memory_equal(plain.fields.launch_digest, digest, sizeof(digest));
	assert_memory_equal(plain.keys.id_key_digest, id, sizeof(id));
	digest_of("\"snp\": {",
		  "\"snp\": {\"policy\": {\"smt\": false}, \"id\": {\"key\": \"~/id.pem\", "
		  "\"author_key\": \"~/author.pem\", \"svn\": 7, "
		  "\"family_id\": \"00112233445566778899aabbccddeeff\", "
		  "\"image_id\": \"ffeeddccbbaa99887766554433221100\"}",
		  digest, &b);
	assert_true(b.keys.has_author);
	assert_memory_equal(b.keys.author_key_digest, author, sizeof(author));
	assert_int_equal(b.fields.guest_svn, 7);
	assert_int_equal(b.fields.policy, 0x20000);
	assert_true(b.fields.family_id[1] == 0x11 && b.fields.image_id[1] == 0xee);
	assert_int_equal(snp_id_auth_verify(b.block, b.auth, NULL, NULL), 0);
	/* The same as a pair of files. */
	put("~/block", b.block, SNP_ID_BLOCK_SIZE);
	put("~/auth", b.auth, SNP_ID_AUTH_SIZE);
	digest_of("\"snp\": {",
		  "\"snp\": {\"policy\": {\"smt\": false}, \"id\": {\"block\": \"~/block\", "
		  "\"auth\": \"~/auth\"}",
		  digest, &plain);
	assert_int_equal(plain.source, ID_BLOCK);
	assert_memory_equal(plain.block, b.block, sizeof(b.block));
	for (size_t i = 0; i < 2; i++)
		snp_key_free(keys[i]);
}

static void check_hash(const char *name, const uint8_t sha256[static SNP_SHA256_SIZE])
{
	_cleanup_(freep) char *path = in_root(name);
	_cleanup_(file_close) struct file file = {.fd = -1};
	uint8_t expected[SNP_SHA256_SIZE];

	assert_int_equal(file_open(path, SNP_MAX_INITRD, &file, NULL), 0);
	assert_int_equal(file_sha256(&file, NULL, NULL, expected, NULL), 0);
	assert_memory_equal(sha256, expected, sizeof(expected));
}

static void what_a_record_holds(void **state)
{
	static const char *const names[] = {"~/fw", "~/kernel", "~/initrd"};
	_cleanup_(prepared_done) struct prepared p = {0};
	_cleanup_(freep) char *console = in_root("~/final/log/console.log");
	const struct guest_record *record;
	struct prepare_request request = {0};
	struct snp_error err = {0};
	struct guest_dir dir;
	struct stat st;

	(void)state;
	assert_int_equal(guest_dir_claim(state_path, "web1", NULL, &dir, NULL), 0);
	request.dir = &dir;
	if (prepare("\"snp\": {",
		    "\"emulator\": \"/qemu\", \"snp\": {\"vcek\": false, "
		    "\"guest_visible_workarounds\": \"01000000000000000000000000000000\", "
		    "\"host_data\": \"sha256:~/initrd\"",
		    &request, &p, &err) < 0)
		fail_msg("%s", err.message);
	record = p.record;
	assert_int_equal(record->state, RECORD_CREATING);
	assert_string_equal(record->name, "web1");
	assert_string_equal(record->uuid, UUID);
	assert_string_equal(record->uri, "test:///default");
	assert_string_equal(record->tool_version, SNP_VERSION);
	assert_string_equal(record->cmdline, "quiet");
	assert_string_equal(record->emulator, "/qemu");
	assert_string_equal(record->vcpus.model, "EPYC-v4");
	assert_string_equal(record->vcpus.profile, "qemu");
	assert_int_equal(record->vcpus.count, 2);
	assert_int_equal(record->vcpus.signature, 0x800f12);
	assert_int_equal(record->vcpus.features, 1);
	assert_int_equal(record->policy, SNP_POLICY_DEFAULT);
	assert_true(record->kernel_hashes && record->has_hash_verifier);
	assert_int_equal(record->hash_verifier, SNP_HASH_VERIFIER_PRESENT);
	assert_true(record->has_vcek && !record->vcek && record->has_guest_visible_workarounds);
	assert_int_equal(record->guest_visible_workarounds[0], 1);
	assert_true(!record->remote && record->binding.source == ID_NONE && !record->has_qemu);
	check_hash("~/initrd", record->host_data);
	assert_int_equal(strlen(record->created), strlen("2026-11-21T18:51:55Z"));
	for (unsigned int i = 0; i < BOOT_PARTS; i++) {
		_cleanup_(freep) char *source = in_root(names[i]),
				      *final = format_text("%s/final/boot/%s", root,
							   boot_part_names[i]),
				      *copy = format_text("%s/boot/%s", dir.path,
							  boot_part_names[i]),
				      *hash = format_text("<snp:input name=\"%s\"",
							  boot_part_names[i]);

		assert_string_equal(record->boot[i].source, source);
		assert_string_equal(record->boot[i].path, final);
		check_hash(names[i], record->boot[i].sha256);
		assert_int_equal(stat(copy, &st), 0);
		assert_int_equal(st.st_size, record->boot[i].size);
		assert_int_equal(st.st_mode & 07777, 0644);
		fail_unless_in(p.xml, final);
		fail_unless_in(p.xml, hash);
	}
	fail_unless_in(p.xml, UUID);
	fail_unless_in(p.xml, console);
	fail_unless_in(p.xml, "<snp:input name=\"cmdline\" size=\"5\"");
	fail_unless_in(p.xml, "<snp:input name=\"vm.json\"");
	assert_int_equal(guest_dir_remove(&dir, NULL), 0);
}

/* Its bytes are counted where `counted_random` is set, and there are none where `no_random` is. */
static bool counted_random, no_random;

ssize_t __real_getrandom(void *bytes, size_t size, unsigned int flags);
ssize_t __wrap_getrandom(void *bytes, size_t size, unsigned int flags);
ssize_t __wrap_getrandom(void *bytes, size_t size, unsigned int flags)
{
	if (no_random) {
		errno = ENOSYS;
		return -1;
	}
	if (!counted_random)
		return __real_getrandom(bytes, size, flags);
	for (size_t i = 0; i < size; i++)
		((uint8_t *)bytes)[i] = (uint8_t)(0xf0 + i);
	return (ssize_t)size;
}

static void host_data_as_it_is_given(void **state)
{
	static const struct vm_config none = {.host_data_kind = VM_HOST_DATA_ZERO};
	static const uint8_t zeros[SNP_SHA256_SIZE];
	uint8_t data[SNP_SHA256_SIZE];
	_cleanup_(prepared_done) struct prepared p = {0};
	struct prepare_request request = {0};
	struct snp_error err = {0};

	(void)state;
	memset(data, 0xff, sizeof(data));
	assert_int_equal(guest_host_data(&none, data, NULL), 0);
	assert_memory_equal(data, zeros, sizeof(data));
	assert_int_equal(
		prepare("\"snp\": {",
			"\"snp\": {\"host_data\": "
			"\"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\"",
			&request, &p, &err),
		0);
	for (size_t i = 0; i < 32; i++)
		assert_int_equal(p.record->host_data[i], 0x11 * (i % 16));
	fail_unless_in(p.xml, "<hostData>ABEiM0RVZneImaq7zN3u/wARIjNEVWZ3iJmqu8zd7v8=</hostData>");
}

/* A guest without uuid gets a random one of version 4, or the one that it is to replace. */
static void whose_uuid(void **state)
{
	_cleanup_(prepared_done) struct prepared p = {0}, q = {0}, other = {0};
	struct prepare_request request = {0};
	struct snp_error err;

	(void)state;
	assert_int_equal(prepare(" \"uuid\": \"" UUID "\",", "", &request, &p, &err), 0);
	assert_int_equal(prepare(" \"uuid\": \"" UUID "\",", "", &request, &q, &err), 0);
	assert_string_not_equal(p.record->uuid, q.record->uuid);
	for (const char *uuid = p.record->uuid; *uuid; uuid++)
		assert_true(strchr("0123456789abcdef-", *uuid));
	assert_int_equal(strlen(p.record->uuid), RECORD_UUID);
	assert_int_equal(p.record->uuid[14], '4');
	assert_non_null(strchr("89ab", p.record->uuid[19]));
	prepared_done(&q);
	counted_random = true;
	assert_int_equal(prepare(" \"uuid\": \"" UUID "\",", "", &request, &q, &err), 0);
	assert_string_equal(q.record->uuid, "f0f1f2f3-f4f5-46f7-b8f9-fafbfcfdfeff");
	counted_random = false;
	no_random = true;
	assert_int_equal(prepare(" \"uuid\": \"" UUID "\",", "", &request, &other, &err),
			 -SNP_E_SYSTEM);
	no_random = false;
	request.uuid = "00000000-0000-4000-8000-000000000001";
	assert_int_equal(prepare(NULL, NULL, &request, &other, &err), 0);
	assert_string_equal(other.record->uuid, request.uuid);
}

/* A remote host opens its own files, at their own paths; they may lie elsewhere here. */
static void a_remote_guest(void **state)
{
	static const char elsewhere[] = "{\"path\": \"/fw\"}, \"boot\": {\"kernel\": \"/kernel\", "
					"\"initrd\": \"/initrd\"";
	static const char here[] = "{\"path\": \"~/fw\"}, \"boot\": {\"kernel\": \"~/kernel\", "
				   "\"initrd\": \"~/initrd\"";
	_cleanup_(prepared_done) struct prepared p = {0};
	struct prepare_request request = {.remote = true, .remote_root = root};
	struct snp_error err = {0};

	(void)state;
	assert_int_equal(prepare(here, elsewhere, &request, &p, &err), -SNP_E_BOOT_FILES);
	fail_unless_in(err.message, "without an ID block");
	request.unbound = true;
	assert_int_equal(prepare(here, elsewhere, &request, &p, &err), 0);
	assert_true(p.record->remote);
	assert_string_equal(p.record->boot[BOOT_FIRMWARE].path, "/fw");
	assert_string_equal(p.record->boot[BOOT_KERNEL].path, "/kernel");
	assert_string_equal(p.record->boot[BOOT_INITRD].path, "/initrd");
	assert_null(strstr(p.xml, "console.log"));
	prepared_done(&p);
	assert_int_equal(prepare("\"firmware\": {\"path\": \"~/fw\"},", "", &request, &p, &err),
			 -SNP_E_NOT_FOUND);
	fail_unless_in(err.message, "firmware.path");
	/* With an ID block nothing need be allowed. */
	request.unbound = false;
	request.remote_root = NULL;
	assert_int_equal(prepare("\"snp\": {", BY_KEY, &request, &p, &err), 0);
	assert_int_equal(p.record->binding.source, ID_KEY);
}

/* Firmware that does not check kernel hashes, as vm.json's own checks cannot know where it is found later. */
static void unchecked_kernel_hashes(void **state)
{
	_cleanup_(prepared_done) struct prepared p = {0};
	struct check_options checks = {0};
	struct prepare_request request = {.checks = &checks};
	_cleanup_(freep) char *file = in_root("~/unchecked");
	struct snp_error err = {0};

	(void)state;
	assert_int_equal(prepare("~/fw", "~/unchecked", &request, &p, &err), -SNP_E_NOT_CHECKED);
	assert_string_equal(err.file, file);
	assert_int_equal(
		check_options_set(&checks, "kernel-hashes-not-checked", CHECK_WARNING, NULL), 0);
	assert_int_equal(prepare("~/fw", "~/unchecked", &request, &p, &err), 0);
	assert_int_equal(p.record->hash_verifier, SNP_HASH_VERIFIER_ABSENT);
	prepared_done(&p);
	/* Without kernel hashes there is nothing to check. */
	assert_int_equal(check_options_set(&checks, "kernel-hashes-not-checked", CHECK_ERROR, NULL),
			 0);
	assert_int_equal(prepare("~/fw\"}, \"boot\": {\"kernel\": \"~/kernel\", \"initrd\": "
				 "\"~/initrd\", \"cmdline\": \"quiet\"},",
				 "~/unchecked\"},", &request, &p, &err),
			 0);
	assert_true(!p.record->has_hash_verifier && !p.record->kernel_hashes);
	assert_true(!p.record->boot[BOOT_KERNEL].source && !p.record->cmdline);
}

/* From vm.json to the record, and that written and read. */
static int prepare_counted(const void *arg, struct snp_error *err)
{
	const char *text = arg;
	_cleanup_(vm_config_freep) struct vm_config *config = NULL;
	_cleanup_(launch_spec_freep) struct launch_spec *spec = NULL;
	_cleanup_(record_freep) struct guest_record *again = NULL;
	_cleanup_(prepared_done) struct prepared p = {0};
	_cleanup_(freep) char *printed = NULL;
	struct prepare_request request = {.final_path = root, .uri = "test:///default"};
	struct differences d = {0};
	int r;

	no_memory_begin();
	r = vm_config_parse("vm.json", text_span(text), &config, err);
	if (r == 0)
		r = launch_spec_from_config(config, &spec, err);
	request.config = config;
	request.spec = spec;
	if (r == 0)
		r = guest_prepare(&request, &p, err);
	if (r == 0)
		r = guest_drift(p.record, p.xml, &(struct hypervisor){0}, &d, err);
	if (r == 0)
		r = record_print(p.record, &printed, err);
	if (r == 0)
		r = record_parse("record.json", text_span(printed), &again, err);
	return no_memory_end(r);
}

static void whatever_memory_runs_out(void **state)
{
	_cleanup_(freep) char
		*changed = replace_once(
			vm_json, "\"snp\": {",
			"\"title\": \"t\", \"description\": \"d\", \"labels\": {\"a\": \"b\"}, "
			"\"emulator\": \"/q\", \"disks\": [{\"path\": \"/d\", \"format\": "
			"\"raw\", \"serial\": \"s\"}], \"networks\": [{\"type\": \"bridge\", "
			"\"source\": \"br0\"}], \"snp\": {\"host_data\": \"sha256:~/initrd\""),
		*text = in_root(changed);

	(void)state;
	check_without_memory(prepare_counted, text, 4);
}

/* An empty firmware volume of one page: the image can be looked through, and has no code that checks. */
static void put_volume(uint8_t *at)
{
	static const uint8_t file_system_2[16] = {0x78, 0xe5, 0x8c, 0x8c, 0x3d, 0x8a, 0x1c, 0x4f,
						  0x99, 0x35, 0x89, 0x61, 0x85, 0xc3, 0x2d, 0xd3};
	uint16_t sum = 0;

	memset(at, 0, 72);
	memcpy(at + 16, file_system_2, sizeof(file_system_2));
	snp_put_le64(at + 32, SNP_PAGE_SIZE);
	memcpy(at + 40, "_FVH", 4);
	snp_put_le16(at + 48, 72);
	for (size_t i = 0; i < 72; i += 2)
		sum = (uint16_t)(sum + at[i] + 256 * at[i + 1]);
	snp_put_le16(at + 50, (uint16_t)-sum);
}

static int setup(void **state)
{
	static const uint8_t names[3][16] = {
		{0x37, 0x94, 0xe7, 0x4d, 0xd2, 0xab, 0x7f, 0x42, 0xb8, 0x35, 0xd5, 0xb1, 0x72, 0xd2,
		 0x04, 0x5b},
		{0x31, 0xf7, 0xba, 0x44, 0x2f, 0x3a, 0xd7, 0x4b, 0x9a, 0xf1, 0x41, 0xe2, 0x91, 0x69,
		 0x78, 0x1d},
		{0xd8, 0x2d, 0xd0, 0x97, 0x20, 0xbd, 0x94, 0x4c, 0xaa, 0x78, 0xe7, 0x71, 0x4d, 0x36,
		 0xab, 0x2a},
	};
	static uint8_t image[IMAGE_SIZE], kernel[0x8000], large[0x2001];
	struct guest_binding binding;
	uint8_t digest[SNP_LAUNCH_DIGEST_SIZE];

	(void)state;
	if (!mkdtemp(root))
		return -1;
	snprintf(state_path, sizeof(state_path), "%s/state", root);
	image_build(image);
	put_volume(image + 0x4000);
	put("~/unchecked", image, sizeof(image));
	memcpy(image + 0x100, names, sizeof(names));
	put("~/fw", image, sizeof(image));
	image[0x2000] ^= 1;
	put("~/fw-2", image, sizeof(image));
	memset(image, 0xff, sizeof(image));
	put("~/ones", image, sizeof(image));
	kernel[0x1f1] = 4;
	snp_put_le16(kernel + 0x1fe, 0xaa55);
	memcpy(kernel + 0x202, "HdrS", 4);
	snp_put_le16(kernel + 0x206, 0x20f);
	snp_put_le32(kernel + 0x22c, 0x1fff); /* initrd_addr_max */
	put("~/kernel", kernel, sizeof(kernel));
	kernel[sizeof(kernel) - 1] = 1;
	put("~/kernel-2", kernel, sizeof(kernel));
	put("~/large", large, sizeof(large));
	put_text("~/initrd", "initrd");
	put("~/empty", "", 0);
	put_text("~/id.pem", P384_PKCS8);
	put_text("~/author.pem", P384_OTHER);
	put_text("~/p256.pem", P256_PKCS8);
	digest_of("\"snp\": {", BY_KEY, digest, &binding);
	put("~/block", binding.block, SNP_ID_BLOCK_SIZE);
	put("~/auth", binding.auth, SNP_ID_AUTH_SIZE);
	binding.block[0x54] ^= 1; /* GUEST_SVN */
	put("~/other-block", binding.block, SNP_ID_BLOCK_SIZE);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	return remove_tree(AT_FDCWD, root);
}

/* What is signed anew for the same guest is not another binding: the first stays. */
static void a_binding_is_kept(void **state)
{
	_cleanup_(prepared_done) struct prepared first = {0};
	static const struct {
		const char *members;
		bool same;
	} binds[] = {
		{BY_KEY, true},
		{"\"snp\": {\"host_data\": \"sha256:~/fw\", \"id\": {\"key\": \"~/id.pem\"}", true},
		{"\"snp\": {\"policy\": {\"debug\": true}, \"id\": {\"key\": \"~/id.pem\"}", false},
		{"\"snp\": {", false},
	};
	struct prepare_request request = {0};
	struct snp_error err = {0};

	(void)state;
	if (prepare("\"snp\": {", BY_KEY, &request, &first, &err) < 0)
		fail_msg("%s", err.message);
	for (size_t i = 0; i < ARRAY_SIZE(binds); i++)
		for (unsigned int kept = 0; kept < 2; kept++) {
			_cleanup_(prepared_done) struct prepared p = {0};
			const struct guest_binding *a = &first.record->binding, *b;

			request = (struct prepare_request){.fresh = true,
							   .kept = kept ? first.record : NULL};
			if (prepare("\"snp\": {", binds[i].members, &request, &p, &err) < 0)
				fail_msg("%s", err.message);
			b = &p.record->binding;
			assert_int_equal(memcmp(a->auth, b->auth, sizeof(a->auth)) == 0,
					 binds[i].same && kept);
		}
}

/* Of what is named as before the copy is kept. */
static void what_is_named_as_before(void **state)
{
	static const struct {
		const char *path, *source; /* NULL: none */
		bool has_sha256, other, remote, fresh, keeps;
	} rows[] = {
		{"/k", "/k", false, false, false, false, true},
		{"/k", "/k", true, false, false, false, true},
		{"/k", "/k", true, true, false, false, false},
		{"/k", "/k", false, true, false, false, true},
		{"/k", "/other", false, false, false, false, false},
		{"/k", NULL, false, false, false, false, false},
		{"/k", "/k", false, false, true, false, false},
		{"/k", "/k", false, false, false, true, false},
		{NULL, "/k", false, false, false, false, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char path[8] = "", source[8] = "";
		struct vm_config config = {.kernel = {.path = rows[i].path ? path : NULL,
						      .has_sha256 = rows[i].has_sha256}};
		struct guest_record record = {
			.boot[BOOT_KERNEL] = {.source = rows[i].source ? source : NULL}};
		struct prepare_request request = {.config = &config,
						  .kept = &record,
						  .remote = rows[i].remote,
						  .fresh = rows[i].fresh};

		snprintf(path, sizeof(path), "%s", rows[i].path ? rows[i].path : "");
		snprintf(source, sizeof(source), "%s", rows[i].source ? rows[i].source : "");
		config.kernel.sha256[31] = rows[i].other;
		assert_int_equal(prepare_keeps(&request, BOOT_KERNEL), rows[i].keeps);
		request.kept = NULL;
		assert_false(prepare_keeps(&request, BOOT_KERNEL));
	}
	/* Firmware that was found is not looked for again, unless its path was named. */
	for (unsigned int named = 0; named < 3; named++) {
		char fw[] = "/fw";
		struct vm_config config = {0}, was = {.firmware.path = named == 2 ? fw : NULL};
		struct guest_record record = {.boot[BOOT_FIRMWARE].source = fw,
					      .boot[BOOT_INITRD].source = fw};
		struct prepare_request request = {
			.config = &config, .kept = &record, .was = named ? &was : NULL};

		assert_int_equal(prepare_keeps(&request, BOOT_FIRMWARE), named < 2);
		assert_false(prepare_keeps(&request, BOOT_INITRD));
	}
}

static void as_told(void **state)
{
	(void)state;
	told("prepare");
}

int main(void)
{
	struct CMUnitTest tests[ROWS_MAX] = {
		cmocka_unit_test(a_guest_without_kernel_is_told_of_firmware),
		cmocka_unit_test(what_a_record_holds),
		cmocka_unit_test(host_data_as_it_is_given),
		cmocka_unit_test(whose_uuid),
		cmocka_unit_test(a_remote_guest),
		cmocka_unit_test(unchecked_kernel_hashes),
		cmocka_unit_test(whatever_memory_runs_out),
	};
	size_t n = tests_listed(tests);

	ADD_ROWS(tests, n, check_refusal, refusals);
	ADD_ROWS(tests, n, check_near, nears);
	ADD_ROWS(tests, n, check_published, publisheds);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(a_block_of_this_host_s_key);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(a_binding_is_kept);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(what_is_named_as_before);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(as_told);
	return _cmocka_run_group_tests("prepare", tests, n, setup, teardown);
}
