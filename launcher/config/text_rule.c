// SPDX-License-Identifier: Apache-2.0
#include "config/text_rule.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/error.h>
#include <snp/fail.h>

#define HEX "[0-9a-fA-F]"
/* 0 to 255, without leading zeros */
#define BYTE "(0|[1-9][0-9]?|1[0-9][0-9]|2[0-4][0-9]|25[0-5])"

/* libvirt refuses "/" and newline in a name (virXMLCheckIllegalChars); the name is also a folder's, and the
 * verbs take an operand with one of these endings for a file. */
const struct text_rule rule_name = {
	.pattern = "^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$",
	.except = "[.](json|xml)$",
	.wanted = "1 to 63 letters, digits, '_', '.' and '-', the first a letter or digit, and not "
		  "ending in .json or .xml",
};
const struct text_rule rule_uuid = {
	.pattern = "^" HEX "{8}-" HEX "{4}-" HEX "{4}-" HEX "{4}-" HEX "{12}$",
	.wanted = "a UUID, 8-4-4-4-12 hex digits",
};
const struct text_rule rule_line = {.wanted = "1 to 256 characters", .min = 1, .max = 256};
const struct text_rule rule_text = {.wanted = "1 to 4096 characters", .min = 1, .max = 4096};
const struct text_rule rule_label_key = {
	.pattern = "^[a-z0-9]([a-z0-9_./-]{0,61}[a-z0-9])?$",
	.wanted =
		"a label of 1 to 63 lower-case letters, digits, '_', '.', '/' and '-', the first and "
		"last a letter or digit",
};
const struct text_rule rule_uri = {
	.pattern = "^[a-z][a-z0-9]*([+][a-z0-9]+)?:",
	.wanted = "a libvirt URI (\"qemu:///system\")",
	.max = 1024,
};
/* PATH_MAX of Linux counts the NUL. */
const struct text_rule rule_path = {
	.pattern = "^/",
	.wanted = "an absolute path, without a component \"..\"",
	.max = 4095,
	.path = true,
};
const struct text_rule rule_path_here = {
	.wanted = "an absolute path, or one relative to the file, without a component \"..\"",
	.min = 1,
	.max = 4095,
	.path = true,
};
const struct text_rule rule_cpus = {
	.pattern = "^[0-9]{1,4}(-[0-9]{1,4})?(,[0-9]{1,4}(-[0-9]{1,4})?)*$",
	.wanted = "a list of numbers and ranges (\"0-3,8\")",
	.max = 256,
};
/* What an address may look like; whether it is one, passt says. */
const struct text_rule rule_address = {
	.pattern = "^[0-9a-fA-F:.]{2,45}$",
	.wanted = "an IP address (\"127.0.0.1\")",
};
/* The tag of a virtiofs device has 36 bytes (virtio 1.2, 5.11.4). */
const struct text_rule rule_tag = {
	.pattern = "^[A-Za-z0-9_.-]{1,36}$",
	.wanted = "1 to 36 letters, digits, '_', '.' and '-'",
};
const struct text_rule rule_cmdline = {
	.wanted = "at most 65535 characters", .max = 65535, .lines = true};
