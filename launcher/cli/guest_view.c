// SPDX-License-Identifier: Apache-2.0
#include "cli/guest_view.h"

#include <inttypes.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/file.h>
#include <snp/hex.h>
#include <snp/launch.h>
#include <snp/memory.h>
#include <snp/policy.h>

#include "cli/columns.h"
#include "cli/guest_facts.h"
#include "guest/definition.h"
#include "guest/guest_dir.h"
#include "guest/protection.h"

enum bound_by {
	BOUND_BY_PUBLISHER,
	BOUND_BY_HOST,
	BOUND_BY_COPIES,
	BOUND_BY_NOTHING,
	BOUND_BY_NOTHING_OWN_USER,
};

#define CRASH_REASON "QEMU ended unexpectedly (libvirt: crashed)"

static const struct {
	const char *text, *name; /* the name in JSON */
} bindings[] = {
	[BOUND_BY_PUBLISHER] = {"ID block of its publisher", "publisher"},
	[BOUND_BY_HOST] = {"ID block of this host", "host"},
	[BOUND_BY_COPIES] = {"protected copies", "copies"},
	[BOUND_BY_NOTHING] = {"nothing", "nothing"},
	[BOUND_BY_NOTHING_OWN_USER] = {"nothing (QEMU runs as you)", "nothing"},
};

const char *guest_view_state(const struct session *session, const char *name,
			     const struct guest *guest)
{
	bool unfinished = guest->record && guest->record->state == RECORD_CREATING;

	if (guest->name[0] && guest_dir_has_next(session->state, guest->name))
		return "replacing";
	if (guest->domain && !unfinished)
		return domain_state_names[guest->state];
	if (guest_dir_busy(session->state, name))
		return "creating";
	return guest->record && !unfinished ? "absent" : "incomplete";
}

bool guest_view_holds(const struct guest *guest)
{
	return guest->record && (!guest->domain || guest->is_recorded);
}

/* What protects the boot files of a guest without an ID block. */
static enum boot_guard guard_of(const struct session *session, const struct guest *guest)
{
	enum boot_guard guard = GUARD_REMOTE;

	if (guest->domain &&
	    boot_guard_of(guest->record, &session->host, guest->domain, &guard, NULL) < 0)
		guard = GUARD_REMOTE;
	return guard;
}

static bool is_mounted(const struct session *session, const struct guest *guest)
{
	char path[GUEST_PATH_MAX];

	return boot_files_are_mounted(guest_path(session->state, guest->name, path));
}

static bool needs_mount(const struct session *session, const struct guest *guest)
{
	return guest_view_holds(guest) && guest->record->binding.source == ID_NONE &&
	       guard_of(session, guest) == GUARD_MOUNT;
}

bool guest_view_unprotected(const struct session *session, const struct guest *guest)
{
	return needs_mount(session, guest) && !is_mounted(session, guest);
}

static enum bound_by bound_by(const struct session *session, const struct guest *guest)
{
	if (!guest_view_holds(guest))
		return BOUND_BY_NOTHING;
	switch (guest->record->binding.source) {
	case ID_REFERENCE:
	case ID_BLOCK:
		return BOUND_BY_PUBLISHER;
	case ID_KEY:
		return BOUND_BY_HOST;
	case ID_NONE:
		break;
	}
	switch (guard_of(session, guest)) {
	case GUARD_OWNERS:
		return BOUND_BY_COPIES;
	case GUARD_MOUNT:
		return is_mounted(session, guest) ? BOUND_BY_COPIES : BOUND_BY_NOTHING;
	case GUARD_SAME_USER:
		return BOUND_BY_NOTHING_OWN_USER;
	case GUARD_ID_BLOCK:
	case GUARD_REMOTE:
		break;
	}
	return BOUND_BY_NOTHING;
}

const char *guest_view_binding(const struct session *session, const struct guest *guest)
{
	return bindings[bound_by(session, guest)].text;
}

const char *guest_view_bound(const struct session *session, const struct guest *guest)
{
	return bindings[bound_by(session, guest)].name;
}

static void hex_line(FILE *out, const char *what, const uint8_t *bytes, size_t size)
{
	char text[2 * SNP_KEY_DIGEST_SIZE + 1];

	hex_encode(bytes, size, text);
	fprintf(out, "%-18s %s\n", what, text);
}

