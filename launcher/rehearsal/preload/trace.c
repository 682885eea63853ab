// SPDX-License-Identifier: Apache-2.0
#include "trace.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bytes.h"
#include "gctx.h"
#include "program.h"
#include "uapi.h"

/* A page with more non-zero words than this is code or data, whose digest says enough; save areas and
 * the SEV hash table have fewer. */
#define MAX_WORDS 64

void trace_begin(struct trace *trace, const char *guest_type, unsigned int vm_type)
{
	*trace = (struct trace){.guest_type = guest_type, .vm_type = vm_type};
}

__attribute__((format(printf, 2, 3))) static void append(struct trace *trace, const char *fmt, ...)
{
	char text[512];
	va_list ap;
	size_t size;

	va_start(ap, fmt);
	size = (size_t)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (trace->updates_size + size + 1 > trace->updates_capacity) {
		size_t capacity = trace->updates_capacity * 2 + 65536;
		char *grown = realloc(trace->updates, capacity);

		if (!grown)
			abort();
		trace->updates = grown;
		trace->updates_capacity = capacity;
	}
	memcpy(trace->updates + trace->updates_size, text, size + 1);
	trace->updates_size += size;
}

static void append_words(struct trace *trace, const uint8_t *bytes, size_t size)
{
	unsigned int count = 0;
	const char *separator = "";

	for (size_t i = 0; i + 8 <= size; i += 8)
		count += get_le64(bytes + i) != 0;
	if (count > MAX_WORDS)
		return;
	append(trace, ", \"words\": {");
	for (size_t i = 0; i + 8 <= size; i += 8) {
		uint64_t word = get_le64(bytes + i);

		if (!word)
			continue;
		append(trace, "%s\"0x%zx\": \"0x%" PRIx64 "\"", separator, i, word);
		separator = ", ";
	}
	append(trace, "}");
}

void trace_update(struct trace *trace, const char *page_type, uint64_t gpa, const uint8_t *bytes,
		  size_t size, const uint8_t *contents, size_t contents_size, const uint8_t *ld)
{
	char hex[2 * LD_SIZE + 1];

	append(trace, "%s\n    {\"page_type\": \"%s\"", trace->updates_size ? "," : "", page_type);
	if (gpa != TRACE_NO_GPA)
		append(trace, ", \"gpa\": \"0x%" PRIx64 "\"", gpa);
	append(trace, ", \"size\": %zu", size);
	if (contents) {
		append(trace, ", \"contents\": \"%s\"", to_hex(contents, contents_size, hex));
		append_words(trace, bytes, size);
	}
	if (ld)
		append(trace, ", \"digest\": \"%s\"", to_hex(ld, LD_SIZE, hex));
	append(trace, "}");
}

const char *trace_page_type(unsigned int type)
{
	static const char *const names[] = {
		[PAGE_TYPE_NORMAL] = "normal",	 [PAGE_TYPE_VMSA] = "vmsa",
		[PAGE_TYPE_ZERO] = "zero",	 [PAGE_TYPE_UNMEASURED] = "unmeasured",
		[PAGE_TYPE_SECRETS] = "secrets", [PAGE_TYPE_CPUID] = "cpuid",
	};

	return names[type];
}

void trace_identity(struct trace *trace, const uint8_t host_data[static 32], bool id_block,
		    bool author_key)
{
	memcpy(trace->host_data, host_data, sizeof(trace->host_data));
	trace->id_block = id_block;
	trace->author_key = author_key;
}

static const char *command_name(uint32_t command)
{
	switch (command) {
	case UAPI_SEV_SNP_LAUNCH_START:
		return "snp_launch_start";
	case UAPI_SEV_SNP_LAUNCH_UPDATE:
		return "snp_launch_update";
	case UAPI_SEV_SNP_LAUNCH_FINISH:
		return "snp_launch_finish";
	case KVM_SEV_LAUNCH_START:
		return "launch_start";
	case KVM_SEV_LAUNCH_UPDATE_DATA:
		return "launch_update_data";
	case KVM_SEV_LAUNCH_UPDATE_VMSA:
		return "launch_update_vmsa";
	case KVM_SEV_LAUNCH_MEASURE:
		return "launch_measure";
	case KVM_SEV_LAUNCH_FINISH:
		return "launch_finish";
	default:
		return "init";
	}
}

static void print(FILE *out, const struct trace *trace, uint32_t command, int result,
		  uint32_t firmware_status)
{
	char hex[2 * LD_SIZE + 1];

	fprintf(out, "{\n  \"schema\": \"snp-rehearsal-trace/1\",\n");
	fprintf(out, "  \"guest_type\": \"%s\",\n  \"vm_type\": %u,\n", trace->guest_type,
		trace->vm_type);
	if (trace->finished) {
		fprintf(out, "  \"policy\": \"0x%" PRIx64 "\",\n", trace->policy);
		fprintf(out, "  \"launch_digest\": \"%s\",\n",
			to_hex(trace->launch_digest, trace->launch_digest_size, hex));
	}
	if (strcmp(trace->guest_type, "sev-snp") == 0 && trace->finished) {
		fprintf(out, "  \"host_data\": \"%s\",\n",
			to_hex(trace->host_data, sizeof(trace->host_data), hex));
		fprintf(out, "  \"id_block\": %s,\n  \"author_key\": %s,\n",
			trace->id_block ? "true" : "false", trace->author_key ? "true" : "false");
	}
	if (result < 0)
		fprintf(out,
			"  \"refused\": {\"command\": \"%s\", \"result\": %d, "
			"\"firmware_status\": %u},\n",
			command_name(command), result, firmware_status);
	fprintf(out, "  \"updates\": [%s\n  ]\n}\n", trace->updates ? trace->updates : "");
}

static void write_document(const struct trace *trace, uint32_t command, int result,
			   uint32_t firmware_status)
{
	int folder = program_open_guest_folder();
	FILE *out = NULL;
	bool whole = false;
	int fd;

	if (folder < 0)
		return;
	fd = openat(folder, "trace.json.new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd >= 0)
		out = fdopen(fd, "w");
	if (out) {
		print(out, trace, command, result, firmware_status);
		whole = !ferror(out);
		whole = fclose(out) == 0 && whole;
	}
	if (!whole || renameat(folder, "trace.json.new", folder, "trace.json") < 0)
		complain("trace.json: %s", strerror(errno));
	close(folder);
}

void trace_finish(struct trace *trace, uint64_t policy, const uint8_t *launch_digest, size_t size)
{
	trace->finished = true;
	trace->policy = policy;
	memcpy(trace->launch_digest, launch_digest, size);
	trace->launch_digest_size = size;
	write_document(trace, 0, 0, 0);
}

void trace_refusal(struct trace *trace, uint32_t command, int result, uint32_t firmware_status)
{
	/* Asking for the length of the measurement is not a refused launch. */
	if (!trace->guest_type || command == KVM_SEV_LAUNCH_MEASURE)
		return;
	write_document(trace, command, result, firmware_status);
}
