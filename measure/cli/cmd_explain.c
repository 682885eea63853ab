// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/file.h>
#include <snp/folder.h>
#include <snp/hex.h>
#include <snp/judge.h>
#include <snp/reference.h>
#include <snp/report.h>
#include <snp/search.h>
#include <snp/sha.h>
#include <snp/tool.h>

#include "launch_input.h"
#include "reference/model.h"
#include "reference/published.h"
#include "verb.h"
#include <snp/progress.h>

static struct {
	const char *digest, *report, *candidates;
	struct cli_values references, cmdlines;
	struct cli_number max_vcpus;
} arg = {.max_vcpus.value = 512};

/* clang-format off */
static const struct cli_option options[] = {
	{"digest", .argument = "HEX", .text = &arg.digest, .help = "the launch digest to explain"},
	{"report", .argument = "FILE", .text = &arg.report, .help = "an attestation report with the digest"},
	{"reference", .argument = "FILE", .values = &arg.references,
	 .help = "look the digest up in these reference values or this folder, and search near them; may be repeated"},
	{"candidates", .argument = "DIR", .text = &arg.candidates,
	 .help = "a folder of firmware images, kernels and initrds to try"},
	{"candidate-append", .argument = "CMDLINE", .values = &arg.cmdlines,
	 .help = "a command line to try; may be repeated"},
	{"max-vcpus", .argument = "N", .number = &arg.max_vcpus,
	 .help = "try 1 to N vCPUs (default 512), and the number given by --vcpus"},
	CLI_OPTION_JSON,
	{0},
};
/* clang-format on */

/* The digest to explain, and the CPU signature of the report that it is from; 0: none. */
static int read_digest(uint8_t ret[static SNP_LAUNCH_DIGEST_SIZE], uint32_t *ret_signature,
		       struct snp_error *err)
{
	_cleanup_(cli_report_done) struct cli_report received = {0};
	_cleanup_(snp_report_freep) struct snp_report *report = NULL;
	int r;

	if (!arg.digest == !arg.report)
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
				 "give either --digest HEX or --report FILE");
	if (arg.digest)
		return hex_decode(arg.digest, "--digest", ret, SNP_LAUNCH_DIGEST_SIZE, err);
	r = cli_report_decode(arg.report, false, &received, &report, err);
	if (r < 0)
		return r;
	memcpy(ret, report->measurement, SNP_LAUNCH_DIGEST_SIZE);
	return report->has_cpuid ? snp_cpu_signature(report->cpuid_family, report->cpuid_model,
						     report->cpuid_stepping, ret_signature, err)
				 : 0;
}

/* A published document, and the folder that it is in. */
struct document {
	const char *path;
	char *folder;
	struct snp_reference *reference;
};

static void document_done(struct document *document)
{
	free(document->folder);
	snp_reference_free(document->reference);
}

static int read_reference(const char *path, struct document *ret, struct snp_error *err)
{
	_cleanup_(freep) char *file = document_path(path, SNP_REFERENCE_FILE);
	const char *slash = file ? strrchr(file, '/') : NULL;

	ret->path = path;
	ret->folder = slash ? strndup(file, (size_t)(slash - file) + 1) : strdup(".");
	if (!file || !ret->folder)
		return out_of_memory(err);
	return snp_reference_read(file, &ret->reference, err);
}

static void look_up(const struct document *document,
		    const uint8_t digest[static SNP_LAUNCH_DIGEST_SIZE],
		    struct search_answer *answer)
{
	for (size_t i = 0; !answer->found && i < document->reference->n_images; i++) {
		const struct snp_reference_image *image = &document->reference->images[i];
		const struct snp_reference_variant *v = image_variant(image, digest);

		answer->tried += v ? (size_t)(v - image->variants) + 1 : image->n_variants;
		answer->found = v != NULL;
		if (v)
			snprintf(answer->texts[answer->n++], SEARCH_TEXT_SIZE,
				 "image %s in %s: %s, %" PRIu32 " vCPUs, CPU signature 0x%08" PRIx32
				 ", guest features 0x%" PRIx64,
				 image->name, document->path, v->vcpus.profile, v->vcpus.count,
				 v->vcpus.signature, v->vcpus.features);
	}
}

