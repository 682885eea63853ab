// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/file.h>
#include <snp/folder.h>
#include <snp/hex.h>
#include <snp/key.h>
#include <snp/memory.h>
#include <snp/policy.h>

#include "endorsement/launch_endorsement.h"
#include "endorsement/security_policy.h"
#include "endorsement/uvm.h"
#include "expectations.h"
#include "identity/key.h"
#include "value.h"

static struct {
	struct cli_values references, public_keys, measurements, id_keys, author_keys, chips,
		denied, minimum_tcbs;
	bool any_measurement, any_host_data, allow_debug, allow_masked, no_provisional;
	const char *svsm_manifest, *nonce;
	const char *report_data, *host_data, *security_policy, *family_id, *image_id, *report_id;
	const char *policy, *policy_at_most, *minimum_launch_tcb, *firmware_min;
	const char *require, *forbid, *launch_mitigations, *current_mitigations;
	const char *endorsement, *endorsement_root;
	const char *uvm_endorsement, *uvm_issuer, *uvm_feed, *tsa_root;
	const char *maa_issuer, *maa_compliance, *maa_evidence;
	struct cli_number svn, vmpl, uvm_svn, endorsement_svn, endorsement_vcpus;
} arg;

/* clang-format off */
const struct cli_option cli_expectation_options[] = {
	{"reference", .argument = "FILE", .values = &arg.references,
	 .help = "reference values; MEASUREMENT must be among them"},
	{"public-key", .argument = "FILE", .values = &arg.public_keys,
	 .help = "check the signature FILE.sig of the reference values with this key"},
	{"measurement", .argument = "HEX", .values = &arg.measurements,
	 .help = "accepted launch digest"},
	{"any-measurement", .flag = &arg.any_measurement,
	 .help = "accept any launch digest"},
	{"endorsement", .argument = "FILE", .text = &arg.endorsement,
	 .help = "MEASUREMENT must be in this launch endorsement, Google's or a publisher's own; requires --endorsement-root"},
	{"endorsement-root", .argument = "FILE", .text = &arg.endorsement_root,
	 .help = "certificate of the CA that must have certified the endorsement's signer"},
	{"endorsement-svn", .argument = "N", .number = &arg.endorsement_svn,
	 .help = "minimum SVN of the endorsement (default: any)"},
	{"endorsement-vcpus", .argument = "N", .number = &arg.endorsement_vcpus,
	 .help = "MEASUREMENT must be the one endorsed for this number of vCPUs (default: any)"},
	{"uvm-endorsement", .argument = "FILE", .text = &arg.uvm_endorsement,
	 .help = "MEASUREMENT must be the one in this endorsement of Azure's utility VM"},
	{"uvm-issuer", .argument = "DID", .text = &arg.uvm_issuer,
	 .help = "required issuer of the endorsement (default: Microsoft, by the feed)"},
	{"uvm-feed", .argument = "NAME", .text = &arg.uvm_feed,
	 .help = "required feed of the endorsement: ContainerPlat-AMD-UVM or ConfAKS-AMD-UVM (default: one of them)"},
	{"uvm-svn", .argument = "N", .number = &arg.uvm_svn,
	 .help = "minimum SVN of the endorsement (default: 100 for ContainerPlat, 1 for ConfAKS)"},
	{"tsa-root", .argument = "FILE", .text = &arg.tsa_root,
	 .help = "root certificate of the authority that timestamps endorsements; without it, timestamps are not used"},
	{"maa-issuer", .argument = "URL", .text = &arg.maa_issuer,
	 .help = "required issuer of the token: an instance of Azure Attestation"},
	{"maa-compliance", .argument = "STATUS", .text = &arg.maa_compliance,
	 .help = "required compliance status in the token (default: any known status of a compliant guest)"},
	{"maa-evidence", .argument = "HEX|@FILE", .text = &arg.maa_evidence,
	 .help = "required HOST_DATA of the service itself, in the report in its certificate"},
	{"report-data", .argument = "HEX|@FILE", .text = &arg.report_data,
	 .help = "required REPORT_DATA (the verifier's nonce), 64 bytes"},
	{"svsm-manifest", .argument = "FILE", .text = &arg.svsm_manifest,
	 .help = "manifest of an SVSM that the report must vouch for; requires --nonce"},
	{"nonce", .argument = "HEX|@FILE", .text = &arg.nonce,
	 .help = "--svsm-manifest: the nonce given to the SVSM, 64 bytes"},
	{"host-data", .argument = "HEX|@FILE", .text = &arg.host_data, .help = "required HOST_DATA, 32 bytes"},
	{"any-host-data", .flag = &arg.any_host_data,
	 .help = "accept an endorsed utility VM with any containers in it"},
	{"security-policy", .argument = "FILE", .text = &arg.security_policy,
	 .help = "HOST_DATA must be the SHA-256 of this policy of an Azure container group"},
	{"policy", .argument = "HEX", .text = &arg.policy, .help = "required guest policy, exactly"},
	{"policy-at-most", .argument = "HEX", .text = &arg.policy_at_most,
	 .help = "the guest policy may allow no more than this"},
	{"minimum-tcb", .argument = "TCB", .values = &arg.minimum_tcbs,
	 .help = "minimum REPORTED_TCB, such as bl=4,tee=0,snp=24,ucode=219[,fmc=1]; begin with Milan:, Genoa: or Turin: to require it of that product only"},
	{"minimum-launch-tcb", .argument = "TCB", .text = &arg.minimum_launch_tcb,
	 .help = "minimum LAUNCH_TCB"},
	{"guest-svn-min", .argument = "N", .number = &arg.svn, .help = "minimum GUEST_SVN"},
	{"family-id", .argument = "HEX", .text = &arg.family_id, .help = "required FAMILY_ID, 16 bytes"},
	{"image-id", .argument = "HEX", .text = &arg.image_id, .help = "required IMAGE_ID, 16 bytes"},
	{"id-key-digest", .argument = "HEX", .values = &arg.id_keys, .help = "accepted ID_KEY_DIGEST"},
	{"author-key-digest", .argument = "HEX", .values = &arg.author_keys,
	 .help = "accepted AUTHOR_KEY_DIGEST"},
	{"chip-id", .argument = "HEX", .values = &arg.chips,
	 .help = "accepted CHIP_ID, 64 bytes (Turin: 8)"},
	{"report-id", .argument = "HEX", .text = &arg.report_id, .help = "required REPORT_ID, 32 bytes"},
	{"vmpl", .argument = "N", .number = &arg.vmpl, .help = "required VMPL at which the guest asked for the report"},
	{"platform-require", .argument = "MASK", .text = &arg.require,
	 .help = "PLATFORM_INFO bits that must be set (default 0x20)"},
	{"platform-forbid", .argument = "MASK", .text = &arg.forbid,
	 .help = "PLATFORM_INFO bits that must be clear"},
	{"launch-mitigations", .argument = "MASK", .text = &arg.launch_mitigations,
	 .help = "LAUNCH_MIT_VECTOR bits that must be set"},
	{"current-mitigations", .argument = "MASK", .text = &arg.current_mitigations,
	 .help = "CURRENT_MIT_VECTOR bits that must be set"},
	{"firmware-min", .argument = "VERSION", .text = &arg.firmware_min,
	 .help = "minimum committed firmware, such as 1.55.29"},
	{"no-provisional-firmware", .flag = &arg.no_provisional,
	 .help = "refuse firmware that is not committed"},
	{"allow-debug", .flag = &arg.allow_debug,
	 .help = "accept a policy that lets the host decrypt the guest"},
	{"allow-masked-chip-id", .flag = &arg.allow_masked,
	 .help = "accept a VCEK report whose CHIP_ID is masked"},
	{"deny-product", .argument = "NAME", .values = &arg.denied,
	 .help = "refuse this product: Milan, Genoa or Turin"},
	{0},
};
/* clang-format on */

