// SPDX-License-Identifier: Apache-2.0
#include "cli/several.h"

#include <libxml/parser.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/progress.h>

#include "config/labels.h"

/* libvirt's daemon works on at most five calls of one connection at a time (libvirtd.conf,
 * max_client_requests). */
#define AT_ONCE 4

static bool all;
static struct cli_values labels;

/* clang-format off */
#define LABEL_OPTION \
	{"label", .argument = "KEY[=VALUE]", .values = &labels, \
	 .help = "the guests with this label; if repeated, those with all of the labels"}

const struct cli_option choice_options[] = {
	{"all", 'a', .flag = &all,
	 .help = "all guests of this state folder"},
	LABEL_OPTION,
	{0},
};

const struct cli_option label_options[] = {
	LABEL_OPTION,
	{0},
};
/* clang-format on */

static bool by_option(void)
{
	return all || labels.count > 0;
}

int label_check(struct snp_error *err)
{
	int r = 0;

	for (unsigned int i = 0; r == 0 && i < labels.count; i++)
		r = label_selector_check(labels.value[i], err);
	return r;
}

/* Neither operands nor options, or both, are wrong usage. */
static int check_choice(char *const operands[], struct snp_error *err)
{
	int r = label_check(err);

	if (r < 0)
		return r;
	if (operands[0] && by_option())
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
				 "give names, or --all or --label, but not both");
	if (!operands[0] && !by_option())
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
				 "no guest given; give names, --all or --label");
	if (all && labels.count > 0)
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
				 "give --all or --label, but not both");
	return 0;
}

bool label_chosen(const struct guest_record *record)
{
	for (unsigned int i = 0; i < labels.count; i++)
		if (!record || !label_selected(record->labels, record->n_labels, labels.value[i]))
			return false;
	return true;
}

/* One guest's turn. */
struct turn {
	char *name;
	int status;
	char *told;		 /* what came into force, a line each; NULL: nothing */
	bool was_done;		 /* there was nothing to do */
	enum domain_state state; /* then: its state */
	struct snp_error err;
};

struct round {
	const struct session *session;
	const struct guest_action *action;
	struct turn *turns;
	size_t n;
	atomic_size_t next;
	size_t n_done; /* this and the bar: under the lock */
	struct cli_progress bar;
	pthread_mutex_t lock;
};

static void round_done(struct round *round)
{
	for (size_t i = 0; i < round->n; i++) {
		free(round->turns[i].name);
		free(round->turns[i].told);
	}
	free(round->turns);
}

static int add_turn(struct round *round, const char *name, struct snp_error *err)
{
	for (size_t i = 0; i < round->n; i++)
		if (strcmp(round->turns[i].name, name) == 0)
			return 0;
	round->turns[round->n].name = strdup(name);
	return round->turns[round->n].name ? (void)round->n++, 0 : out_of_memory(err);
}

/* Only guests with a record: other people's domains, and what is being made, are left alone. */
static int add_chosen(struct round *round, const char *name, struct snp_error *err)
{
	_cleanup_(record_freep) struct guest_record *record = NULL;
	char path[GUEST_PATH_MAX];
	int r = 0;

	guest_path(round->session->state, name, path);
	if (!record_exists(path))
		return 0;
	if (labels.count > 0)
		r = record_read(path, &record, err);
	return r < 0 || !label_chosen(record) ? r : add_turn(round, name, err);
}

static int choose(struct round *round, char *const operands[], struct snp_error *err)
{
	char **names = NULL;
	size_t n = 0;
	int r = 0;

	if (by_option())
		r = guest_dir_list(round->session->state, &names, &n, err);
	for (; !by_option() && operands[n]; n++)
		continue;
	round->turns = r == 0 ? calloc(n + 1, sizeof(*round->turns)) : NULL;
	if (r == 0 && !round->turns)
		r = out_of_memory(err);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = by_option() ? add_chosen(round, names[i], err)
				: add_turn(round, operands[i], err);
	if (names)
		guest_names_free(names, n);
	return r;
}

/* "Remove 3 guests (db, web1, web2)? [y/N] " */
static int ask(const struct round *round, bool *ret_yes, struct snp_error *err)
{
	char answer[16] = "";

	if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
		return fail_with(
			err, SNP_E_USAGE, SNP_NO_OFFSET,
			"--all needs --force here, because there is no terminal to ask on");
	fprintf(stderr, "%s %zu guest%s (", round->action->verb, round->n,
		round->n == 1 ? "" : "s");
	for (size_t i = 0; i < round->n; i++)
		fprintf(stderr, "%s%s", i > 0 ? ", " : "", round->turns[i].name);
	fputs(")? [y/N] ", stderr);
	*ret_yes = fgets(answer, sizeof(answer), stdin) && (answer[0] | 0x20) == 'y';
	return 0;
}

/* Whether a guest chosen by --all or --label is as the verb would make it. */
static int look_first(const struct round *round, struct turn *turn)
{
	_cleanup_(guest_close) struct guest guest = {0};
	int r;

	if (!by_option() || !round->action->is_done)
		return 0;
	r = guest_open(round->session, turn->name, &guest, &turn->err);
	turn->state = guest.state;
	turn->was_done = r == 0 && guest.domain && round->action->is_done(guest.state);
	return r;
}

static int act(const struct round *round, struct turn *turn)
{
	const struct guest_action *action = round->action;

	if (action->tell)
		return action->tell(round->session, turn->name, &turn->told, &turn->err);
	return action->run(round->session, turn->name, &turn->err);
}

static void count_done(struct round *round)
{
	pthread_mutex_lock(&round->lock);
	cli_progress_move(&round->bar, 1000 * (uint64_t)++round->n_done, 1000 * (uint64_t)round->n);
	pthread_mutex_unlock(&round->lock);
}