/* edk2's images begin with the variable store: 528 KiB of a 4 MiB image, 128 KiB of a 2 MiB one
 * (OvmfPkg/Include/Fdf/OvmfPkgDefines.fdf.inc). What follows is shipped as OVMF_CODE. */
static int add_code_part(struct search *search, const char *path, unsigned int changes,
			 struct snp_error *err)
{
	_cleanup_(freep) uint8_t *bytes = NULL;
	struct search_part part = {.changes = changes};
	size_t size, vars;
	int r = file_read(path, SNP_MAX_FIRMWARE, &bytes, &size, err);

	if (r < 0)
		return r;
	vars = size == 4u << 20 ? 0x84000 : size == 2u << 20 ? 0x20000 : 0;
	if (vars == 0)
		return 0;
	snprintf(part.text, sizeof(part.text), "the code part of %s alone", path);
	r = snp_firmware_parse(path, (struct snp_span){bytes + vars, size - vars}, &part.firmware,
			       err);
	return r < 0 ? r : search_add(search, SEARCH_FIRMWARE, &part, err);
}

static int add_kernel_or_initrd(struct search *search, const char *path, struct snp_error *err)
{
	_cleanup_(file_close) struct file file = {.fd = -1};
	struct search_part part = {.changes = 1};
	uint8_t head[SNP_KERNEL_HEADER];
	struct snp_bzimage kernel;
	enum search_kind kind;
	int r = file_open(path, SNP_MAX_INITRD, &file, err);
	size_t n = file.size < sizeof(head) ? (size_t)file.size : sizeof(head);

	if (r < 0)
		return r;
	r = file_read_piece(&file, 0, head, n, err);
	if (r == 0)
		r = file_sha256(&file, NULL, NULL, part.hash, err);
	if (r < 0)
		return in_file(err, r, path);
	r = snp_bzimage_parse((struct snp_span){head, n}, file.size, &kernel, NULL);
	kind = r == 0 && (kernel.protocol != 0 || kernel.is_efi_loadable) ? SEARCH_KERNEL
									  : SEARCH_INITRD;
	snprintf(part.text, sizeof(part.text), "%s %s", kind == SEARCH_KERNEL ? "kernel" : "initrd",
		 path);
	return search_add(search, kind, &part, err);
}

/* A file of the folder, as what it looks like: firmware, kernel, or else initrd. */
static int add_file(void *search, const char *path, const char *name, struct snp_error *err)
{
	const struct search *begun = search;
	struct search_part part = {.changes = 1};
	struct stat st;
	int r;

	(void)name;
	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode))
		return 0;
	if (snp_firmware_read(path, &part.firmware, NULL) < 0 ||
	    !snp_firmware_info(part.firmware)->has_table) {
		snp_firmware_free(part.firmware);
		return begun->stated->kernel_hashes ? add_kernel_or_initrd(search, path, err) : 0;
	}
	snprintf(part.text, sizeof(part.text), "firmware %s", path);
	r = search_add(search, SEARCH_FIRMWARE, &part, err);
	return r < 0 ? r : add_code_part(search, path, 2, err);
}

/* Each as QEMU hashes it: with its NUL. */
static int add_cmdlines(struct search *search, struct snp_error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && search->stated->kernel_hashes && i < arg.cmdlines.count; i++) {
		const char *line = arg.cmdlines.value[i];
		struct search_part part = {.changes = 1};

		snprintf(part.text, sizeof(part.text), "the command line '%s'", line);
		r = sha256_of((struct snp_span){(const uint8_t *)line, strlen(line) + 1}, part.hash,
			      err);
		if (r == 0)
			r = search_add(search, SEARCH_CMDLINE, &part, err);
	}
	return r;
}

/* The answer, and what it is told against. */
struct explanation {
	struct search_answer answer;
	const struct document *document; /* NULL: the given launch */
	const struct snp_reference_image *image;
	size_t n_images;	/* that were searched */
	size_t n_unsearched;	/* and those that could not be */
	const char *unsearched; /* name of such an image's firmware */
};

/* Search near the stated launch. What was tried before is kept in the count. */
static int search_near(struct search *search, const struct snp_launch *stated, const char *cmdline,
		       const uint8_t digest[static SNP_LAUNCH_DIGEST_SIZE],
		       struct search_answer *answer, struct snp_error *err)
{
	struct cli_progress bar;
	uint64_t before = answer->tried;
	int r = search_begin(search, stated, cmdline, err);

