// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/hex.h>

#include "cli/columns.h"
#include "cli/guest_facts.h"
#include "cli/guest_view.h"
#include "cli/several.h"
#include "cli/verb.h"
#include "host/deadline.h"

static bool all, quiet;
static const char *format;

/* clang-format off */
static const struct cli_option options[] = {
	{"all", 'a', .flag = &all,
	 .help = "include guests that are off"},
	{"quiet", 'q', .flag = &quiet,
	 .help = "print names only"},
	{"format", .argument = "COLUMNS", .text = &format,
	 .help = "print these columns, separated by commas; see below"},
	CLI_OPTION_JSON,
	{0},
};
/* clang-format on */

static const struct cli_option *const tables[] = {session_options, label_options, options, NULL};

/* What a thread collects. If libvirt does not answer, it is left to that thread. */
struct listing {
	struct columns columns;
	struct session session;
	struct table *table;
	struct json_out json;
	struct cJSON *guests;
	char *text;
	size_t size;
	FILE *out;
};

/* "app=web,tier=db" */
static void join_labels(const struct guest_record *record, char *ret, size_t size)
{
	size_t at = 0;

	ret[0] = '\0';
	for (size_t i = 0; record && i < record->n_labels && at < size; i++)
		at += (size_t)snprintf(ret + at, size - at, "%s%s=%s", i > 0 ? "," : "",
				       record->labels[i].key, record->labels[i].value);
}

static void join_addresses(const struct guest_facts *facts, char *ret, size_t size)
{
	size_t at = 0;

	ret[0] = '\0';
	for (size_t i = 0; i < facts->n_addresses && at < size; i++)
		at += (size_t)snprintf(ret + at, size - at, "%s%s", i > 0 ? "," : "",
				       facts->addresses[i]);
}

static bool needs_all_facts(const struct columns *columns)
{
	for (size_t i = 0; i < columns->n; i++)
		if (columns->column[i] == COLUMN_VSOCK || columns->column[i] == COLUMN_ADDRESSES)
			return true;
	return false;
}

#define SHOWN_SIZE ((size_t)8192)

static int add_row(struct listing *l, const char *name, const struct guest *guest,
		   struct snp_error *err)
{
	const struct guest_record *record = guest_view_holds(guest) ? guest->record : NULL;
	char digest[2 * SNP_LAUNCH_DIGEST_SIZE + 1] = "", policy[24] = "", vcpus[16] = "",
						 cid[16] = "", memory[COLUMN_TEXT] = "",
						 uptime[COLUMN_TEXT] = "", labels[8192],
						 addresses[4096];
	_cleanup_(freep) char *shown = malloc((size_t)COLUMNS * SHOWN_SIZE); /* large for a stack */
	const char *cells[COLUMNS] = {
		[COLUMN_NAME] = name,
		[COLUMN_STATE] = guest_view_state(&l->session, name, guest),
		[COLUMN_MEMORY] = memory,
		[COLUMN_VCPUS] = vcpus,
		[COLUMN_UPTIME] = uptime,
		[COLUMN_BOUND_BY] = guest->record ? guest_view_bound(&l->session, guest) : "",
		[COLUMN_DIGEST] = digest,
		[COLUMN_POLICY] = policy,
		[COLUMN_UUID] = record ? record->uuid : "",
		[COLUMN_CREATED] = record ? record->created : "",
		[COLUMN_VSOCK] = cid,
		[COLUMN_ADDRESSES] = addresses,
		[COLUMN_LABELS] = labels,
	};
	struct guest_facts facts;

	if (!shown)
		return out_of_memory(err);
	guest_facts_read(&l->session, guest, !needs_all_facts(&l->columns), &facts);
	if (record) {
		hex_encode(record->launch_digest, SNP_LAUNCH_DIGEST_SIZE, digest);
		snprintf(policy, sizeof(policy), "0x%llx", (unsigned long long)record->policy);
	}
	if (facts.memory_kib)
		memory_text(facts.memory_kib, memory);
	if (facts.vcpus)
		snprintf(vcpus, sizeof(vcpus), "%u", facts.vcpus);
	if (facts.started)
		uptime_text(guest_uptime(&facts), uptime);
	if (facts.has_cid)
		snprintf(cid, sizeof(cid), "%u", facts.cid);
	cells[COLUMN_AUTOSTART] = !facts.has_autostart ? "" : facts.autostart ? "yes" : "no";
	join_labels(guest->record, labels, sizeof(labels));
	join_addresses(&facts, addresses, sizeof(addresses));
	for (size_t i = 0; i < COLUMNS; i++) {
		char *cell = shown + i * SHOWN_SIZE;

		escape_text(*cells[i] ? cells[i] : "-", cell, SHOWN_SIZE);
		cells[i] = cell;
	}
	return table_add(l->table, cells, err);
}