const struct text_rule rule_cpu_model = {
	.pattern = "^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$",
	.wanted = "a CPU model of QEMU (\"EPYC-v4\") or \"host\"",
};
const struct text_rule rule_signature = {
	.pattern = "^0x[0-9a-f]{1,8}$",
	.wanted = "CPUID leaf 1 EAX as \"0x\" and at most 8 lower-case hex digits",
};
/* Up to some 97 TiB whatever the unit: nothing overflows. */
const struct text_rule rule_memory = {
	.pattern = "^([1-9][0-9]{0,10}K|[1-9][0-9]{0,7}M|[1-9][0-9]{0,4}G|[1-9][0-9]?T)(iB)?$",
	.wanted = "a size with its unit, K, M, G or T (\"4G\" or \"4GiB\"), or a number of bytes",
};
/* QEMU cuts a virtio disk's serial after 20 bytes (VIRTIO_BLK_ID_BYTES). */
const struct text_rule rule_serial = {
	.pattern = "^[A-Za-z0-9_.-]{1,20}$",
	.wanted = "1 to 20 letters, digits, '_', '.' and '-'",
};
const struct text_rule rule_source = {
	.pattern = "^[A-Za-z0-9][A-Za-z0-9_.:-]{0,62}$",
	.wanted = "the name of a libvirt network or a bridge",
};
/* The low bit of the first octet is the group bit: no interface has it. */
const struct text_rule rule_mac = {
	.pattern = "^" HEX "[02468aceACE](:" HEX "{2}){5}$",
	.wanted = "a unicast MAC address (\"52:54:00:12:34:56\")",
};
const struct text_rule rule_pci = {
	.pattern = "^[0-9a-f]{4}:[0-9a-f]{2}:[01][0-9a-f][.][0-7]$",
	.wanted = "a PCI address (\"0000:41:00.0\")",
};
const struct text_rule rule_policy = {
	.pattern = "^0x[0-9a-f]{1,16}$",
	.wanted = "\"0x\" and at most 16 lower-case hex digits",
};
const struct text_rule rule_abi_min = {
	.pattern = "^" BYTE "[.]" BYTE "$",
	.wanted = "MAJOR.MINOR, each 0 to 255",
};
/* What useradd takes, and what others give; not a number, which chown would take for one. */
const struct text_rule rule_user = {
	.pattern = "^[A-Za-z_][A-Za-z0-9_.-]{0,31}$",
	.wanted = "the name of a user",
};

/* U+FFFE and U+FFFF are no characters of XML 1.0 (production 2). */
static bool has_noncharacter(const char *text)
{
	return strstr(text, "\xef\xbf\xbe") || strstr(text, "\xef\xbf\xbf");
}

bool text_is_plain(const char *text, bool lines)
{
	size_t length = strlen(text);
	_cleanup_(freep) char *copy = strdup(text), *escaped = malloc(length + 1);

	if (!copy || !escaped || length >= UINT32_MAX)
		return false;
	if (lines)
		for (char *c = copy; *c; c++)
			if (*c == '\t' || *c == '\n')
				*c = ' ';
	/* Text is plain if escape_text() leaves it as it is, so that there is only one list of deceptive
	 * characters. */
	escape_text(copy, escaped, (unsigned int)length + 1);
	return strcmp(copy, escaped) == 0 && !has_noncharacter(copy);
}

static size_t count_characters(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += (*text & 0xc0) != 0x80;
	return n;
}

static bool matches(const char *text, const char *pattern)
{
	regex_t regex;
	bool yes;

	if (regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB) != 0)
		return false;
	yes = regexec(&regex, text, 0, NULL, 0) == 0;
	regfree(&regex);
	return yes;
}

static bool climbs(const char *path)
{
	size_t n = strlen(path);

	return strstr(path, "/../") || (n >= 3 && strcmp(path + n - 3, "/..") == 0) ||
	       strncmp(path, "../", 3) == 0 || strcmp(path, "..") == 0;
}

bool text_keeps(const char *text, const struct text_rule *rule)
{
	size_t n = count_characters(text);

	if (n < rule->min || (rule->max && n > rule->max))
		return false;
	if (!text_is_plain(text, rule->lines))
		return false;
	if (rule->path && climbs(text))
		return false;
	if (rule->except && matches(text, rule->except))
		return false;
	return !rule->pattern || matches(text, rule->pattern);
}

int json_ruled(const struct json_value *value, const struct text_rule *rule, const char **ret,
	       struct snp_error *err)
{
	int r = json_string(value, ret, err);

	if (r < 0 || text_keeps(*ret, rule))
		return r;
	return json_fail(value, err, SNP_E_JSON_VALUE, "must be %s%s", rule->wanted,
			 text_is_plain(*ret, rule->lines) ? "" : ", without invisible characters");
}

int field_text(const struct json_value *value, const struct field *field, void *at,
	       struct snp_error *err)
{
	const char *text;
	int r = json_ruled(value, field->rule, &text, err);

	return r < 0 ? r : field_copy(value, field, at, err);
}