	search->max_vcpus = (uint32_t)arg.max_vcpus.value;
	search->progress = cli_progress_move;
	search->progress_arg = &bar;
	if (r == 0 && launch_args.ovmf)
		r = add_code_part(search, launch_args.ovmf, 1, err);
	if (r == 0)
		r = add_cmdlines(search, err);
	if (r == 0 && arg.candidates)
		r = each_entry(arg.candidates, add_file, search, err);
	if (r < 0)
		return r;
	cli_progress_begin(&bar, "trying");
	r = search_run(search, digest, answer, err);
	cli_progress_end(&bar);
	answer->tried += before;
	return r;
}

static int search_stated(const uint8_t digest[static SNP_LAUNCH_DIGEST_SIZE], uint32_t signature,
			 struct explanation *e, struct snp_error *err)
{
	_cleanup_(cli_launch_close) struct cli_launch stated = {0};
	_cleanup_(search_done) struct search search = {.report_signature = signature,
						       .max_vcpus = (uint32_t)arg.max_vcpus.value};
	int r = cli_launch_open(false, &stated, err);

	if (r == 0)
		r = snp_launch_check(&stated.launch, err);
	return r < 0 ? r
		     : search_near(&search, &stated.launch, (const char *)stated.cmdline_text.data,
				   digest, &e->answer, err);
}

/* The published launch that the search begins with: one with the CPU signature of the report if there is any. */
static const struct snp_reference_variant *first_variant(const struct snp_reference_image *image,
							 uint32_t signature)
{
	for (size_t i = 0; signature != 0 && i < image->n_variants; i++)
		if (image->variants[i].vcpus.signature == signature)
			return &image->variants[i];
	return &image->variants[0];
}

/* Search near what is published of an image, from the summary of its firmware. */
static int search_image(const struct snp_reference_image *image,
			const uint8_t digest[static SNP_LAUNCH_DIGEST_SIZE], uint32_t signature,
			struct search_answer *answer, struct snp_error *err)
{
	_cleanup_(image_inputs_done) struct image_inputs inputs = {0};
	_cleanup_(freep) struct snp_vcpus *expected = calloc(image->n_variants, sizeof(*expected));
	_cleanup_(search_done) struct search search = {.report_signature = signature,
						       .max_vcpus = (uint32_t)arg.max_vcpus.value,
						       .expected = expected,
						       .n_expected = image->n_variants};
	struct snp_launch launch = {.size = sizeof(launch), .mode = SNP_MODE_SNP};
	int r = expected ? published_inputs(image, &inputs, err) : out_of_memory(err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < image->n_variants; i++)
		expected[i] = image->variants[i].vcpus;
	launch.firmware = inputs.firmware;
	launch.kernel_hashes = inputs.has_kernel ? &inputs.kernel_hashes : NULL;
	launch.vcpus = first_variant(image, signature)->vcpus;
	r = snp_launch_check(&launch, err);
	return r < 0 ? r : search_near(&search, &launch, image->cmdline, digest, answer, err);
}

static int search_document(struct document *document,
			   const uint8_t digest[static SNP_LAUNCH_DIGEST_SIZE], uint32_t signature,
			   struct explanation *e, struct snp_error *err)
{
	int r = published_recall(document->reference, document->folder, err);

	for (size_t i = 0; r == 0 && !e->answer.found && i < document->reference->n_images; i++) {
		const struct snp_reference_image *image = &document->reference->images[i];

		if (image->is_container_group)
			continue;
		if (!image->firmware_summary) {
			e->n_unsearched++;
			e->unsearched = image->firmware.name;
			continue;
		}
		e->n_images++;
		e->document = document;
		e->image = image;
		r = search_image(image, digest, signature, &e->answer, err);
	}
	return r;
}

static int search_documents(struct document *documents, size_t n,
			    const uint8_t digest[static SNP_LAUNCH_DIGEST_SIZE], uint32_t signature,
			    struct explanation *e, struct snp_error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && !e->answer.found && i < n; i++)
		r = search_document(&documents[i], digest, signature, e, err);
	if (r == 0 && e->n_images == 0)
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
				 "the digest is not published, and no summary of firmware %s is "
				 "beside the reference values: describe the expected launch with "
				 "--ovmf or --igvm and the other launch options",
				 e->unsearched ? e->unsearched : "");
	return r;
}

