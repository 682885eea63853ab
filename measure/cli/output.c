// SPDX-License-Identifier: Apache-2.0
#include <snp/fail.h>
#include <snp/tool.h>

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <snp/cleanup.h>
#include <snp/file.h>

const struct cli_tool *cli_tool;
bool cli_json;

int cli_write_stdout(const char *bytes, size_t size, struct snp_error *err)
{
	int r = write_all(STDOUT_FILENO, (struct snp_span){(const uint8_t *)bytes, size});

	if (r < 0)
		return fail_errno(err, SNP_E_WRITE, -r, "cannot write to standard output");
	/* A network file system may report only here that it kept nothing. */
	if (close(STDOUT_FILENO) < 0 && size > 0)
		return fail_errno(err, SNP_E_WRITE, errno, "cannot close standard output");
	return 0;
}

static struct warning {
	const char *name;
	char message[512];
} warnings[64];
static unsigned int n_warnings;

static void add_warning(const char *name, const char *text)
{
	struct warning *new = &warnings[n_warnings];

	if (n_warnings == ARRAY_SIZE(warnings))
		return;
	escape_text(text, new->message, sizeof(new->message));
	for (unsigned int i = 0; i < n_warnings; i++)
		if (strcmp(warnings[i].name, name) == 0 &&
		    strcmp(warnings[i].message, new->message) == 0)
			return;
	new->name = name;
	n_warnings++;
}

void cli_warn(const char *name, const char *fmt, ...)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	char text[sizeof(warnings[0].message)];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	pthread_mutex_lock(&lock);
	add_warning(name, text);
	pthread_mutex_unlock(&lock);
}

const char *cli_warning(unsigned int i)
{
	return i < n_warnings ? warnings[i].message : NULL;
}

void cli_print_warnings(void)
{
	for (unsigned int i = 0; i < n_warnings; i++)
		fprintf(stderr, "%s: warning: %s [%s]\n", cli_tool->name, warnings[i].message,
			warnings[i].name);
}

bool cli_is_coloured(void)
{
	const char *no = getenv("NO_COLOR"), *terminal = getenv("TERM");

	return isatty(STDOUT_FILENO) && (!no || !no[0]) && terminal &&
	       strcmp(terminal, "dumb") != 0;
}

void cli_json_begin(struct json_out *json, const char *schema)
{
	struct cJSON *tool;

	json_out_init(json, schema);
	tool = json_out_object(json, json->root, "tool");
	json_out_string(json, tool, "name", cli_tool->name);
	json_out_string(json, tool, "version", SNP_VERSION);
}

void cli_json_warnings(struct json_out *json)
{
	struct cJSON *array = json_out_array(json, json->root, "warnings");

	for (unsigned int i = 0; i < n_warnings; i++) {
		struct cJSON *warning = json_out_object(json, array, NULL);

		json_out_string(json, warning, "name", warnings[i].name);
		json_out_string(json, warning, "message", warnings[i].message);
	}
}

int cli_json_end(const struct json_out *json, FILE *out, struct snp_error *err)
{
	_cleanup_(freep) char *text = NULL;
	int r = json_out_print(json, &text, err);

	if (r < 0)
		return r;
	fputs(text, out);
	return 0;
}

void cli_json_error(struct json_out *json, struct cJSON *object, const struct snp_error *err)
{
	json_out_string(json, object, "name", snp_code_name(err->code));
	json_out_integer(json, object, "exit_status", snp_code_class(err->code));
	json_out_string(json, object, "message", err->message);
	if (err->file[0])
		json_out_string(json, object, "file", err->file);
	if (err->pointer[0])
		json_out_string(json, object, "pointer", err->pointer);
	if (err->offset != SNP_NO_OFFSET)
		json_out_u64(json, object, "offset", err->offset);
	if (err->line != 0)
		json_out_integer(json, object, "line", err->line);
	if (err->line != 0 && err->column != 0)
		json_out_integer(json, object, "column", err->column);
}

static int print_error_object(FILE *out, const struct snp_error *err)
{
	_cleanup_(json_out_done) struct json_out json;
	_cleanup_(freep) char *text = NULL;
	int r;

	json_out_init(&json, "snp-error/1");
	cli_json_error(&json, json.root, err);
	r = json_out_print_compact(&json, &text, NULL);
	if (r < 0)
		return r;
	fprintf(out, "%s\n", text);
	return 0;
}

void cli_print_error(const struct snp_error *err)
{
	char line[4096];

	if (cli_json && print_error_object(stderr, err) == 0)
		return;
	snp_error_line(err, line, sizeof(line));
	fprintf(stderr, "%s: %s\n", cli_tool->name, line);
}

static void print_quoted(FILE *out, const char *path)
{
	fputc('\'', out);
	for (; *path != '\0'; path++)
		fprintf(out, *path == '\'' ? "'\\%c'" : "%c", *path);
	fputc('\'', out);
}

static void print_escaped(FILE *out, const char *path)
{
	fputs("$'", out);
	for (; *path != '\0'; path++) {
		unsigned char byte = (unsigned char)*path;

		if (byte < 0x20 || byte > 0x7e)
			fprintf(out, "\\x%02x", byte);
		else
			fprintf(out, byte == '\'' || byte == '\\' ? "\\%c" : "%c", byte);
	}
	fputc('\'', out);
}

void cli_print_shell_word(FILE *out, const char *path)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789._/+,:=@%-";
	bool is_shown = true;

	for (const char *at = path; *at != '\0'; at++)
		is_shown = is_shown && *at >= 0x20 && *at < 0x7f;
	if (path[0] == '-')
		fputs("./", out);
	if (path[strspn(path, plain)] == '\0')
		fputs(path, out);
	else if (is_shown)
		print_quoted(out, path);
	else
		print_escaped(out, path);
}

int cli_answer(FILE *out, int status, struct snp_error *err)
{
	static const char prefix[] = "error: ";
	char line[4096];

	if (status >= 0 || snp_code_class(err->code) != SNP_CLASS_NO)
		return status;
	if (cli_json)
		return print_error_object(out, err) == 0 ? CLI_NO : status;
	snp_error_line(err, line, sizeof(line));
	fprintf(out, "no: %s\n", line + sizeof(prefix) - 1);
	return CLI_NO;
}
