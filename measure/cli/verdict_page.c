// SPDX-License-Identifier: Apache-2.0
#include "verdict_page.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include <cjson/cJSON.h>
#include <snp/evidence_folder.h>
#include <snp/fail.h>
#include <snp/html.h>

#include "report_view.h"

static const struct label {
	const char *key, *text;
} labels[] = {
	{"any_measurement", "Launch digest: any is accepted"},
	{"measurements", "Launch digest, one of"},
	{"endorsed", "Launch digest: the one that is endorsed"},
	{"uvm_issuer", "Issuer of the endorsement"},
	{"uvm_feed", "Feed of the endorsement"},
	{"uvm_svn_min", "SVN of the endorsement, at least"},
	{"endorsement_vcpu_count", "Endorsed number of vCPUs"},
	{"endorsement_svn_min", "SVN of the endorsement, at least"},
	{"maa_issuer", "Issuer of the token"},
	{"maa_compliance", "Compliance status in the token"},
	{"maa_host_data", "HOST_DATA of the token's service"},
	{"policy", "Guest policy, exactly"},
	{"policy_at_most", "Guest policy, at most"},
	{"allow_debug", "Debugging by the host is accepted"},
	{"guest_svn", "GUEST_SVN, exactly"},
	{"guest_svn_min", "GUEST_SVN, at least"},
	{"family_id", "FAMILY_ID"},
	{"image_id", "IMAGE_ID"},
	{"host_data", "HOST_DATA"},
	{"any_host_data", "HOST_DATA: any is accepted"},
	{"report_data", "REPORT_DATA, the nonce"},
	{"vmpl", "VMPL"},
	{"id_key_digests", "ID_KEY_DIGEST, one of"},
	{"author_key_digests", "AUTHOR_KEY_DIGEST, one of"},
	{"chip_ids", "CHIP_ID, one of"},
	{"allow_masked_chip_id", "A masked CHIP_ID is accepted"},
	{"report_id", "REPORT_ID"},
	{"minimum_tcb", "REPORTED_TCB, at least"},
	{"minimum_tcbs", "REPORTED_TCB by product, at least"},
	{"minimum_launch_tcb", "LAUNCH_TCB, at least"},
	{"firmware_min", "Committed firmware, at least"},
	{"no_provisional_firmware", "Firmware must be committed"},
	{"platform_require", "PLATFORM_INFO bits that must be set"},
	{"platform_forbid", "PLATFORM_INFO bits that must be clear"},
	{"launch_mitigations", "LAUNCH_MIT_VECTOR bits that must be set"},
	{"current_mitigations", "CURRENT_MIT_VECTOR bits that must be set"},
	{"denied_products", "Products that are refused"},
};

static const char *label(const char *key)
{
	for (size_t i = 0; i < ARRAY_SIZE(labels); i++)
		if (strcmp(labels[i].key, key) == 0)
			return labels[i].text;
	return key;
}

static void print_code(const char *text, FILE *out)
{
	fputs("<code>", out);
	html_text(text, out);
	fputs("</code>", out);
}

/* A value of the document that says what is expected. */
static void print_value(const cJSON *value, FILE *out)
{
	const cJSON *item;

	if (cJSON_IsString(value) || cJSON_IsRaw(value))
		print_code(value->valuestring, out);
	else if (cJSON_IsBool(value))
		html_text("yes", out);
	cJSON_ArrayForEach(item, value) {
		print_value(item, out);
		if (item->next)
			fputs(cJSON_IsObject(value) ? " " : "<br>", out);
	}
}

static enum snp_outcome outcome(const struct verdict_page *p, enum snp_check check)
{
	return snp_verdict_outcome(p->verdict, check);
}

static void print_document(const struct cli_document *document, FILE *out)
{
	html_row_begin("Launch digest in the reference values", out);
	print_code(document->path, out);
	if (document->is_checked) {
		fputs("<br>signed by the key whose public half has the SHA-256 ", out);
		html_hex(document->key_id, sizeof(document->key_id), out);
	} else {
		fputs("<br>nobody checked who published them", out);
	}
	html_row_end(out);
}

