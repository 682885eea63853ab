// SPDX-License-Identifier: Apache-2.0
/* The page that a release links to. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/hex.h>
#include <snp/html.h>
#include <snp/memory.h>
#include <snp/policy.h>

#include "identity/key.h"
#include "reference/format.h"
#include "reference/model.h"

/* More would be no page for people, and takes longer to write than all else. */
#define MOST_DIGESTS  1000
#define MOST_UNFOLDED 100

static void print_file(const char *what, const struct snp_reference_file *file, FILE *out)
{
	if (!file->name)
		return;
	html_row_begin(what, out);
	html_text(file->name, out);
	fprintf(out, ", %" PRIu64 " bytes<br><span class=\"soft\">SHA-256</span> ", file->size);
	html_hex(file->sha256, sizeof(file->sha256), out);
	html_row_end(out);
}

static void print_hex_row(const char *what, const uint8_t *bytes, size_t size, FILE *out)
{
	html_row_begin(what, out);
	html_hex(bytes, size, out);
	html_row_end(out);
}

static void print_id(const char *what, const uint8_t id[static SNP_ID_SIZE], FILE *out)
{
	static const uint8_t none[SNP_ID_SIZE];

	if (memcmp(id, none, SNP_ID_SIZE) != 0)
		print_hex_row(what, id, SNP_ID_SIZE, out);
}

static void print_kernel(const struct snp_reference_image *image, FILE *out)
{
	const struct snp_kernel_hash_check *check = &image->kernel_hash_check;

	print_file("Kernel", &image->kernel, out);
	print_file("Initrd", &image->initrd, out);
	if (image->cmdline) {
		html_row_begin("Command line", out);
		fputs("<code>", out);
		html_text(image->cmdline, out);
		fputs("</code>", out);
		html_row_end(out);
	}
	if (!check->is_known || !image->kernel.name)
		return;
	html_row("The firmware checks these",
		 check->boot == SNP_BOOT_REFUSES  ? "yes, a boot with changed files was refused"
		 : check->boot == SNP_BOOT_STARTS ? "no, a boot with changed files started"
		 : check->in_image == SNP_HASH_VERIFIER_PRESENT ? "it has the code for it"
		 : check->in_image == SNP_HASH_VERIFIER_ABSENT
			 ? "no: the host can boot another kernel with the same digest"
			 : "not known",
		 out);
}

static void print_facts(const struct snp_reference_image *image, FILE *out)
{
	char text[256];

	html_facts_begin(out);
	if (image->is_container_group) {
		print_file("Security policy", &image->security_policy, out);
		print_hex_row("HOST_DATA", image->host_data, sizeof(image->host_data), out);
		if (image->maa_issuer) {
			html_row_begin("Attestation service", out);
			html_url(image->maa_issuer, out);
			html_row_end(out);
		}
	} else {
		print_file(image->is_igvm ? "IGVM file" : "Firmware", &image->firmware, out);
		print_kernel(image, out);
		snp_policy_describe(image->policy, text, sizeof(text));
		html_row("Guest policy", text, out);
		print_id("FAMILY_ID", image->family_id, out);
		print_id("IMAGE_ID", image->image_id, out);
	}
	snprintf(text, sizeof(text), "%" PRIu32, image->guest_svn);
	html_row("GUEST_SVN", text, out);
	for (size_t i = 0; i < image->n_minimum_tcb; i++) {
		char tcb[SNP_TCB_TEXT_SIZE];

		snp_tcb_describe(&image->minimum_tcb[i].tcb, tcb);
		snprintf(text, sizeof(text), "Minimum TCB, %s",
			 snp_product_name(image->minimum_tcb[i].product));
		html_row(text, tcb, out);
	}
	html_facts_end(out);
}

/* The same but for the number of vCPUs. */
static bool of_one_kind(const struct snp_vcpus *a, const struct snp_vcpus *b)
{
	return strcmp(a->profile, b->profile) == 0 && strcmp(a->model, b->model) == 0 &&
	       a->signature == b->signature && a->features == b->features;
}

static void print_kind(const struct snp_reference_variant *v, size_t n, bool folded, FILE *out)
{
	fprintf(out, "<details%s><summary>", folded ? "" : " open");
	if (v->vcpus.model[0]) {
		html_text(v->vcpus.model, out);
		fputs(", ", out);
	}
	if (v->vcpus.signature)
		fprintf(out, "CPU signature 0x%" PRIx32 ", ", v->vcpus.signature);
	fprintf(out, "guest features 0x%" PRIx64 ", profile ", v->vcpus.features);
	html_text(v->vcpus.profile, out);
	fprintf(out, ": %zu digest%s</summary>\n", n, n == 1 ? "" : "s");
}

/* Digests of `n` variants that differ in the number of vCPUs. */
static void print_digests(const struct snp_reference_variant *variants, size_t n, FILE *out)
{
	fputs("<table class=\"digests\">\n<thead><tr><th>vCPUs</th><th>Launch digest</th></tr>"
	      "</thead>\n<tbody>\n",
	      out);
	for (size_t i = 0; i < n; i++) {
		fprintf(out, "<tr><td>%" PRIu32 "</td><td>", variants[i].vcpus.count);
		html_hex(variants[i].launch_digest, SNP_LAUNCH_DIGEST_SIZE, out);
		fputs("</td></tr>\n", out);
	}
	fputs("</tbody>\n</table>\n</details>\n", out);
}

