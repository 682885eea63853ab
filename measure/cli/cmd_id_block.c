// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/hex.h>
#include <snp/policy.h>
#include <snp/tool.h>

#include "id_block.h"
#include "launch_input.h"
#include "value.h"
#include "verb.h"

DEFINE_CLEANUP(struct snp_key *, snp_key_free);

static struct {
	const char *block, *auth;
	const char *measurement, *policy, *policy_at_most, *family_id, *image_id;
	const char *public_key, *author_public_key;
	struct cli_number svn;
} arg;

/* clang-format off */
static const struct cli_option pair_options[] = {
	{"id-block", .argument = "BASE64|@FILE", .text = &arg.block,
	 .help = "ID block, 96 bytes"},
	{"id-auth", .argument = "BASE64|@FILE", .text = &arg.auth,
	 .help = "ID auth, 4096 bytes"},
	CLI_OPTION_JSON,
	{0},
};

static const struct cli_option verify_options[] = {
	{"measurement", .argument = "HEX|@FILE", .text = &arg.measurement,
	 .help = "the launch digest expected"},
	{"policy", .argument = "HEX", .text = &arg.policy,
	 .help = "the guest policy expected"},
	{"policy-at-most", .argument = "HEX", .text = &arg.policy_at_most,
	 .help = "the guest policy may allow no more than this"},
	{"family-id", .argument = "HEX", .text = &arg.family_id,
	 .help = "the family ID expected"},
	{"image-id", .argument = "HEX", .text = &arg.image_id,
	 .help = "the image ID expected"},
	{"svn", .argument = "N", .number = &arg.svn,
	 .help = "minimum security version (SVN) of the guest"},
	{"public-key", .argument = "FILE", .text = &arg.public_key,
	 .help = "the ID key expected"},
	{"author-public-key", .argument = "FILE", .text = &arg.author_public_key,
	 .help = "the author key expected"},
	{0},
};
/* clang-format on */

static int print_json(const struct cli_id_block *id, FILE *out, struct snp_error *err)
{
	_cleanup_(json_out_done) struct json_out json;

	cli_json_begin(&json, "snp-id-block/1");
	cli_id_block_json(id, &json);
	cli_json_warnings(&json);
	return cli_json_end(&json, out, err);
}

/* A pair that does not verify is shown too, with a warning. */
static int run_show(FILE *out, char *const operands[], struct snp_error *err)
{
	struct snp_error found = {0};
	struct cli_id_block id;
	int r;

	(void)operands;
	if (!arg.block)
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET, "--id-block is required");
	r = cli_id_block_read(arg.block, arg.auth, &id, err);
	if (r < 0)
		return r;
	if (id.has_auth && snp_id_auth_verify(id.block, id.auth, NULL, &found) < 0)
		cli_warn(snp_code_name(found.code), "%s", found.message);
	if (cli_json)
		return print_json(&id, out, err);
	cli_id_block_print(&id, out);
	return 0;
}

static const struct cli_option *const show_tables[] = {pair_options, NULL};

const struct cli_verb verb_id_block_show = {
	.name = "id-block show",
	.operands = "",
	.summary = "print what an ID block and an ID auth contain",
	.example = "--id-block @id-block.bin --id-auth @id-auth.bin",
	.options = show_tables,
	.run = run_show,
};

/* What is checked about a pair. Names are stable, and those of `verify` where both check the same. */
enum question {
	SIGNATURES,
	MEASUREMENT,
	POLICY,
	POLICY_AT_MOST,
	GUEST_SVN,
	FAMILY_ID,
	IMAGE_ID,
	ID_KEY,
	AUTHOR_KEY,
	N_QUESTIONS
};

static const struct {
	const char *name, *meaning;
} questions[N_QUESTIONS] = {
	[SIGNATURES] = {"signatures", "both signatures verify"},
	[MEASUREMENT] = {"measurement", "the launch digest is the one expected"},
	[POLICY] = {"policy", "the policy is the one expected"},
	[POLICY_AT_MOST] = {"policy-at-most", "the policy allows no more than the limit"},
	[GUEST_SVN] = {"guest-svn", "the guest SVN is at least the minimum"},
	[FAMILY_ID] = {"family-id", "the family ID is the one expected"},
	[IMAGE_ID] = {"image-id", "the image ID is the one expected"},
	[ID_KEY] = {"id-key", "the ID key is the one expected"},
	[AUTHOR_KEY] = {"author-key", "the author key is the one expected"},
};

struct answers {
	bool accepted;
	enum {
		NOT_ASKED,
		YES,
		NO
	} of[N_QUESTIONS];
};

static void decide(struct answers *answers, enum question question, bool good)
{
	answers->of[question] = good ? YES : NO;
	answers->accepted = answers->accepted && good;
}

/* Each of these asks what the options ask for, and fails only where an option cannot be read. */
static int check_signatures(struct answers *answers, const struct cli_id_block *id,
			    struct snp_error *err)
{
	struct snp_error found = {0};
	int r = snp_id_auth_verify(id->block, id->auth, NULL, &found);

	if (r < 0 && r != -SNP_E_SIGNATURE) {
		*err = found;
		return r;
	}
	decide(answers, SIGNATURES, r == 0);
	return 0;
}

static int check_measurement(struct answers *answers, const struct cli_id_block *id,
			     struct snp_error *err)
{
	uint8_t expected[SNP_LAUNCH_DIGEST_SIZE];
	int r;

	if (!cli_has_launch_digest(arg.measurement))
		return 0;
	r = cli_launch_digest(arg.measurement, expected, err);
	if (r < 0)
		return r;
	decide(answers, MEASUREMENT,
	       memcmp(expected, id->fields.launch_digest, sizeof(expected)) == 0);
	return 0;
}

