// SPDX-License-Identifier: Apache-2.0
/* A release of two images is published with every signature, published again, and reproduced; then each of its files
 * is changed, and each key forgotten. What the files hold is checked by programs that others wrote, in
 * tests/cli/publish.sh. */
#include "rows.h"

#include <fcntl.h>
#include <ftw.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <snp/cleanup.h>
#include <snp/file.h>
#include <snp/folder.h>
#include <snp/memory.h>
#include <snp/publish.h>

#include "ovmf_image.h"
#include "test_keys.h"

DEFINE_CLEANUP(struct snp_reference *, snp_reference_free);

static char root[] = "/tmp/snp-publish.XXXXXX";
static struct snp_key *document_key, *id_key, *author_key, *other_key;

/* Two models, so that there is more than one golden measurement; the second image has a kernel. */
static const char release[] =
	"{\"schema\": \"snp-release/1\", \"images\": ["
	"{\"name\": \"plain\", \"firmware\": \"OVMF.fd\", \"vcpu_count\": [1, \"2-3\"],"
	" \"cpu_model\": [\"EPYC-v4\", \"EPYC-Milan\"], \"policy\": \"0x30000\", \"guest_svn\": 3,"
	" \"minimum_tcb\": {\"Genoa\": \"bl=10,tee=0,snp=23,ucode=84\"}},"
	"{\"name\": \"web\", \"firmware\": \"OVMF.fd\", \"kernel\": \"vmlinuz\","
	" \"initrd\": \"initrd.img\", \"cmdline\": \"console=ttyS0 nr_cpus={vcpu_count}\","
	" \"vcpu_count\": [2, 4], \"cpu_model\": [\"EPYC-v4\"], \"policy\": \"0x30000\","
	" \"family_id\": \"77656200000000000000000000000000\","
	" \"image_id\": \"00000000000000000000000000000001\", \"guest_svn\": 7,"
	" \"minimum_tcb\": {\"Milan\": \"bl=4,tee=0,snp=24,ucode=219\"}}]}";

static const char *at(const char *name)
{
	static char paths[4][256];
	static unsigned int next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%.200s", root, name);
	return path;
}

static void write_bytes(const char *name, const void *bytes, size_t size)
{
	assert_int_equal(file_write(at(name), (struct snp_span){bytes, size}, 0600, true, NULL), 0);
}

/* A firmware that looks as if it checked the hashes of what QEMU loads: it has the names of their entries. */
static void write_firmware(void)
{
	static const uint8_t names[][16] = {
		{0x37, 0x94, 0xe7, 0x4d, 0xd2, 0xab, 0x7f, 0x42, 0xb8, 0x35, 0xd5, 0xb1, 0x72, 0xd2,
		 0x04, 0x5b},
		{0x31, 0xf7, 0xba, 0x44, 0x2f, 0x3a, 0xd7, 0x4b, 0x9a, 0xf1, 0x41, 0xe2, 0x91, 0x69,
		 0x78, 0x1d},
		{0xd8, 0x2d, 0xd0, 0x97, 0x20, 0xbd, 0x94, 0x4c, 0xaa, 0x78, 0xe7, 0x71, 0x4d, 0x36,
		 0xab, 0x2a},
	};
	static uint8_t image[IMAGE_SIZE];

	image_build(image);
	memcpy(image + 0x100, names, sizeof(names));
	write_bytes("OVMF.fd", image, sizeof(image));
}

/* The header of a bzImage that is an EFI application, as tests/fixtures/make-kernel makes it. */
static void write_kernel(void)
{
	static uint8_t kernel[0x8000];

	memcpy(kernel, "MZ", 2);
	snp_put_le32(kernel + 0x3c, 0x40);
	memcpy(kernel + 0x40, "PE\0\0\x64\x86", 6);
	kernel[0x54] = 112;
	kernel[0x56] = 0x22;
	memcpy(kernel + 0x58, "\x0b\x02", 2);
	snp_put_le32(kernel + 0x68, 0x1000);
	snp_put_le32(kernel + 0x90, 0x10000);
	snp_put_le32(kernel + 0x94, 0x200);
	kernel[0x9c] = 10;
	kernel[0x1f1] = 4;
	memcpy(kernel + 0x1fe, "\x55\xaa\xeb\x66HdrS\x0f\x02", 10);
	kernel[0x211] = 1;
	snp_put_le32(kernel + 0x22c, 0x7fffffff);
	snp_put_le32(kernel + 0x238, 2047);
	write_bytes("vmlinuz", kernel, sizeof(kernel));
	write_bytes("initrd.img", "an initrd", 9);
}

