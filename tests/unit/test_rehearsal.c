// SPDX-License-Identifier: Apache-2.0
/* What a rehearsal leaves out leaves everything that is measured as create has it; its trace is read
 * strictly; and where it differs from the prediction, the register has a name. */
#include "rows.h"

#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <snp/cleanup.h>
#include <snp/file.h>
#include <snp/folder.h>
#include <snp/memory.h>

#include "domain/domain_xml.h"
#include "rehearsal/layout.h"
#include "rehearsal/leave_out.h"
#include "rehearsal/verdict.h"

static const char everything[] =
	"{\"schema\": \"snp-launch/2\", \"name\": \"one\", \"snp\": {\"user\": \"root\"},"
	" \"firmware\": {\"path\": \"/f\"}, \"boot\": {\"kernel\": \"/k\", \"cmdline\": \"ro\"},"
	" \"cpu\": {\"count\": 4, \"model\": \"EPYC-Milan\"},"
	" \"memory\": {\"size\": \"1GiB\", \"hugepages\": true, \"locked\": true},"
	" \"disks\": [{\"path\": \"/d\", \"format\": \"raw\"}],"
	" \"networks\": [{\"type\": \"bridge\", \"source\": \"br0\"}],"
	" \"vfio\": [{\"address\": \"0000:41:00.0\"}], \"vsock\": {\"cid\": 7}, \"tpm\": \"emulated\","
	" \"console\": {\"type\": \"none\"}, \"autostart\": true}";

static char *xml_of(const struct vm_config *config)
{
	const struct launch_made made = {.firmware = "/f", .kernel = "/k"};
	_cleanup_(launch_spec_freep) struct launch_spec *asked = NULL;
	struct domain_request request = {.config = config};
	char *xml;

	assert_int_equal(launch_spec_from_config(config, &asked, NULL), 0);
	assert_int_equal(launch_spec_complete(asked, &made, NULL), 0);
	request.asked = asked;
	assert_int_equal(domain_xml_build(&request, &xml, NULL), 0);
	return xml;
}

/* The elements of this name, all in one text. */
static char *elements(const char *xml, const char *name)
{
	char open[32], close[32], *ret = calloc(1, strlen(xml) + 1);

	assert_non_null(ret);
	snprintf(open, sizeof(open), "<%s", name);
	snprintf(close, sizeof(close), "</%s>", name);
	for (const char *at = strstr(xml, open); at; at = strstr(at + 1, open)) {
		const char after = at[strlen(open)], *end = strstr(at, close);

		if (after != ' ' && after != '>')
			continue;
		assert_non_null(end);
		strncat(ret, at, (size_t)(end - at));
	}
	assert_true(ret[0] != '\0');
	return ret;
}

static void count(void *arg, const char *pointer, const char *why)
{
	assert_int_equal(pointer[0], '/');
	assert_true(why[0] != '\0');
	++*(unsigned int *)arg;
}

static void what_is_measured_stays_as_create_has_it(void **state)
{
	static const char *const kept[] = {"os",     "cpu",	 "vcpu",
					   "memory", "features", "launchSecurity"};
	struct vm_config *config;
	unsigned int n = 0;
	char *before, *after;

	(void)state;
	assert_int_equal(vm_config_parse("vm.json", text_span(everything), &config, NULL), 0);
	before = xml_of(config);
	rehearsal_leave_out(config, count, &n);
	assert_int_equal(n, 10);
	after = xml_of(config);
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++) {
		char *a = elements(before, kept[i]), *b = elements(after, kept[i]);

		assert_string_equal(a, b);
		free(a);
		free(b);
	}
	assert_null(strstr(after, "<disk"));
	assert_null(strstr(after, "<interface"));
	assert_null(strstr(after, "<hostdev"));
	assert_null(config->user);
	assert_non_null(strstr(after, "<serial"));
	n = 0;
	rehearsal_leave_out(config, count, &n);
	assert_int_equal(n, 0);
	free(before);
	free(after);
	vm_config_free(config);
}

#define ZEROS48 \
	"000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
