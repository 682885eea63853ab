// SPDX-License-Identifier: Apache-2.0
#include <snp/tool.h>
#include <snp/verdict.h>

void cli_verdict_warn(const struct snp_verdict *verdict)
{
	if (verdict->product == SNP_PRODUCT_MILAN)
		cli_warn("milan-forgeable",
			 "the seed of a Milan's keys can be read out, and reports of any TCB made "
			 "with it (arXiv 2605.12990); snp-measure verify --deny-product=Milan "
			 "refuses them");
	if (verdict->report.version == 2)
		cli_warn("no-alias-check",
			 "a report of version 2 does not say whether the host looked for memory "
			 "aliases (AMD-SB-3015)");
}

static const char *checked(const struct snp_verdict *verdict, enum snp_check check)
{
	return verdict->checks[check].outcome == SNP_PASSED ? "checked" : "not checked";
}

static void print_check(const struct snp_verdict *verdict, unsigned int i, FILE *out)
{
	const char *message = verdict->checks[i].message;

	fprintf(out, "  %-11s  %-22s  %s%s%s\n", snp_outcome_name(verdict->checks[i].outcome),
		snp_check_name((enum snp_check)i), snp_check_question((enum snp_check)i),
		message[0] ? ": " : "", message);
}

void cli_verdict_print(const struct snp_verdict *verdict, bool every_check, FILE *out)
{
	const enum snp_check reason = verdict->reason;

	if (verdict->accepted)
		fprintf(out, "accepted: %s%s\n", snp_product_name(verdict->product),
			verdict->variant ? ", as published" : "");
	else
		fprintf(out, "refused: %s: %s\n", snp_check_name(reason),
			verdict->checks[reason].message);
	for (unsigned int i = 0; i < SNP_N_CHECKS; i++)
		if (every_check || (verdict->checks[i].outcome == SNP_FAILED && i != reason))
			print_check(verdict, i, out);
	if (!verdict->accepted)
		return;
	if (verdict->variant)
		fprintf(out, "  launch digest: %s\n",
			verdict->checks[SNP_CHECK_MEASUREMENT].message);
	else
		fprintf(out, "  launch digest %s\n", checked(verdict, SNP_CHECK_MEASUREMENT));
	fprintf(out, "  freshness %s\n", checked(verdict, SNP_CHECK_REPORT_DATA));
	fprintf(out, "  revocation %s\n", checked(verdict, SNP_CHECK_REVOCATION));
}

static void add_reference(struct json_out *json, const struct snp_verdict *verdict)
{
	struct cJSON *object;

	if (!verdict->variant)
		return;
	object = json_out_object(json, json->root, "reference");
	json_out_string(json, object, "image", verdict->image->name);
	json_out_string(json, object, "vmm_profile", verdict->variant->vmm_profile);
	json_out_integer(json, object, "vcpu_count", verdict->variant->vcpu_count);
	if (verdict->variant->cpu_model)
		json_out_string(json, object, "cpu_model", verdict->variant->cpu_model);
}

void cli_verdict_json(struct json_out *json, const struct snp_verdict *verdict)
{
	struct cJSON *checks;

	json_out_string(json, json->root, "verdict", verdict->accepted ? "accepted" : "refused");
	if (!verdict->accepted)
		json_out_string(json, json->root, "reason", snp_check_name(verdict->reason));
	json_out_bool(json, json->root, "authentic", verdict->authentic);
	json_out_string(json, json->root, "product", snp_product_name(verdict->product));
	json_out_bool(json, json->root, "freshness_checked",
		      verdict->checks[SNP_CHECK_REPORT_DATA].outcome == SNP_PASSED);
	json_out_bool(json, json->root, "revocation_checked",
		      verdict->checks[SNP_CHECK_REVOCATION].outcome == SNP_PASSED);
	add_reference(json, verdict);
	checks = json_out_array(json, json->root, "checks");
	for (unsigned int i = 0; i < SNP_N_CHECKS; i++) {
		struct cJSON *check = json_out_object(json, checks, NULL);

		json_out_string(json, check, "name", snp_check_name((enum snp_check)i));
		json_out_string(json, check, "result",
				snp_outcome_name(verdict->checks[i].outcome));
		if (verdict->checks[i].message[0])
			json_out_string(json, check, "message", verdict->checks[i].message);
	}
}