static void write_key(const char *name, EVP_PKEY *key)
{
	FILE *file = fopen(at(name), "we");

	assert_true(key && file);
	assert_int_equal(fchmod(fileno(file), 0600), 0);
	assert_int_equal(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), 1);
	fclose(file);
}

/* An RSA key and its own certificate. */
static void write_endorser(const char *key_name, const char *certificate_name)
{
	EVP_PKEY *key = EVP_RSA_gen(2048);
	X509 *certificate = X509_new();
	FILE *file;

	assert_non_null(certificate);
	write_key(key_name, key);
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
	X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
	X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
	X509_set_pubkey(certificate, key);
	assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
	file = fopen(at(certificate_name), "we");
	assert_non_null(file);
	assert_int_equal(PEM_write_X509(file, certificate), 1);
	fclose(file);
	X509_free(certificate);
	EVP_PKEY_free(key);
}

static void count_warnings(void *arg, const char *name, const char *text)
{
	size_t *n = arg;

	(void)name;
	(void)text;
	++*n;
}

static struct snp_reference *read_release(void)
{
	struct snp_reference *reference = NULL;
	struct snp_error err = {0};

	if (snp_release_read(at("release.json"), SNP_MAX_BOUND_VARIANTS, NULL, NULL, &reference,
			     &err) < 0)
		fail_msg("%s: %s", err.file, err.message);
	return reference;
}

static struct snp_publish_options everything(void)
{
	static char key[256], certificate[256];

	snprintf(key, sizeof(key), "%s/rsa.pem", root);
	snprintf(certificate, sizeof(certificate), "%s/rsa.crt", root);
	return (struct snp_publish_options){.size = sizeof(struct snp_publish_options),
					    .key = document_key,
					    .id_key = id_key,
					    .author_key = author_key,
					    .endorsement_key = key,
					    .endorsement_certificate = certificate};
}

static int publish(const struct snp_publish_options *options, struct snp_error *err)
{
	_cleanup_(snp_reference_freep) struct snp_reference *reference = read_release();

	return snp_publish(reference, at("pub"), options, err);
}

/* What snp_reproduce() found last. */
static char differing[4096];

static void note(void *arg, const char *image, const char *what, const char *published,
		 const char *found)
{
	size_t n = strlen(differing);

	(void)arg;
	snprintf(differing + n, sizeof(differing) - n, "%s%s%s: %s, %s\n", image ? image : "",
		 image ? " " : "", what, published, found);
}

static int reproduce(const struct snp_key *public_key, const char *certificate,
		     size_t *ret_differences, struct snp_error *err)
{
	const struct snp_reproduce_options options = {
		.size = sizeof(options),
		.images = root,
		.public_key = public_key,
		.endorsement_certificate = certificate,
		.difference = note,
	};
	size_t variants = 0;
	int r;

	differing[0] = '\0';
	r = snp_reproduce(at("pub"), &options, &variants, ret_differences, err);
	if (r == 0)
		assert_int_equal(variants, 2 * 3 + 2);
	return r;
}

static void expect_as_published(void)
{
	struct snp_error err = {0};
	size_t n = 0;

	if (reproduce(document_key, at("rsa.crt"), &n, &err) < 0)
		fail_msg("%s: %s", err.file, err.message);
	assert_string_equal(differing, "");
	assert_int_equal(n, 0);
}

/* The files that were published, by their paths in the folder. */
static char files[64][256];
static size_t n_files;

static int list_file(const char *path, const struct stat *st, int kind, struct FTW *where)
{
	(void)st;
	(void)where;
	if (kind == FTW_F && n_files < ARRAY_SIZE(files))
		snprintf(files[n_files++], sizeof(files[0]), "pub%.200s", path + strlen(at("pub")));
	return 0;
}

static void list_files(void)
{
	n_files = 0;
	assert_int_equal(nftw(at("pub"), list_file, 8, FTW_PHYS), 0);
	assert_true(n_files > 0 && n_files < ARRAY_SIZE(files));
}

