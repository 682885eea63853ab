// SPDX-License-Identifier: Apache-2.0
#include <snp/difference.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/hex.h>
#include <snp/memory.h>
#include <snp/policy.h>

#include "reference/model.h"

/* Two images that are compared. After a failure nothing more is added. */
struct comparison {
	struct image_difference *d;
	int r;
	struct snp_error *err;
};

/* Add a change; the texts are taken, and NULL says that memory ran out. */
static void add(struct comparison *c, const char *what, char *before, char *after, char *detail,
		bool measured)
{
	struct image_difference *d = c->d;

	if (c->r == 0 && before && after && detail &&
	    grow(&d->changes, d->n_changes, sizeof(*d->changes))) {
		d->changes[d->n_changes++] = (struct change){what, before, after, detail, measured};
		return;
	}
	if (c->r == 0)
		c->r = out_of_memory(c->err);
	free(before);
	free(after);
	free(detail);
}

/* Of something that is not measured. */
static void compare_text(struct comparison *c, const char *what, const char *before,
			 const char *after)
{
	if (strcmp(before, after) != 0)
		add(c, what, strdup(before), strdup(after), strdup(""), false);
}

static char *file_text(const struct snp_reference_file *file)
{
	char hex[2 * SNP_SHA256_SIZE + 1];

	if (!file->name)
		return strdup("none");
	hex_encode(file->sha256, sizeof(file->sha256), hex);
	return format_text("%s, %" PRIu64 " bytes, SHA-256 %s", file->name, file->size, hex);
}

/* The name of a file is in no digest. */
static void compare_file(struct comparison *c, const char *what,
			 const struct snp_reference_file *before,
			 const struct snp_reference_file *after)
{
	bool same = before->size == after->size && !before->name == !after->name &&
		    memcmp(before->sha256, after->sha256, sizeof(after->sha256)) == 0;

	if (!same || (after->name && strcmp(before->name, after->name) != 0))
		add(c, what, file_text(before), file_text(after), strdup(""), !same);
}

/* Texts of which only matters which are there; they are printed in the order in which they were added. */
struct set {
	char **members;
	size_t n;
	bool is_short; /* memory ran out */
};

static void set_done(struct set *set)
{
	for (size_t i = 0; i < set->n; i++)
		free(set->members[i]);
	free(set->members);
}

static bool set_has(const struct set *set, const char *text)
{
	for (size_t i = 0; i < set->n; i++)
		if (strcmp(set->members[i], text) == 0)
			return true;
	return false;
}

/* Add a member that is not there yet; `text` is taken. */
static void set_add(struct set *set, char *text)
{
	if (text && !set_has(set, text) && grow(&set->members, set->n, sizeof(*set->members))) {
		set->members[set->n++] = text;
		return;
	}
	set->is_short |= !text || !set_has(set, text);
	free(text);
}

