// SPDX-License-Identifier: Apache-2.0
#include "rows.h"

#include <libvirt/libvirt.h>
#include <libxml/parser.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/memory.h>

#include "domain/allow_list.h"
#include "domain/xml_document.h"
#include "domain_text.h"
#include "told.h"

/*
 * The list against libvirt's own schema, a RELAX NG grammar in a dozen files: whatever a domain may say has to
 * be on it. The walk keeps nothing of the grammar but which element or attribute stands in which.
 */
#define SCHEMAS "/usr/share/libvirt/schemas"

static xmlDoc *files[32];
static size_t n_files;

struct define {
	const char *name; /* the document's */
	const xmlNode *node;
};

static struct define *defines;
static size_t n_defines;

struct path {
	char *text;
};

static struct path *paths;
static size_t n_paths;

static bool is(const xmlNode *node, const char *name)
{
	return node->type == XML_ELEMENT_NODE && strcmp((const char *)node->name, name) == 0;
}

/* libxml2 keeps a value without entities in one text node. */
static const char *value_of(const xmlNode *node, const char *attribute)
{
	const xmlAttr *a = xmlHasProp(node, (const xmlChar *)attribute);

	return a && a->children ? (const char *)a->children->content : NULL;
}

static void load(const char *file);

static void load_node(const xmlNode *node)
{
	if (is(node, "include"))
		load(value_of(node, "href"));
	if (is(node, "define")) {
		assert_true(grow(&defines, n_defines, sizeof(*defines)));
		defines[n_defines++] = (struct define){value_of(node, "name"), node};
	} else {
		for (const xmlNode *child = node->children; child; child = child->next)
			load_node(child);
	}
}

static void load(const char *file)
{
	char path[256];

	snprintf(path, sizeof(path), SCHEMAS "/%s", file);
	assert_true(n_files < ARRAY_SIZE(files));
	files[n_files] = xmlReadFile(path, NULL, XML_PARSE_NONET);
	assert_non_null(files[n_files]);
	load_node(xmlDocGetRootElement(files[n_files++]));
}

static void add_path(const char *path)
{
	assert_true(grow(&paths, n_paths, sizeof(*paths)));
	paths[n_paths].text = strdup(path);
	assert_non_null(paths[n_paths++].text);
}

#define DEPTH 64

static void walk(const xmlNode *node, const char *path, const xmlNode **stack, size_t depth);

/* An element of another driver's namespace is on no list, nor is one of any name, of <metadata>. */
static void walk_named(const xmlNode *node, const char *name, const char *path,
		       const xmlNode **stack, size_t depth)
{
	bool element = is(node, "element");
	_cleanup_(freep) char *text =
		format_text("%s%s%s", path, element ? (*path ? "/" : "") : "@", name);

	assert_non_null(text);
	if (value_of(node, "ns"))
		return;
	add_path(text);
	if (!element)
		return;
	for (size_t i = 0; i < depth; i++)
		if (stack[i] == node)
			return; /* a disk's backing store has a backing store */
	assert_true(depth < DEPTH);
	stack[depth] = node;
	for (const xmlNode *child = node->children; child; child = child->next)
		walk(child, text, stack, depth + 1);
}

static void walk_names(const xmlNode *node, const char *path, const xmlNode **stack, size_t depth)
{
	const char *name = value_of(node, "name");

	if (name) {
		walk_named(node, name, path, stack, depth);
		return;
	}
	for (const xmlNode *child = node->children; child; child = child->next)
		for (const xmlNode *n = is(child, "choice") ? child->children : child; n;
		     n = is(child, "choice") ? n->next : NULL)
			if (is(n, "name"))
				walk_named(node, (const char *)n->children->content, path, stack,
					   depth);
}

static void walk(const xmlNode *node, const char *path, const xmlNode **stack, size_t depth)
{
	if (is(node, "element") || is(node, "attribute")) {
		walk_names(node, path, stack, depth);
		return;
	}
	if (is(node, "ref"))
		for (size_t i = 0; i < n_defines; i++)
			if (strcmp(defines[i].name, value_of(node, "name")) == 0)
				walk(defines[i].node, path, stack, depth);
	for (const xmlNode *child = node->children; child; child = child->next)
		walk(child, path, stack, depth);
}