static uint8_t *read_bytes(const char *name, size_t *ret_size)
{
	uint8_t *bytes = NULL;
	FILE *file = fopen(at(name), "re");
	struct stat st;

	assert_non_null(file);
	assert_int_equal(fstat(fileno(file), &st), 0);
	*ret_size = (size_t)st.st_size;
	bytes = malloc(*ret_size + 1);
	assert_non_null(bytes);
	assert_int_equal(fread(bytes, 1, *ret_size, file), *ret_size);
	fclose(file);
	return bytes;
}

static void published_anew(void)
{
	const struct snp_publish_options options = everything();
	struct snp_error err = {0};

	(void)remove_tree(AT_FDCWD, at("pub"));
	if (publish(&options, &err) < 0)
		fail_msg("%s: %s", err.file, err.message);
}

/* ECDSA and RSASSA-PSS signatures are random, and kept as long as they verify. */
static void again_is_the_same(void **state)
{
	static uint8_t *before[ARRAY_SIZE(files)];
	static size_t sizes[ARRAY_SIZE(files)];
	const struct snp_publish_options options = everything();

	(void)state;
	published_anew();
	expect_as_published();
	list_files();
	for (size_t i = 0; i < n_files; i++)
		before[i] = read_bytes(files[i], &sizes[i]);
	assert_int_equal(publish(&options, NULL), 0);
	for (size_t i = 0; i < n_files; i++) {
		size_t size;
		uint8_t *bytes = read_bytes(files[i], &size);

		assert_int_equal(size, sizes[i]);
		assert_memory_equal(bytes, before[i], size);
		free(bytes);
		free(before[i]);
	}
}

/* Every file counts: its last byte, and a byte more. */
static void each_file_is_compared(void **state)
{
	(void)state;
	published_anew();
	list_files();
	for (size_t i = 0; i < n_files; i++) {
		size_t size, n = 0;
		_cleanup_(freep) uint8_t *bytes = read_bytes(files[i], &size);

		print_message("%s\n", files[i]);
		bytes[size] = 0;
		write_bytes(files[i], bytes, size + 1);
		assert_true(reproduce(document_key, at("rsa.crt"), &n, NULL) < 0 || n > 0);
		bytes[size - 1] ^= 1;
		write_bytes(files[i], bytes, size);
		n = 0;
		assert_true(reproduce(document_key, at("rsa.crt"), &n, NULL) < 0 || n > 0);
		bytes[size - 1] ^= 1;
		write_bytes(files[i], bytes, size);
	}
	expect_as_published();
}

/* One change of what was published or of what it was made from, and what is then said to differ. */
static const struct change {
	const char *name, *file, *old, *new, *differs;
} changes[] = {
	{"firmware", "OVMF.fd", "\x37\x94", "\x38\x94", "plain firmware: "},
	{"kernel", "vmlinuz", "HdrS", "HdrT", "web kernel: "},
	{"initrd", "initrd.img", "an", "no", "web initrd: "},
	{"a larger initrd", "initrd.img", "an", "another", "web initrd: 9 bytes, 14 bytes"},
	{"no initrd", "initrd.img", NULL, NULL, "web initrd: "},
	{"no signature", "pub/reference-values.json.sig", NULL, NULL, "reference-values.json.sig"},
	{"no signature by COSE", "pub/corim.cose", NULL, NULL, "corim.cose"},
	{"no signature by DSSE", "pub/intoto.dsse.json", NULL, NULL, "intoto.dsse.json"},
	{"one golden measurement of three", "pub/golden/web-qemu-EPYC-v4-0x1.pb", NULL, NULL,
	 "golden/web-qemu-EPYC-v4-0x1.pb: as reference-values.json says, no such file"},
	{"one endorsement of three", "pub/golden/web-qemu-EPYC-v4-0x1.endorsement.pb", NULL, NULL,
	 "golden/web-qemu-EPYC-v4-0x1.endorsement.pb"},
	{"one policy of eight", "pub/go-sev-guest/web-qemu-EPYC-v4-0x1-4vcpu-Milan.json", NULL,
	 NULL, "no such file"},
	{"another file in a folder of the format's", "pub/golden/mine.pb", NULL, "x",
	 "golden/mine.pb: nothing, a file"},
};

