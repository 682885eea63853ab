// SPDX-License-Identifier: Apache-2.0
/*
 * The text that reports and their certificates arrive in on Azure: the answers of the sidecar of container groups
 * (microsoft/confidential-sidecar-containers, /attest/raw, /attest/combined and /attest/maa), what its host says of its
 * certificates (host-amd-cert-base64), and hex or base64 of any of these. Nothing here is signed but what is in it.
 */
#include <inttypes.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/fields.h>
#include <snp/hex.h>
#include <snp/memory.h>

#include "endorsement/token.h"
#include "report/certificates.h"

/* Its strings are borrowed from its document; NULL: not there. */
struct answer {
	bool has_report;
	uint8_t report[SNP_REPORT_SIZE];
	const char *evidence, *endorsements, *uvm_endorsements; /* base64 */
	const char *endorsed_tcb, *token, *error;
	const char *runtime_data; /* base64 */
};

/* Later sidecars may say more. */
static const struct field answer_fields[] = {
	FIELD("report", field_hex, answer, report, .has = HAS(answer, has_report)),
	FIELD("evidence", field_string, answer, evidence),
	FIELD("endorsements", field_string, answer, endorsements),
	FIELD("uvm_endorsements", field_string, answer, uvm_endorsements),
	FIELD("endorsed_tcb", field_string, answer, endorsed_tcb),
	FIELD("token", field_string, answer, token),
	FIELD("runtime_data", field_string, answer, runtime_data),
	FIELD("error", field_string, answer, error),
	OTHER_KEYS,
};

/* Decoded members, one after another in memory of their own. */
struct decoded {
	uint8_t *bytes;
	size_t size, room;
};

static int add_base64(struct decoded *to, const char *text, const char *what, struct snp_span *ret,
		      struct snp_error *err)
{
	_cleanup_(freep) uint8_t *bytes = NULL;
	size_t size;
	int r;

	if (!text || text[0] == '\0')
		return 0;
	r = base64_read(text, what, &bytes, &size, err);
	if (r < 0)
		return r;
	memcpy(to->bytes + to->size, bytes, size);
	*ret = (struct snp_span){to->bytes + to->size, size};
	to->size += size;
	return 0;
}

/* The host's word on the TCB. The sidecar passes on the number as the host wrote it; other programs that make this
 * answer write the bytes of REPORTED_TCB in their order. */
static int check_endorsed_tcb(const char *text, struct snp_span report, struct snp_error *err)
{
	struct snp_report decoded;
	uint8_t bytes[8];
	uint64_t little, big = 0;
	int r = hex_decode(text, "endorsed_tcb", bytes, sizeof(bytes), err);

	if (r < 0)
		return r;
	r = report_decode(report, true, &decoded, err);
	if (r < 0)
		return r;
	(void)snp_span_le64((struct snp_span){bytes, sizeof(bytes)}, 0, &little);
	for (size_t i = 0; i < sizeof(bytes); i++)
		big = big << 8 | bytes[i];
	if (decoded.reported_tcb == little || decoded.reported_tcb == big)
		return 0;
	return fail_with(err, SNP_E_BAD_CONTAINER, SNP_NO_OFFSET,
			 "endorsed_tcb is '%s'; REPORTED_TCB of its report is %016" PRIx64, text,
			 decoded.reported_tcb);
}

static int take_combined(const struct answer *a, struct decoded *to, struct snp_container *ret,
			 struct snp_error *err)
{
	int r;

	ret->kind = SNP_CONTAINER_ATTEST_COMBINED;
	r = add_base64(to, a->evidence, "evidence", &ret->report, err);
	if (r == 0)
		r = add_base64(to, a->endorsements, "endorsements", &ret->certificates, err);
	if (r == 0)
		r = add_base64(to, a->uvm_endorsements, "uvm_endorsements", &ret->endorsement, err);
	if (r == 0 && ret->report.size != SNP_REPORT_SIZE)
		r = fail_with(err, SNP_E_BAD_CONTAINER, SNP_NO_OFFSET,
			      "evidence has %zu bytes; an attestation report has %u",
			      ret->report.size, SNP_REPORT_SIZE);
	if (r == 0 && a->endorsed_tcb && a->endorsed_tcb[0] != '\0')
		r = check_endorsed_tcb(a->endorsed_tcb, ret->report, err);
	return r;
}