static void print_demanded(const struct verdict_page *p, FILE *out)
{
	const bool alone = outcome(p, SNP_CHECK_REPORT_SIGNATURE) == SNP_NOT_ASKED;
	_cleanup_(json_out_done) struct json_out json;
	const cJSON *item;

	html_heading("What was demanded", out);
	html_facts_begin(out);
	html_row(
		"Always",
		alone ? "a token that the service signed"
		: p->evidence->roots
			? "a report that a simulated secure processor signed, by certificates that "
			  "lead to the root that was given"
			: "a report that AMD's secure processor signed, by certificates that lead "
			  "to AMD's pinned root",
		out);
	if (!p->expected->allow_debug)
		html_row("Debugging by the host", "must be forbidden by the guest policy", out);
	for (size_t i = 0; i < p->expected->n_references; i++)
		print_document(&p->documents[i], out);
	json_out_init(&json, NULL);
	expected_print(p->expected, &json, json.root);
	cJSON_ArrayForEach(item, json.root) {
		html_row_begin(label(item->string), out);
		print_value(item, out);
		html_row_end(out);
	}
	html_facts_end(out);
}

static void print_code_row(const char *name, const char *value, FILE *out)
{
	html_row_begin(name, out);
	print_code(value, out);
	html_row_end(out);
}

static void print_found(const struct verdict_page *p, FILE *out)
{
	const struct snp_report *report = snp_verdict_report(p->verdict);
	const struct snp_reference_variant *variant = snp_verdict_variant(p->verdict);

	html_heading("What was found", out);
	if (variant) {
		fputs("<p>This is the published image <strong>", out);
		html_text(snp_verdict_image(p->verdict)->name, out);
		fprintf(out, "</strong> with %" PRIu32 " vCPU%s", variant->vcpus.count,
			variant->vcpus.count == 1 ? "" : "s");
		if (variant->vcpus.model[0]) {
			fputs(" of the model ", out);
			html_text(variant->vcpus.model, out);
		}
		fputs(", started as the profile ", out);
		html_text(variant->vcpus.profile, out);
		fputs(" says.</p>\n", out);
	}
	html_facts_begin(out);
	if (p->evidence->report.size > 0)
		cli_report_each(report, cli_report_layout(report), print_code_row, out);
	else
		html_row("Report", "none; the token's claims stand for it", out);
	html_facts_end(out);
}

static bool is_zero(const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (bytes[i])
			return false;
	return true;
}

/* Certificates that the report may hang on: the CA's of its product, and what fits its key. */
static bool concerns(const struct snp_certificate *c, const struct snp_report *report,
		     enum snp_product product)
{
	const bool vlek = report->signing_key == SNP_SIGNING_KEY_VLEK;

	if (c->product != product || c->kind == SNP_CERTIFICATE_OTHER ||
	    c->kind == (vlek ? SNP_ASK : SNP_ASVK) || c->kind == (vlek ? SNP_VCEK : SNP_VLEK))
		return false;
	if (c->kind != SNP_VCEK && c->kind != SNP_VLEK)
		return true;
	return c->tcb == report->reported_tcb &&
	       (c->kind == SNP_VLEK || memcmp(c->hwid, report->chip_id, c->hwid_size) == 0);
}

static void print_certificates(const struct verdict_page *p, FILE *out)
{
	const struct snp_report *report = snp_verdict_report(p->verdict);
	const struct snp_certificate *c;

	for (size_t i = 0, shown = 0; p->evidence->certificates && shown < 16 &&
				      (c = snp_certificates_at(p->evidence->certificates, i));
	     i++) {
		if (!concerns(c, report, snp_verdict_product(p->verdict)))
			continue;
		shown++;
		html_row_begin(snp_certificate_kind_name(c->kind), out);
		html_text(c->subject, out);
		if (c->kind == SNP_VLEK) {
			fputs(", of ", out);
			html_text(c->csp, out);
		}
		fputs("<br><span class=\"soft\">SHA-256</span> ", out);
		html_hex(c->sha256, sizeof(c->sha256), out);
		html_row_end(out);
	}
}