static void check_change(void **state)
{
	const struct change *row = *state;
	_cleanup_(freep) uint8_t *bytes = NULL, *changed = NULL;
	size_t size = 0, n = 0;
	struct snp_error err = {0};

	published_anew();
	/* A format of one file may be left out, and any other thing may lie beside what was published. */
	assert_int_equal(unlink(at("pub/launch-digests.tsv")), 0);
	write_bytes("pub/OVMF.fd", "x", 1);
	expect_as_published();
	if (access(at(row->file), F_OK) == 0)
		bytes = read_bytes(row->file, &size);
	if (row->old) {
		uint8_t *place = memmem(bytes, size, row->old, strlen(row->old));
		size_t before, was = strlen(row->old), is = strlen(row->new);

		assert_non_null(place);
		before = (size_t)(place - bytes);
		changed = malloc(size + is);
		assert_non_null(changed);
		memcpy(changed, bytes, before);
		memcpy(changed + before, row->new, is);
		memcpy(changed + before + is, place + was, size - before - was);
		write_bytes(row->file, changed, size - was + is);
	} else if (row->new) {
		write_bytes(row->file, row->new, strlen(row->new));
	} else {
		assert_int_equal(unlink(at(row->file)), 0);
	}
	if (reproduce(document_key, at("rsa.crt"), &n, &err) < 0)
		fail_msg("%s: %s", err.file, err.message);
	assert_true(n > 0);
	if (!strstr(differing, row->differs))
		fail_msg("not '%s' but %s", row->differs, differing);
	if (bytes)
		write_bytes(row->file, bytes, size);
}

/* What is endorsed is what the master says, in these two fields and no others. */
static void endorsements_are_of_the_master(void **state)
{
	static const char one[] = "pub/golden/web-qemu-EPYC-v4-0x1.endorsement.pb",
			  other[] = "pub/golden/plain-qemu-EPYC-v4-0x1.endorsement.pb";
	_cleanup_(freep) uint8_t *bytes = NULL, *others = NULL;
	size_t size, others_size, n = 0;

	(void)state;
	published_anew();
	bytes = read_bytes(one, &size);
	others = read_bytes(other, &others_size);
	write_bytes(one, others, others_size);
	assert_int_equal(reproduce(document_key, at("rsa.crt"), &n, NULL), 0);
	assert_int_equal(n, 1);
	assert_non_null(strstr(differing, "endorses something other than the master"));
	/* An empty field that no reader knows. */
	write_bytes(one, bytes, size);
	expect_as_published();
	others = realloc(others, size + 2);
	assert_non_null(others);
	memcpy(mempcpy(others, bytes, size), "\x1a", 2);
	write_bytes(one, others, size + 2);
	assert_int_equal(reproduce(document_key, at("rsa.crt"), &n, NULL), 0);
	assert_int_equal(n, 1);
	assert_non_null(strstr(differing, "more than the two fields"));
}

/* Whose signatures and endorsements they are. */
static void keys_are_compared(void **state)
{
	size_t n = 0;

	(void)state;
	published_anew();
	assert_int_equal(reproduce(NULL, NULL, &n, NULL), 0);
	assert_int_equal(n, 0);
	assert_int_equal(reproduce(other_key, NULL, &n, NULL), 0);
	assert_true(n > 0);
	assert_non_null(strstr(differing, "reference-values.json.sig"));
	n = 0;
	assert_int_equal(reproduce(document_key, at("other.crt"), &n, NULL), 0);
	assert_int_equal(n, 3);
	assert_non_null(strstr(differing, "endorsed with another certificate"));
	/* The documents' key does not sign the ID blocks, nor theirs the documents. */
	assert_int_equal(reproduce(id_key, NULL, &n, NULL), 0);
	assert_true(n > 0);
}

/* A key that was forgotten, or that is another; with SNP_PUBLISH_UNSIGNED it may be forgotten. */
static const struct forgotten {
	const char *name, *lost;
	bool key, id_key, author_key, endorser;
} forgottens[] = {
	{"no key", "signatures", true, false, false, false},
	{"no ID key", "ID blocks", false, true, true, false},
	{"no author key", "ID blocks with an author", false, false, true, false},
	{"no endorsement key", "endorsements", false, false, false, true},
};