/* The members that `other` (NULL: none) lacks, with commas between, after `before` if there are any. */
static char *set_text(const char *before, const struct set *set, const struct set *other)
{
	char *text = NULL;
	size_t size;
	FILE *out = set->is_short ? NULL : open_memstream(&text, &size);

	for (size_t i = 0; out && i < set->n; i++) {
		if (other && set_has(other, set->members[i]))
			continue;
		fprintf(out, "%s%s", before, set->members[i]);
		before = ", ";
	}
	if (out && fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}

/* "removes A; adds B" */
static char *both_texts(const char *removed, const char *added)
{
	return removed && added
		       ? format_text("%s%s%s", removed, removed[0] && added[0] ? "; " : "", added)
		       : NULL;
}

static char *exchange_text(const struct set *before, const struct set *after)
{
	_cleanup_(freep) char *removed = set_text("removes ", before, after);
	_cleanup_(freep) char *added = set_text("adds ", after, before);

	return both_texts(removed, added);
}

static void compare_sets(struct comparison *c, const char *what, const struct set *before,
			 const struct set *after)
{
	_cleanup_(freep) char *detail = exchange_text(before, after);

	if (!detail || detail[0] != '\0')
		add(c, what, set_text("", before, NULL), set_text("", after, NULL),
		    TAKE_PTR(detail), false);
}

static void words_of(const char *cmdline, struct set *ret)
{
	_cleanup_(freep) char *copy = strdup(cmdline);
	char *rest = NULL;

	ret->is_short = !copy;
	for (char *word = copy ? strtok_r(copy, " \t\n", &rest) : NULL; word;
	     word = strtok_r(NULL, " \t\n", &rest))
		set_add(ret, format_text("'%s'", word));
}

static void compare_cmdline(struct comparison *c)
{
	const char *before = c->d->before->cmdline, *after = c->d->after->cmdline;
	_cleanup_(set_done) struct set old = {0}, new = {0};
	_cleanup_(freep) char *detail = NULL;

	if ((before && after && strcmp(before, after) == 0) || (!before && !after))
		return;
	words_of(before ? before : "", &old);
	words_of(after ? after : "", &new);
	detail = exchange_text(&old, &new);
	if (detail && detail[0] == '\0') {
		free(detail);
		detail = strdup("the same words in another order, number or spacing");
	}
	add(c, "command line", strdup(before ? before : "none"), strdup(after ? after : "none"),
	    TAKE_PTR(detail), true);
}

static void policy_words(uint64_t policy, struct set *ret)
{
	const struct snp_policy_bit *bit;

	for (size_t i = 0; (bit = snp_policy_bit(i)); i++)
		if (policy & bit->mask)
			set_add(ret, strdup(bit->name));
	set_add(ret, format_text("ABI >= %u.%u", (unsigned int)(policy >> 8 & 0xff),
				 (unsigned int)(policy & 0xff)));
}

/* The policy is no part of the launch digest: the ID block and the report hold it. */
static void compare_policy(struct comparison *c)
{
	const uint64_t before = c->d->before->policy, after = c->d->after->policy;
	_cleanup_(set_done) struct set old = {0}, new = {0};

	if (before == after)
		return;
	policy_words(before, &old);
	policy_words(after, &new);
	add(c, "policy", format_text("0x%" PRIx64, before), format_text("0x%" PRIx64, after),
	    exchange_text(&old, &new), false);
}

static void compare_ids(struct comparison *c, const char *what,
			const uint8_t before[static SNP_ID_SIZE],
			const uint8_t after[static SNP_ID_SIZE])
{
	char old[2 * SNP_ID_SIZE + 1], new[2 * SNP_ID_SIZE + 1];

	hex_encode(before, SNP_ID_SIZE, old);
	hex_encode(after, SNP_ID_SIZE, new);
	compare_text(c, what, old, new);
}

static void tcb_words(const struct snp_reference_image *image, struct set *ret)
{
	char text[SNP_TCB_TEXT_SIZE];

	for (size_t i = 0; i < image->n_minimum_tcb; i++) {
		snp_tcb_describe(&image->minimum_tcb[i].tcb, text);
		set_add(ret, format_text("%s %s", snp_product_name(image->minimum_tcb[i].product),
					 text));
	}
}

static void compare_minimum_tcb(struct comparison *c)
{
	_cleanup_(set_done) struct set old = {0}, new = {0};

	tcb_words(c->d->before, &old);
	tcb_words(c->d->after, &new);
	compare_sets(c, "minimum TCB", &old, &new);
}

static const char *check_text(const struct snp_kernel_hash_check *check)
{
	if (check->boot == SNP_BOOT_REFUSES)
		return "a boot refuses a changed kernel";
	if (check->boot == SNP_BOOT_STARTS)
		return "a boot starts a changed kernel";
	if (!check->is_known)
		return "not said";
	return snp_hash_verifier_name(check->in_image);
}

/* "none", or the digests of the keys that all of an image's ID blocks have. */
static int keys_text(const struct snp_reference_image *image, char **ret, struct snp_error *err)
{
	char id[2 * SNP_KEY_DIGEST_SIZE + 1], author[2 * SNP_KEY_DIGEST_SIZE + 1];
	struct snp_id_auth_info first = {0}, info;
	bool found = false;

	for (size_t i = 0; i < image->n_variants; i++) {
		const struct snp_reference_variant *v = &image->variants[i];
		int r = v->id_auth ? snp_id_auth_decode(v->id_auth, &info, err) : 0;

		if (r < 0)
			return r;
		if (!v->id_auth || (found && memcmp(&first, &info, sizeof(info)) == 0))
			continue;
		if (found) {
			*ret = strdup("several");
			return *ret ? 0 : out_of_memory(err);
		}
		found = true;
		first = info;
	}
	hex_encode(first.id_key_digest, sizeof(first.id_key_digest), id);
	hex_encode(first.author_key_digest, sizeof(first.author_key_digest), author);
	*ret = !found		  ? strdup("none")
	       : first.has_author ? format_text("ID key %s, author key %s", id, author)
				  : format_text("ID key %s", id);
	return *ret ? 0 : out_of_memory(err);
}

static void compare_keys(struct comparison *c)
{
	_cleanup_(freep) char *before = NULL, *after = NULL;
	int r = keys_text(c->d->before, &before, c->err);

	if (r == 0)
		r = keys_text(c->d->after, &after, c->err);
	if (r == 0)
		compare_text(c, "ID blocks", before, after);
	else
		c->r = r;
}

static char *profile_text(const struct snp_vcpus *vcpus)
{
	return strdup(vcpus->profile);
}

static char *model_text(const struct snp_vcpus *vcpus)
{
	return vcpus->model[0]	       ? strdup(vcpus->model)
	       : vcpus->signature != 0 ? format_text("signature 0x%08" PRIx32, vcpus->signature)
				       : strdup("any");
}

static char *features_text(const struct snp_vcpus *vcpus)
{
	return format_text("0x%" PRIx64, vcpus->features);
}

static void members_of(const struct snp_reference_image *image,
		       char *(*text_of)(const struct snp_vcpus *), struct set *ret)
{
	for (size_t i = 0; i < image->n_variants; i++)
		set_add(ret, text_of(&image->variants[i].vcpus));
}

/* Those of `counts` that `other` (NULL: none) lacks, as numbers and ranges, as a release has them. */
static char *counts_text(const char *before, const bool *counts, const bool *other)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	for (uint32_t i = 1; out && i <= SNP_MAX_VCPUS; i++) {
		const uint32_t from = i;

		if (!counts[i] || (other && other[i]))
			continue;
		while (counts[i + 1] && !(other && other[i + 1]))
			i++;
		fprintf(out, from == i ? "%s%" PRIu32 : "%s%" PRIu32 "-%" PRIu32, before, from, i);
		before = ", ";
	}
	if (out && fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}

static void compare_counts(struct comparison *c)
{
	const struct snp_reference_image *before = c->d->before, *after = c->d->after;
	bool old[SNP_MAX_VCPUS + 2] = {0}, new[SNP_MAX_VCPUS + 2] = {0};
	_cleanup_(freep) char *removed = NULL, *added = NULL;

	for (size_t i = 0; i < before->n_variants; i++)
		old[before->variants[i].vcpus.count] = true;
	for (size_t i = 0; i < after->n_variants; i++)
		new[after->variants[i].vcpus.count] = true;
	if (memcmp(old, new, sizeof(old)) == 0)
		return;
	removed = counts_text("removes ", old, new);
	added = counts_text("adds ", new, old);
	add(c, "vCPU counts", counts_text("", old, NULL), counts_text("", new, NULL),
	    both_texts(removed, added), false);
}

/* The other lists that a release multiplies. */
static void compare_lists(struct comparison *c)
{
	static const struct {
		const char *what;
		char *(*text_of)(const struct snp_vcpus *vcpus);
	} lists[] = {
		{"CPU models", model_text},
		{"guest features", features_text},
		{"VMM profiles", profile_text},
	};

	compare_counts(c);
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		_cleanup_(set_done) struct set old = {0}, new = {0};

		members_of(c->d->before, lists[i].text_of, &old);
		members_of(c->d->after, lists[i].text_of, &new);
		compare_sets(c, lists[i].what, &old, &new);
	}
}