static const char trace[] =
	"{\"schema\": \"snp-rehearsal-trace/1\", \"guest_type\": \"sev-snp\","
	" \"launch_digest\": \"" ZEROS48 "\", \"updates\": ["
	"{\"page_type\": \"zero\", \"gpa\": \"0x800000\", \"size\": 4096, \"digest\": \"" ZEROS48
	"\"},"
	"{\"page_type\": \"vmsa\", \"gpa\": \"0xfffffffff000\", \"size\": 4096, \"contents\": \"" ZEROS48
	"\", \"words\": {\"0x310\": \"0xa00f11\", \"0x3b0\": \"0x1\"}}]}";

static const struct mangle {
	const char *name, *old, *new;
	enum snp_code code;
} mangles[] = {
	{"as it is", "", "", SNP_OK},
	{"other schema", "trace/1", "trace/2", SNP_E_JSON_SCHEMA},
	{"SEV-ES", "sev-snp", "sev-es", SNP_E_JSON_VALUE},
	{"refused", "\"guest_type\"", "\"refused\": {}, \"guest_type\"", SNP_E_JSON_VALUE},
	{"no digest", "\"launch_digest\"", "\"digest\"", SNP_E_JSON_MISSING_KEY},
	{"unknown page type", "\"zero\"", "\"data\"", SNP_E_JSON_VALUE},
	{"no address", "\"gpa\"", "\"address\"", SNP_E_JSON_MISSING_KEY},
	{"words past the page", "0x310", "0x1000", SNP_E_JSON_VALUE},
	{"words off their places", "0x310", "0x311", SNP_E_JSON_VALUE},
	{"digest of another length", "\"digest\": \"00", "\"digest\": \"", SNP_E_JSON_VALUE},
	{"no updates", "\"updates\"", "\"update\"", SNP_E_JSON_MISSING_KEY},
};

static int parse(const struct mangle *m, struct rehearsal_trace **ret, struct snp_error *err)
{
	const char *at = strstr(trace, m->old);
	char text[2048];

	assert_non_null(at);
	snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - trace), trace, m->new,
		 at + strlen(m->old));
	return rehearsal_trace_parse("trace.json", text_span(text), 0, ret, err);
}

static void check_mangle(void **state)
{
	const struct mangle *m = *state;
	struct rehearsal_trace *read = (struct rehearsal_trace *)state;
	struct snp_error err = {0};

	assert_int_equal(parse(m, &read, &err), -(int)m->code);
	if (m->code != SNP_OK) {
		assert_ptr_equal(read, state);
		assert_true(err.message[0] != '\0');
		return;
	}
	assert_int_equal(read->plan->n_runs, 2);
	assert_true(read->plan->runs[0].has_digest && !read->plan->runs[1].has_digest);
	assert_int_equal(read->plan->vcpus.count, 1);
	assert_int_equal(read->plan->vcpus.signature, 0xa00f11);
	assert_int_equal(read->plan->vcpus.features, 1);
	rehearsal_trace_free(read);
}

static void a_differing_register_is_named(void **state)
{
	struct plan_run runs[2] = {
		{.index = 0,
		 .count = 1,
		 .type = SNP_PAGE_ZERO,
		 .gpa = 0x800000,
		 .has_contents = true},
		{.index = 1,
		 .count = 1,
		 .type = SNP_PAGE_VMSA,
		 .gpa = 0xfffffffff000,
		 .origin = "vCPU 0",
		 .has_contents = true,
		 .contents = {1}},
	};
	struct plan_document plan = {.runs = runs, .n_runs = 2, .vcpus.count = 1};
	static uint8_t vmsas[2][SNP_PAGE_SIZE];
	const struct rehearsal_predicted predicted = {.plan = &plan, .vmsas = &vmsas};
	struct rehearsal_verdict verdict = {0};
	struct rehearsal_trace *read;

	(void)state;
	assert_int_equal(parse(&mangles[0], &read, NULL), 0);
	memcpy(vmsas[0], read->pages[1], SNP_PAGE_SIZE);
	vmsas[0][0x408] = 0x80;
	rehearsal_compare(&predicted, read, &verdict);
	assert_true(verdict.has_difference);
	assert_string_equal(verdict.difference.what, "vCPU 0: VMSA, MXCSR");
	assert_string_equal(verdict.difference.first, "0x0000000000000080 at 0x408");
	assert_string_equal(verdict.difference.second, "0x0000000000000000 at 0x408");
	rehearsal_trace_free(read);
}