/* What was tried, what was not, and what would help: each a list that ends with NULL. */
struct advice {
	const char *tried[8], *not_tried[5], *ask_for[6];
};

static struct advice give_advice(const struct explanation *e)
{
	static const struct advice of_igvm = {
		{"other numbers of vCPUs", "other VMM profiles", "likely CPU signatures", NULL},
		{"other CPU signatures", "other IGVM files and sizes of memory", NULL},
		{"the SHA-256 of the IGVM file", "the size of the guest's memory",
		 "the number and the model of the vCPUs", "the VMM and its version", NULL},
	};
	static const struct advice of_firmware = {
		{"other numbers of vCPUs", "likely CPU signatures and guest features",
		 "other VMM profiles", "kernel hashes off", "no initrd",
		 "small changes of the command line", NULL},
		{"other CPU signatures and guest features",
		 "more than one change of firmware, kernel, initrd or command line together with another CPU, profile or guest features",
		 NULL},
		{"the SHA-256 of firmware, kernel and initrd, or the files, to try them with --candidates",
		 "the command line of the kernel, byte for byte, to try it with --candidate-append",
		 "the number and the model of the vCPUs", "the VMM and its version", NULL},
	};
	struct advice advice = launch_args.igvm ? of_igvm : of_firmware;
	size_t n = 0;

	while (advice.not_tried[n])
		n++;
	if (e->answer.is_cut)
		advice.not_tried[n++] =
			"some combinations of firmware, kernels, initrds and command lines";
	if (e->n_unsearched > 0)
		advice.not_tried[n++] = "images without a summary of their firmware";
	return advice;
}

static void print_list(const char *title, const char *const list[], FILE *out)
{
	fprintf(out, "  %s: ", title);
	for (size_t i = 0; list[i]; i++)
		fprintf(out, "%s%s", i > 0 ? "; " : "", list[i]);
	fputc('\n', out);
}

static void print_nearest(const struct explanation *e, FILE *out)
{
	const struct snp_vcpus *v = &e->image->variants[e->answer.nearest].vcpus;

	fprintf(out,
		"  the nearest published launch has %" PRIu32 " vCPUs, CPU signature 0x%08" PRIx32
		"%s%s%s, guest features 0x%" PRIx64 " and profile %s\n",
		v->count, v->signature, v->model[0] ? " (" : "", v->model, v->model[0] ? ")" : "",
		v->features, v->profile);
}

static void print_match(const struct explanation *e, FILE *out)
{
	const struct search_answer *answer = &e->answer;
	char escaped[4 * SEARCH_TEXT_SIZE];

	if (answer->published)
		fputs("published as ", out);
	else if (e->image) {
		char text[SEARCH_TEXT_SIZE];

		snprintf(text, sizeof(text), "image %s in %s", e->image->name, e->document->path);
		escape_text(text, escaped, sizeof(escaped));
		fprintf(out, "matches %s%s", escaped, answer->n == 0 ? "" : " with ");
	} else
		fputs(answer->n == 0 ? "matches the given launch" : "matches with ", out);
	for (size_t i = 0; i < answer->n; i++) {
		escape_text(answer->texts[i], escaped, sizeof(escaped));
		fprintf(out, "%s%s", i == 0 ? "" : i + 1 == answer->n ? " and " : ", ", escaped);
	}
	fprintf(out, " (%" PRIu64 " launches tried)\n", answer->tried);
	if (e->image && !answer->published)
		print_nearest(e, out);
}

static void print(const struct explanation *e, FILE *out)
{
	struct advice advice;

	if (e->answer.found) {
		print_match(e, out);
		return;
	}
	advice = give_advice(e);
	fprintf(out, "no match among %" PRIu64 " similar launches\n", e->answer.tried);
	print_list("tried", advice.tried, out);
	print_list("not tried", advice.not_tried, out);
	print_list("ask the other side for", advice.ask_for, out);
}