/* A row of what a check found, if it was asked for. */
static void print_check_row(const struct verdict_page *p, const char *name, enum snp_check check,
			    FILE *out)
{
	const enum snp_outcome found = outcome(p, check);
	const char *message = snp_verdict_message(p->verdict, check);

	if (found != SNP_PASSED && found != SNP_FAILED)
		return;
	html_row_begin(name, out);
	html_text(found == SNP_PASSED ? "verified" : "not verified", out);
	if (message[0]) {
		fputs(": ", out);
		html_text(message, out);
	}
	html_row_end(out);
}

static void print_key_digest(const char *name, const uint8_t digest[static 48],
			     enum snp_outcome asked, FILE *out)
{
	if (is_zero(digest, 48))
		return;
	html_row_begin(name, out);
	fputs(asked == SNP_PASSED   ? "a key that was expected"
	      : asked == SNP_FAILED ? "a key that was not expected"
				    : "a key that nothing was demanded of",
	      out);
	fputs("<br>", out);
	html_hex(digest, 48, out);
	html_row_end(out);
}

static void print_signers(const struct verdict_page *p, FILE *out)
{
	const struct snp_report *report = snp_verdict_report(p->verdict);

	html_heading("Who signed what", out);
	html_facts_begin(out);
	print_check_row(p, "The report, by the VCEK or VLEK", SNP_CHECK_REPORT_SIGNATURE, out);
	print_check_row(p, "That certificate, by AMD", SNP_CHECK_CERTIFICATE_CHAIN, out);
	print_certificates(p, out);
	print_key_digest("The guest's ID block", report->id_key_digest,
			 outcome(p, SNP_CHECK_ID_KEY_DIGEST), out);
	print_key_digest("The ID key, by its author", report->author_key_digest,
			 outcome(p, SNP_CHECK_AUTHOR_KEY_DIGEST), out);
	for (size_t i = 0; i < p->expected->n_references; i++)
		print_document(&p->documents[i], out);
	print_check_row(p, "The endorsement", SNP_CHECK_ENDORSEMENT_SIGNATURE, out);
	print_check_row(p, "The endorsement's signer", SNP_CHECK_ENDORSEMENT_ISSUER, out);
	print_check_row(p, "The token", SNP_CHECK_TOKEN_SIGNATURE, out);
	print_check_row(p, "The token's issuer", SNP_CHECK_TOKEN_ISSUER, out);
	html_facts_end(out);
}

/* The largest of what the caller and the published image ask for, component by component; both must hold. */
static bool find_minimum(const struct verdict_page *p, struct snp_tcb *ret)
{
	const struct snp_expectations *x = p->expected;
	const struct snp_reference_image *image = snp_verdict_image(p->verdict);
	const enum snp_product product = snp_verdict_product(p->verdict);
	const struct snp_tcb *all[3 + SNP_PRODUCT_TURIN] = {
		x->has_minimum_tcb ? &x->minimum_tcb : NULL,
		image ? snp_reference_minimum_tcb(image, product) : NULL};
	bool found = false;

	for (size_t i = 0, n = 2; i < x->n_minimum_tcbs && n < ARRAY_SIZE(all); i++)
		if (x->minimum_tcbs[i].product == product)
			all[n++] = &x->minimum_tcbs[i].tcb;
	*ret = (struct snp_tcb){0};
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		const struct snp_tcb *t = all[i];

		if (!t)
			continue;
		found = true;
		ret->fmc = t->fmc > ret->fmc ? t->fmc : ret->fmc;
		ret->boot_loader =
			t->boot_loader > ret->boot_loader ? t->boot_loader : ret->boot_loader;
		ret->tee = t->tee > ret->tee ? t->tee : ret->tee;
		ret->snp = t->snp > ret->snp ? t->snp : ret->snp;
		ret->microcode = t->microcode > ret->microcode ? t->microcode : ret->microcode;
	}
	return found;
}