static void *work(void *arg)
{
	struct round *round = arg;
	size_t i;

	while ((i = atomic_fetch_add(&round->next, 1)) < round->n) {
		struct turn *turn = &round->turns[i];

		turn->status = look_first(round, turn);
		if (turn->status == 0 && !turn->was_done)
			turn->status = act(round, turn);
		if (round->n > 1)
			count_done(round);
	}
	return NULL;
}

static void work_at_once(struct round *round)
{
	pthread_t threads[AT_ONCE - 1];
	size_t n = 0;

	xmlInitParser();
	pthread_mutex_init(&round->lock, NULL);
	cli_progress_begin(&round->bar, "guests");
	/* Bars of several files at once would be no help. */
	if (round->n == 1)
		show_boot_progress();
	while (n < AT_ONCE - 1 && n + 1 < round->n &&
	       pthread_create(&threads[n], NULL, work, round) == 0)
		n++;
	work(round);
	while (n > 0)
		pthread_join(threads[--n], NULL);
	cli_progress_end(&round->bar);
}

static const char *state_after(const struct round *round, const struct turn *turn)
{
	return turn->was_done ? domain_state_names[turn->state] : round->action->state;
}

static void print_told(FILE *out, const struct turn *turn)
{
	for (const char *line = turn->told; line && *line; line += strcspn(line, "\n") + 1)
		fprintf(out, "%s: in force now: %.*s\n", turn->name, (int)strcspn(line, "\n"),
			line);
}

static void add_told(struct json_out *json, struct cJSON *object, const struct turn *turn)
{
	struct cJSON *array = turn->told ? json_out_array(json, object, "in_force") : NULL;
	char text[1024];

	for (const char *line = turn->told; line && *line; line += strcspn(line, "\n") + 1) {
		snprintf(text, sizeof(text), "%.*s", (int)strcspn(line, "\n"), line);
		json_out_text(json, array, NULL, text);
	}
}

static int print_one(FILE *out, const struct round *round, struct snp_error *err)
{
	_cleanup_(json_out_done) struct json_out json = {0};
	const struct turn *turn = &round->turns[0];

	if (turn->status < 0) {
		*err = turn->err;
		return cli_answer(out, turn->status, err);
	}
	if (!cli_json) {
		fprintf(out, "%s: %s\n", turn->name, state_after(round, turn));
		print_told(out, turn);
		return 0;
	}
	cli_json_begin(&json, turn->told ? "snp-done/2" : "snp-done/1");
	json_out_text(&json, json.root, "name", turn->name);
	json_out_string(&json, json.root, "state", state_after(round, turn));
	add_told(&json, json.root, turn);
	cli_json_warnings(&json);
	return cli_json_end(&json, out, err);
}

static void print_line(FILE *out, const struct round *round, const struct turn *turn)
{
	static const char prefix[] = "error: ";
	char line[4096];

	if (turn->status == 0) {
		fprintf(out, "%s: %s%s\n", turn->name, state_after(round, turn),
			turn->was_done ? " (unchanged)" : "");
		print_told(out, turn);
		return;
	}
	snp_error_line(&turn->err, line, sizeof(line));
	if (snp_code_class(turn->err.code) == SNP_CLASS_NO)
		fprintf(out, "%s: no: %s\n", turn->name, line + sizeof(prefix) - 1);
	else
		fprintf(stderr, "%s: %s: %s\n", cli_tool->name, turn->name, line);
}

static void add_object(struct json_out *json, struct cJSON *guests, const struct round *round,
		       const struct turn *turn)
{
	struct cJSON *object = json_out_object(json, guests, NULL);

	json_out_text(json, object, "name", turn->name);
	if (turn->status == 0) {
		json_out_string(json, object, "state", state_after(round, turn));
		json_out_bool(json, object, "changed", !turn->was_done);
		add_told(json, object, turn);
	} else {
		cli_json_error(json, json_out_object(json, object, "error"), &turn->err);
	}
}

static int print_all(FILE *out, const struct round *round, struct snp_error *err)
{
	_cleanup_(json_out_done) struct json_out json = {0};
	struct cJSON *guests = NULL;
	int worst = 0, r = 0;

	if (cli_json) {
		cli_json_begin(&json, "snp-done-several/1");
		guests = json_out_array(&json, json.root, "guests");
	}
	for (size_t i = 0; i < round->n; i++) {
		const struct turn *turn = &round->turns[i];
		const int status = turn->status < 0 ? (int)snp_code_class(turn->err.code) : 0;

		worst = status > worst ? status : worst;
		if (cli_json)
			add_object(&json, guests, round, turn);
		else
			print_line(out, round, turn);
	}
	if (cli_json) {
		cli_json_warnings(&json);
		r = cli_json_end(&json, out, err);
	}
	return r < 0 ? r : worst;
}

int act_on_guests(FILE *out, char *const operands[], const struct guest_action *action,
		  struct snp_error *err)
{
	_cleanup_(session_close) struct session session = {0};
	_cleanup_(round_done) struct round round = {.session = &session, .action = action};
	bool yes = true;
	int r = check_choice(operands, err);

	if (r < 0)
		return r;
	r = session_open(NULL, &session, err);
	if (r < 0)
		return r;
	r = choose(&round, operands, err);
	if (r == 0 && all && action->must_ask && !action->forced && round.n > 0)
		r = ask(&round, &yes, err);
	if (r < 0)
		return r;
	if (!yes) {
		fprintf(stderr, "%s: nothing was done\n", cli_tool->name);
		return CLI_NO;
	}
	work_at_once(&round);
	return !by_option() && round.n == 1 ? print_one(out, &round, err)
					    : print_all(out, &round, err);
}
