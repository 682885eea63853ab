// SPDX-License-Identifier: Apache-2.0
#include "cli/session.h"

#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/progress.h>

#include "guest/boot_file.h"
#include "guest/create.h"
#include "guest/drift.h"
#include "guest/state_dir.h"

static const char *connect_to, *state_dir;

/* clang-format off */
const struct cli_option session_options[] = {
	{"connect", 'c', .argument = "URI", .text = &connect_to,
	 .help = "libvirt URI of the host (default: $LIBVIRT_DEFAULT_URI, else qemu:///system)"},
	{"state-dir", .argument = "DIR", .text = &state_dir,
	 .help = "folder of the guests' directories (the default depends on the URI)"},
	{0},
};

static const struct cli_option json_options[] = {
	CLI_OPTION_JSON,
	{0},
};
/* clang-format on */

const struct cli_option *const session_tables[] = {session_options, NULL};
const struct cli_option *const session_json_tables[] = {session_options, json_options, NULL};

const char *session_uri(const char *config)
{
	return hypervisor_uri(connect_to, config);
}

int session_open(const char *config, struct session *ret, struct snp_error *err)
{
	_cleanup_(session_close) struct session session = {0};
	int r;

	/* The user may have typed an alias (libvirt.conf's uri_aliases): the folder of the guests'
	 * directories depends on the URI that libvirt makes of it. */
	r = hypervisor_open(session_uri(config), &session.host, err);
	if (r < 0)
		return r;
	r = state_dir_find(state_dir, session.host.uri, session.state, err);
	if (r < 0)
		return r;
	*ret = session;
	session = (struct session){0};
	return 0;
}

int session_without_host(const char *config, struct session *ret, struct snp_error *err)
{
	struct session session = {.host.qemu_user = (uid_t)-1, .host.qemu_group = (gid_t)-1};
	int r;

	r = state_dir_find(state_dir, session_uri(config), session.state, err);
	if (r < 0)
		return r;
	session.host.uri = strdup(session_uri(config));
	if (!session.host.uri)
		return out_of_memory(err);
	*ret = session;
	return 0;
}

#define DEFAULT_TIMEOUT 60
#define MAX_TIMEOUT	86400

int timeout_read(const struct cli_number *number, unsigned int least, unsigned int *ret,
		 struct snp_error *err)
{
	*ret = DEFAULT_TIMEOUT;
	if (!number->given)
		return 0;
	if (number->value < least)
		return fail_with(
			err, SNP_E_USAGE, SNP_NO_OFFSET,
			"--timeout must be at least %u here: the guest must be off before it goes on",
			least);
	if (number->value > MAX_TIMEOUT)
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
				 "--timeout must be at most %d seconds (a day)", MAX_TIMEOUT);
	*ret = (unsigned int)number->value;
	return 0;
}

void session_close(struct session *session)
{
	hypervisor_close(&session->host);
}

static void begin_bar(void *bar, const char *part)
{
	cli_progress_begin(bar, part);
}

static void end_bar(void *bar)
{
	cli_progress_end(bar);
}

void show_boot_progress(void)
{
	static struct cli_progress bar;
	static const struct boot_watch watch = {begin_bar, cli_progress_move, end_bar, &bar};

	boot_files_watch(&watch);
}

bool operand_ends_in(const char *operand, const char *suffix)
{
	size_t n = strlen(operand), tail = strlen(suffix);

	return n > tail && strcmp(operand + n - tail, suffix) == 0;
}

bool operand_is_file(const char *operand)
{
	return strchr(operand, '/') || operand_ends_in(operand, ".json") ||
	       operand_ends_in(operand, ".xml");
}

void guest_close(struct guest *guest)
{
	record_free(guest->record);
	domain_freep(&guest->domain);
	*guest = (struct guest){0};
}

static int read_directory(const struct session *session, const char *name, struct guest *guest,
			  struct snp_error *err)
{
	char path[GUEST_PATH_MAX];
	bool there = false;
	int r;

	if (!guest_name_valid(name))
		return 0;
	r = guest_dir_exists(session->state, name, &there, err);
	if (r < 0 || !there)
		return r;
	snprintf(guest->name, sizeof(guest->name), "%s", name);
	guest_path(session->state, name, path);
	return record_exists(path) ? record_read(path, &guest->record, err) : 0;
}

/* The domain with the record's UUID, unless it belongs to another guest. */
static int find_domain(const struct session *session, struct guest *guest, struct snp_error *err)
{
	char path[GUEST_PATH_MAX];
	bool ours = true;
	int r;

	r = hypervisor_find_uuid(&session->host, guest->record->uuid, &guest->domain, err);
	if (r == 0 && guest->domain)
		r = guest_owns(guest_path(session->state, guest->name, path), guest->name,
			       guest->domain, &ours, err);
	if (!ours) {
		domain_freep(&guest->domain);
		guest->domain = NULL;
	}
	return r;
}