static void print_tcb(const struct verdict_page *p, FILE *out)
{
	static const struct {
		const char *name;
		size_t offset;
	} components[] = {
		{"FMC", offsetof(struct snp_tcb, fmc)},
		{"Boot loader", offsetof(struct snp_tcb, boot_loader)},
		{"TEE", offsetof(struct snp_tcb, tee)},
		{"SNP firmware", offsetof(struct snp_tcb, snp)},
		{"Microcode", offsetof(struct snp_tcb, microcode)},
	};
	const struct snp_report *report = snp_verdict_report(p->verdict);
	const uint64_t words[] = {report->reported_tcb, report->committed_tcb, report->current_tcb,
				  report->launch_tcb};
	struct snp_tcb tcb[ARRAY_SIZE(words)], minimum;
	const bool asked = find_minimum(p, &minimum);

	html_heading("TCB against the minimum", out);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (p->evidence->report.size == 0 ||
		    snp_tcb_decode(words[i], snp_verdict_product(p->verdict), &tcb[i], NULL) < 0) {
			fputs("<p>The layout of the TCB is not known here.</p>\n", out);
			return;
		}
	fputs(asked ? "" : "<p>No minimum was demanded.</p>\n", out);
	fputs("<div class=\"box\"><table>\n<thead><tr><th>Component</th><th class=\"n\">Minimum</th>"
	      "<th class=\"n\">Reported</th><th class=\"n\">Committed</th><th class=\"n\">Current</th>"
	      "<th class=\"n\">At launch</th></tr></thead>\n<tbody>\n",
	      out);
	for (size_t i = tcb[0].has_fmc ? 0 : 1; i < ARRAY_SIZE(components); i++) {
		const size_t at = components[i].offset;
		const uint8_t least = *((const uint8_t *)&minimum + at);

		fprintf(out, "<tr><th scope=\"row\">%s</th><td class=\"n\">", components[i].name);
		fprintf(out, asked ? "%u" : "&ndash;", least);
		fputs("</td>", out);
		for (size_t k = 0; k < ARRAY_SIZE(words); k++) {
			const uint8_t level = *((const uint8_t *)&tcb[k] + at);

			fprintf(out, "<td class=\"n%s\">%u</td>",
				k > 0 || !asked ? ""
				: level < least ? " no"
						: " ok",
				level);
		}
		fputs("</tr>\n", out);
	}
	fputs("</tbody>\n</table></div>\n", out);
}

static void print_item(const char *text, const char *more, FILE *out)
{
	fputs("<li>", out);
	html_text(text, out);
	if (more[0]) {
		fputs(": ", out);
		html_text(more, out);
	}
	fputs("</li>\n", out);
}

/* The checks of a token and of an endorsement are one line each where none is there. */
static bool is_one_of_many(const struct verdict_page *p, enum snp_check check)
{
	return (check > SNP_CHECK_ENDORSEMENT && check <= SNP_CHECK_ENDORSED_MEASUREMENT &&
		outcome(p, SNP_CHECK_ENDORSEMENT) == SNP_NOT_ASKED) ||
	       (check > SNP_CHECK_TOKEN_KEY && check <= SNP_CHECK_TOKEN_SERVICE &&
		outcome(p, SNP_CHECK_TOKEN_KEY) == SNP_NOT_ASKED);
}

static void print_unchecked(const struct verdict_page *p, FILE *out)
{
	static const struct {
		enum snp_outcome outcome;
		const char *title;
	} kinds[] = {
		{SNP_NOT_ASKED, "Nothing was demanded here:"},
		{SNP_NOT_REACHED, "An earlier check failed, so these were not made:"},
	};

	html_heading("What was not checked", out);
	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
		bool begun = false;

		for (enum snp_check i = 0; snp_check_name(i); i++) {
			if (outcome(p, i) != kinds[k].outcome || is_one_of_many(p, i))
				continue;
			if (!begun)
				fprintf(out, "<p>%s</p>\n<ul>\n", kinds[k].title);
			begun = true;
			print_item(i == SNP_CHECK_TOKEN_KEY ? "an attestation token"
				   : i == SNP_CHECK_ENDORSEMENT
					   ? "an endorsement of the launch digest"
					   : snp_check_question(i),
				   snp_verdict_message(p->verdict, i), out);
		}
		fputs(begun ? "</ul>\n" : "", out);
	}
	if (!cli_warning(0))
		return;
	fputs("<div class=\"card warn\">\n<p><strong>To know:</strong></p>\n<ul>\n", out);
	for (unsigned int i = 0; cli_warning(i); i++)
		print_item(cli_warning(i), "", out);
	fputs("</ul>\n</div>\n", out);
}