static void check_forgotten(void **state)
{
	const struct forgotten *row = *state;
	struct snp_publish_options options = everything();
	struct snp_error err = {0};
	char text[64];
	size_t n = 0;

	published_anew();
	if (row->key)
		options.key = NULL;
	if (row->id_key)
		options.id_key = NULL;
	if (row->author_key)
		options.author_key = NULL;
	if (row->endorser)
		options.endorsement_key = options.endorsement_certificate = NULL;
	assert_int_equal(publish(&options, &err), -SNP_E_EXISTS);
	snprintf(text, sizeof(text), "already exists and has %s, which", row->lost);
	if (!strstr(err.message, text))
		fail_msg("not '%s' but %s", text, err.message);
	expect_as_published();
	options.flags = SNP_PUBLISH_UNSIGNED;
	assert_int_equal(publish(&options, NULL), 0);
	assert_int_equal(reproduce(row->key ? NULL : document_key, NULL, &n, NULL), 0);
	assert_int_equal(n, 0);
	assert_int_equal(reproduce(document_key, at("rsa.crt"), &n, NULL), 0);
	assert_int_equal(n > 0, row->key || row->endorser);
}

/* Keys that changed: what they signed is signed again. */
static void another_key_signs_again(void **state)
{
	struct snp_publish_options options = everything();
	_cleanup_(snp_reference_freep) struct snp_reference *before = NULL, *after = NULL;
	struct snp_id_auth_info info;

	(void)state;
	published_anew();
	assert_int_equal(snp_reference_read(at("pub/reference-values.json"), &before, NULL), 0);
	options.author_key = other_key;
	assert_int_equal(publish(&options, NULL), 0);
	expect_as_published();
	assert_int_equal(snp_reference_read(at("pub/reference-values.json"), &after, NULL), 0);
	for (size_t i = 0; i < after->n_images; i++)
		for (size_t k = 0; k < after->images[i].n_variants; k++) {
			const struct snp_reference_variant *old = &before->images[i].variants[k],
							   *new = &after->images[i].variants[k];

			assert_non_null(new->id_block);
			assert_memory_equal(old->id_block, new->id_block, SNP_ID_BLOCK_SIZE);
			assert_memory_not_equal(old->id_auth, new->id_auth, SNP_ID_AUTH_SIZE);
			assert_int_equal(
				snp_id_auth_verify(new->id_block, new->id_auth, &info, NULL), 0);
			assert_true(info.has_author);
		}
}

/* IANA's COSE algorithms: the number at the beginning of the protected header, a map of four. */
static void cose_names_the_kind_of_key(void **state)
{
	static const struct {
		const char *key, *header;
	} rows[] = {
		{P256_PKCS8, "\xa4\x01\x26\x03"},     /* ES256, -7 */
		{P384_PKCS8, "\xa4\x01\x38\x22\x03"}, /* ES384, -35 */
		{ED25519_PKCS8, "\xa4\x01\x27\x03"},  /* EdDSA, -8 */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct snp_key *key = load_test_key(rows[i].key);
		const struct snp_publish_options options = {
			.size = sizeof(options), .formats = "corim", .key = key};
		_cleanup_(freep) uint8_t *bytes = NULL;
		size_t size, n = 0;

		(void)remove_tree(AT_FDCWD, at("pub"));
		assert_int_equal(publish(&options, NULL), 0);
		bytes = read_bytes("pub/corim.cose", &size);
		assert_non_null(memmem(bytes, size, rows[i].header, strlen(rows[i].header)));
		assert_int_equal(reproduce(key, NULL, &n, NULL), 0);
		assert_int_equal(n, 0);
		snp_key_free(key);
	}
}

/* A folder is replaced only where publishing wrote all of it. */
static void other_folders_stay(void **state)
{
	static const char *const others[] = {"pub/notes.txt", "pub/golden/mine.pb"};
	const struct snp_publish_options options = everything();
	struct snp_error err = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		published_anew();
		write_bytes(others[i], "x", 1);
		assert_int_equal(publish(&options, &err), -SNP_E_EXISTS);
		assert_non_null(strstr(err.message, others[i] + strlen("pub/")));
		assert_int_equal(access(at(others[i]), F_OK), 0);
	}
	published_anew();
	write_bytes("pub/reference-values.json", "{}", 2);
	assert_int_equal(publish(&options, &err), -SNP_E_EXISTS);
	assert_non_null(strstr(err.message, "no valid reference-values.json"));
}

