// SPDX-License-Identifier: Apache-2.0
#include "cli/boot_view.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/hex.h>

#define CONSOLE_LINES 20 /* of a guest that was not seen to start */

static const char *const keys[TRIAL_CASES] = {
	[TRIAL_GUEST] = "guest",   [TRIAL_CONTROL] = "control", [TRIAL_KERNEL] = "kernel",
	[TRIAL_INITRD] = "initrd", [TRIAL_CMDLINE] = "cmdline",
};

static const char *const verdicts[] = {
	[TRIAL_REFUSES] = "refuses",
	[TRIAL_STARTS] = "starts",
	[TRIAL_CANNOT_TELL] = "cannot-tell",
};

void boot_view_progress(void *unused, unsigned int i, unsigned int n, const char *what)
{
	(void)unused;
	if (!isatty(STDERR_FILENO))
		return;
	fputs("\r\033[K", stderr);
	if (what)
		fprintf(stderr, "booting %u of %u: %s", i, n, what);
}

/* What the firmware did. If a boot should have started and wrote nothing, that proves nothing. */
static const char *did(const struct boot_trial *trial, int i)
{
	const struct trial_outcome *c = &trial->cases[i];

	if (!c->tried || c->outcome.result == BOOT_FAILED)
		return "cannot-tell";
	if (c->outcome.result == BOOT_STARTED)
		return "started";
	if (c->outcome.result == BOOT_WENT_ON)
		return "went-on";
	return i > TRIAL_CONTROL ? "refused" : "cannot-tell";
}

static const char *did_words(const struct boot_trial *trial, int i)
{
	static const char *const words[][2] = {
		{"started", "started it"},
		{"went-on", "went on to the disk"},
		{"refused", "refused"},
		{"cannot-tell", "cannot tell"},
	};

	for (size_t j = 0; j < ARRAY_SIZE(words); j++)
		if (strcmp(words[j][0], did(trial, i)) == 0)
			return words[j][1];
	return "";
}

/* The end of the console, escaped. */
static void print_console(const struct boot_trial *trial, FILE *out)
{
	char *rest = trial->console, *line, text[512];
	size_t lines = 0, skip;

	for (const char *at = trial->console; *at; at++)
		lines += *at == '\n';
	skip = lines > CONSOLE_LINES ? lines - CONSOLE_LINES : 0;
	fprintf(out, "\nlast lines of the console%s%s%s\n",
		trial->console_path[0] ? " (all of it is in " : "", trial->console_path,
		trial->console_path[0] ? ")" : "");
	while ((line = strsep(&rest, "\n"))) {
		if (skip > 0) {
			skip--;
			continue;
		}
		line[strcspn(line, "\r")] = '\0';
		escape_text(line, text, sizeof(text));
		fprintf(out, "  %s\n", text);
	}
}

void boot_view_text(const struct boot_trial *trial, const char *firmware, FILE *out)
{
	char sentence[640], name[1024];

	escape_text(firmware, name, sizeof(name));
	fprintf(out,
		BOOT_WORDS "\nfirmware   %s\nits image  the code that checks kernel hashes: %s\n",
		name, snp_hash_verifier_name(trial->in_image));
	if (trial->qemu_version[0])
		fprintf(out, "QEMU       %s\n\n%-50s %-20s seconds\n", trial->qemu_version, "tried",
			"the firmware");
	for (int i = 0; i < TRIAL_CASES; i++) {
		const struct trial_outcome *c = &trial->cases[i];

		if (c->tried)
			fprintf(out, "%-50s %-20s %5u.%u\n", trial_case_name((enum trial_case)i),
				did_words(trial, i), c->outcome.ms / 1000,
				c->outcome.ms % 1000 / 100);
		else if (c->outcome.why[0])
			fprintf(out, "%-50s cannot tell: %s\n", trial_case_name((enum trial_case)i),
				c->outcome.why);
	}
	trial_sentence(trial, sentence);
	fprintf(out, "\n%s\n", sentence);
	if (trial->verdict == TRIAL_STARTS && trial->in_image == SNP_HASH_VERIFIER_PRESENT)
		fputs("The image contains the code that checks kernel hashes, but the boot shows that it does not work.\n",
		      out);
	if (trial->console)
		print_console(trial, out);
}

void boot_view_json(const struct boot_trial *trial, const char *firmware, struct json_out *json,
		    struct cJSON *parent)
{
	struct cJSON *object = json_out_object(json, parent, "firmware"), *boots;
	char sentence[640];

	json_out_text(json, object, "name", firmware);
	json_out_integer(json, object, "size", trial->firmware_size);
	json_out_hex(json, object, "sha256", trial->firmware_sha256, SNP_SHA256_SIZE);
	json_out_string(json, parent, "words", BOOT_WORDS);
	json_out_string(json, parent, "static", snp_hash_verifier_name(trial->in_image));
	json_out_string(json, parent, "boot", verdicts[trial->verdict]);
	if (trial->qemu_version[0])
		json_out_string(json, parent, "qemu_version", trial->qemu_version);
	json_out_string(json, parent, "date", trial->date);
	boots = json_out_array(json, parent, "boots");
	for (int i = 0; i < TRIAL_CASES; i++) {
		const struct trial_outcome *c = &trial->cases[i];

		if (!c->tried && !c->outcome.why[0])
			continue;
		object = json_out_object(json, boots, NULL);
		json_out_string(json, object, "tried", keys[i]);
		json_out_string(json, object, "must_be", i > TRIAL_CONTROL ? "refused" : "started");
		json_out_string(json, object, "firmware_did", did(trial, i));
		if (c->tried)
			json_out_integer(json, object, "milliseconds", c->outcome.ms);
		if (c->outcome.why[0])
			json_out_string(json, object, "why", c->outcome.why);
	}
	trial_sentence(trial, sentence);
	json_out_string(json, parent, "sentence", sentence);
	if (trial->console_path[0])
		json_out_string(json, parent, "console", trial->console_path);
}

int boot_view_status(const struct boot_trial *trial)
{
	return trial->verdict == TRIAL_STARTS ? CLI_NO : 0;
}
