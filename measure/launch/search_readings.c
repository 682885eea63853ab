// SPDX-License-Identifier: Apache-2.0
#include <snp/search.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/memory.h>
#include <snp/sha.h>

#define MAX_WORDS   24	/* words of a command line that are looked at one by one */
#define MAX_NUMBERS 2	/* of them, those that are the vCPU count */
#define MAX_COUNTS  512 /* vCPU counts for which a command line is written anew */
#define BLANKS	    " \t\n\r"

/* Readings of one command line. After a failure the others are skipped. */
struct readings {
	struct search *search;
	const char *line;
	uint32_t vcpu_count; /* that they name; 0: none */
	unsigned int n_numbers;
	int r;
	struct snp_error *err;
};

/* What is often at the end of a command line, or just was; tried after another change too. */
static const struct {
	const char *bytes, *text;
} tails[] = {
	{"\n", "a line end"},
	{" ", "a blank"},
	{" quiet", "quiet"},
	{" splash", "splash"},
	{" ro", "ro"},
	{" rw", "rw"},
	{" console=ttyS0", "console=ttyS0"},
	{" console=tty0", "console=tty0"},
	{" nokaslr", "nokaslr"},
	{" debug", "debug"},
};

static void add_bytes(struct readings *l, const char *bytes, size_t size, unsigned int changes,
		      const char *words)
{
	struct search_part part = {.changes = changes, .vcpu_count = l->vcpu_count};

	snprintf(part.text, sizeof(part.text), "%s", words);
	if (l->r == 0)
		l->r = sha256_of((struct snp_span){(const uint8_t *)bytes, size}, part.hash,
				 l->err);
	if (l->r == 0)
		l->r = search_add(l->search, SEARCH_CMDLINE, &part, l->err);
}

/* Add a line, and with less than two changes the same with each of the tails, but not for each vCPU count.
 * Line and words are freed; NULL where memory ran out. */
static void add_line(struct readings *l, unsigned int changes, char *line, char *words)
{
	if (line && words)
		add_bytes(l, line, strlen(line) + 1, changes, words);
	else
		l->r = out_of_memory(l->err);
	for (size_t i = 0; i < ARRAY_SIZE(tails) && l->r == 0 && changes < 2 && l->vcpu_count == 0;
	     i++)
		add_line(
			l, changes + 1,
			format_text("%s%s", line,
				    tails[i].bytes + (line[0] == '\0' && tails[i].bytes[0] == ' ')),
			format_text("%s%swith %s%s", words, changes == 0 ? " " : " and ",
				    tails[i].text, i > 0 ? " at its end" : ""));
	free(line);
	free(words);
}