/* Options that need another, or cannot be. */
static void options_are_checked(void **state)
{
	struct snp_publish_options options = everything();
	struct snp_error err = {0};
	size_t n = 0;

	(void)state;
	(void)remove_tree(AT_FDCWD, at("pub"));
	options.id_key = NULL;
	assert_int_equal(publish(&options, &err), -SNP_E_USAGE);
	assert_string_equal(err.message, "an author key requires an ID key");
	options = everything();
	options.author_key = id_key;
	assert_int_equal(publish(&options, &err), -SNP_E_BAD_KEY);
	options = everything();
	options.endorsement_certificate = NULL;
	assert_int_equal(publish(&options, &err), -SNP_E_USAGE);
	options = everything();
	options.endorsement_key = NULL;
	assert_int_equal(publish(&options, &err), -SNP_E_USAGE);
	options = everything();
	options.endorsement_certificate = at("other.crt");
	assert_int_equal(publish(&options, &err), -SNP_E_BAD_CERTIFICATE);
	options = everything();
	options.endorsement_key = at("no.pem");
	assert_int_equal(publish(&options, &err), -SNP_E_OPEN);
	options = everything();
	options.endorsement_certificate = at("no.crt");
	assert_int_equal(publish(&options, &err), -SNP_E_OPEN);
	options = everything();
	options.formats = "tsv,rvps";
	assert_int_equal(publish(&options, &err), -SNP_E_USAGE);
	assert_string_equal(err.message, "an endorsement key requires the format golden");
	options.endorsement_key = options.endorsement_certificate = NULL;
	options.formats = "tsv,rvp";
	assert_int_equal(publish(&options, &err), -SNP_E_USAGE);
	assert_non_null(strstr(err.message, "unknown format 'rvp'; use "));
	assert_int_not_equal(access(at("pub"), F_OK), 0);
	options.formats = "tsv,rvps";
	options.key = NULL;
	options.warn = count_warnings;
	options.arg = &n;
	assert_int_equal(publish(&options, &err), 0);
	assert_int_equal(n, 0);
	list_files();
	assert_int_equal(n_files, 3);
}

/* More variants than may be are refused before a file is read; so is one that is not there. */
static void releases_are_bounded(void **state)
{
	struct snp_reference *reference = NULL;
	struct snp_error err = {0};

	(void)state;
	assert_int_equal(snp_release_read(at("release.json"), 7, NULL, NULL, &reference, &err),
			 -SNP_E_TOO_LARGE);
	assert_int_equal(snp_release_read(at("release.json"), 8, NULL, NULL, &reference, &err), 0);
	snp_reference_free(reference);
	assert_int_equal(rename(at("initrd.img"), at("aside")), 0);
	assert_int_equal(snp_release_read(at("release.json"), 7, NULL, NULL, &reference, &err),
			 -SNP_E_TOO_LARGE);
	assert_int_equal(snp_release_read(at("release.json"), 8, NULL, NULL, &reference, &err),
			 -SNP_E_OPEN);
	assert_non_null(strstr(err.file, "initrd.img"));
	assert_int_equal(rename(at("aside"), at("initrd.img")), 0);
}

static int setup(void **state)
{
	EVP_PKEY *key;

	(void)state;
	if (!mkdtemp(root))
		return -1;
	document_key = load_test_key(P256_PKCS8);
	id_key = load_test_key(P384_PKCS8);
	author_key = load_test_key(P384_OTHER);
	key = EVP_EC_gen("P-384");
	write_key("other-author.pem", key);
	EVP_PKEY_free(key);
	if (snp_key_read(at("other-author.pem"), NULL, NULL, &other_key, NULL) < 0)
		return -1;
	write_firmware();
	write_kernel();
	write_endorser("rsa.pem", "rsa.crt");
	write_endorser("other.pem", "other.crt");
	write_bytes("release.json", release, sizeof(release) - 1);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	snp_key_free(document_key);
	snp_key_free(id_key);
	snp_key_free(author_key);
	snp_key_free(other_key);
	return remove_tree(AT_FDCWD, root);
}

int main(void)
{
	struct CMUnitTest tests[ROWS_MAX] = {
		cmocka_unit_test(again_is_the_same),
		cmocka_unit_test(each_file_is_compared),
		cmocka_unit_test(endorsements_are_of_the_master),
		cmocka_unit_test(keys_are_compared),
		cmocka_unit_test(another_key_signs_again),
		cmocka_unit_test(cose_names_the_kind_of_key),
		cmocka_unit_test(other_folders_stay),
		cmocka_unit_test(options_are_checked),
		cmocka_unit_test(releases_are_bounded),
	};
	size_t n = tests_listed(tests);

	ADD_ROWS(tests, n, check_change, changes);
	ADD_ROWS(tests, n, check_forgotten, forgottens);
	return _cmocka_run_group_tests("publish", tests, n, setup, teardown);
}