/* The file that libvirt learnt, in `cache`, which has one folder; "" where it is not there. */
static const char *kept(const char *cache, const char *name, char ret[static HOST_PATH_MAX])
{
	char path[2 * HOST_PATH_MAX];
	glob_t found;

	snprintf(path, sizeof(path), "%s/libvirt-*/%s", cache, name);
	ret[0] = '\0';
	if (glob(path, 0, NULL, &found) == 0) {
		snprintf(ret, HOST_PATH_MAX, "%s", found.gl_pathv[0]);
		globfree(&found);
	}
	return ret;
}

/* The simulated host's folders are its libvirtd's user's. What that user puts there does not lead root to other
 * files, neither to write nor to read. */
static void links_of_the_host(void **state)
{
	static const char learnt[] = "cache/libvirt/qemu/cache/capabilities";
	char path[HOST_PATH_MAX], secret[HOST_PATH_MAX], cache[HOST_PATH_MAX], names[4][80];
	_cleanup_(freep) uint8_t *back = NULL;
	struct host_layout host;
	struct stat st;
	size_t size;

	(void)state;
	assert_int_equal(host_layout_make(NULL, &host, NULL), 0);
	assert_int_equal(host_layout_fill(&host, "/etc/passwd", "6.12", "1.55.35", NULL), 0);
	assert_int_equal(mkdir(host_path(&host, "keep", cache), 0700), 0);
	host_path(&host, "secret", secret);
	assert_int_equal(
		file_write(secret, (struct snp_span){(const uint8_t *)"s", 1}, 0600, true, NULL),
		0);

	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++)
		snprintf(names[i], sizeof(names[i]), "%064u.xml", i);
	snprintf(names[3], sizeof(names[3]), "other.xml");
	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++) {
		_cleanup_(freep) char *name = format_text("%s/%s", learnt, names[i]);

		host_path(&host, name, path);
		if (i == 0)
			assert_int_equal(symlink(secret, path), 0);
		else if (i == 1)
			assert_int_equal(link(secret, path), 0);
		else
			assert_int_equal(host_write(&host, name, "o", 1, 0600, NULL), 0);
	}
	host_capabilities(&host, cache, true);
	assert_string_equal(kept(cache, names[0], path), "");
	/* Without root's rights it is this user's file. */
	assert_int_equal(kept(cache, names[1], path)[0] != '\0', getuid() != 0);
	assert_string_equal(kept(cache, names[3], path), "");

	assert_true(kept(cache, names[2], path)[0]);

	/* Nor is a file handed on that a link in the cache names. */
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink(secret, path), 0);
	host_capabilities(&host, cache, false);
	snprintf(path, sizeof(path), "%s/%s", learnt, names[2]);
	back = host_read(&host, path, 16, &size);
	assert_non_null(back);
	assert_int_equal(back[0], 'o');

	/* Nor by a link in place of a folder, or of a log. */
	assert_int_equal(rmdir(host_path(&host, "chip", path)), 0);
	assert_int_equal(symlink(host.folder, path), 0);
	assert_int_equal(host_write(&host, "chip/x", "x", 1, 0644, NULL), -SNP_E_WRITE);
	assert_null(host_read(&host, "chip/secret", 16, &size));
	assert_true(host_new_log(&host, "chip/log") < 0);
	assert_int_equal(symlink(secret, host_path(&host, "log/libvirtd.log", path)), 0);
	assert_true(host_new_log(&host, "log/libvirtd.log") < 0);
	assert_null(host_read(&host, "log/libvirtd.log", 16, &size));
	assert_int_equal(stat(secret, &st), 0);
	assert_int_equal(st.st_size, 1);
	assert_int_equal(st.st_uid, getuid());
	assert_int_equal(remove_tree(AT_FDCWD, host.folder), 0);
}

int main(void)
{
	struct CMUnitTest tests[ROWS_MAX] = {
		cmocka_unit_test(links_of_the_host),
		cmocka_unit_test(what_is_measured_stays_as_create_has_it),
		cmocka_unit_test(a_differing_register_is_named),
	};
	size_t n = tests_listed(tests);

	ADD_ROWS(tests, n, check_mangle, mangles);
	return RUN_TESTS("rehearsal", tests, n);
}