static int check_policy(struct answers *answers, const struct cli_id_block *id,
			struct snp_error *err)
{
	uint64_t expected, limit;

	if (arg.policy) {
		int r = hex_u64(arg.policy, "--policy", &expected, err);

		if (r < 0)
			return r;
		decide(answers, POLICY, expected == id->fields.policy);
	}
	if (arg.policy_at_most) {
		int r = hex_u64(arg.policy_at_most, "--policy-at-most", &limit, err);

		if (r < 0)
			return r;
		decide(answers, POLICY_AT_MOST, snp_policy_at_most(id->fields.policy, limit));
	}
	return 0;
}

static int check_ids(struct answers *answers, const struct cli_id_block *id, struct snp_error *err)
{
	const struct {
		enum question question;
		const char *value, *option;
		const uint8_t *found;
	} ids[] = {
		{FAMILY_ID, arg.family_id, "--family-id", id->fields.family_id},
		{IMAGE_ID, arg.image_id, "--image-id", id->fields.image_id},
	};
	uint8_t expected[SNP_ID_SIZE];

	if (arg.svn.given)
		decide(answers, GUEST_SVN, id->fields.guest_svn >= arg.svn.value);
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		int r;

		if (!ids[i].value)
			continue;
		r = cli_value(ids[i].value, ids[i].option, expected, SNP_ID_SIZE, err);
		if (r < 0)
			return r;
		decide(answers, ids[i].question, memcmp(expected, ids[i].found, SNP_ID_SIZE) == 0);
	}
	return 0;
}

static int check_key(struct answers *answers, enum question question, const char *path,
		     const uint8_t *found, struct snp_error *err)
{
	_cleanup_(snp_key_freep) struct snp_key *key = NULL;
	uint8_t bytes[SNP_KEY_SIZE], digest[SNP_KEY_DIGEST_SIZE];
	int r;

	if (!path)
		return 0;
	r = snp_key_read_public(path, &key, err);
	if (r < 0)
		return r;
	r = in_file(err, snp_id_key_public(key, bytes, err), path);
	if (r < 0)
		return r;
	r = snp_id_key_digest(bytes, digest, err);
	if (r < 0)
		return r;
	decide(answers, question, memcmp(digest, found, sizeof(digest)) == 0);
	return 0;
}

static int check_keys(struct answers *answers, const struct cli_id_block *id, struct snp_error *err)
{
	int r = check_key(answers, ID_KEY, arg.public_key, id->info.id_key_digest, err);

	return r < 0 ? r
		     : check_key(answers, AUTHOR_KEY, arg.author_public_key,
				 id->info.author_key_digest, err);
}

static int verify(const struct cli_id_block *id, struct answers *ret, struct snp_error *err)
{
	static int (*const checks[])(struct answers * answers, const struct cli_id_block *id,
				     struct snp_error *err) = {
		check_signatures, check_measurement, check_policy, check_ids, check_keys,
	};
	int r = 0;

	*ret = (struct answers){.accepted = true};
	for (size_t i = 0; i < ARRAY_SIZE(checks) && r == 0; i++)
		r = checks[i](ret, id, err);
	return r;
}

static void print_answers(const struct cli_id_block *id, const struct answers *answers, FILE *out)
{
	cli_id_block_print(id, out);
	for (size_t i = 0; i < N_QUESTIONS; i++)
		if (answers->of[i] != NOT_ASKED)
			fprintf(out, "%-18s %s: %s\n", questions[i].name,
				answers->of[i] == YES ? "yes" : "no", questions[i].meaning);
	fprintf(out, "%-18s %s\n", "verdict", answers->accepted ? "accepted" : "refused");
}

static int print_answers_json(const struct cli_id_block *id, const struct answers *answers,
			      FILE *out, struct snp_error *err)
{
	_cleanup_(json_out_done) struct json_out json;
	struct cJSON *array;

	cli_json_begin(&json, "snp-id-block/1");
	cli_id_block_json(id, &json);
	json_out_bool(&json, json.root, "accepted", answers->accepted);
	array = json_out_array(&json, json.root, "checks");
	for (size_t i = 0; i < N_QUESTIONS; i++) {
		struct cJSON *check;

		if (answers->of[i] == NOT_ASKED)
			continue;
		check = json_out_object(&json, array, NULL);
		json_out_string(&json, check, "name", questions[i].name);
		json_out_bool(&json, check, "passed", answers->of[i] == YES);
	}
	cli_json_warnings(&json);
	return cli_json_end(&json, out, err);
}

static int run_verify(FILE *out, char *const operands[], struct snp_error *err)
{
	struct answers answers;
	struct cli_id_block id;
	int r;

	(void)operands;
	if (!arg.block || !arg.auth)
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
				 "--id-block and --id-auth are required");
	r = cli_id_block_read(arg.block, arg.auth, &id, err);
	if (r < 0)
		return r;
	r = verify(&id, &answers, err);
	if (r < 0)
		return r;
	if (!arg.public_key)
		cli_warn("any-id-key", "without --public-key, a pair signed with any key verifies");
	if (cli_json)
		r = print_answers_json(&id, &answers, out, err);
	else
		print_answers(&id, &answers, out);
	return r < 0 || answers.accepted ? r : CLI_NO;
}

static const struct cli_option *const verify_tables[] = {pair_options, verify_options,
							 CLI_LAUNCH_OPTIONS, NULL};

const struct cli_verb verb_id_block_verify = {
	.name = "id-block verify",
	.operands = "",
	.summary = "check an ID block's signatures and contents",
	.example = "--id-block @id-block.bin --id-auth @id-auth.bin",
	.options = verify_tables,
	.run = run_verify,
};