/* An unfinished guest is always shown: nobody would look for it. So is one that crashed. */
static bool is_listed(const struct listing *l, const char *name, const struct guest *guest)
{
	if (!label_chosen(guest->record))
		return false;
	return all || !guest->domain || guest->state == DOMAIN_CRASHED ||
	       strcmp(guest_view_state(&l->session, name, guest),
		      domain_state_names[guest->state]) != 0 ||
	       domain_state_is_active(guest->state);
}

/* One guest that cannot be read must not hide the others. */
static int add_guest(struct listing *l, const char *name, struct snp_error *err)
{
	_cleanup_(guest_close) struct guest guest = {0};
	struct snp_error unreadable;
	char line[2048];

	if (guest_open_anyway(&l->session, name, &guest, &unreadable) < 0) {
		snp_error_line(&unreadable, line, sizeof(line));
		cli_warn("unreadable-record", "%s: %s", name, line);
		snprintf(guest.name, sizeof(guest.name), "%s", name);
	}
	if (!is_listed(l, name, &guest))
		return 0;
	if (quiet)
		fprintf(l->out, "%s\n", name);
	else if (cli_json)
		guest_view_json(&l->json, l->guests, &l->session, name, &guest);
	else
		return add_row(l, name, &guest, err);
	return 0;
}

static int collect(void *arg, struct snp_error *err)
{
	struct listing *l = arg;
	char **names;
	size_t n;
	int r = session_open(NULL, &l->session, err);

	if (r < 0)
		return r;
	r = guest_dir_list(l->session.state, &names, &n, err);
	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < n; i++)
		r = add_guest(l, names[i], err);
	guest_names_free(names, n);
	return r;
}

static void listing_free(struct listing *l)
{
	session_close(&l->session);
	table_free(l->table);
	json_out_done(&l->json);
	if (l->out)
		fclose(l->out);
	free(l->text);
	free(l);
}

static struct listing *listing_new(const struct columns *columns)
{
	struct listing *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->columns = *columns;
	l->table = table_new(columns);
	l->out = open_memstream(&l->text, &l->size);
	if (!l->table || !l->out) {
		listing_free(l);
		return NULL;
	}
	cli_json_begin(&l->json, "snp-guests/1");
	l->guests = json_out_array(&l->json, l->json.root, "guests");
	return l;
}

static size_t terminal_width(void)
{
	struct winsize size;

	if (!isatty(STDOUT_FILENO) || format)
		return 0;
	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

static int print(FILE *out, struct listing *l, struct snp_error *err)
{
	if (cli_json) {
		cli_json_warnings(&l->json);
		return cli_json_end(&l->json, out, err);
	}
	fflush(l->out);
	fwrite(l->text, 1, l->size, out);
	if (!quiet)
		table_print(l->table, out, terminal_width(), cli_is_coloured());
	return 0;
}

/* A daemon that hangs must not let a script hang: libvirt itself would wait for ever. */
#define PATIENCE_SECONDS 10

static int run(FILE *out, char *const operands[], struct snp_error *err)
{
	struct columns columns = default_columns;
	struct listing *l;
	bool given_up;
	int r = label_check(err);

	(void)operands;
	if (r == 0 && (quiet + cli_json + (format != NULL)) > 1)
		r = fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
			      "give only one of --quiet, --format and --json");
	if (r == 0 && format)
		r = columns_parse(format, &columns, err);
	if (r < 0)
		return r;
	l = listing_new(&columns);
	if (!l)
		return out_of_memory(err);
	r = within_seconds(PATIENCE_SECONDS, collect, l, "cannot list the guests", &given_up, err);
	if (given_up)
		return r;
	if (r == 0)
		r = print(out, l, err);
	listing_free(l);
	return r;
}

static void help_columns(FILE *out)
{
	char list[512] = "Columns of --format: ";

	for (size_t i = 0, n = strlen(list); column_names[i] && n < sizeof(list); i++)
		n += (size_t)snprintf(list + n, sizeof(list) - n, "%s%s", i > 0 ? ", " : "",
				      column_names[i]);
	fputc('\n', out);
	cli_print_wrapped(out, 0, list);
}

const struct cli_verb verb_list = {
	.name = "list",
	.alias = "ps",
	.operands = "",
	.summary = "list guests with their state, size, uptime and binding",
	.example = "--all",
	.options = tables,
	.more_help = help_columns,
	.run = run,
};
