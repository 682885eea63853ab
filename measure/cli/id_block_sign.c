// SPDX-License-Identifier: Apache-2.0
#include "id_block.h"

#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/file.h>
#include <snp/hex.h>
#include <snp/policy.h>

#include "identity/key.h"
#include "key_input.h"
#include "value.h"

struct cli_id_block_arguments cli_id_block_args = {
	.id = {.name = "id-key", .prefix = ""},
	.author = {.name = "author-key", .prefix = "author-"},
};
#define arg cli_id_block_args

/* clang-format off */
const struct cli_option cli_id_block_options[] = {
	{"measurement", .argument = "HEX|@FILE", .text = &arg.measurement,
	 .help = "the launch digest, instead of computing it"},
	{"policy", .argument = "HEX", .text = &arg.policy,
	 .help = "guest policy (default 0x30000; 'igvm sign': that of the file)"},
	{"family-id", .argument = "HEX", .text = &arg.family_id,
	 .help = "16 bytes (default 0)"},
	{"image-id", .argument = "HEX", .text = &arg.image_id,
	 .help = "16 bytes (default 0)"},
	{"svn", .argument = "N", .number = &arg.svn,
	 .help = "security version of the guest (default 0)"},
	{"id-key", .argument = "KEY", .text = &arg.id.key,
	 .help = "P-384 private key as a file, fd:N, - or URI"},
	{"key", .argument = "KEY", .text = &arg.id.key},
	{"passphrase-file", .argument = "FILE", .text = &arg.id.passphrase_file,
	 .help = "file whose first line is the ID key's passphrase"},
	{"author-key", .argument = "KEY", .text = &arg.author.key,
	 .help = "author key, which signs the ID key (optional)"},
	{"author-passphrase-file", .argument = "FILE", .text = &arg.author.passphrase_file,
	 .help = "file whose first line is the author key's passphrase"},
	{"public-key", .argument = "FILE", .text = &arg.id.public_key,
	 .help = "public ID key, if the private one is elsewhere"},
	{"signature", .argument = "FILE", .text = &arg.id.signature,
	 .help = "signature of the ID block by --public-key: DER, or r and s"},
	{"author-public-key", .argument = "FILE", .text = &arg.author.public_key,
	 .help = "public author key, if the private one is elsewhere"},
	{"author-signature", .argument = "FILE", .text = &arg.author.signature,
	 .help = "signature of the ID key by --author-public-key"},
	{0},
};
/* clang-format on */

bool cli_signer_signs(const struct cli_signer *signer)
{
	return signer->key || signer->signature;
}

static int check_signer(const struct cli_signer *signer, struct snp_error *err)
{
	const char *p = signer->prefix;

	if (signer->key && (signer->public_key || signer->signature))
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
				 "--%s cannot be combined with --%spublic-key or --%ssignature, "
				 "which are for a key that signs elsewhere",
				 signer->name, p, p);
	if (signer->signature && !signer->public_key)
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
				 "--%ssignature requires --%spublic-key", p, p);
	if (signer->passphrase_file && !signer->key)
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
				 "--%spassphrase-file requires --%s", p, signer->name);
	return 0;
}

int cli_id_block_check_usage(struct snp_error *err)
{
	int r = check_signer(&arg.id, err);

	if (r < 0)
		return r;
	r = check_signer(&arg.author, err);
	if (r == 0 && arg.author.public_key && !arg.author.signature)
		r = fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
			      "--author-public-key requires --author-signature");
	if (r == 0 && arg.svn.value > UINT32_MAX)
		r = fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET, "--svn: must be at most 4294967295");
	return r;
}

bool cli_id_block_is_described(void)
{
	for (const struct cli_option *o = cli_id_block_options; o->name; o++)
		if (o->text ? *o->text != NULL : o->number->given)
			return true;
	return false;
}

int cli_id_block_fields(uint64_t policy, struct snp_id_block *ret, struct snp_error *err)
{
	int r = 0;

	*ret = (struct snp_id_block){.policy = policy, .guest_svn = (uint32_t)arg.svn.value};
	if (arg.policy)
		r = hex_u64(arg.policy, "--policy", &ret->policy, err);
	if (r < 0)
		return r;
	r = snp_policy_check(ret->policy, err);
	if (r == 0 && arg.family_id)
		r = cli_value(arg.family_id, "--family-id", ret->family_id, SNP_ID_SIZE, err);
	if (r == 0 && arg.image_id)
		r = cli_value(arg.image_id, "--image-id", ret->image_id, SNP_ID_SIZE, err);
	return r;
}

void cli_id_block_encode(struct cli_id_block *id)
{
	snp_id_block_encode(&id->fields, id->block);
	if (id->fields.policy & SNP_POLICY_DEBUG)
		cli_warn("debug-policy", "this policy lets the host decrypt the guest");
}

static int open_key(const struct cli_signer *signer, struct snp_key **ret, struct snp_error *err)
{
	_cleanup_(snp_key_freep) struct snp_key *key = NULL;
	int r;

	r = signer->key ? cli_key_read(signer->key, signer->passphrase_file, &key, err)
			: snp_key_read_public(signer->public_key, &key, err);
	if (r < 0)
		return r;
	if (snp_key_kind(key) != SNP_KEY_P384)
		return fail_with(err, SNP_E_BAD_KEY, SNP_NO_OFFSET,
				 "--%s%s is %s; the secure processor takes only P-384",
				 signer->key ? "" : signer->prefix,
				 signer->key ? signer->name : "public-key",
				 snp_key_kind_name(snp_key_kind(key)));
	*ret = TAKE_PTR(key);
	return 0;
}

