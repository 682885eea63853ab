// SPDX-License-Identifier: Apache-2.0
#include "guest/near_digest.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/firmware.h>
#include <snp/kernel.h>
#include <snp/memory.h>
#include <snp/search.h>

DEFINE_CLEANUP(struct snp_firmware *, snp_firmware_free);

/* More are for `snp-measure explain`, which has the time: this is on the way of a launch. */
#define MAX_VCPUS 32

/* The hash tables that are tried beside the stated one. */
enum table {
	TABLE_OFF,
	TABLE_NO_INITRD,
	TABLE_LINE_END,
	TABLE_NO_LINE_END,
	TABLE_NO_CMDLINE,
	N_TABLES
};

static const char *const table_names[N_TABLES] = {
	[TABLE_OFF] = "without kernel hashes",
	[TABLE_NO_INITRD] = "without initrd",
	[TABLE_LINE_END] = "with a line end after the command line",
	[TABLE_NO_LINE_END] = "without the line end of the command line",
	[TABLE_NO_CMDLINE] = "without command line",
};

struct tables {
	struct snp_kernel_hashes hashes[N_TABLES];
	struct search_hashes list[N_TABLES];
	enum table kind[N_TABLES];
	size_t n;
};

static void add_table(struct tables *t, enum table kind, const struct snp_kernel_hashes *hashes)
{
	if (hashes)
		t->hashes[t->n] = *hashes;
	t->kind[t->n] = kind;
	t->list[t->n] = (struct search_hashes){hashes ? &t->hashes[t->n] : NULL, 1};
	t->n++;
}

static void add_cmdline(struct tables *t, enum table kind, const struct snp_kernel_hashes *stated,
			const char *cmdline, size_t size)
{
	struct snp_kernel_hashes hashes = *stated;

	if (snp_cmdline_sha256((struct snp_span){(const uint8_t *)cmdline, size}, hashes.cmdline,
			       NULL) == 0)
		add_table(t, kind, &hashes);
}

static void list_tables(struct tables *t, const struct guest_measurement *measured,
			const struct boot_file boot[static BOOT_PARTS], const char *cmdline)
{
	const struct snp_kernel_hashes *stated = &measured->kernel_hashes;
	struct snp_kernel_hashes hashes = *stated;
	size_t n = strlen(cmdline);
	_cleanup_(freep) char *longer = format_text("%s\n", cmdline);

	t->n = 0;
	if (!measured->has_kernel_hashes)
		return;
	add_table(t, TABLE_OFF, NULL);
	if (boot[BOOT_INITRD].source) {
		memcpy(hashes.initrd, snp_no_initrd_sha256, SNP_SHA256_SIZE);
		add_table(t, TABLE_NO_INITRD, &hashes);
	}
	if (longer)
		add_cmdline(t, TABLE_LINE_END, stated, longer, n + 1);
	if (n > 0 && cmdline[n - 1] == '\n')
		add_cmdline(t, TABLE_NO_LINE_END, stated, cmdline, n - 1);
	if (n > 0)
		add_cmdline(t, TABLE_NO_CMDLINE, stated, "", 0);
}

static void describe(const struct guest_measurement *m, const struct tables *tables,
		     const struct search_match *match, char *ret, size_t size)
{
	const char *model = snp_cpu_model_of(match->vcpus.signature);
	size_t at = (size_t)snprintf(ret, size, "it is that of this guest");

	if (match->vcpus.count != m->vcpus.count)
		at += (size_t)snprintf(ret + at, size - at, ", with %" PRIu32 " vCPUs",
				       match->vcpus.count);
	if (match->vcpus.signature != m->vcpus.signature)
		at += (size_t)snprintf(ret + at, size - at,
				       ", with CPU signature 0x%" PRIx32 "%s%s%s",
				       match->vcpus.signature, model ? " (" : "",
				       model ? model : "", model ? ")" : "");
	if (match->vcpus.features != m->vcpus.features)
		at += (size_t)snprintf(ret + at, size - at, ", with guest features 0x%" PRIx64,
				       match->vcpus.features);
	if (strcmp(match->vcpus.profile, m->vcpus.profile) != 0)
		at += (size_t)snprintf(ret + at, size - at, ", launched as by %s",
				       match->vcpus.profile);
	if (match->hashes > 0)
		snprintf(ret + at, size - at, ", %s", table_names[tables->kind[match->hashes - 1]]);
}

void near_digest(const struct guest_measurement *measured,
		 const struct boot_file boot[static BOOT_PARTS], const char *cmdline,
		 const uint8_t wanted[static SNP_LAUNCH_DIGEST_SIZE], char *ret, size_t size)
{
	_cleanup_(snp_firmware_freep) struct snp_firmware *firmware = NULL;
	struct snp_launch launch = {
		.mode = SNP_MODE_SNP,
		.kernel_hashes = measured->has_kernel_hashes ? &measured->kernel_hashes : NULL,
		.vcpus = measured->vcpus,
	};
	struct search_match match;
	struct tables tables;
	struct search search = {.stated = &launch, .max_vcpus = MAX_VCPUS};
	struct search_extent extent;
	int r;

	ret[0] = '\0';
	if (measured->vcpus.count > search.max_vcpus)
		search.max_vcpus = measured->vcpus.count;
	if (snp_firmware_read(boot[BOOT_FIRMWARE].path, &firmware, NULL) < 0)
		return;
	launch.firmware = firmware;
	list_tables(&tables, measured, boot, cmdline ? cmdline : "");
	search.hashes = tables.list;
	search.n_hashes = tables.n;
	r = search_run(&search, wanted, &match, &extent, NULL);
	if (r == 0)
		describe(measured, &tables, &match, ret, size);
	else if (r == -SNP_E_NOT_FOUND)
		snprintf(ret, size,
			 "of %" PRIu64
			 " guests that differ from this in vCPUs, CPU model, features or "
			 "command line's end none has it, so the firmware%s is another",
			 extent.tried,
			 measured->has_kernel_hashes ? ", kernel, initrd or command line" : "");
}