static int read_list(const struct cli_values *values, const char *what, uint8_t *ret, size_t size,
		     size_t *ret_n, struct snp_error *err)
{
	for (unsigned int i = 0; i < values->count; i++) {
		int r = cli_value(values->value[i], what, ret + i * size, size, err);

		if (r < 0)
			return r;
	}
	*ret_n = values->count;
	return 0;
}

static int read_chips(struct cli_expectations *e, struct snp_error *err)
{
	for (unsigned int i = 0; i < arg.chips.count; i++) {
		const char *text = arg.chips.value[i];
		/* The ID of a Turin, as in AMD's URLs. */
		size_t size = strlen(text) == 16 ? 8 : SNP_CHIP_ID_SIZE;
		int r = cli_value(text, "--chip-id", e->chip_ids[i], size, err);

		if (r < 0)
			return r;
	}
	e->expected.chip_ids = (const uint8_t(*)[SNP_CHIP_ID_SIZE])e->chip_ids;
	e->expected.n_chip_ids = arg.chips.count;
	return 0;
}

static int read_lists(struct cli_expectations *e, struct snp_error *err)
{
	struct snp_expectations *x = &e->expected;
	const struct {
		const struct cli_values *values;
		const char *what;
		uint8_t *ret; /* room for all, of 48 bytes each */
		size_t *ret_n;
	} lists[] = {
		{&arg.measurements, "--measurement", e->measurements[0], &x->n_measurements},
		{&arg.id_keys, "--id-key-digest", e->id_key_digests[0], &x->n_id_key_digests},
		{&arg.author_keys, "--author-key-digest", e->author_key_digests[0],
		 &x->n_author_key_digests},
	};
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(lists) && r == 0; i++)
		r = read_list(lists[i].values, lists[i].what, lists[i].ret, 48, lists[i].ret_n,
			      err);
	x->measurements = (const uint8_t(*)[SNP_MEASUREMENT_SIZE])e->measurements;
	x->id_key_digests = (const uint8_t(*)[48])e->id_key_digests;
	x->author_key_digests = (const uint8_t(*)[48])e->author_key_digests;
	return r < 0 ? r : read_chips(e, err);
}