static void text_line(FILE *out, const char *what, const char *text)
{
	char escaped[4096];

	escape_text(text, escaped, sizeof(escaped));
	fprintf(out, "%-18s %s\n", what, escaped);
}

static void print_binding(FILE *out, const struct session *session, const struct guest *guest)
{
	const struct guest_binding *b = &guest->record->binding;

	text_line(out, "bound by", guest_view_binding(session, guest));
	if (needs_mount(session, guest))
		text_line(out, "boot files",
			  is_mounted(session, guest) ? "mounted read-only"
			  : domain_state_is_active(guest->state)
				  ? "not protected: not mounted read-only; run snp-launch restart"
				  : "not protected: not mounted read-only; run snp-launch start");
	if (guest->record->user)
		text_line(out, "QEMU's user", guest->record->user);
	if (b->source == ID_NONE)
		return;
	hex_line(out, "ID key digest", b->keys.id_key_digest, SNP_KEY_DIGEST_SIZE);
	if (b->keys.has_author)
		hex_line(out, "author key digest", b->keys.author_key_digest, SNP_KEY_DIGEST_SIZE);
	hex_line(out, "family id", b->fields.family_id, SNP_ID_SIZE);
	hex_line(out, "image id", b->fields.image_id, SNP_ID_SIZE);
	fprintf(out, "%-18s %" PRIu32 "\n", "guest svn", b->fields.guest_svn);
}

/* The lines of what QEMU said. */
static bool next_line(const char **text, char ret[static QEMU_SAID_MAX])
{
	const size_t n = strcspn(*text, "\n");

	if (!**text)
		return false;
	snprintf(ret, QEMU_SAID_MAX, "%.*s", (int)n, *text);
	*text += n + ((*text)[n] != '\0');
	return true;
}

static void print_crash(FILE *out, const char *said)
{
	char line[QEMU_SAID_MAX];

	text_line(out, "why", CRASH_REASON);
	while (next_line(&said, line))
		text_line(out, "  QEMU's log", line);
}

static void print_facts(FILE *out, const struct session *session, const struct guest *guest)
{
	struct guest_facts facts;
	char text[COLUMN_TEXT];

	guest_facts_read(session, guest, false, &facts);
	if (guest->state == DOMAIN_CRASHED)
		print_crash(out, facts.said);
	if (facts.memory_kib)
		text_line(out, "memory", memory_text(facts.memory_kib, text));
	if (facts.started)
		text_line(out, "uptime", uptime_text(guest_uptime(&facts), text));
	if (facts.has_autostart)
		text_line(out, "autostart", facts.autostart ? "yes" : "no");
	if (facts.has_cid)
		fprintf(out, "%-18s %" PRIu32 "\n", "vsock CID", facts.cid);
	for (size_t i = 0; i < facts.n_addresses; i++)
		text_line(out, "address", facts.addresses[i]);
	for (size_t i = 0; guest->record && i < guest->record->n_labels; i++) {
		_cleanup_(freep) char *label = format_text("%s=%s", guest->record->labels[i].key,
							   guest->record->labels[i].value);

		text_line(out, "label", label ? label : "");
	}
}

static void print_record(FILE *out, const struct session *session, const struct guest *guest)
{
	const struct guest_record *record = guest->record;
	char policy[256];

	snp_policy_describe(record->policy, policy, sizeof(policy));
	text_line(out, "uuid", record->uuid);
	text_line(out, "created", record->created);
	hex_line(out, "launch digest", record->launch_digest, SNP_LAUNCH_DIGEST_SIZE);
	print_binding(out, session, guest);
	text_line(out, "policy", policy);
	hex_line(out, "host data", record->host_data, sizeof(record->host_data));
	fprintf(out,
		"%-18s %" PRIu32 " x %s (signature 0x%08" PRIx32 "), guest features 0x%" PRIx64
		"\n",
		"vCPUs", record->vcpus.count, record->vcpus.model, record->vcpus.signature,
		record->vcpus.features);
	text_line(out, "VMM profile", record->vcpus.profile);
	for (unsigned int i = 0; i < BOOT_PARTS; i++) {
		if (!record->boot[i].source)
			continue;
		text_line(out, boot_part_names[i], record->boot[i].source);
		hex_line(out, "  SHA-256", record->boot[i].sha256, SNP_SHA256_SIZE);
	}
	if (record->cmdline)
		text_line(out, "command line", record->cmdline);
	if (record->boot[BOOT_KERNEL].source && !record->kernel_hashes)
		text_line(out, "kernel hashes", "off: the kernel is not measured");
	fprintf(out, "%-18s %s/%s\n", "directory", session->state, guest->name);
	if (record->remote)
		text_line(out, "remote",
			  "the files are on the remote host; start cannot hash them");
}