static bool has_schema(void)
{
	_cleanup_(fclosep) FILE *f = fopen(SCHEMAS "/domain.rng", "re");

	return f != NULL;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(((const struct path *)a)->text, ((const struct path *)b)->text);
}

static int read_schema(void **state)
{
	const xmlNode *stack[DEPTH];
	size_t n = 0;

	(void)state;
	if (!has_schema())
		return 0;
	load("domain.rng");
	for (size_t i = 0; i < n_defines; i++)
		if (strcmp(defines[i].name, "domaincontents") == 0)
			walk(defines[i].node, "", stack, 0);
	qsort(paths, n_paths, sizeof(*paths), by_text);
	for (size_t i = 0; i < n_paths; i++) {
		if (n > 0 && strcmp(paths[n - 1].text, paths[i].text) == 0)
			free(paths[i].text);
		else
			paths[n++] = paths[i];
	}
	n_paths = n;
	return 0;
}

static int free_schema(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_paths; i++)
		free(paths[i].text);
	for (size_t i = 0; i < n_files; i++)
		xmlFreeDoc(files[i]);
	free(paths);
	free(defines);
	return 0;
}

/* A newer libvirt may know more: what that is, is said here and refused by start. */
static void the_list_has_the_schema(void **state)
{
	unsigned long version = 0;
	size_t missing = 0;

	(void)state;
	if (!has_schema())
		skip();
	assert_int_equal(virGetVersion(&version, NULL, NULL), 0);
	assert_true(n_paths > 2500);
	for (size_t i = 0; i < n_paths; i++)
		if (!allow_list_find(paths[i].text)) {
			print_message("not on the list: %s\n", paths[i].text);
			missing++;
		}
	if (version <= ALLOW_LIST_LIBVIRT)
		assert_int_equal(missing, 0);
}

/* No row is about nothing, but those about what a newer libvirt has. */
static void the_schema_has_the_list(void **state)
{
	const struct allowed *row;

	(void)state;
	if (!has_schema())
		skip();
	for (size_t i = 0; (row = allow_list_at(i)); i++) {
		_cleanup_(freep) char *text = strdup(row->paths);

		assert_non_null(text);
		assert_true(strlen(row->why) > 3);
		for (char *rest = text, *name; (name = strtok_r(rest, " ", &rest));) {
			struct path key = {name};

			if (name[strlen(name) - 1] == '/')
				name[strlen(name) - 1] = '\0';
			if (strcmp(name, "os/varstore") != 0 &&
			    !bsearch(&key, paths, n_paths, sizeof(*paths), by_text))
				fail_msg("libvirt's schema has no %s", name);
		}
	}
}