static int read_bytes(struct cli_expectations *e, struct snp_error *err)
{
	struct snp_expectations *x = &e->expected;
	const struct {
		const char *text, *what;
		bool *given;
		uint8_t *value;
		size_t size;
	} all[] = {
		{arg.report_data, "--report-data", &x->has_report_data, x->report_data,
		 sizeof(x->report_data)},
		{arg.host_data, "--host-data", &x->has_host_data, x->host_data,
		 sizeof(x->host_data)},
		{arg.family_id, "--family-id", &x->has_family_id, x->family_id,
		 sizeof(x->family_id)},
		{arg.image_id, "--image-id", &x->has_image_id, x->image_id, sizeof(x->image_id)},
		{arg.report_id, "--report-id", &x->has_report_id, x->report_id,
		 sizeof(x->report_id)},
	};
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(all) && r == 0; i++) {
		*all[i].given = all[i].text != NULL;
		if (all[i].text)
			r = cli_value(all[i].text, all[i].what, all[i].value, all[i].size, err);
	}
	return r;
}

static int read_security_policy(struct cli_expectations *e, struct snp_error *err)
{
	_cleanup_(security_policy_done) struct security_policy policy = {0};
	struct snp_expectations *x = &e->expected;
	int r = arg.security_policy ? security_policy_read(arg.security_policy, &policy, err) : 0;

	if (r < 0 || !arg.security_policy)
		return r;
	if (x->has_host_data && memcmp(x->host_data, policy.sha256, sizeof(policy.sha256)) != 0)
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
				 "--host-data is not the SHA-256 of the security policy");
	x->has_host_data = true;
	memcpy(x->host_data, policy.sha256, sizeof(policy.sha256));
	return 0;
}

/* The report must be the SVSM's own: at VMPL 0, where nothing else runs. The guest's kernel can ask for one with
 * any REPORT_DATA, but only at its own level. */