static void take_token(const char *text, struct decoded *to, struct snp_container *ret)
{
	size_t size = strlen(text);

	memcpy(to->bytes + to->size, text, size);
	ret->kind = SNP_CONTAINER_TOKEN;
	ret->token = (struct snp_span){to->bytes + to->size, size};
	to->size += size;
}

static int take_answer(const struct answer *a, struct decoded *to, struct snp_container *ret,
		       struct snp_error *err)
{
	int r;

	if (a->error)
		return fail_with(err, SNP_E_BAD_CONTAINER, SNP_NO_OFFSET,
				 "the sidecar gave no report: '%s'", a->error);
	if (a->has_report && a->evidence)
		return fail_with(err, SNP_E_BAD_CONTAINER, SNP_NO_OFFSET,
				 "has both a report and evidence");
	r = add_base64(to, a->runtime_data, "runtime_data", &ret->runtime_data, err);
	if (r < 0)
		return r;
	if (a->token && a->token[0] != '\0')
		take_token(a->token, to, ret);
	if (a->evidence)
		return take_combined(a, to, ret, err);
	if (!a->has_report && ret->token.size > 0)
		return 0;
	if (!a->has_report)
		return fail_with(err, SNP_E_NOT_A_REPORT, SNP_NO_OFFSET,
				 "this JSON document has neither a report, evidence nor a token");
	memcpy(to->bytes + to->size, a->report, SNP_REPORT_SIZE);
	ret->kind = SNP_CONTAINER_ATTEST_RAW;
	ret->report = (struct snp_span){to->bytes + to->size, SNP_REPORT_SIZE};
	return 0;
}

static int decode_json(struct snp_span bytes, struct snp_container *ret, void **ret_memory,
		       struct snp_error *err)
{
	_cleanup_(json_freep) struct json *document = NULL;
	_cleanup_(freep) uint8_t *memory = NULL;
	struct snp_container container = {0};
	struct answer answer = {0};
	struct decoded to;
	int r = json_parse("", bytes, &document, err);

	if (r < 0)
		return r;
	r = fields_read(json_root(document), answer_fields, &answer, err);
	if (r < 0)
		return r;
	/* Members are shorter when they are decoded. */
	memory = malloc(bytes.size + SNP_REPORT_SIZE);
	if (!memory)
		return out_of_memory(err);
	to = (struct decoded){.bytes = memory};
	r = take_answer(&answer, &to, &container, err);
	if (r < 0)
		return r;
	*ret = container;
	*ret_memory = TAKE_PTR(memory);
	return 0;
}

static int decode_inner(struct snp_span bytes, struct snp_container *ret, void **ret_memory,
			struct snp_error *err)
{
	*ret_memory = NULL;
	if (token_is_text(bytes)) {
		*ret = (struct snp_container){.kind = SNP_CONTAINER_TOKEN, .token = bytes};
		return 0;
	}
	return json_is_text(bytes) ? decode_json(bytes, ret, ret_memory, err)
				   : snp_container_parse(bytes, ret, err);
}

int snp_container_decode(struct snp_span bytes, struct snp_container *ret, void **ret_memory,
			 struct snp_error *err)
{
	_cleanup_(freep) uint8_t *inner = NULL;
	struct snp_span span = {0};
	void *memory = NULL;
	bool is_hex;
	int r;

	/* The magic of an HCL blob is base64 too, of what begins no container. */
	if (!text_is_encoded(bytes) || (bytes.size >= 4 && memcmp(bytes.data, "HCLA", 4) == 0))
		return decode_inner(bytes, ret, ret_memory, err);
	r = text_decode(bytes, "the report", &is_hex, &inner, &span.size, err);
	span.data = inner;
	if (r == 0 && text_is_encoded(span))
		r = fail_with(err, SNP_E_NOT_A_REPORT, SNP_NO_OFFSET, "%s of text, not of a report",
			      is_hex ? "hex" : "base64");
	if (r < 0)
		return r;
	r = decode_inner(span, ret, &memory, err);
	if (r < 0)
		return r;
	ret->is_base64 = !is_hex;
	ret->is_hex = is_hex;
	*ret_memory = memory ? memory : TAKE_PTR(inner);
	return 0;
}
