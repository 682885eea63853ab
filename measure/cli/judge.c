// SPDX-License-Identifier: Apache-2.0
#include <snp/judge.h>

#include <string.h>
#include <sys/stat.h>

#include <snp/fail.h>
#include <snp/file.h>
#include <snp/hex.h>
#include <snp/launch.h>
#include <snp/memory.h>

void cli_report_done(struct cli_report *report)
{
	snp_certificates_free(report->certificates);
	free(report->decoded);
	free(report->bytes);
}

int cli_report_take(struct snp_span bytes, struct cli_report *ret, struct snp_error *err)
{
	const struct snp_container *container = &ret->container;
	int r = snp_container_decode(bytes, &ret->container, &ret->decoded, err);

	if (r < 0)
		return r;
	r = snp_certificates_new(&ret->certificates, err);
	if (r < 0 || container->certificates.size == 0)
		return r;
	return container->kind == SNP_CONTAINER_EXTENDED
		       ? snp_certificates_add_table(ret->certificates, container->certificates, err)
		       : snp_certificates_add(ret->certificates, container->certificates, err);
}

const char *cli_encoding(const struct snp_container *container)
{
	return container->is_hex ? "hex of " : container->is_base64 ? "base64 of " : "";
}

static int read_file(const char *path, struct cli_report *ret, struct snp_error *err)
{
	size_t size;
	int r = file_read_input(path, 2 * SNP_MAX_CONTAINER, &ret->bytes, &size, err);

	if (r < 0)
		return r;
	return in_file(err, cli_report_take((struct snp_span){ret->bytes, size}, ret, err), path);
}

static int read_folder(const char *path, struct cli_report *ret, struct snp_error *err)
{
	_cleanup_(freep) char *outblob = format_text("%s/outblob", path);
	_cleanup_(freep) char *auxblob = format_text("%s/auxblob", path);
	_cleanup_(freep) uint8_t *table = NULL;
	const char *encoding;
	size_t size = 0;
	int r;

	if (!outblob || !auxblob)
		return out_of_memory(err);
	r = read_file(outblob, ret, err);
	encoding = cli_encoding(&ret->container);
	/* The kernel puts certificates into the other file; a container comes from something else. */
	if (r == 0 && (ret->container.kind != SNP_CONTAINER_RAW || encoding[0] != '\0'))
		r = in_file(err,
			    fail_with(err, SNP_E_BAD_CONTAINER, SNP_NO_OFFSET,
				      "is %s%s; configfs-tsm gives a raw report", encoding,
				      snp_container_name(ret->container.kind)),
			    outblob);
	if (r < 0 || access(auxblob, F_OK) != 0)
		return r;
	r = file_read(auxblob, SNP_MAX_SMALL, &table, &size, err);
	/* Empty if the host has no certificates. */
	if (r == 0 && size > 0)
		r = snp_certificates_add_table(ret->certificates, (struct snp_span){table, size},
					       err);
	return in_file(err, r, auxblob);
}

int cli_report_read(const char *path, struct cli_report *ret, struct snp_error *err)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode) ? read_folder(path, ret, err)
							   : read_file(path, ret, err);
}

int cli_report_decode(const char *path, bool any_version, struct cli_report *ret,
		      struct snp_report **ret_report, struct snp_error *err)
{
	int r = cli_report_read(path, ret, err);

	if (r < 0)
		return r;
	return in_file(err, snp_report_decode(ret->container.report, any_version, ret_report, err),
		       path);
}

static int add_crl(struct snp_certificates *set, const char *path, struct snp_error *err)
{
	_cleanup_(freep) uint8_t *bytes = NULL;
	size_t size;
	int r = file_read(path, SNP_MAX_CRL_SIZE, &bytes, &size, err);

	if (r < 0)
		return r;
	return in_file(err, snp_certificates_add_crl(set, (struct snp_span){bytes, size}, err),
		       path);
}

/* What a fleet keeps may be more than a set holds. */
static int add_kept(struct snp_certificates *set, struct snp_span bytes, struct snp_error *err)
{
	_cleanup_(snp_report_freep) struct snp_report *report = NULL;
	int r = snp_report_decode(bytes, false, &report, err);

	if (r < 0)
		return r;
	snp_certificates_take(set, SNP_LEAVES_OF_REPORT, report);
	r = snp_certificates_add_kept(set, err);
	snp_certificates_take(set, SNP_LEAVES_ALL, NULL);
	return r;
}

static int add_sources(struct snp_certificates *set, struct snp_span report,
		       const struct cli_sources *sources, struct snp_error *err)
{
	static const struct cli_values none;
	const struct cli_values *certificates =
		sources->certificates ? sources->certificates : &none;
	const struct cli_values *crls = sources->crls ? sources->crls : &none;
	int r = add_kept(set, report, err);

	if (r == 0 && sources->simulated_root)
		r = snp_certificates_add_path(set, sources->simulated_root, err);
	for (unsigned int i = 0; r == 0 && i < certificates->count; i++)
		r = snp_certificates_add_path(set, certificates->value[i], err);
	for (unsigned int i = 0; r == 0 && i < crls->count; i++)
		r = add_crl(set, crls->value[i], err);
	return r;
}