static int read_manifest(struct cli_expectations *e, struct snp_error *err)
{
	struct snp_expectations *x = &e->expected;
	struct snp_span manifest;
	int r;

	if (!arg.svsm_manifest != !arg.nonce)
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
				 "--svsm-manifest and --nonce go together");
	if (!arg.svsm_manifest)
		return 0;
	if (arg.report_data || (arg.vmpl.given && arg.vmpl.value != 0))
		return fail_with(
			err, SNP_E_USAGE, SNP_NO_OFFSET,
			"--svsm-manifest requires its own REPORT_DATA and VMPL 0; leave out "
			"--report-data and --vmpl");
	r = cli_value(arg.nonce, "--nonce", e->nonce, sizeof(e->nonce), err);
	if (r < 0)
		return r;
	r = file_read(arg.svsm_manifest, SVSM_MAX_MANIFEST, &e->manifest_bytes, &e->manifest_size,
		      err);
	if (r < 0)
		return r;
	e->has_manifest = true;
	manifest = (struct snp_span){e->manifest_bytes, e->manifest_size};
	r = svsm_manifest_read(manifest, &e->manifest, err);
	if (r < 0)
		return in_file(err, r, arg.svsm_manifest);
	x->has_report_data = x->has_vmpl = true;
	x->vmpl = 0;
	return svsm_report_data(e->nonce, manifest, x->report_data, err);
}

static int read_words(struct cli_expectations *e, struct snp_error *err)
{
	struct snp_expectations *x = &e->expected;
	const struct {
		const char *text, *what;
		bool *given;
		uint64_t *value;
	} all[] = {
		{arg.policy, "--policy", &x->has_policy, &x->policy},
		{arg.policy_at_most, "--policy-at-most", &x->has_policy_at_most,
		 &x->policy_at_most},
		{arg.require, "--platform-require", &x->has_platform_require, &x->platform_require},
		{arg.forbid, "--platform-forbid", &x->has_platform_forbid, &x->platform_forbid},
		{arg.launch_mitigations, "--launch-mitigations", &x->has_launch_mitigations,
		 &x->launch_mitigations},
		{arg.current_mitigations, "--current-mitigations", &x->has_current_mitigations,
		 &x->current_mitigations},
	};
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(all) && r == 0; i++) {
		*all[i].given = all[i].text != NULL;
		if (all[i].text)
			r = hex_u64(all[i].text, all[i].what, all[i].value, err);
	}
	/* A policy that no guest can have would refuse every report, or accept too much. */
	if (r == 0 && x->has_policy)
		r = snp_policy_check(x->policy, err);
	if (r == 0 && x->has_policy_at_most)
		r = snp_policy_check(x->policy_at_most, err);
	return r;
}

static int read_small(const struct cli_number *number, const char *what, uint32_t max, bool *given,
		      uint32_t *ret, struct snp_error *err)
{
	*given = number->given;
	if (number->given && number->value > max)
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET, "%s: must be at most %u", what,
				 max);
	*ret = (uint32_t)number->value;
	return 0;
}

/* "TCB" for every product, or "PRODUCT:TCB"; each once. */
static int read_minimum_tcb(const char *text, struct cli_expectations *e, struct snp_error *err)
{
	struct snp_expectations *x = &e->expected;
	const char *colon = strchr(text, ':');
	_cleanup_(freep) char *name = strndup(text, colon ? (size_t)(colon - text) : 0);
	struct snp_minimum_tcb minimum = {0};
	uint64_t word;
	int r;

	if (!colon && x->has_minimum_tcb)
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
				 "--minimum-tcb is given twice; name the products, as in Milan:%s",
				 text);
	x->has_minimum_tcb = x->has_minimum_tcb || !colon;
	if (!colon)
		return snp_tcb_parse(text, "--minimum-tcb", &x->minimum_tcb, err);
	r = name ? snp_product_find(name, &minimum.product, err) : out_of_memory(err);
	for (size_t i = 0; r == 0 && i < x->n_minimum_tcbs; i++)
		if (e->minimum_tcbs[i].product == minimum.product)
			r = fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
				      "--minimum-tcb is given twice for %s", name);
	if (r < 0)
		return r;
	r = snp_tcb_parse(colon + 1, "--minimum-tcb", &minimum.tcb, err);
	if (r < 0)
		return r;
	r = snp_tcb_encode(&minimum.tcb, minimum.product, &word, err);
	if (r < 0)
		return r;
	e->minimum_tcbs[x->n_minimum_tcbs++] = minimum;
	x->minimum_tcbs = e->minimum_tcbs;
	return 0;
}