static void print_state(FILE *out, const char *state)
{
	const char *colour = cli_is_coloured() ? state_colour(state) : "";

	fprintf(out, "%-18s %s%s%s\n", "state", colour, state, *colour ? COLOUR_END : "");
}

void guest_view_text(FILE *out, const struct session *session, const char *name,
		     const struct guest *guest)
{
	text_line(out, "name", name);
	print_state(out, guest_view_state(session, name, guest));
	print_facts(out, session, guest);
	if (guest_view_holds(guest))
		print_record(out, session, guest);
	else if (guest->record)
		fprintf(out,
			"%-18s %s\n%-18s differs from libvirt's domain: a create --replace is running or was "
			"interrupted, or one of the two was changed\n",
			"bound by", guest_view_binding(session, guest), "record");
	else if (guest->name[0])
		text_line(out, "record",
			  "none: create was interrupted; delete the guest with snp-launch remove");
	else
		text_line(out, "record", "none: snp-launch did not create this domain");
}

static void add_file(struct json_out *json, struct cJSON *inputs, const char *name,
		     const struct boot_file *file)
{
	struct cJSON *object = json_out_object(json, inputs, name);

	json_out_text(json, object, "source", file->source);
	json_out_text(json, object, "path", file->path);
	json_out_integer(json, object, "size", file->size);
	json_out_hex(json, object, "sha256", file->sha256, sizeof(file->sha256));
}

static void add_binding(struct json_out *json, struct cJSON *object, const struct guest_binding *b)
{
	struct cJSON *id;

	json_out_bool(json, object, "enforced", b->source != ID_NONE);
	if (b->source == ID_NONE)
		return;
	id = json_out_object(json, object, "id");
	json_out_string(json, id, "source", id_source_names[b->source]);
	json_out_hex(json, id, "id_key_digest", b->keys.id_key_digest, SNP_KEY_DIGEST_SIZE);
	if (b->keys.has_author)
		json_out_hex(json, id, "author_key_digest", b->keys.author_key_digest,
			     SNP_KEY_DIGEST_SIZE);
	json_out_hex(json, id, "family_id", b->fields.family_id, SNP_ID_SIZE);
	json_out_hex(json, id, "image_id", b->fields.image_id, SNP_ID_SIZE);
	json_out_integer(json, id, "guest_svn", b->fields.guest_svn);
}

static void add_record(struct json_out *json, struct cJSON *object,
		       const struct guest_record *record)
{
	struct cJSON *inputs;

	json_out_string(json, object, "uuid", record->uuid);
	json_out_string(json, object, "created", record->created);
	json_out_hex(json, object, "launch_digest", record->launch_digest, SNP_LAUNCH_DIGEST_SIZE);
	add_binding(json, object, &record->binding);
	if (record->user)
		json_out_text(json, object, "user", record->user);
	json_out_u64(json, object, "policy", record->policy);
	json_out_hex(json, object, "host_data", record->host_data, sizeof(record->host_data));
	json_out_integer(json, object, "vcpu_count", record->vcpus.count);
	json_out_string(json, object, "cpu_model", record->vcpus.model);
	json_out_u64(json, object, "cpu_signature", record->vcpus.signature);
	json_out_u64(json, object, "guest_features", record->vcpus.features);
	json_out_string(json, object, "vmm_profile", record->vcpus.profile);
	inputs = json_out_object(json, object, "inputs");
	for (unsigned int i = 0; i < BOOT_PARTS; i++)
		if (record->boot[i].source)
			add_file(json, inputs, boot_part_names[i], &record->boot[i]);
	if (record->cmdline)
		json_out_string(json, inputs, "cmdline", record->cmdline);
	json_out_bool(json, object, "kernel_hashes", record->kernel_hashes);
	json_out_bool(json, object, "remote", record->remote);
}