/* Both lists of variants are sorted alike. */
static void count_variants(struct image_difference *d)
{
	const struct snp_reference_image *before = d->before, *after = d->after;
	size_t i = 0, j = 0;

	while (before && after && i < before->n_variants && j < after->n_variants) {
		const struct snp_reference_variant *old = &before->variants[i];
		const struct snp_reference_variant *new = &after->variants[j];
		int order = variant_compare(old, new);

		i += order <= 0;
		j += order >= 0;
		if (order < 0)
			d->removed++;
		else if (order > 0)
			d->added++;
		else if (memcmp(old->launch_digest, new->launch_digest, SNP_LAUNCH_DIGEST_SIZE) ==
			 0)
			d->same++;
		else
			d->other++;
	}
	d->removed += before ? before->n_variants - i : 0;
	d->added += after ? after->n_variants - j : 0;
}

/* "the firmware and the command line": what changed of that which is measured; "" if nothing. */
static char *causes_text(const struct image_difference *d)
{
	const char *causes[8];
	size_t n = 0;
	char *text = strdup("");

	for (size_t i = 0; i < d->n_changes && n < ARRAY_SIZE(causes); i++)
		if (d->changes[i].measured)
			causes[n++] = d->changes[i].what;
	for (size_t i = 0; text && i < n; i++) {
		_cleanup_(freep) char *before = text;

		text = format_text("%s%sthe %s", before,
				   i == 0      ? ""
				   : i + 1 < n ? ", "
					       : " and ",
				   causes[i]);
	}
	return text;
}