static void add_nearest(struct json_out *json, const struct explanation *e)
{
	const struct snp_reference_variant *v = &e->image->variants[e->answer.nearest];
	struct cJSON *object = json_out_object(json, json->root, "nearest");

	json_out_text(json, object, "file", e->document->path);
	json_out_string(json, object, "image", e->image->name);
	json_out_string(json, object, "vmm_profile", v->vcpus.profile);
	json_out_integer(json, object, "vcpu_count", v->vcpus.count);
	if (v->vcpus.model[0])
		json_out_string(json, object, "cpu_model", v->vcpus.model);
	json_out_u64(json, object, "cpu_signature", v->vcpus.signature);
	json_out_u64(json, object, "guest_features", v->vcpus.features);
	json_out_hex(json, object, "launch_digest", v->launch_digest, SNP_LAUNCH_DIGEST_SIZE);
}

static void add_list(struct json_out *json, const char *name, bool found, const char *const list[])
{
	struct cJSON *array = json_out_array(json, json->root, name);

	for (size_t i = 0; !found && list[i]; i++)
		json_out_string(json, array, NULL, list[i]);
}

static int print_json(const struct explanation *e, FILE *out, struct snp_error *err)
{
	_cleanup_(json_out_done) struct json_out json = {0};
	const struct search_answer *answer = &e->answer;
	struct advice advice = give_advice(e);
	struct cJSON *list;

	cli_json_begin(&json, "snp-explain/1");
	json_out_bool(&json, json.root, "found", answer->found);
	json_out_bool(&json, json.root, "published", answer->published);
	list = json_out_array(&json, json.root, "differences");
	for (size_t i = 0; i < answer->n; i++)
		json_out_text(&json, list, NULL, answer->texts[i]);
	if (answer->found && e->image && !answer->published)
		add_nearest(&json, e);
	json_out_integer(&json, json.root, "launches_tried", answer->tried);
	add_list(&json, "tried", answer->found, advice.tried);
	add_list(&json, "not_tried", answer->found, advice.not_tried);
	add_list(&json, "ask_for", answer->found, advice.ask_for);
	cli_json_warnings(&json);
	return cli_json_end(&json, out, err);
}

static int check_arguments(struct snp_error *err)
{
	if (arg.max_vcpus.value < 1 || arg.max_vcpus.value > SNP_MAX_VCPUS)
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET, "--max-vcpus: give 1 to %u",
				 SNP_MAX_VCPUS);
	if (launch_args.igvm && (arg.candidates || arg.cmdlines.count > 0))
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
				 "--%s is for firmware, not for --igvm",
				 arg.candidates ? "candidates" : "candidate-append");
	/* Mistakes in how the launch is described are told before a digest is looked up. */
	if (arg.references.count == 0 || cli_launch_is_given()) {
		struct cli_launch chosen = {.launch.size = sizeof(chosen.launch)};

		return cli_launch_choose(&chosen, err);
	}
	return 0;
}

static int explain(struct document *documents, struct explanation *e, struct snp_error *err)
{
	uint8_t digest[SNP_LAUNCH_DIGEST_SIZE];
	uint32_t signature = 0;
	size_t n = 0;
	int r = read_digest(digest, &signature, err);

	for (; r == 0 && !e->answer.found && n < arg.references.count; n++) {
		r = read_reference(arg.references.value[n], &documents[n], err);
		if (r == 0)
			look_up(&documents[n], digest, &e->answer);
	}
	e->answer.published = e->answer.found;
	if (r < 0 || e->answer.found)
		return r;
	return arg.references.count == 0 || cli_launch_is_given()
		       ? search_stated(digest, signature, e, err)
		       : search_documents(documents, n, digest, signature, e, err);
}

static int run(FILE *out, char *const operands[], struct snp_error *err)
{
	struct document documents[ARRAY_SIZE(arg.references.value)] = {0};
	struct explanation e = {0};
	int r = check_arguments(err);

	(void)operands;
	if (r == 0)
		r = explain(documents, &e, err);
	if (r == 0 && cli_json)
		r = print_json(&e, out, err);
	else if (r == 0)
		print(&e, out);
	for (size_t i = 0; i < ARRAY_SIZE(documents); i++)
		document_done(&documents[i]);
	return r < 0 ? r : e.answer.found ? 0 : CLI_NO;
}

static const struct cli_option *const tables[] = {options, CLI_LAUNCH_OPTIONS, NULL};

const struct cli_verb verb_explain = {
	.name = "explain",
	.operands = "",
	.summary = "find which launch parameters produce a given digest",
	.example = "--report report.bin --reference published",
	.options = tables,
	.run = run,
};