/* Read into a set of its own, so that nothing that came with the report becomes a root. */
static int read_simulated_root(const char *path, struct snp_root ret[static SNP_MAX_PRODUCT_ROOTS],
			       size_t *ret_n, struct snp_error *err)
{
	_cleanup_(snp_certificates_freep) struct snp_certificates *set = NULL;
	int r = snp_certificates_new(&set, err);

	if (r < 0)
		return r;
	r = snp_certificates_add_path(set, path, err);
	if (r < 0)
		return r;
	*ret_n = snp_certificates_roots(set, SNP_PRODUCT_SIMULATED, ret);
	if (*ret_n == 0)
		r = fail_with(err, SNP_E_BAD_CERTIFICATE, SNP_NO_OFFSET,
			      "no certificate of a simulated host; give its chip/ark.der");
	return in_file(err, r, path);
}

static int check_keys(const struct snp_evidence *evidence, struct snp_error *err)
{
	if (evidence->jwks.size > 0 && evidence->token.size == 0)
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET, "--jwks requires a token");
	if (evidence->report.size == 0 && evidence->jwks.size == 0)
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
				 "a token needs the keys of its service; give --jwks");
	return 0;
}

int cli_judge(struct cli_report *report, const struct cli_sources *sources,
	      const struct snp_expectations *expected, struct snp_evidence *ret_evidence,
	      struct snp_verdict **ret, struct snp_error *err)
{
	struct snp_evidence evidence = {
		.size = sizeof(evidence),
		.report = report->container.report,
		.runtime_data = report->container.runtime_data,
		.certificates = report->certificates,
		.at_time = sources->at_time,
		.endorsement = sources->endorsement.size > 0 ? sources->endorsement
							     : report->container.endorsement,
		.token = sources->token.size > 0 ? sources->token : report->container.token,
		.jwks = sources->jwks};
	int r = check_keys(&evidence, err);

	if (r < 0)
		return r;
	if (evidence.token.size > 0 && evidence.jwks.size == 0) {
		cli_warn("token-not-checked",
			 "there is a token beside the report; give --jwks to check it");
		evidence.token = evidence.jwks;
	}
	if (sources->runtime_data.size > 0)
		evidence.runtime_data = sources->runtime_data;
	if (evidence.report.size > 0)
		r = add_sources(report->certificates, report->container.report, sources, err);
	if (r == 0 && sources->simulated_root) {
		evidence.roots = report->roots;
		r = read_simulated_root(sources->simulated_root, report->roots, &evidence.n_roots,
					err);
	}
	if (r == 0)
		r = snp_verify(&evidence, expected, ret, err);
	if (r == 0 && ret_evidence)
		*ret_evidence = evidence;
	return r;
}

void cli_document_done(struct cli_document *document)
{
	free(document->path);
	free(document->bytes);
	free(document->signature);
}

int cli_firmware_version(const char *text, const char *what, struct snp_firmware_version *ret,
			 struct snp_error *err)
{
	unsigned int v[3];
	char end;

	if (sscanf(text, "%3u.%3u.%3u%c", &v[0], &v[1], &v[2], &end) != 3 || v[0] > 255 ||
	    v[1] > 255 || v[2] > 255)
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
				 "%s: invalid firmware version '%s'; write it like 1.55.29", what,
				 text);
	*ret = (struct snp_firmware_version){
		.major = (uint8_t)v[0], .minor = (uint8_t)v[1], .build = (uint8_t)v[2]};
	return 0;
}

bool cli_binds_no_kernel(const struct snp_kernel_hash_check *check)
{
	return check->is_known &&
	       (check->boot == SNP_BOOT_STARTS ||
		(check->boot != SNP_BOOT_REFUSES && check->in_image == SNP_HASH_VERIFIER_ABSENT));
}

/* What the published document says of its own firmware. */
static void warn_of_hash_check(const struct snp_reference_image *image)
{
	if (image && cli_binds_no_kernel(&image->kernel_hash_check))
		cli_warn(
			SNP_WARN_NOT_CHECKED,
			"image %s was published with a firmware that does not check kernel hashes: the "
			"host can boot another kernel with this digest",
			image->name);
}

void cli_verdict_warn(const struct snp_verdict *verdict)
{
	if (snp_verdict_product(verdict) == SNP_PRODUCT_MILAN)
		cli_warn(
			"milan-forgeable",
			"the owner of a Milan processor can extract its key seed and forge reports of any TCB (arXiv 2605.12990); to refuse them, use snp-measure verify --deny-product=Milan");
	if (snp_verdict_outcome(verdict, SNP_CHECK_REPORT_SIGNATURE) == SNP_NOT_ASKED)
		cli_warn(
			"token-alone",
			"only the service that issued the token has checked the report; to check it here, give the report too");
	if (snp_verdict_outcome(verdict, SNP_CHECK_HOST_DATA) == SNP_NOT_ASKED &&
	    snp_verdict_message(verdict, SNP_CHECK_HOST_DATA)[0] != '\0')
		cli_warn(
			"any-containers",
			"the token is about a utility VM, which can run any containers; to check which ones, use --security-policy or --host-data");
	if (snp_verdict_report(verdict)->version == 2)
		cli_warn("no-alias-check",
			 "a report of version 2 does not say whether the alias check was done "
			 "(AMD-SB-3015)");
	warn_of_hash_check(snp_verdict_image(verdict));
}