static void add_crash(struct json_out *json, struct cJSON *object, const char *said)
{
	struct cJSON *array;
	char line[QEMU_SAID_MAX];

	json_out_string(json, object, "reason", CRASH_REASON);
	array = json_out_array(json, object, "qemu_log");
	while (next_line(&said, line))
		json_out_text(json, array, NULL, line);
}

static void add_facts(struct json_out *json, struct cJSON *object, const struct session *session,
		      const struct guest *guest)
{
	struct guest_facts facts;
	struct cJSON *addresses;
	char started[32];
	struct tm tm;

	guest_facts_read(session, guest, false, &facts);
	if (guest->state == DOMAIN_CRASHED)
		add_crash(json, object, facts.said);
	if (facts.memory_kib)
		json_out_integer(json, object, "memory_kib", facts.memory_kib);
	if (facts.started && gmtime_r(&facts.started, &tm)) {
		strftime(started, sizeof(started), "%Y-%m-%dT%H:%M:%SZ", &tm);
		json_out_string(json, object, "started", started);
		json_out_integer(json, object, "uptime_seconds", guest_uptime(&facts));
	}
	if (facts.has_autostart)
		json_out_bool(json, object, "autostart", facts.autostart);
	if (facts.has_cid)
		json_out_integer(json, object, "vsock_cid", facts.cid);
	addresses = facts.n_addresses > 0 ? json_out_array(json, object, "addresses") : NULL;
	for (size_t i = 0; i < facts.n_addresses; i++)
		json_out_text(json, addresses, NULL, facts.addresses[i]);
}

/* Only the launcher can read it. */
static void add_config(struct json_out *json, struct cJSON *object, const char *folder)
{
	_cleanup_(freep) uint8_t *text = NULL;
	_cleanup_(freep) char *path = format_text("%s/" DEFINITION_FILE, folder);
	size_t size;

	if (path && file_read(path, SNP_MAX_CONFIG, &text, &size, NULL) == 0)
		(void)json_out_parsed(json, object, "config", (const char *)text);
}

void guest_view_json(struct json_out *json, struct cJSON *guests, const struct session *session,
		     const char *name, const struct guest *guest)
{
	struct cJSON *object = json_out_object(json, guests, NULL);
	char path[GUEST_PATH_MAX];

	json_out_text(json, object, "name", name);
	json_out_string(json, object, "state", guest_view_state(session, name, guest));
	if (guest->name[0])
		json_out_text(json, object, "directory",
			      guest_path(session->state, guest->name, path));
	add_facts(json, object, session, guest);
	if (guest->record)
		labels_print(json, object, guest->record->labels, guest->record->n_labels);
	if (guest->record)
		json_out_string(json, object, "bound_by", bindings[bound_by(session, guest)].name);
	if (needs_mount(session, guest))
		json_out_bool(json, object, "boot_files_mounted", is_mounted(session, guest));
	if (guest_view_holds(guest))
		add_record(json, object, guest->record);
	else if (guest->record)
		json_out_bool(json, object, "enforced", false);
	if (guest->name[0])
		add_config(json, object, path);
}

static void warn(void *unused, const char *name, const char *text)
{
	(void)unused;
	cli_warn(name, "%s", text);
}

void guest_view_warn(const struct guest_record *record)
{
	const char *path = record->boot[BOOT_FIRMWARE].path;
	enum snp_hash_verifier verifier = record->hash_verifier;
	struct snp_firmware *firmware = NULL;

	if (!record->kernel_hashes)
		return;
	if (!record->has_hash_verifier) {
		if (record->remote || snp_firmware_read(path, &firmware, NULL) < 0 ||
		    snp_firmware_hash_verifier(firmware, &verifier, NULL) < 0)
			verifier = SNP_HASH_VERIFIER_UNKNOWN;
		snp_firmware_free(firmware);
	}
	snp_kernel_warnings(verifier, path, NULL, warn, NULL);
}
