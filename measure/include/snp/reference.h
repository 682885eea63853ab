/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNP_REFERENCE_H
#define SNP_REFERENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <snp/api.h>
#include <snp/error.h>
#include <snp/firmware.h>
#include <snp/id_block.h>
#include <snp/profile.h>
#include <snp/span.h>
#include <snp/tcb.h>

SNP_API_BEGIN

/*
 * Reference values: what a release publishes beside its images, so that a verifier knows beforehand
 * which launch digests are right. One model; the document snp-reference-values/1 (the master) holds
 * all of it, the formats of others hold what they have room for.
 */
#define SNP_MAX_IMAGES 256

/* So many variants of all images fit into a document that is read again (64 MiB); those with ID blocks are
 * larger. */
#define SNP_MAX_VARIANTS       (1u << 17)
#define SNP_MAX_BOUND_VARIANTS 10240u

/* A file that went into the digest. */
struct snp_reference_file {
	char *name; /* its path from the release's folder, or its last component; NULL: there is none */
	uint64_t size;
	uint8_t sha256[SNP_SHA256_SIZE];
};

/* One way to launch an image, and its digest. */
struct snp_reference_variant {
	struct snp_vcpus vcpus; /* signature 0: any */
	uint8_t launch_digest[SNP_LAUNCH_DIGEST_SIZE];
	uint8_t *id_block; /* SNP_ID_BLOCK_SIZE bytes, or NULL */
	uint8_t *id_auth;  /* SNP_ID_AUTH_SIZE bytes, or NULL; present together */
};

/* What a firmware that was booted did with a changed kernel, initrd and command line. */
enum snp_boot_check {
	SNP_BOOT_NOT_TRIED,
	SNP_BOOT_REFUSES,     /* all of them */
	SNP_BOOT_STARTS,      /* at least one */
	SNP_BOOT_CANNOT_TELL, /* a boot was tried and showed neither */
};

/* Does the firmware check the kernel hashes that the digests cover? */
struct snp_kernel_hash_check {
	bool is_known; /* documents of older versions do not say it */
	enum snp_hash_verifier in_image;
	enum snp_boot_check boot;
	char qemu_version[32]; /* of the boot; "" where there was none */
	char date[32];	       /* likewise, RFC 3339 */
};

/* The lowest TCB that is acceptable on a product. */
struct snp_minimum_tcb {
	enum snp_product product;
	struct snp_tcb tcb;
};

struct snp_reference_image {
	char *name;
	bool is_igvm; /* `firmware` is an IGVM file, and there is no kernel */
	uint64_t
		memory_size; /* of the guest in bytes, where an IGVM file needs it; 0: it does not */
	struct snp_reference_file firmware;
	uint8_t firmware_sha384[SNP_SHA384_SIZE]; /* some formats name the firmware by this */
	char *firmware_summary; /* an snp-firmware/1 document; NULL: not known, as no master says it */
	struct snp_reference_file kernel;		/* none: kernel hashes off */
	struct snp_kernel_hash_check kernel_hash_check; /* not known without kernel */
	bool kernel_is_cut_short; /* as snp_bzimage; of files that were read, no master says it */
	struct snp_reference_file initrd;
	char *cmdline;		  /* NULL without kernel, "" where it is empty */
	bool cmdline_is_template; /* "{vcpu_count}" in it stands for the number of each variant */
	uint64_t policy;
	uint8_t family_id[SNP_ID_SIZE];
	uint8_t image_id[SNP_ID_SIZE];
	uint32_t guest_svn;
	struct snp_minimum_tcb *minimum_tcb; /* sorted by product; one at most for each */
	size_t n_minimum_tcb;
	struct snp_reference_variant *variants; /* sorted: profile, model, features, vCPU count */
	size_t n_variants;

	/* A container group of Azure instead, which has no variants: the host's utility VM runs its security policy. */
	bool is_container_group;
	struct snp_reference_file security_policy; /* as the file lies there: text or base64 */
	uint8_t host_data[32];			   /* SHA-256 of the text: what HOST_DATA must be */
	char *maa_issuer; /* the instance of Azure Attestation that it uses; NULL: none is named */
};

/* What release this is, in its maker's words; NULL: not said. */
struct snp_release {
	char *name, *version, *date, *url, *source_revision;
};

struct snp_reference {
	bool has_release;
	struct snp_release release;
	/* The keys that a release with a name was made with. Whoever changes a folder can change these too. */
	char *public_key; /* that the documents are signed with, PEM; NULL: they are not signed */
	bool has_id_keys;
	struct snp_id_auth_info id_keys; /* of every ID auth */
	char *tool_name;
	char *tool_version;
	bool has_timestamp;
	uint64_t timestamp;   /* seconds since 1970 UTC */
	bool has_assumptions; /* documents of older versions do not say them */
	struct snp_reference_image *images;
	size_t n_images;
};

/* Frees the document and all it points to; NULL is fine. */
void snp_reference_free(struct snp_reference *reference);

/* The name of the master in a published folder. */
#define SNP_REFERENCE_FILE "reference-values.json"

/* Read a master, by its own path or that of its folder. Refused: what its schema does not allow, an ID block whose digest or policy is not
 * that of its variant, two variants of the same configuration.
 * Errors: those of json_read(), each with the JSON pointer. ID auth is not verified here. */
SNP_MUST_USE int snp_reference_read(const char *path, struct snp_reference **ret,
				    struct snp_error *err);

/* The same of a text in memory; `name` is what errors call it. */
SNP_MUST_USE int snp_reference_parse(const char *name, struct snp_span text,
				     struct snp_reference **ret, struct snp_error *err);

/* The minimum TCB of an image on a product, or NULL if it has none. */
const struct snp_tcb *snp_reference_minimum_tcb(const struct snp_reference_image *image,
						enum snp_product product);

/* Which variant of a document a guest is. */
struct snp_reference_query {
	size_t size;		/* sizeof(struct snp_reference_query) */
	const char *image;	/* NULL: the only one of the document */
	struct snp_vcpus vcpus; /* the model is not compared */
};

/* Find the variant. Errors: SNP_E_NO_VARIANT, saying what the document does not have; SNP_E_USAGE for the
 * query's size. */
SNP_MUST_USE int snp_reference_find(const struct snp_reference *reference,
				    const struct snp_reference_query *query,
				    const struct snp_reference_image **ret_image,
				    const struct snp_reference_variant **ret_variant,
				    struct snp_error *err);

SNP_API_END

#endif
