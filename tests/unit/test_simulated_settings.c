// SPDX-License-Identifier: Apache-2.0
/* What the preload library reads for itself: host.conf, and the guest's name in QEMU's arguments. */
#include "rows.h"

#include <stdlib.h>
#include <string.h>

#include "program.h"
#include "settings.h"

#define ID "00112233445566778899aabbccddeeff"

struct text_row {
	const char *name;
	const char *text;
	const char *wrong; /* NULL: right */
};

static const struct text_row texts[] = {
	{"empty", "", NULL},
	{"6.12", "kernel=6.12\n", NULL},
	{"6.19, no newline", "kernel=6.19", NULL},
	{"other kernel", "kernel=6.13\n", "kernel is neither 6.12 nor 6.19"},
	{"firmware", "firmware=1.58.7\n", NULL},
	{"firmware of two parts", "firmware=1.58\n", "firmware is not MAJOR.MINOR.BUILD"},
	{"firmware with a rest", "firmware=1.58.7x\n", "firmware is not MAJOR.MINOR.BUILD"},
	{"firmware over a byte", "firmware=1.256.7\n", "firmware is not MAJOR.MINOR.BUILD"},
	{"TCB", "tcb=bl=4,tee=0,snp=24,ucode=219\n", NULL},
	{"TCB over a byte", "tcb=bl=4,tee=0,snp=24,ucode=256\n",
	 "tcb is not bl=N,tee=N,snp=N,ucode=N"},
	{"TCB without microcode", "tcb=bl=4,tee=0,snp=24\n", "tcb is not bl=N,tee=N,snp=N,ucode=N"},
	{"chip id", "chip_id=" ID ID ID ID "\n", NULL},
	{"short chip id", "chip_id=" ID "\n", "chip_id is not 128 hex digits"},
	{"chip id not hex", "chip_id=" ID ID ID "g0112233445566778899aabbccddeeff\n",
	 "chip_id is not 128 hex digits"},
	{"unknown key", "smt=1\n", "unknown key"},
	{"no value", "kernel\n", "line without '='"},
};

static void check_text(void **state)
{
	const struct text_row *row = *state;
	struct settings settings = {0};
	const char *wrong = settings_parse(row->text, &settings);

	if (row->wrong) {
		assert_non_null(wrong);
		assert_string_equal(wrong, row->wrong);
	} else {
		assert_null(wrong);
	}
}

static void check_values(void **unused)
{
	struct settings settings = {0};

	(void)unused;
	assert_null(settings_parse("kernel=6.19\nfirmware=1.58.7\ntcb=bl=4,tee=1,snp=24,ucode=219\n"
				   "\nchip_id=" ID ID ID ID "\n",
				   &settings));
	assert_int_equal(settings.kernel, KERNEL_6_19);
	assert_int_equal(settings.api_major, 1);
	assert_int_equal(settings.api_minor, 58);
	assert_int_equal(settings.build, 7);
	assert_int_equal(settings.tcb.boot_loader, 4);
	assert_int_equal(settings.tcb.tee, 1);
	assert_int_equal(settings.tcb.snp, 24);
	assert_int_equal(settings.tcb.microcode, 219);
	assert_int_equal(settings.chip_id[63], 0xff);
}

static void check_long_line(void **unused)
{
	char text[1024];
	struct settings settings = {0};

	(void)unused;
	memset(text, 'k', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_string_equal(settings_parse(text, &settings), "line too long");
}

struct name_row {
	const char *name;
	const char *args; /* with '|' for NUL */
	const char *guest;
};

static const struct name_row names[] = {
	{"as libvirt writes it", "qemu|-name|guest=web1,debug-threads=on|-S|", "web1"},
	{"without guest=", "qemu|-name|web1|", "web1"},
	{"a comma in the name", "qemu|-name|guest=a,,b,debug-threads=on|", "a,b"},
	{"a comma at the end", "qemu|-name|guest=a,,,x=y|", "a,"},
	{"none", "qemu|-machine|none|", ""},
	{"nothing after -name", "qemu|-name|", ""},
	{"no argument at all", "", ""},
	{"not ended", "qemu|-name|guest=web1", "web1"},
	{"too long", "qemu|-name|guest=0123456789abcdef|", "0123456"},
};

static void check_name(void **state)
{
	const struct name_row *row = *state;
	size_t size = strlen(row->args);
	char *args = malloc(size + 1), found[8] = "xxxxxxx";

	assert_non_null(args);
	for (size_t i = 0; i < size; i++)
		args[i] = row->args[i] == '|' ? '\0' : row->args[i];
	program_find_guest_name(args, size, found, sizeof(found));
	assert_string_equal(found, row->guest);
	free(args);
}

int main(void)
{
	static struct CMUnitTest tests[ROWS_MAX];
	size_t n = 0;

	ADD_ROWS(tests, n, check_text, texts);
	ADD_ROWS(tests, n, check_name, names);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(check_values);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(check_long_line);
	return RUN_TESTS("simulated settings", tests, n);
}