static char *verdict_text(const struct image_difference *d)
{
	_cleanup_(freep) char *causes = causes_text(d);
	_cleanup_(freep) char *some = NULL;
	const char *what = "every launch digest changed";

	if (!causes)
		return NULL;
	if (d->after->is_container_group)
		what = memcmp(d->before->host_data, d->after->host_data,
			      sizeof(d->after->host_data)) == 0
			       ? "HOST_DATA is the same"
			       : "HOST_DATA changed";
	else if (d->same + d->other == 0)
		return strdup("no way to launch it is in both releases");
	else if (d->other == 0)
		what = "no launch digest changed";
	else if (d->same > 0)
		what = some = format_text("%zu of %zu launch digests changed", d->other,
					  d->same + d->other);
	if (!what)
		return NULL;
	if (causes[0] != '\0')
		return format_text("%s%s%s changed", what,
				   d->other == 0 && !d->after->is_container_group ? " although "
										  : " because ",
				   causes);
	if (d->other == 0)
		return strdup(what);
	return format_text("%s although nothing that is measured did: the releases were computed "
			   "by different rules",
			   what);
}

static void compare_memory(struct comparison *c)
{
	const uint64_t before = c->d->before->memory_size, after = c->d->after->memory_size;
	char old[32], new[32];

	snprintf(old, sizeof(old), "0x%" PRIx64, before);
	snprintf(new, sizeof(new), "0x%" PRIx64, after);
	compare_text(c, "memory size", old, new);
}

static int compare_images(struct image_difference *d, struct snp_error *err)
{
	const struct snp_reference_image *before = d->before, *after = d->after;
	struct comparison c = {d, 0, err};
	char old[16], new[16];

	snprintf(old, sizeof(old), "%" PRIu32, before->guest_svn);
	snprintf(new, sizeof(new), "%" PRIu32, after->guest_svn);
	compare_file(&c, firmware_kind(after), &before->firmware, &after->firmware);
	compare_memory(&c);
	compare_file(&c, "kernel", &before->kernel, &after->kernel);
	compare_file(&c, "initrd", &before->initrd, &after->initrd);
	compare_cmdline(&c);
	compare_file(&c, "security policy", &before->security_policy, &after->security_policy);
	compare_text(&c, "kernel hash check", check_text(&before->kernel_hash_check),
		     check_text(&after->kernel_hash_check));
	compare_policy(&c);
	compare_text(&c, "guest SVN", old, new);
	compare_ids(&c, "family ID", before->family_id, after->family_id);
	compare_ids(&c, "image ID", before->image_id, after->image_id);
	compare_minimum_tcb(&c);
	compare_text(&c, "issuer of tokens", before->maa_issuer ? before->maa_issuer : "none",
		     after->maa_issuer ? after->maa_issuer : "none");
	compare_keys(&c);
	compare_lists(&c);
	if (c.r < 0)
		return c.r;
	d->verdict = verdict_text(d);
	return d->verdict ? 0 : out_of_memory(err);
}

static const struct snp_reference_image *find_image(const struct snp_reference *reference,
						    const char *name)
{
	for (size_t i = 0; i < reference->n_images; i++)
		if (strcmp(reference->images[i].name, name) == 0)
			return &reference->images[i];
	return NULL;
}

int releases_compare(const struct snp_reference *before, const struct snp_reference *after,
		     struct release_difference *ret, struct snp_error *err)
{
	_cleanup_(release_difference_done) struct release_difference found = {0};
	int r = 0;

	found.images = calloc(before->n_images + after->n_images + 1, sizeof(*found.images));
	if (!found.images)
		return out_of_memory(err);
	for (size_t i = 0; i < after->n_images; i++)
		found.images[found.n_images++] = (struct image_difference){
			.before = find_image(before, after->images[i].name),
			.after = &after->images[i],
		};
	for (size_t i = 0; i < before->n_images; i++)
		if (!find_image(after, before->images[i].name))
			found.images[found.n_images++] =
				(struct image_difference){.before = &before->images[i]};
	for (size_t i = 0; r == 0 && i < found.n_images; i++) {
		struct image_difference *d = &found.images[i];

		count_variants(d);
		if (d->before && d->after)
			r = compare_images(d, err);
	}
	if (r < 0)
		return r;
	*ret = found;
	found = (struct release_difference){0};
	return 0;
}

void release_difference_done(struct release_difference *difference)
{
	for (size_t i = 0; i < difference->n_images; i++) {
		struct image_difference *d = &difference->images[i];

		for (size_t j = 0; j < d->n_changes; j++) {
			free(d->changes[j].before);
			free(d->changes[j].after);
			free(d->changes[j].detail);
		}
		free(d->changes);
		free(d->verdict);
	}
	free(difference->images);
}

bool image_differs(const struct image_difference *image)
{
	return !image->before || !image->after || image->n_changes > 0 || image->other > 0 ||
	       image->added > 0 || image->removed > 0;
}