/* The directory of a domain that was found in another way: by its UUID or ID, or although its record is
 * lost. It is the one that the domain's metadata name, if it is in this STATE and belongs to no other
 * domain. */
static int find_directory(const struct session *session, struct guest *guest, struct snp_error *err)
{
	const size_t n = strlen(session->state);
	char uuid[VIR_UUID_STRING_BUFLEN];
	struct domain_record metadata;
	bool there = false;
	int r;

	guest->name[0] = '\0';
	r = metadata_read(guest->domain, &metadata, &there, err);
	if (r < 0 || !there || strncmp(metadata.state, session->state, n) != 0 ||
	    metadata.state[n] != '/')
		return r;
	r = read_directory(session, metadata.state + n + 1, guest, err);
	if (r == 0 && guest->record &&
	    (virDomainGetUUIDString(guest->domain, uuid) < 0 ||
	     strcasecmp(uuid, guest->record->uuid) != 0)) {
		record_free(TAKE_PTR(guest->record));
		guest->name[0] = '\0';
	}
	return r;
}

/* Somebody may have edited the domain, and an interrupted replacement leaves the old guest running beside the
 * record of the new one. */
static int compare_domain(const struct session *session, struct guest *guest, struct snp_error *err)
{
	_cleanup_(freep) char *xml = NULL;
	struct differences d;
	int r = guest_xml(guest, true, &xml, err);

	if (r < 0)
		return r;
	r = guest_drift(guest->record, xml, &session->host, &d, NULL);
	guest->is_recorded = r == 0 && d.n == 0;
	return r == -SNP_E_NO_MEMORY ? out_of_memory(err) : 0;
}

/* The domain of what read_directory() has found. */
static int find_in_libvirt(const struct session *session, const char *name, struct guest *guest,
			   struct snp_error *err)
{
	int r;

	if (guest->record)
		return find_domain(session, guest, err);
	r = guest->name[0] ? hypervisor_find_name(&session->host, name, &guest->domain, err)
			   : hypervisor_find(&session->host, name, &guest->domain, err);
	return r < 0 || !guest->domain ? r : find_directory(session, guest, err);
}

static int find_guest(const struct session *session, const char *name, struct guest *guest,
		      struct snp_error *err)
{
	int r = read_directory(session, name, guest, err);

	return r < 0 ? r : find_in_libvirt(session, name, guest, err);
}

static int find_guest_anyway(const struct session *session, const char *name, struct guest *guest,
			     struct snp_error *err)
{
	struct snp_error unreadable;
	char line[2048];

	if (read_directory(session, name, guest, &unreadable) == 0)
		return find_in_libvirt(session, name, guest, err);
	snp_error_line(&unreadable, line, sizeof(line));
	cli_warn("unreadable-record", "%s: %s", name, line);
	snprintf(guest->name, sizeof(guest->name), "%s", name);
	return hypervisor_find_name(&session->host, name, &guest->domain, err);
}

typedef int find_function(const struct session *session, const char *name, struct guest *guest,
			  struct snp_error *err);

static int open_found(find_function *find, const struct session *session, const char *name,
		      bool needs_domain, struct guest *ret, struct snp_error *err)
{
	_cleanup_(guest_close) struct guest guest = {.state = DOMAIN_ABSENT};
	int r = find(session, name, &guest, err);

	if (r == 0 && needs_domain && !guest.domain)
		r = fail_with(err, SNP_E_NOT_FOUND, SNP_NO_OFFSET,
			      "libvirt does not have the guest \"%s\"; %s", name,
			      guest.record ? "create it again with --replace, or remove it"
					   : "its creation was interrupted; remove it");
	if (r == 0 && guest.domain)
		r = domain_state_of(guest.domain, &guest.state, err);
	if (r == 0 && guest.domain && guest.record)
		r = compare_domain(session, &guest, err);
	if (r < 0)
		return r;
	*ret = guest;
	guest = (struct guest){0};
	return 0;
}

int guest_open(const struct session *session, const char *name, struct guest *ret,
	       struct snp_error *err)
{
	return open_found(find_guest, session, name, false, ret, err);
}

int guest_open_domain(const struct session *session, const char *name, struct guest *ret,
		      struct snp_error *err)
{
	return open_found(find_guest, session, name, true, ret, err);
}

int guest_open_anyway(const struct session *session, const char *name, struct guest *ret,
		      struct snp_error *err)
{
	return open_found(find_guest_anyway, session, name, false, ret, err);
}

int guest_open_domain_anyway(const struct session *session, const char *name, struct guest *ret,
			     struct snp_error *err)
{
	return open_found(find_guest_anyway, session, name, true, ret, err);
}

int guest_xml(const struct guest *guest, bool live, char **ret, struct snp_error *err)
{
	unsigned int flags = VIR_DOMAIN_XML_SECURE | (live ? 0 : VIR_DOMAIN_XML_INACTIVE);
	char *xml = virDomainGetXMLDesc(guest->domain, flags);

	if (!xml)
		return hypervisor_fail(err, "cannot read the domain");
	*ret = xml;
	return 0;
}