static int read_levels(struct cli_expectations *e, struct snp_error *err)
{
	struct snp_expectations *x = &e->expected;
	int r;

	r = read_small(&arg.svn, "--guest-svn-min", UINT32_MAX, &x->has_guest_svn_min,
		       &x->guest_svn_min, err);
	if (r == 0)
		r = read_small(&arg.vmpl, "--vmpl", 3, &x->has_vmpl, &x->vmpl, err);
	for (unsigned int i = 0; r == 0 && i < arg.minimum_tcbs.count; i++)
		r = read_minimum_tcb(arg.minimum_tcbs.value[i], e, err);
	x->has_minimum_launch_tcb = arg.minimum_launch_tcb != NULL;
	if (r == 0 && arg.minimum_launch_tcb)
		r = snp_tcb_parse(arg.minimum_launch_tcb, "--minimum-launch-tcb",
				  &x->minimum_launch_tcb, err);
	x->has_firmware_min = arg.firmware_min != NULL;
	return r < 0 || !arg.firmware_min ? r
					  : cli_firmware_version(arg.firmware_min, "--firmware-min",
								 &x->firmware_min, err);
}

/* One publisher's key or another's: each document has one signature. */
static int check_signature(struct cli_document *document, struct snp_error *err)
{
	const struct snp_span bytes = {document->bytes, document->size};
	int r = 0;

	for (unsigned int i = 0; i < arg.public_keys.count; i++) {
		_cleanup_(snp_key_freep) struct snp_key *key = NULL;

		r = snp_key_read_public(arg.public_keys.value[i], &key, err);
		if (r < 0)
			return r;
		r = snp_key_verify(key, bytes, SNP_SIGNATURE_DER,
				   (struct snp_span){document->signature, document->signature_size},
				   err);
		document->is_checked = r == 0;
		if (r == 0)
			return key_id(key, document->key_id, err);
		if (r == -SNP_E_SIGNATURE && i + 1 < arg.public_keys.count)
			r = 0;
	}
	return r;
}

int cli_documents_check(struct cli_document documents[], size_t n, struct snp_error *err)
{
	int r = 0;

	if (arg.public_keys.count == 0 && n > 0)
		cli_warn("signature-not-checked",
			 "no signature was checked; use --public-key to verify who published this");
	for (size_t i = 0; i < n && r == 0 && arg.public_keys.count > 0; i++) {
		_cleanup_(freep) char *file = format_text("%s.sig", documents[i].path);

		if (!file)
			return out_of_memory(err);
		if (!documents[i].signature)
			r = file_read(file, SNP_MAX_SMALL, &documents[i].signature,
				      &documents[i].signature_size, err);
		if (r == 0)
			r = in_file(err, check_signature(&documents[i], err), file);
	}
	return r;
}

/* The signature is checked over the very bytes that are parsed. */
static int read_reference(const char *path, struct cli_expectations *e, struct snp_error *err)
{
	struct cli_document *document = &e->documents[e->n_documents++];
	struct snp_span bytes = {0};
	int r;

	document->path = document_path(path, SNP_REFERENCE_FILE);
	if (!document->path)
		return out_of_memory(err);
	r = file_read(document->path, SNP_MAX_DOCUMENT, &document->bytes, &document->size, err);
	bytes = (struct snp_span){document->bytes, document->size};
	if (r == 0)
		r = cli_documents_check(document, 1, err);
	if (r < 0)
		return r;
	r = snp_reference_parse(document->path, bytes, &e->references[e->expected.n_references],
				err);
	if (r < 0)
		return r;
	e->expected.n_references++;
	return 0;
}