static void print_checks(const struct verdict_page *p, FILE *out)
{
	html_heading("Every check", out);
	fputs("<table class=\"checks\">\n<thead><tr><th>Check</th><th>Result</th><th>What it "
	      "establishes</th></tr></thead>\n<tbody>\n",
	      out);
	for (enum snp_check i = 0; snp_check_name(i); i++) {
		const enum snp_outcome found = outcome(p, i);
		const char *message = snp_verdict_message(p->verdict, i);

		fprintf(out, "<tr><td>%s</td><td class=\"%s\">%s</td><td>", snp_check_name(i),
			found == SNP_PASSED   ? "ok"
			: found == SNP_FAILED ? "no"
					      : "soft",
			snp_outcome_name(found));
		html_text(snp_check_question(i), out);
		if (message[0]) {
			fputs("<br><span class=\"soft\">", out);
			html_text(message, out);
			fputs("</span>", out);
		}
		fputs("</td></tr>\n", out);
	}
	fputs("</tbody>\n</table>\n", out);
}

static void print_failed(const char *name, const char *message, FILE *out)
{
	fprintf(out, "<li><strong>%s</strong>: ", name);
	html_text(message, out);
	fputs("</li>\n", out);
}

static void print_sentence(const struct verdict_page *p, FILE *out)
{
	const struct snp_verdict *verdict = p->verdict;
	const bool accepted = snp_verdict_accepted(verdict);
	const bool alone = outcome(p, SNP_CHECK_REPORT_SIGNATURE) == SNP_NOT_ASKED;
	const bool published = snp_verdict_variant(verdict) != NULL;
	const enum snp_product product = snp_verdict_product(verdict);
	time_t at = (time_t)p->evidence->at_time;
	char date[64] = "";
	struct tm tm;

	if (gmtime_r(&at, &tm))
		strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S UTC", &tm);
	fprintf(out, "<div class=\"card %s\">\n<p class=\"word\">%s</p>\n<p>",
		accepted ? "ok" : "no", accepted ? "Accepted" : "Refused");
	if (accepted && alone)
		fputs("The attestation service signed this token, and it says all that was demanded.",
		      out);
	else if (accepted)
		fprintf(out, "%s signed this report, and it says all that was demanded%s.",
			product == SNP_PRODUCT_SIMULATED
				? "A simulated secure processor, which protects nothing,"
				: "An AMD secure processor",
			published ? ": the guest runs what was published"
			: outcome(p, SNP_CHECK_MEASUREMENT) == SNP_PASSED
				? ", its launch digest among that"
				: ". Its launch digest was not compared with anything");
	else
		fprintf(out, "%s The first check that failed is %s.",
			snp_verdict_authentic(verdict)
				? "The evidence is genuine, but it does not say what was demanded."
				: "It is not shown that the evidence is genuine.",
			snp_check_name(snp_verdict_reason(verdict)));
	fputs("</p>\n", out);
	if (!accepted) {
		fputs("<ul>\n", out);
		for (enum snp_check i = 0; snp_check_name(i); i++)
			if (outcome(p, i) == SNP_FAILED)
				print_failed(snp_check_name(i), snp_verdict_message(verdict, i),
					     out);
		fputs("</ul>\n", out);
	}
	fputs("<p class=\"soft\">", out);
	if (product != SNP_PRODUCT_UNKNOWN)
		fprintf(out, "Product %s. ", snp_product_name(product));
	fprintf(out, "Judged at %s.</p>\n</div>\n", date);
}

int verdict_page_print(const struct verdict_page *page, char **ret, size_t *ret_size,
		       struct snp_error *err)
{
	_cleanup_(freep) char *text = NULL;
	FILE *out = open_memstream(&text, ret_size);
	bool failed;

	if (!out)
		return out_of_memory(err);
	html_begin(snp_verdict_accepted(page->verdict) ? "Attestation report: accepted"
						       : "Attestation report: refused",
		   out);
	fputs("<h1>Verdict on an attestation report</h1>\n", out);
	print_sentence(page, out);
	print_demanded(page, out);
	print_found(page, out);
	print_signers(page, out);
	print_tcb(page, out);
	print_unchecked(page, out);
	print_checks(page, out);
	html_end(SNP_VERSION, out);
	failed = ferror(out);
	if (fclose(out) != 0 || failed)
		return out_of_memory(err);
	*ret = TAKE_PTR(text);
	return 0;
}