/* At either end, and at both. */
static void ends(struct readings *l)
{
	const char *s = l->line;
	const int n = (int)strlen(s), first = (int)strspn(s, BLANKS);
	const int quote = n >= 2 && s[0] == s[n - 1] && (s[0] == '"' || s[0] == '\'');
	int end = n;

	while (end > first && strchr(BLANKS, s[end - 1]))
		end--;
	/* The bytes from one place to another, and what is put around them. */
	const struct {
		int from, to;
		const char *before, *after, *words;
	} changed[] = {
		{0, n, "", "\r\n", "with a DOS line end"},
		{0, n, "", " \n", "with a blank and a line end"},
		{0, n, "", "  ", "with 2 blanks at its end"},
		{0, n, "", "   ", "with 3 blanks at its end"},
		{0, n, "", "    ", "with 4 blanks at its end"},
		{0, n, " ", "", "with a blank at its beginning"},
		{0, n, "\"", "\"", "with quotes around it"},
		{0, n, "'", "'", "with quotes around it"},
		{0, end, "", "", "without blanks at its end"},
		{first, n, "", "", "without blanks at its beginning"},
		{first, end, "", "", "without blanks around it"},
		{quote, n - quote, "", "", "without the quotes around it"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(changed); i++)
		add_line(l, 1,
			 format_text("%s%.*s%s", changed[i].before, changed[i].to - changed[i].from,
				     s + changed[i].from, changed[i].after),
			 format_text("a command line %s", changed[i].words));
}

static void single_blanks(struct readings *l)
{
	char *line = strdup(l->line), *to = line;

	for (const char *s = l->line; line && (*to = *s); s++)
		to += s == l->line || !strchr(BLANKS, s[0]) || !strchr(BLANKS, s[-1]);
	add_line(l, 1, line, strdup("a command line with single blanks"));
}

/* A template, and the words for it, with every vCPU count. */
static void counts(struct readings *l, const char *template, const char *words)
{
	if (!template || !words)
		l->r = out_of_memory(l->err);
	for (uint32_t n = 1; l->r == 0 && n <= l->search->max_vcpus && n <= MAX_COUNTS; n++) {
		l->vcpu_count = n;
		add_line(l, 1, expand_vcpu_count(template, n), expand_vcpu_count(words, n));
	}
	l->vcpu_count = 0;
}

/* "nr_cpus=4" of a guest with 4 vCPUs: it changes together with the vCPU count. */
static void number(struct readings *l, const char *word, size_t size)
{
	const char *equals = memchr(word, '=', size);
	const int key = equals ? (int)(equals - word) + 1 : 0;
	_cleanup_(freep) char *template = NULL, *words = NULL;
	char count[16];

	snprintf(count, sizeof(count), "%" PRIu32, l->search->stated->vcpus.count);
	if (!equals || strlen(count) != size - (size_t)key ||
	    memcmp(count, equals + 1, strlen(count)) != 0 || l->n_numbers++ == MAX_NUMBERS)
		return;
	template = format_text("%.*s" VCPU_COUNT "%s", (int)(word - l->line) + key, l->line,
			       word + size);
	words = format_text("a command line with %.*s" VCPU_COUNT, key, word);
	counts(l, template, words);
}

static void words(struct readings *l)
{
	const char *word = l->line + strspn(l->line, BLANKS), *next;

	for (size_t i = 0; *word && i < MAX_WORDS; i++, word = next) {
		const size_t size = strcspn(word, BLANKS);
		const int n = (int)size, at = (int)(word - l->line);

		next = word + size + strspn(word + size, BLANKS);
		/* The last word is removed with the blank before it, any other with the blanks after it. */
		add_line(l, 1,
			 format_text("%.*s%s", *next || at == 0 ? at : at - 1, l->line,
				     *next ? next : word + size),
			 format_text("a command line without %.*s", n, word));
		add_line(l, 1, format_text("%.*s %s", at, l->line, word),
			 format_text("a command line with another blank before %.*s", n, word));
		number(l, word, size);
	}
}

static int add_readings(struct search *search, const char *cmdline, struct snp_error *err)
{
	struct readings l = {.search = search, .line = cmdline, .err = err};
	_cleanup_(freep) char *line = NULL, *two = NULL;

	if (strstr(cmdline, VCPU_COUNT)) {
		l.line = line = expand_vcpu_count(cmdline, search->stated->vcpus.count);
		if (!line)
			return out_of_memory(err);
		l.r = sha256_of((struct snp_span){text_span(line).data, strlen(line) + 1},
				search->parts[SEARCH_CMDLINE].list[0].hash, err);
		counts(&l, cmdline, "the command line for " VCPU_COUNT " vCPUs");
	}
	add_line(&l, 0, strdup(l.line), strdup("a command line"));
	add_line(&l, 1, strdup(""), strdup("an empty command line"));
	ends(&l);
	single_blanks(&l);
	words(&l);
	add_bytes(&l, l.line, strlen(l.line), 1, "a command line hashed without its closing NUL");
	two = format_text("%s%c", l.line, '\0');
	if (!two)
		return out_of_memory(err);
	add_bytes(&l, two, strlen(two) + 2, 1, "a command line hashed with two NULs at its end");
	return l.r;
}

int search_begin(struct search *search, const struct snp_launch *stated, const char *cmdline,
		 struct snp_error *err)
{
	const struct snp_kernel_hashes *hashes = stated->kernel_hashes;
	struct search_part parts[SEARCH_KINDS] = {[SEARCH_KERNEL].is_off = !hashes};
	struct search_part off = {.text = "kernel hashes off", .changes = 1, .is_off = true};
	struct search_part no_initrd = {.text = "no initrd", .changes = 1};
	int r = 0;

	search->stated = stated;
	if (stated->mode != SNP_MODE_SNP && stated->mode != SNP_MODE_SNP_IGVM)
		return fail_with(err, SNP_E_NO_DIGEST, SNP_NO_OFFSET,
				 "only launch digests of mode snp can be explained");
	if (stated->firmware_digest)
		memcpy(parts[SEARCH_FIRMWARE].hash, stated->firmware_digest, SNP_SHA384_SIZE);
	else if (stated->firmware)
		r = snp_launch_firmware_digest(stated->firmware, parts[SEARCH_FIRMWARE].hash, err);
	if (hashes) {
		memcpy(parts[SEARCH_KERNEL].hash, hashes->kernel, SNP_SHA256_SIZE);
		memcpy(parts[SEARCH_INITRD].hash, hashes->initrd, SNP_SHA256_SIZE);
		memcpy(parts[SEARCH_CMDLINE].hash, hashes->cmdline, SNP_SHA256_SIZE);
	}
	for (size_t kind = 0; r == 0 && kind < SEARCH_KINDS; kind++)
		r = search_add(search, (enum search_kind)kind, &parts[kind], err);
	if (r < 0 || !hashes)
		return r;
	memcpy(no_initrd.hash, sha256_of_nothing, SNP_SHA256_SIZE);
	r = search_add(search, SEARCH_KERNEL, &off, err);
	if (r == 0)
		r = search_add(search, SEARCH_INITRD, &no_initrd, err);
	return r == 0 && cmdline ? add_readings(search, cmdline, err) : r;
}

int search_add(struct search *search, enum search_kind kind, struct search_part *part,
	       struct snp_error *err)
{
	struct search_parts *parts = &search->parts[kind];
	int r;

	for (size_t i = 0; kind != SEARCH_FIRMWARE && i < parts->n; i++)
		if (memcmp(parts->list[i].hash, part->hash, sizeof(part->hash)) == 0) {
			if (part->changes < parts->list[i].changes)
				parts->list[i] = *part;
			return 0;
		}
	r = part->firmware ? snp_launch_firmware_digest(part->firmware, part->hash, err) : 0;
	if (r == 0 && parts->n > SEARCH_MAX_PARTS)
		r = fail_with(err, SNP_E_TOO_LARGE, SNP_NO_OFFSET,
			      "more than %d files or command lines to try", SEARCH_MAX_PARTS);
	if (r == 0 && !grow(&parts->list, parts->n, sizeof(*part)))
		r = out_of_memory(err);
	if (r == 0)
		parts->list[parts->n++] = *part;
	else
		snp_firmware_free(part->firmware);
	return r;
}

void search_done(struct search *search)
{
	for (size_t kind = 0; kind < SEARCH_KINDS; kind++) {
		for (size_t i = 0; i < search->parts[kind].n; i++)
			snp_firmware_free(search->parts[kind].list[i].firmware);
		free(search->parts[kind].list);
	}
}