static int read_references(struct cli_expectations *e, struct snp_error *err)
{
	int r = 0;

	if (arg.references.count == 0)
		return arg.public_keys.count > 0 ? fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
							     "--public-key requires --reference")
						 : 0;
	e->expected.references = e->references;
	for (unsigned int i = 0; r == 0 && i < arg.references.count; i++)
		r = read_reference(arg.references.value[i], e, err);
	return r;
}

bool cli_expectations_given(void)
{
	for (const struct cli_option *o = cli_expectation_options; o->name; o++)
		if (o->values != &arg.public_keys &&
		    ((o->flag && *o->flag) || (o->text && *o->text) ||
		     (o->number && o->number->given) || (o->values && o->values->count > 0)))
			return true;
	return false;
}

bool cli_public_key_given(void)
{
	return arg.public_keys.count > 0;
}

const struct cli_values *cli_expectations_references(void)
{
	return &arg.references;
}

bool cli_expectations_of_token(void)
{
	return arg.maa_issuer || arg.maa_compliance || arg.maa_evidence;
}

const char *cli_expectations_document(const struct cli_expectations *e,
				      const struct snp_reference *reference)
{
	for (size_t i = 0; e->expected.n_references > 1 && i < e->expected.n_references; i++)
		if (e->references[i] == reference)
			return arg.references.value[i];
	return NULL;
}

static bool asks_for_uvm(void)
{
	return arg.uvm_endorsement || arg.uvm_issuer || arg.uvm_feed || arg.uvm_svn.given ||
	       arg.tsa_root;
}

static bool asks_for_launch(void)
{
	return arg.endorsement || arg.endorsement_root || arg.endorsement_svn.given ||
	       arg.endorsement_vcpus.given;
}

struct snp_span cli_expectations_endorsement(const struct cli_expectations *e)
{
	return (struct snp_span){e->endorsement, e->endorsement_size};
}

/* Endorsements and roots are read again for the verdict; here their files are named if they are malformed. */
static int read_uvm(struct cli_expectations *e, struct snp_error *err)
{
	_cleanup_(uvm_freep) struct uvm_endorsement *endorsement = NULL;
	int r = file_read(arg.uvm_endorsement, UVM_MAX_ENDORSEMENT, &e->endorsement,
			  &e->endorsement_size, err);

	if (r == 0)
		r = uvm_read(cli_expectations_endorsement(e), &endorsement, err);
	return in_file(err, r, arg.uvm_endorsement);
}

static int read_launch(struct cli_expectations *e, struct snp_error *err)
{
	_cleanup_(launch_endorsement_freep) struct launch_endorsement *endorsement = NULL;
	int r = file_read(arg.endorsement, LAUNCH_MAX_ENDORSEMENT, &e->endorsement,
			  &e->endorsement_size, err);

	if (r == 0)
		r = launch_endorsement_read(cli_expectations_endorsement(e), &endorsement, err);
	return in_file(err, r, arg.endorsement);
}

static int read_roots(const char *path, struct cli_expectations *e, struct snp_span *ret,
		      struct snp_error *err)
{
	_cleanup_(signer_certificates_freep) STACK_OF(X509) *roots = NULL;
	int r = file_read(path, SNP_MAX_SMALL, &e->roots, &ret->size, err);

	ret->data = e->roots;
	if (r == 0)
		r = signer_read_roots(*ret, &roots, err);
	return in_file(err, r, path);
}

/* An endorsement of a firmware, in Google's form. */
static int read_launch_options(struct cli_expectations *e, struct snp_error *err)
{
	struct snp_expectations *x = &e->expected;
	bool given;
	int r;

	if (!arg.endorsement || !arg.endorsement_root)
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
				 "--endorsement and --endorsement-root go together");
	if (asks_for_uvm())
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
				 "--endorsement cannot be combined with the options of another "
				 "endorsement, --uvm-... and --tsa-root");
	if (arg.endorsement_vcpus.given && arg.endorsement_vcpus.value == 0)
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
				 "--endorsement-vcpus: must be at least 1");
	r = read_small(&arg.endorsement_vcpus, "--endorsement-vcpus", UINT32_MAX, &given,
		       &x->endorsement_vcpu_count, err);
	if (r < 0)
		return r;
	r = read_small(&arg.endorsement_svn, "--endorsement-svn", UINT32_MAX, &given,
		       &x->endorsement_svn_min, err);
	if (r < 0)
		return r;
	r = read_launch(e, err);
	return r < 0 ? r : read_roots(arg.endorsement_root, e, &x->endorsement_roots, err);
}

