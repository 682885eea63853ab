// SPDX-License-Identifier: Apache-2.0
/* Endorsements of launch digests, of either kind: shown as they are, and not verified. */
#include <inttypes.h>
#include <time.h>

#include <snp/cleanup.h>
#include <snp/hex.h>
#include <snp/tool.h>

#include "endorsement/launch_endorsement.h"
#include "endorsement/uvm.h"
#include "show_other.h"

static void format_date(uint64_t seconds, char ret[static 32])
{
	time_t t = (time_t)seconds;
	struct tm tm;

	if (!gmtime_r(&t, &tm) || strftime(ret, 32, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		snprintf(ret, 32, "%" PRIu64, seconds);
}

static void print_uvm(const struct uvm_endorsement *endorsement, bool base64, FILE *out)
{
	const struct uvm_claims *c = uvm_claims(endorsement);
	char hex[2 * SNP_MEASUREMENT_SIZE + 1], date[32], name[ENDORSEMENT_TEXT_SIZE];

	hex_encode(c->measurement, sizeof(c->measurement), hex);
	format_date(c->signing_time, date);
	fprintf(out,
		"%-18s  %sendorsement, %s\n%-18s  %s\n%-18s  %s\n%-18s  %" PRIu64 "\n%-18s  %s\n",
		"container", base64 ? "base64 of " : "", c->algorithm, "issuer", c->issuer, "feed",
		c->feed, "svn", c->svn, "MEASUREMENT", hex);
	fprintf(out, "%-18s  %s\n%-18s  %s\n", "signing time", c->has_signing_time ? date : "none",
		"timestamp", c->has_timestamp ? "RFC 3161" : "none");
	for (size_t i = 0; i < c->n_certificates; i++) {
		uvm_certificate_name(endorsement, i, name);
		fprintf(out, "%-18s  %s\n", "certificate", name);
	}
	fprintf(out, "nothing here is verified\n");
}

int show_uvm_endorsement(struct snp_span bytes, bool base64, FILE *out, struct snp_error *err)
{
	_cleanup_(uvm_freep) struct uvm_endorsement *endorsement = NULL;
	_cleanup_(json_out_done) struct json_out json = {0};
	const struct uvm_claims *c;
	char name[ENDORSEMENT_TEXT_SIZE];
	struct cJSON *names;
	int r = uvm_read(bytes, &endorsement, err);

	if (r < 0)
		return r;
	if (!cli_json) {
		print_uvm(endorsement, base64, out);
		return 0;
	}
	c = uvm_claims(endorsement);
	cli_json_begin(&json, "snp-show/1");
	json_out_string(&json, json.root, "container", "endorsement");
	json_out_bool(&json, json.root, "base64", base64);
	json_out_string(&json, json.root, "algorithm", c->algorithm);
	json_out_string(&json, json.root, "issuer", c->issuer);
	json_out_string(&json, json.root, "feed", c->feed);
	json_out_integer(&json, json.root, "svn", c->svn);
	json_out_hex(&json, json.root, "measurement", c->measurement, sizeof(c->measurement));
	if (c->has_signing_time)
		json_out_u64(&json, json.root, "signing_time", c->signing_time);
	json_out_bool(&json, json.root, "timestamp", c->has_timestamp);
	names = json_out_array(&json, json.root, "signer");
	for (size_t i = 0; i < c->n_certificates; i++) {
		uvm_certificate_name(endorsement, i, name);
		json_out_text(&json, names, NULL, name);
	}
	cli_json_warnings(&json);
	return cli_json_end(&json, out, err);
}

static void print_launch(const struct launch_endorsement *endorsement, bool base64, FILE *out)
{
	const struct launch_claims *c = launch_claims(endorsement);
	char hex[2 * SNP_MEASUREMENT_SIZE + 1], date[32], name[ENDORSEMENT_TEXT_SIZE];

	format_date(c->time, date);
	signer_name(launch_signer(endorsement), name);
	hex_encode(c->firmware_sha384, sizeof(c->firmware_sha384), hex);
	fprintf(out, "%-18s  %slaunch endorsement\n%-18s  %" PRIu32 "\n", "container",
		base64 ? "base64 of " : "", "svn", c->svn);
	if (c->policy != 0)
		fprintf(out, "%-18s  0x%" PRIx64 "\n", "policy", c->policy);
	fprintf(out, "%-18s  %s\n%-18s  %s\n%-18s  %s\n", "time", c->has_time ? date : "none",
		"firmware SHA-384", hex, "certificate", name);
	for (size_t i = 0; i < c->n_launches; i++) {
		hex_encode(c->launches[i].launch_digest, SNP_MEASUREMENT_SIZE, hex);
		fprintf(out, "%-18s  %s, %" PRIu32 " vCPUs\n", "MEASUREMENT", hex,
			c->launches[i].vcpu_count);
	}
	fprintf(out, "nothing here is verified\n");
}

int show_launch_endorsement(struct snp_span bytes, bool base64, FILE *out, struct snp_error *err)
{
	_cleanup_(launch_endorsement_freep) struct launch_endorsement *endorsement = NULL;
	_cleanup_(json_out_done) struct json_out json = {0};
	const struct launch_claims *c;
	char name[ENDORSEMENT_TEXT_SIZE];
	struct cJSON *array;
	int r = launch_endorsement_read(bytes, &endorsement, err);

	if (r < 0)
		return r;
	if (!cli_json) {
		print_launch(endorsement, base64, out);
		return 0;
	}
	c = launch_claims(endorsement);
	cli_json_begin(&json, "snp-show/1");
	json_out_string(&json, json.root, "container", "launch endorsement");
	json_out_bool(&json, json.root, "base64", base64);
	json_out_integer(&json, json.root, "svn", c->svn);
	if (c->policy != 0)
		json_out_u64(&json, json.root, "policy", c->policy);
	if (c->has_time)
		json_out_u64(&json, json.root, "signing_time", c->time);
	json_out_hex(&json, json.root, "firmware_sha384", c->firmware_sha384,
		     sizeof(c->firmware_sha384));
	array = json_out_array(&json, json.root, "signer");
	signer_name(launch_signer(endorsement), name);
	json_out_text(&json, array, NULL, name);
	array = json_out_array(&json, json.root, "launches");
	for (size_t i = 0; i < c->n_launches; i++) {
		struct cJSON *launch = json_out_object(&json, array, NULL);

		json_out_integer(&json, launch, "vcpu_count", c->launches[i].vcpu_count);
		json_out_hex(&json, launch, "launch_digest", c->launches[i].launch_digest,
			     SNP_MEASUREMENT_SIZE);
	}
	cli_json_warnings(&json);
	return cli_json_end(&json, out, err);
}
