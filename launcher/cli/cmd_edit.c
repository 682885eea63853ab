// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/file.h>
#include <snp/json.h>
#include <snp/memory.h>

#include "cli/apply_view.h"
#include "cli/check_options.h"
#include "cli/launch_options.h"
#include "cli/verb.h"
#include "guest/definition.h"
#include "guest/record.h"

static const struct cli_option *const tables[] = {
	session_options, check_cli_options, launch_options, source_options, apply_options, NULL};

/* What is edited: a copy, in a folder that only this user can look into. */
struct draft {
	char folder[PATH_MAX], path[PATH_MAX + GUEST_NAME_MAX + 8];
	char guest[GUEST_PATH_MAX]; /* the guest's own folder */
	struct vm_config *kept;
	bool keep; /* it holds what was typed and is nowhere else */
};

static void draft_done(struct draft *draft)
{
	vm_config_free(draft->kept);
	if (draft->keep || !draft->folder[0])
		return;
	unlink(draft->path);
	rmdir(draft->folder);
}

static int begin(const char *name, struct draft *ret, struct snp_error *err)
{
	_cleanup_(session_close) struct session session = {0};
	const char *tmp = getenv("TMPDIR");
	bool there = false;
	int r = session_open(NULL, &session, err);

	if (r < 0)
		return r;
	if (!guest_name_valid(name))
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
				 "edit takes a guest's name; for a file, edit it and run apply");
	r = guest_dir_exists(session.state, name, &there, err);
	if (r < 0)
		return r;
	guest_path(session.state, name, ret->guest);
	if (!there || !definition_exists(ret->guest))
		return fail_with(
			err, SNP_E_NOT_FOUND, SNP_NO_OFFSET,
			!there ? "there is no guest \"%s\""
			: record_exists(ret->guest)
				? "guest \"%s\" has no vm.json: an earlier release made it; run snp-launch apply FILE once"
				: "the guest \"%s\" is incomplete: its creation was interrupted; remove it",
			name);
	r = definition_read(ret->guest, &ret->kept, err);
	if (r < 0)
		return r;
	snprintf(ret->folder, sizeof(ret->folder), "%.4000s/snp-launch-edit-XXXXXX",
		 tmp && tmp[0] == '/' ? tmp : "/tmp");
	if (!mkdtemp(ret->folder)) {
		r = in_file(err, fail_errno(err, SNP_E_WRITE, errno, "cannot make"), ret->folder);
		ret->folder[0] = '\0';
		return r;
	}
	snprintf(ret->path, sizeof(ret->path), "%s/%s.json", ret->folder, name);
	return file_write(ret->path, vm_config_text(ret->kept), 0600, false, err);
}

/* As git does: the shell splits the words of the variable, and the file is an argument of its own. */
static int run_editor(const char *path, struct snp_error *err)
{
	const char *visual = getenv("VISUAL"), *editor = getenv("EDITOR");
	const char *name = visual && visual[0] ? visual : editor && editor[0] ? editor : "vi";
	_cleanup_(freep) char *command = format_text("%s \"$@\"", name), *file = strdup(path);
	char sh[] = "sh", c[] = "-c";
	char *const argv[] = {sh, c, command, sh, file, NULL};
	struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
	posix_spawnattr_t attributes;
	sigset_t interrupts;
	int status = 0, r;
	pid_t child;

	if (!command || !file || posix_spawnattr_init(&attributes) != 0)
		return out_of_memory(err);
	/* Ctrl-C is for the editor. */
	sigemptyset(&interrupts);
	sigaddset(&interrupts, SIGINT);
	sigaction(SIGINT, &ignore, &before);
	posix_spawnattr_setsigdefault(&attributes, &interrupts);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
	r = posix_spawn(&child, "/bin/sh", NULL, &attributes, argv, environ);
	if (r == 0)
		while ((r = waitpid(child, &status, 0) < 0 ? errno : 0) == EINTR)
			continue;
	sigaction(SIGINT, &before, NULL);
	posix_spawnattr_destroy(&attributes);
	if (r != 0)
		return fail_errno(err, SNP_E_SYSTEM, r, "cannot run the editor %s", name);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return fail_with(err, SNP_E_SYSTEM, SNP_NO_OFFSET,
			 "the editor %s failed; nothing was changed", name);
}

/* A guest is edited, not another one. */
static int check_same(const struct vm_config *was, const struct vm_config *now,
		      struct snp_error *err)
{
	const struct json_value *root = json_root(now->document);

