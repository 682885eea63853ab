// SPDX-License-Identifier: Apache-2.0
#include "reference/format.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/publish.h>

static const struct format formats[N_FORMATS] = {
	{"reference-values",
	 emit_master,
	 NULL,
	 {SNP_REFERENCE_FILE, SNP_REFERENCE_FILE ".sig"},
	 SAYS_BOTH},
	{"rvps", emit_rvps, rvps_says, {"rvps.json"}, SAYS_DIGESTS},
	{"trustee", emit_trustee, rvps_says, {"rvps-configmap.yaml"}, SAYS_DIGESTS},
	{"kbs-client", emit_kbs_client, NULL, {"kbs-client.sh"}, SAYS_DIGEST},
	{"intoto",
	 emit_intoto,
	 NULL,
	 {INTOTO_FILE, "intoto.dsse.json", "intoto.sigstore.json"},
	 SAYS_DIGESTS},
	{"corim", emit_corim, NULL, {CORIM_FILE, "corim.cose"}, SAYS_DIGESTS},
	{"go-sev-guest", emit_go_sev_guest, NULL, {"go-sev-guest/*.json"}, SAYS_DIGESTS},
	{"contrast", emit_contrast, contrast_says, {"contrast.json"}, SAYS_DIGESTS},
	{"golden",
	 emit_golden,
	 NULL,
	 {"golden.pb", "golden-endorsement.pb", "golden/*.pb"},
	 SAYS_DIGESTS},
	{"maa-policy", emit_maa_policy, NULL, {"maa-policy.txt"}, SAYS_BOTH},
	{"skr-policy", emit_skr_policy, skr_says, {"skr-policy.json"}, SAYS_GROUPS},
	{"firmware", emit_firmware, NULL, {"firmware/*.json"}, SAYS_FIRMWARE},
	{"keys", emit_keys, NULL, {KEYS_FILE}, SAYS_BOTH},
	{"html", emit_html, NULL, {INDEX_FILE}, SAYS_BOTH},
	{"tsv", emit_tsv, NULL, {"launch-digests.tsv"}, SAYS_DIGESTS},
};

int folder_add_text(struct folder *folder, const struct snp_reference *reference, const char *name,
		    text_printer print, struct snp_error *err)
{
	_cleanup_(freep) char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);
	bool failed;
	int status;

	if (!stream)
		return out_of_memory(err);
	status = print(reference, stream, err);
	failed = ferror(stream);
	if (fclose(stream) != 0 || failed)
		return out_of_memory(err);
	if (status < 0)
		return status;
	return folder_add(folder, name, TAKE_PTR(text), size, err);
}

const struct format *format_at(size_t i)
{
	return i < N_FORMATS ? &formats[i] : NULL;
}

const char *snp_publish_format(size_t i, const char *const **ret_files)
{
	if (i >= N_FORMATS)
		return NULL;
	if (ret_files)
		*ret_files = formats[i].files;
	return formats[i].name;
}

/* A format for the other kind of image leaves nothing out. */
static bool is_for(const struct format *format, const struct snp_reference_image *image)
{
	switch (format->says) {
	case SAYS_FIRMWARE:
		return !image->is_igvm && !image->is_container_group;
	case SAYS_DIGESTS:
	case SAYS_DIGEST:
		return !image->is_container_group;
	case SAYS_GROUPS:
		return image->is_container_group;
	default:
		return true;
	}
}

bool format_applies(const struct format *format, const struct snp_reference *reference)
{
	size_t n_images = 0, n_digests = 0;

	for (size_t i = 0; i < reference->n_images; i++) {
		n_images += is_for(format, &reference->images[i]);
		n_digests += reference->images[i].n_variants;
	}
	return n_images > 0 && (format->says != SAYS_DIGEST || n_digests == 1);
}

/* The images of `reference` that the format can say, borrowed; a check sees those of the format's kind alone. */
static int choose(const struct format *format, const struct snp_reference *reference,
		  struct snp_reference *ret, struct snp_error *ret_why, struct snp_error *err)
{
	struct snp_reference kind = *reference;
	_cleanup_(freep) struct snp_reference_image *images =
		calloc(reference->n_images, sizeof(*images));

	*ret = *reference;
	ret->images = calloc(reference->n_images, sizeof(*ret->images));
	ret->n_images = kind.n_images = 0;
	kind.images = images;
	if (!images || !ret->images)
		return out_of_memory(err);
	for (size_t i = 0; i < reference->n_images; i++)
		if (is_for(format, &reference->images[i]))
			images[kind.n_images++] = reference->images[i];
	for (size_t i = 0; i < kind.n_images; i++) {
		struct snp_error why;

		if (!format->check || format->check(&kind, &images[i], &why) == 0)
			ret->images[ret->n_images++] = images[i];
		else if (ret_why->code == 0)
			*ret_why = why;
	}
	return 0;
}

/* What is written is read again. A DSSE envelope holds its payload in base64. */
static int check_sizes(const struct folder *folder, size_t first, struct snp_error *err)
{
	for (size_t i = first; i < folder->n_files; i++) {
		const struct folder_file *file = &folder->files[i];
		size_t most = strcmp(file->name, INTOTO_FILE) == 0 ? SNP_MAX_DOCUMENT / 4 * 3 - 4096
								   : SNP_MAX_DOCUMENT;

		if (file->size > most)
			return fail_with(err, SNP_E_FORMAT, SNP_NO_OFFSET,
					 "%s would have %zu bytes; must be at most %zu: publish "
					 "fewer variants at once",
					 file->name, file->size, most);
	}
	return 0;
}

int format_emit(const struct format *format, const struct snp_reference *reference,
		struct folder *folder, struct snp_error *ret_why, struct snp_error *err)
{
	struct snp_error why = {0};
	struct snp_reference chosen;
	size_t first = folder->n_files;
	int r = choose(format, reference, &chosen, &why, err);

	if (r == 0 && chosen.n_images == 0 && why.code == 0)
		r = fail_with(err, SNP_E_FORMAT, SNP_NO_OFFSET, "%s is for %s, and there are none",
			      format->name,
			      format->says == SAYS_GROUPS     ? "container groups"
			      : format->says == SAYS_FIRMWARE ? "images with firmware"
							      : "images with launch digests");
	else if (r == 0 && chosen.n_images == 0) {
		if (err)
			*err = why;
		r = -SNP_E_FORMAT;
	} else if (r == 0) {
		r = format->emit(&chosen, folder, err);
	}
	free(chosen.images);
	if (r == 0)
		r = check_sizes(folder, first, err);
	if (r == -SNP_E_FORMAT)
		folder_cut(folder, first);
	else if (r == 0 && ret_why)
		*ret_why = why;
	return r;
}

bool format_writes(const char *name)
{
	size_t n = strlen(name);
	bool is_folder = n > 0 && name[n - 1] == '/';

	for (size_t i = 0; i < N_FORMATS; i++)
		for (const char *const *file = formats[i].files; *file; file++)
			if (is_folder ? strncmp(*file, name, n) == 0
				      : fnmatch(*file, name, FNM_PATHNAME | FNM_PERIOD) == 0)
				return true;
	return false;
}

bool format_is_there(const struct format *format, const char *path)
{
	for (const char *const *file = format->files; *file; file++) {
		char name[64];

		snprintf(name, sizeof(name), "%.*s", (int)strcspn(*file, "*/"), *file);
		if (!folder_lacks(path, name))
			return true;
	}
	return false;
}