/* Who vouches for the guest. Without a file, the endorsement is the one that came with the report. */
static int read_vouchers(struct cli_expectations *e, struct snp_error *err)
{
	struct snp_expectations *x = &e->expected;
	int r = 0;

	x->endorsed = asks_for_uvm() || asks_for_launch();
	x->maa_issuer = arg.maa_issuer;
	x->maa_compliance = arg.maa_compliance;
	x->maa_evidence = arg.maa_evidence != NULL;
	if (arg.maa_evidence)
		r = cli_value(arg.maa_evidence, "--maa-evidence", x->maa_host_data,
			      sizeof(x->maa_host_data), err);
	if (r < 0)
		return r;
	x->uvm_issuer = arg.uvm_issuer;
	x->uvm_feed = arg.uvm_feed;
	x->has_uvm_svn_min = arg.uvm_svn.given;
	x->uvm_svn_min = arg.uvm_svn.value;
	if (arg.uvm_issuer && (!arg.uvm_feed || !arg.uvm_svn.given))
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
				 "--uvm-issuer requires --uvm-feed and --uvm-svn");
	if (asks_for_launch())
		return read_launch_options(e, err);
	if (arg.uvm_endorsement)
		r = read_uvm(e, err);
	return r < 0 || !arg.tsa_root ? r : read_roots(arg.tsa_root, e, &x->tsa_roots, err);
}

static int read_denied(struct cli_expectations *e, struct snp_error *err)
{
	for (unsigned int i = 0; i < arg.denied.count; i++) {
		enum snp_product product;
		int r = snp_product_find(arg.denied.value[i], &product, err);

		if (r < 0)
			return r;
		e->expected.denied_products |= 1ull << product;
	}
	return 0;
}

int cli_expectations_read(struct cli_expectations *ret, struct snp_error *err)
{
	struct snp_expectations *x = &ret->expected;
	static int (*const readers[])(struct cli_expectations * e, struct snp_error * err) = {
		read_lists,    read_bytes,  read_security_policy, read_words,	   read_levels,
		read_manifest, read_denied, read_vouchers,	  read_references,
	};
	bool digest = arg.references.count > 0 || arg.measurements.count > 0 || asks_for_uvm() ||
		      asks_for_launch();
	int r = 0;

	if (arg.any_host_data && (arg.host_data || arg.security_policy))
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
				 "--any-host-data cannot be combined with --host-data or "
				 "--security-policy");
	if (digest == arg.any_measurement)
		return fail_with(
			err, SNP_E_USAGE, SNP_NO_OFFSET,
			digest ? "--any-measurement cannot be combined with --measurement, "
				 "--reference or an endorsement"
			       : "give --reference, --measurement, --endorsement, "
				 "--uvm-endorsement or --uvm-feed, or --any-measurement to "
				 "accept any launch digest");
	x->size = sizeof(*x);
	x->any_measurement = arg.any_measurement;
	x->any_host_data = arg.any_host_data;
	x->allow_debug = arg.allow_debug;
	x->allow_masked_chip_id = arg.allow_masked;
	x->no_provisional_firmware = arg.no_provisional;
	for (size_t i = 0; i < ARRAY_SIZE(readers) && r == 0; i++)
		r = readers[i](ret, err);
	return r;
}

void cli_expectations_done(struct cli_expectations *e)
{
	free(e->manifest_bytes);
	for (size_t i = 0; i < e->n_documents; i++) {
		snp_reference_free(e->references[i]);
		cli_document_done(&e->documents[i]);
	}
	free(e->endorsement);
	free(e->roots);
}