int cli_id_block_set_key(struct cli_id_block *id, const struct cli_signer *signer,
			 struct snp_error *err)
{
	_cleanup_(snp_key_freep) struct snp_key *key = NULL;
	int r;

	r = open_key(signer, &key, err);
	if (r < 0)
		return r;
	r = snp_id_key_public(key, id->id_key, err);
	if (r < 0)
		return r;
	id->has_id_key = true;
	return 0;
}

static int read_signature(const char *path, uint8_t ret[static SNP_SIGNATURE_MAX], size_t *ret_size,
			  struct snp_error *err)
{
	_cleanup_(freep) uint8_t *bytes = NULL;
	int r;

	r = file_read(path, SNP_SIGNATURE_MAX, &bytes, ret_size, err);
	if (r < 0)
		return r;
	memcpy(ret, bytes, *ret_size);
	return 0;
}

/* Sign `bytes`, or read the signature made elsewhere. */
static int get_signature(const struct cli_signer *signer, const struct snp_key *key,
			 struct snp_span bytes, uint8_t ret[static SNP_SIGNATURE_MAX],
			 size_t *ret_size, struct snp_error *err)
{
	if (signer->signature)
		return read_signature(signer->signature, ret, ret_size, err);
	return snp_key_sign(key, bytes, SNP_SIGNATURE_RAW, ret, ret_size, err);
}

struct signers {
	const struct cli_signer *id, *author;
	struct snp_key *id_key, *author_key; /* no author: NULL */
};

static void signers_done(struct signers *s)
{
	snp_key_free(s->id_key);
	snp_key_free(s->author_key);
}

static int open_keys(struct signers *s, struct snp_error *err)
{
	int r;

	r = open_key(s->id, &s->id_key, err);
	if (r == 0 && cli_signer_signs(s->author))
		r = open_key(s->author, &s->author_key, err);
	return r < 0 || !s->author_key ? r : key_check_author(s->id_key, s->author_key, err);
}

static int sign(const struct signers *s, struct cli_id_block *id, struct snp_error *err)
{
	uint8_t id_signature[SNP_SIGNATURE_MAX], author_signature[SNP_SIGNATURE_MAX];
	struct snp_id_signature id_pair = {s->id_key, {id_signature, 0}};
	struct snp_id_signature author_pair = {s->author_key, {author_signature, 0}};
	int r;

	r = get_signature(s->id, s->id_key, (struct snp_span){id->block, sizeof(id->block)},
			  id_signature, &id_pair.signature.size, err);
	if (r == 0 && s->author_key)
		r = get_signature(s->author, s->author_key,
				  (struct snp_span){id->id_key, sizeof(id->id_key)},
				  author_signature, &author_pair.signature.size, err);
	if (r < 0)
		return r;
	return snp_id_auth_attach(id->block, &id_pair, s->author_key ? &author_pair : NULL,
				  id->auth, err);
}

static bool key_is(const struct snp_key *key, const uint8_t digest[static SNP_KEY_DIGEST_SIZE])
{
	uint8_t bytes[SNP_KEY_SIZE], own[SNP_KEY_DIGEST_SIZE];

	return snp_id_key_public(key, bytes, NULL) == 0 &&
	       snp_id_key_digest(bytes, own, NULL) == 0 && memcmp(own, digest, sizeof(own)) == 0;
}

/* Keep an ID auth made before, by these keys and of this block. */
static bool keep(const struct signers *s, const char *path, struct cli_id_block *id)
{
	uint8_t bytes[SNP_ID_AUTH_SIZE];
	struct snp_id_auth_info info;

	if (file_value(path, "ID auth", bytes, sizeof(bytes), NULL) < 0 ||
	    snp_id_auth_verify(id->block, bytes, &info, NULL) < 0 ||
	    info.has_author != (s->author_key != NULL) || !key_is(s->id_key, info.id_key_digest) ||
	    (info.has_author && !key_is(s->author_key, info.author_key_digest)))
		return false;
	memcpy(id->auth, bytes, sizeof(id->auth));
	return true;
}

static bool is_random(const struct cli_signer *signer, const struct snp_key *key)
{
	return key && signer->key && !snp_key_is_deterministic(key);
}

int cli_id_block_sign(struct cli_id_block *id, const struct cli_signer *id_signer,
		      const struct cli_signer *author_signer, const char *existing,
		      struct snp_error *err)
{
	_cleanup_(signers_done) struct signers s = {.id = id_signer, .author = author_signer};
	bool random;
	int r;

	cli_id_block_encode(id);
	r = open_keys(&s, err);
	if (r < 0)
		return r;
	r = snp_id_key_public(s.id_key, id->id_key, err);
	if (r < 0)
		return r;
	random = is_random(id_signer, s.id_key) || is_random(author_signer, s.author_key);
	if (!random || !existing || !keep(&s, existing, id)) {
		r = sign(&s, id, err);
		if (r < 0)
			return r;
		if (random)
			cli_key_warn_random(is_random(id_signer, s.id_key) ? s.id_key
									   : s.author_key);
	}
	id->has_auth = id->has_id_key = true;
	return snp_id_auth_decode(id->auth, &id->info, err);
}