static bool passed(const struct snp_verdict *verdict, enum snp_check check)
{
	return snp_verdict_outcome(verdict, check) == SNP_PASSED;
}

static void print_check(const struct snp_verdict *verdict, enum snp_check check, FILE *out)
{
	const char *message = snp_verdict_message(verdict, check);

	fprintf(out, "  %-11s  %-22s  %s%s%s\n",
		snp_outcome_name(snp_verdict_outcome(verdict, check)), snp_check_name(check),
		snp_check_question(check), message[0] ? ": " : "", message);
}

void cli_verdict_print(const struct snp_verdict *verdict, const char *document, bool every_check,
		       FILE *out)
{
	static const struct {
		const char *name;
		enum snp_check check;
	} lines[] = {
		{"launch digest", SNP_CHECK_MEASUREMENT},
		{"freshness", SNP_CHECK_REPORT_DATA},
		{"revocation", SNP_CHECK_REVOCATION},
	};
	const bool accepted = snp_verdict_accepted(verdict);
	const bool published = snp_verdict_variant(verdict) != NULL;
	const enum snp_check reason = snp_verdict_reason(verdict);
	char escaped[4096];

	if (accepted)
		fprintf(out, "accepted: %s%s\n",
			snp_verdict_product(verdict) == SNP_PRODUCT_UNKNOWN
				? "from a token, which does not name the product"
				: snp_product_name(snp_verdict_product(verdict)),
			published ? ", as published" : "");
	else
		fprintf(out, "refused: %s: %s\n", snp_check_name(reason),
			snp_verdict_message(verdict, reason));
	for (enum snp_check i = 0; snp_check_name(i); i++)
		if (every_check || (snp_verdict_outcome(verdict, i) == SNP_FAILED && i != reason))
			print_check(verdict, i, out);
	if (snp_verdict_outcome(verdict, SNP_CHECK_MEASUREMENT) == SNP_FAILED) {
		char hex[2 * SNP_MEASUREMENT_SIZE + 1];

		hex_encode(snp_verdict_report(verdict)->measurement, SNP_MEASUREMENT_SIZE, hex);
		fprintf(out, "  launch digest seen: %s\n", hex);
	}
	for (size_t i = 0; accepted && i < ARRAY_SIZE(lines); i++)
		if (lines[i].check == SNP_CHECK_MEASUREMENT && published)
			fprintf(out, "  %s: %s\n", lines[i].name,
				snp_verdict_message(verdict, lines[i].check));
		else
			fprintf(out, "  %s %schecked\n", lines[i].name,
				passed(verdict, lines[i].check) ? "" : "not ");
	if (!document)
		return;
	escape_text(document, escaped, sizeof(escaped));
	fprintf(out, "  reference values: %s\n", escaped);
}

static void add_reference(struct json_out *json, const struct snp_verdict *verdict,
			  const char *document)
{
	const struct snp_reference_variant *variant = snp_verdict_variant(verdict);
	struct cJSON *object;

	if (!variant)
		return;
	object = json_out_object(json, json->root, "reference");
	if (document)
		json_out_text(json, object, "file", document);
	json_out_string(json, object, "image", snp_verdict_image(verdict)->name);
	json_out_string(json, object, "vmm_profile", variant->vcpus.profile);
	json_out_integer(json, object, "vcpu_count", variant->vcpus.count);
	if (variant->vcpus.model[0])
		json_out_string(json, object, "cpu_model", variant->vcpus.model);
}

void cli_verdict_json(struct json_out *json, const struct snp_verdict *verdict,
		      const char *document)
{
	const bool accepted = snp_verdict_accepted(verdict);
	struct cJSON *checks;

	json_out_string(json, json->root, "verdict", accepted ? "accepted" : "refused");
	if (!accepted)
		json_out_string(json, json->root, "reason",
				snp_check_name(snp_verdict_reason(verdict)));
	json_out_bool(json, json->root, "authentic", snp_verdict_authentic(verdict));
	json_out_string(json, json->root, "product",
			snp_product_name(snp_verdict_product(verdict)));
	json_out_bool(json, json->root, "freshness_checked",
		      passed(verdict, SNP_CHECK_REPORT_DATA));
	json_out_bool(json, json->root, "revocation_checked",
		      passed(verdict, SNP_CHECK_REVOCATION));
	add_reference(json, verdict, document);
	checks = json_out_array(json, json->root, "checks");
	for (enum snp_check i = 0; snp_check_name(i); i++) {
		struct cJSON *check = json_out_object(json, checks, NULL);
		const char *message = snp_verdict_message(verdict, i);

		json_out_string(json, check, "name", snp_check_name(i));
		json_out_string(json, check, "result",
				snp_outcome_name(snp_verdict_outcome(verdict, i)));
		if (message[0])
			json_out_string(json, check, "message", message);
	}
}