	if (strcmp(was->name, now->name) != 0)
		return json_fail(json_get(root, "name"), err, SNP_E_JSON_VALUE,
				 "must stay \"%s\": edit cannot rename a guest", was->name);
	if (strcmp(was->connect ? was->connect : "", now->connect ? now->connect : "") != 0)
		return json_fail(now->connect ? json_get(root, "connect") : root, err,
				 SNP_E_JSON_VALUE, "edit cannot move a guest to another host");
	return 0;
}

static bool is_same_text(const struct vm_config *a, const struct vm_config *b)
{
	const struct snp_span x = vm_config_text(a), y = vm_config_text(b);

	return x.size == y.size && memcmp(x.data, y.data, x.size) == 0;
}

/* Another edit, or an apply, may have been quicker. */
static int check_unchanged(const struct draft *draft, struct snp_error *err)
{
	_cleanup_(vm_config_freep) struct vm_config *now = NULL;
	int r = definition_read(draft->guest, &now, err);

	if (r == 0 && !is_same_text(draft->kept, now))
		r = fail_with(err, SNP_E_BUSY, SNP_NO_OFFSET,
			      "somebody changed the guest \"%s\" while it was edited", now->name);
	return r;
}

/* One time through the editor; what is printed goes into `*ret_text`. */
static int edit_once(struct draft *draft, char **ret_text, struct snp_error *err)
{
	_cleanup_(vm_config_freep) struct vm_config *config = NULL;
	size_t size;
	FILE *out;
	int r = run_editor(draft->path, err), closed;

	if (r < 0) {
		draft->keep = vm_config_read(draft->path, &config, NULL) < 0 ||
			      !is_same_text(draft->kept, config);
		return r;
	}
	r = vm_config_read(draft->path, &config, err);
	draft->keep = r < 0;
	if (r < 0)
		return r;
	if (is_same_text(draft->kept, config) && !cli_json) {
		*ret_text = format_text("%s: not changed\n", config->name);
		return *ret_text ? 0 : out_of_memory(err);
	}
	draft->keep = true;
	r = check_same(draft->kept, config, err);
	if (r == 0)
		r = check_unchanged(draft, err);
	if (r < 0)
		return r;
	out = open_memstream(ret_text, &size);
	if (!out)
		return out_of_memory(err);
	r = apply_config(out, config, draft->path, &(struct apply_how){0}, err);
	closed = fclose(out);
	draft->keep = r < 0;
	return r >= 0 && closed != 0 ? out_of_memory(err) : r;
}

static bool ask_again(void)
{
	char answer[16] = "";

	fputs("Edit again? [Y/n] ", stderr);
	return fgets(answer, sizeof(answer), stdin) && (answer[0] | 0x20) != 'n';
}

/* Nothing that was typed is lost, whatever it is that cannot be applied. */
static int give_up(const struct draft *draft, bool told, struct snp_error *err)
{
	char first[512];

	if (!draft->keep)
		return -(int)err->code;
	if (told)
		return fail_with(err, err->code, SNP_NO_OFFSET,
				 "your text is in %s; apply it with snp-launch apply", draft->path);
	snprintf(first, sizeof(first), "%.511s", err->message);
	snprintf(err->message, sizeof(err->message),
		 "%s; your text is in %.300s; apply it with snp-launch apply", first, draft->path);
	return -(int)err->code;
}

static int edit(FILE *out, struct draft *draft, struct snp_error *err)
{
	const bool asks = isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
	_cleanup_(freep) char *text = NULL;
	int r;

	while ((r = edit_once(draft, &text, err)) < 0 && asks) {
		cli_print_error(err);
		if (!ask_again())
			break;
		free(TAKE_PTR(text));
	}
	if (text)
		fputs(text, out);
	return r < 0 ? give_up(draft, asks, err) : r;
}

static int run(FILE *out, char *const operands[], struct snp_error *err)
{
	_cleanup_(draft_done) struct draft draft = {0};
	int r = begin(operands[0], &draft, err);

	if (r == 0)
		r = edit(out, &draft, err);
	return cli_answer(out, r, err);
}

const struct cli_verb verb_edit = {
	.name = "edit",
	.operands = "NAME",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "edit the vm.json that a guest was made from, and apply it",
	.example = "web1",
	.options = tables,
	.uses_keys = true,
	.run = run,
};