static void print_image(const struct snp_reference_image *image, bool folded, size_t *room,
			FILE *out)
{
	size_t left_out = 0, end;

	html_heading(image->name, out);
	print_facts(image, out);
	for (size_t i = 0; i < image->n_variants; i = end) {
		const struct snp_reference_variant *first = &image->variants[i];
		size_t n;

		for (end = i + 1; end < image->n_variants &&
				  of_one_kind(&first->vcpus, &image->variants[end].vcpus);
		     end++)
			;
		n = end - i < *room ? end - i : *room;
		left_out += end - i - n;
		*room -= n;
		if (n == 0)
			continue;
		print_kind(first, end - i, folded, out);
		print_digests(first, n, out);
	}
	if (left_out > 0)
		fprintf(out,
			"<p>%zu more digests of this image are in " SNP_REFERENCE_FILE ".</p>\n",
			left_out);
}

static void print_optional(const char *what, const char *value, FILE *out)
{
	if (value)
		html_row(what, value, out);
}

static void print_release(const struct snp_reference *r, FILE *out)
{
	time_t at = (time_t)r->timestamp;
	char date[32] = "";
	struct tm tm;

	html_facts_begin(out);
	if (r->has_release) {
		print_optional("Release", r->release.name, out);
		print_optional("Version", r->release.version, out);
		print_optional("Date", r->release.date, out);
		print_optional("Source revision", r->release.source_revision, out);
		if (r->release.url) {
			html_row_begin("Where it is from", out);
			html_url(r->release.url, out);
			html_row_end(out);
		}
	}
	if (r->has_timestamp && gmtime_r(&at, &tm)) {
		strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S UTC", &tm);
		html_row("Made", date, out);
	}
	html_facts_end(out);
}

/* The text of a key, line by line, and what names it elsewhere. */
static void print_public_key(const char *pem, FILE *out)
{
	html_row_begin("Signs the documents", out);
	fputs("<pre>", out);
	for (size_t n; *pem; pem += n + (pem[n] != '\0')) {
		_cleanup_(freep) char *line = NULL;

		n = strcspn(pem, "\n");
		line = strndup(pem, n);
		html_text(line ? line : "", out);
		fputs("\n", out);
	}
	fputs("</pre>", out);
	html_row_end(out);
}

static int print_key_id(const char *pem, FILE *out, struct snp_error *err)
{
	_cleanup_(snp_key_freep) struct snp_key *key = NULL;
	uint8_t id[SNP_SHA256_SIZE];
	int s = key_decode_public(text_span(pem), &key, err);

	if (s == 0)
		s = key_id(key, id, err);
	if (s < 0)
		return s;
	print_hex_row("SHA-256 of its public half", id, sizeof(id), out);
	return 0;
}

static int print_keys(const struct snp_reference *r, FILE *out, struct snp_error *err)
{
	int s = 0;

	html_heading("Keys", out);
	fputs("<p>Whoever can change this page can change what stands here. A key found beside a "
	      "release proves nothing: compare it with what its publisher says elsewhere.</p>\n",
	      out);
	/* Other documents do not say them. */
	if (!r->has_release || (!r->public_key && !r->has_id_keys))
		return 0;
	html_facts_begin(out);
	if (r->public_key) {
		print_public_key(r->public_key, out);
		s = print_key_id(r->public_key, out, err);
	}
	if (r->has_id_keys)
		print_hex_row("Signs the ID blocks: ID_KEY_DIGEST", r->id_keys.id_key_digest,
			      sizeof(r->id_keys.id_key_digest), out);
	if (r->has_id_keys && r->id_keys.has_author)
		print_hex_row("Signs that key: AUTHOR_KEY_DIGEST", r->id_keys.author_key_digest,
			      sizeof(r->id_keys.author_key_digest), out);
	html_facts_end(out);
	return s;
}

static void print_advice(FILE *out)
{
	html_heading("How to verify", out);
	fputs("<p>A guest that was launched from these images gives an attestation report with one of "
	      "the digests below as its MEASUREMENT. With this folder, the publisher's public key "
	      "from another source, and a report for a nonce of your own:</p>\n"
	      "<pre>snp-measure verify --reference FOLDER --public-key KEY --report-data NONCE REPORT\n"
	      "</pre>\n"
	      "<p>To compute the digests again from the images:</p>\n"
	      "<pre>snp-measure reproduce --public-key KEY --images IMAGES FOLDER\n"
	      "</pre>\n",
	      out);
}

static int print_page(const struct snp_reference *r, FILE *out, struct snp_error *err)
{
	const struct snp_release *release = &r->release;
	_cleanup_(freep) char *title = NULL;
	size_t room = MOST_DIGESTS, n = 0;
	int s;

	title = format_text("%s%s%s: launch digests",
			    r->has_release && release->name ? release->name : "Release",
			    r->has_release && release->version ? " " : "",
			    r->has_release && release->version ? release->version : "");
	if (!title)
		return out_of_memory(err);
	html_begin(title, out);
	fputs("<h1>", out);
	html_text(title, out);
	fputs("</h1>\n<p>What AMD SEV-SNP guests of this release report as their launch digest.</p>\n",
	      out);
	print_release(r, out);
	s = print_keys(r, out, err);
	if (s < 0)
		return s;
	print_advice(out);
	for (size_t i = 0; i < r->n_images; i++)
		n += r->images[i].n_variants;
	for (size_t i = 0; i < r->n_images; i++)
		print_image(&r->images[i], n > MOST_UNFOLDED, &room, out);
	html_end(r->tool_version, out);
	return 0;
}

int emit_html(const struct snp_reference *r, struct folder *f, struct snp_error *err)
{
	return folder_add_text(f, r, INDEX_FILE, print_page, err);
}