/* One thing changed in a domain that is right, and what is then refused or not known. */
static const struct change {
	const char *name, *old, *new, *refused, *unknown;
} changes[] = {
	{"nothing", "<acpi/>", "<acpi/>", NULL, NULL},
	{"another match", "match='exact'", "match='minimum'", "cpu@match", NULL},
	{"an empty match", "match='exact'", "match=''", "cpu@match", NULL},
	{"a part of a value", "match='exact'", "match='exac'", "cpu@match", NULL},
	{"more than a value", "match='exact'", "match='exact|'", "cpu@match", NULL},
	{"another mode", "mode='custom'", "mode='auto'", "cpu@mode", NULL},
	{"another virtualization", ">hvm<", ">xen<", "os/type", NULL},
	{"blanks around a value", ">hvm<", "> hvm<", "os/type", NULL},
	{"an ACPI table", "<kernel>", "<acpi><table type='slic'>/t</table></acpi><kernel>",
	 "os/acpi", NULL},
	{"a script", "<rom enabled='no'/>", "<rom enabled='no'/><script path='/s'/>",
	 "devices/interface/script@path", NULL},
	{"a script that is none", "<rom enabled='no'/>", "<rom enabled='no'/><script path=''/>",
	 NULL, NULL},
	{"a file server", "<disk type='file'>",
	 "<filesystem><binary path='/b'/></filesystem><disk>", "devices/filesystem/binary@path",
	 NULL},
	{"its cache", "<disk type='file'>",
	 "<filesystem><binary><cache mode='none'/></binary></filesystem><disk>", NULL, NULL},
	{"the end of SEV", "<policy>", "<session>AAAA</session><policy>", "launchSecurity/session",
	 NULL},
	{"kernel hashes of another word", "kernelHashes='yes'", "kernelHashes='true'",
	 "launchSecurity@kernelHashes", NULL},
	{"another element", "<features>", "<sponge/><features>", NULL, "sponge"},
	{"another attribute", "<domain type='kvm'>", "<domain type='kvm' sponge='1'>", NULL,
	 "@sponge"},
	{"another device", "<disk type='file'>", "<sponge/><disk>", NULL, "devices/sponge"},
	{"deep inside a device", "<source file='/d'/>",
	 "<source file='/d'><sponge a='b'/></source>", NULL, NULL},
	{"a name that begins like another", "<acpi/>", "<acpis/>", NULL, "features/acpis"},
	{"an attribute like another", "match='exact'", "matches='exact'", NULL, "cpu@matches"},
	{"an attribute that is listed elsewhere", "<acpi/>", "<acpi mode='custom'/>", NULL,
	 "features/acpi@mode"},
	{"of another namespace", "<cpu ", "<n:kernel xmlns:n='urn:n'/><cpu ", NULL, "urn:n:kernel"},
	{"an attribute of another namespace", "<cpu ", "<cpu xmlns:n='urn:n' n:match='minimum' ",
	 NULL, "cpu@urn:n:match"},
	{"metadata", "<features>", "<metadata><n:a xmlns:n='urn:n' b='c'/></metadata><features>",
	 NULL, NULL},
	{"metadata elsewhere", "<acpi/>", "<metadata/>", NULL, "features/metadata"},
	{"QEMU's own elements", "<features>",
	 "<q:commandline xmlns:q='http://libvirt.org/schemas/domain/qemu/1.0'/><features>", NULL,
	 NULL},
	{"QEMU's own elements elsewhere", "<acpi/>",
	 "<q:acpi xmlns:q='http://libvirt.org/schemas/domain/qemu/1.0'/>", NULL,
	 "features/http://libvirt.org/schemas/domain/qemu/1.0:acpi"},
};

static void check_change(void **state)
{
	const struct change *row = *state;
	_cleanup_(freep) char *text = replace_once(GOOD_DOMAIN, row->old, row->new);
	_cleanup_(xmlFreeDocp) xmlDoc *doc = NULL;
	struct unlisted found = {0};

	assert_int_equal(xml_parse("domain.xml", text_span(text), "domain", &doc, NULL), 0);
	assert_int_equal(allow_list_check(xmlDocGetRootElement(doc), &found, NULL), 0);
	assert_string_equal(found.refused ? found.refused : "", row->refused ? row->refused : "");
	assert_string_equal(found.unknown ? found.unknown : "", row->unknown ? row->unknown : "");
	tell("%s: refused %s (%s), unknown %s", row->name, found.refused ? found.refused : "-",
	     found.why ? found.why : "-", found.unknown ? found.unknown : "-");
	assert_int_equal(found.why != NULL, row->refused != NULL);
	free(found.refused);
	free(found.unknown);
}

static void as_told(void **state)
{
	(void)state;
	told("allow_list");
}

int main(void)
{
	struct CMUnitTest tests[ROWS_MAX] = {
		cmocka_unit_test(the_list_has_the_schema),
		cmocka_unit_test(the_schema_has_the_list),
	};
	size_t n = tests_listed(tests);

	ADD_ROWS(tests, n, check_change, changes);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(as_told);
	return _cmocka_run_group_tests("allow_list", tests, n, read_schema, free_schema);
}
