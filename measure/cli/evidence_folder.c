// SPDX-License-Identifier: Apache-2.0
#include <snp/evidence_folder.h>

#include <ctype.h>
#include <openssl/x509.h>
#include <string.h>
#include <sys/stat.h>

#include <snp/fail.h>
#include <snp/file.h>
#include <snp/folder.h>
#include <snp/memory.h>
#include <snp/sha.h>

#include "reference/folder.h"
#include "report/certificates.h"

#define CERTIFICATES "certificates"
#define CRLS	     "crls"

/* Each file that is there or not. */
enum part {
	RUNTIME_DATA,
	ENDORSEMENT,
	ENDORSEMENT_ROOT,
	TSA_ROOT,
	TOKEN,
	JWKS,
	NONCE,
	N_PARTS
};

static const struct {
	const char *name;
	uint64_t cap;
} parts_of[N_PARTS] = {
	[RUNTIME_DATA] = {"runtime-data.bin", SNP_MAX_CONFIG},
	[ENDORSEMENT] = {"endorsement.bin", SNP_MAX_CONFIG},
	[ENDORSEMENT_ROOT] = {"endorsement-root.crt", SNP_MAX_SMALL},
	[TSA_ROOT] = {"tsa-root.crt", SNP_MAX_SMALL},
	[TOKEN] = {"token.jwt", SNP_MAX_SMALL},
	[JWKS] = {"jwks.json", SNP_MAX_CONFIG},
	[NONCE] = {"nonce.bin", SVSM_NONCE_SIZE},
};

#define REPORT_FILE   "report.bin"
#define MANIFEST_FILE "svsm-manifest.bin"
#define VERDICT_FILE  "verdict.json"
#define PAGE_FILE     "verdict.html"

/* "reference-values.json", "reference-values-2.json", … */
#define DOCUMENT_NAME_SIZE 48
static void document_name(size_t i, char ret[static DOCUMENT_NAME_SIZE])
{
	if (i == 0)
		snprintf(ret, DOCUMENT_NAME_SIZE, SNP_REFERENCE_FILE);
	else
		snprintf(ret, DOCUMENT_NAME_SIZE, "reference-values-%zu.json", i + 1);
}

static int add(struct folder *folder, const char *name, struct snp_span bytes,
	       struct snp_error *err)
{
	uint8_t *copy;

	if (bytes.size == 0)
		return 0;
	copy = malloc(bytes.size);
	if (!copy)
		return out_of_memory(err);
	memcpy(copy, bytes.data, bytes.size);
	return folder_add(folder, name, copy, bytes.size, err);
}

static int add_certificates(struct folder *folder, const struct snp_certificates *set,
			    struct snp_error *err)
{
	const struct snp_certificate *c;
	int r = 0;

	for (size_t i = 0; r == 0 && (c = snp_certificates_at(set, i)); i++) {
		_cleanup_(freep) char *name = format_text(CERTIFICATES "/%04zu-%s-%s.der", i + 1,
							  snp_certificate_kind_name(c->kind),
							  snp_product_name(c->product));

		if (!name)
			return out_of_memory(err);
		for (char *s = name; *s; s++)
			*s = *s == ' ' ? '-' : (char)tolower((unsigned char)*s);
		r = add(folder, name, c->der, err);
	}
	return r;
}

static int add_crls(struct folder *folder, const struct snp_certificates *set,
		    struct snp_error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < set->n_crls; i++) {
		unsigned char *der = NULL;
		int n = i2d_X509_CRL(set->crls[i], &der);
		char name[32];

		if (n < 0)
			return out_of_memory(err);
		snprintf(name, sizeof(name), CRLS "/%02zu.der", i + 1);
		r = add(folder, name, (struct snp_span){der, (size_t)n}, err);
		OPENSSL_free(der);
	}
	return r;
}

/* The signature is kept also where nobody asked for it yet. */
static int add_document(struct folder *folder, size_t i, const struct cli_document *document,
			struct snp_error *err)
{
	_cleanup_(freep) char *path = format_text("%s.sig", document->path);
	_cleanup_(freep) uint8_t *read = NULL;
	struct snp_span signature = {document->signature, document->signature_size};
	char name[DOCUMENT_NAME_SIZE], signed_name[DOCUMENT_NAME_SIZE + 4];
	int r;

	if (!path)
		return out_of_memory(err);
	if (!signature.data && file_read(path, SNP_MAX_SMALL, &read, &signature.size, NULL) == 0)
		signature.data = read;
	document_name(i, name);
	snprintf(signed_name, sizeof(signed_name), "%s.sig", name);
	r = add(folder, name, (struct snp_span){document->bytes, document->size}, err);
	return r < 0 || !signature.data ? r : add(folder, signed_name, signature, err);
}

static int add_evidence(struct folder *folder, const struct evidence_parts *parts,
			struct snp_error *err)
{
	_cleanup_(json_out_done) struct json_out json;

	cli_json_begin(&json, "snp-evidence/1");
	json_out_integer(&json, json.root, "at_time", (uint64_t)parts->evidence->at_time);
	if (parts->expected->n_references > 0)
		json_out_integer(&json, json.root, "references", parts->expected->n_references);
	expected_print(parts->expected, &json, json_out_object(&json, json.root, "expected"));
	return folder_add_json(folder, EVIDENCE_FILE, &json, err);
}

static int add_all(struct folder *folder, const struct evidence_parts *parts, struct snp_error *err)
{
	const struct snp_evidence *e = parts->evidence;
	const struct snp_expectations *x = parts->expected;
	const struct snp_span files[N_PARTS] = {
		[RUNTIME_DATA] = e->runtime_data,
		[ENDORSEMENT] = e->endorsement,
		[ENDORSEMENT_ROOT] = x->endorsement_roots,
		[TSA_ROOT] = x->tsa_roots,
		[TOKEN] = e->token,
		[JWKS] = e->jwks,
		[NONCE] = parts->nonce,
	};
	int r = add_evidence(folder, parts, err);

	if (r < 0)
		return r;
	r = add(folder, REPORT_FILE, e->report, err);
	if (r < 0)
		return r;
	r = add(folder, MANIFEST_FILE, parts->manifest, err);
	if (r < 0)
		return r;
	r = add(folder, VERDICT_FILE, parts->verdict, err);
	if (r < 0)
		return r;
	r = add(folder, PAGE_FILE, parts->page, err);
	for (size_t i = 0; r == 0 && i < N_PARTS; i++)
		r = add(folder, parts_of[i].name, files[i], err);
	for (size_t i = 0; r == 0 && i < x->n_references; i++)
		r = add_document(folder, i, &parts->documents[i], err);
	if (r == 0 && e->certificates)
		r = add_certificates(folder, e->certificates, err);
	return r < 0 || !e->certificates ? r : add_crls(folder, e->certificates, err);
}

static int refuse_entry(void *arg, const char *path, const char *name, struct snp_error *err)
{
	(void)arg;
	(void)path;
	return fail_with(err, SNP_E_EXISTS, SNP_NO_OFFSET,
			 "already exists and has '%s'; use a new or empty folder", name);
}

static int check_empty(void *arg, const char *path, struct snp_error *err)
{
	return each_entry(path, refuse_entry, arg, err);
}

int evidence_save(const char *path, const struct evidence_parts *parts, struct snp_error *err)
{
	_cleanup_(folder_done) struct folder folder = {0};
	int r = add_all(&folder, parts, err);

	return r < 0 ? r : folder_write(&folder, path, check_empty, NULL, err);
}

bool is_evidence_folder(const char *path)
{
	_cleanup_(freep) char *file = format_text("%s/" EVIDENCE_FILE, path);
	struct stat st;

	return file && lstat(file, &st) == 0;
}

/* One that is not there is empty, unless it is needed. */
static int read_part(const char *path, const char *name, uint64_t cap, bool needed, uint8_t **ret,
		     size_t *ret_size, struct snp_error *err)
{
	_cleanup_(freep) char *file = format_text("%s/%s", path, name);

	*ret_size = 0;
	if (!file)
		return out_of_memory(err);
	if (!needed && folder_lacks(path, name))
		return 0;
	if (folder_has_link(path, name))
		return in_file(err,
			       fail_with(err, SNP_E_NOT_REGULAR, SNP_NO_OFFSET,
					 "is or lies behind a symbolic link"),
			       file);
	return file_read(file, cap, ret, ret_size, err);
}

static int read_der(const char *path, size_t cap, uint8_t **ret, struct snp_span *ret_span,
		    struct snp_error *err)
{
	struct stat st;
	int r;

	if (lstat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return in_file(
			err,
			fail_with(err, SNP_E_NOT_REGULAR, SNP_NO_OFFSET, "is not a regular file"),
			path);
	r = file_read(path, cap, ret, &ret_span->size, err);
	ret_span->data = *ret;
	return r;
}

static int read_certificate(void *arg, const char *path, const char *name, struct snp_error *err)
{
	_cleanup_(freep) uint8_t *bytes = NULL;
	struct snp_span der;
	int r = read_der(path, SNP_MAX_CERTIFICATE_SIZE, &bytes, &der, err);

	(void)name;
	return r < 0 ? r : in_file(err, snp_certificates_add(arg, der, err), path);
}

static int read_crl(void *arg, const char *path, const char *name, struct snp_error *err)
{
	_cleanup_(freep) uint8_t *bytes = NULL;
	struct snp_span der;
	int r = read_der(path, SNP_MAX_CRL_SIZE, &bytes, &der, err);

	(void)name;
	return r < 0 ? r : in_file(err, snp_certificates_add_crl(arg, der, err), path);
}

static int read_each(const char *path, const char *inner, entry_visit visit,
		     struct snp_certificates *set, struct snp_error *err)
{
	_cleanup_(freep) char *folder = format_text("%s/%s", path, inner);

	if (!folder)
		return out_of_memory(err);
	if (folder_lacks(path, inner))
		return 0;
	if (folder_has_link(path, inner))
		return in_file(
			err, fail_with(err, SNP_E_NOT_REGULAR, SNP_NO_OFFSET, "is a symbolic link"),
			folder);
	return each_entry(folder, visit, set, err);
}

static int read_report(const char *path, struct cli_report *ret, struct snp_error *err)
{
	_cleanup_(freep) char *file = format_text("%s/" REPORT_FILE, path);
	size_t size;
	int r;

	if (!file)
		return out_of_memory(err);
	r = read_part(path, REPORT_FILE, SNP_REPORT_SIZE, false, &ret->bytes, &size, err);
	if (r == 0 && !ret->bytes) /* a token stands for it */
		return snp_certificates_new(&ret->certificates, err);
	if (r < 0)
		return r;
	r = in_file(err, cli_report_take((struct snp_span){ret->bytes, size}, ret, err), file);
	if (r < 0)
		return r;
	r = read_each(path, CERTIFICATES, read_certificate, ret->certificates, err);
	return r < 0 ? r : read_each(path, CRLS, read_crl, ret->certificates, err);
}

static int read_documents(const char *path, struct evidence_folder *f, struct snp_error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < f->document.n_references; i++) {
		struct cli_document *d = &f->documents[i];
		char name[DOCUMENT_NAME_SIZE], signed_name[DOCUMENT_NAME_SIZE + 4];

		document_name(i, name);
		snprintf(signed_name, sizeof(signed_name), "%s.sig", name);
		f->n_references = i + 1;
		d->path = format_text("%s/%s", path, name);
		if (!d->path)
			return out_of_memory(err);
		r = read_part(path, name, SNP_MAX_DOCUMENT, true, &d->bytes, &d->size, err);
		if (r == 0)
			r = read_part(path, signed_name, SNP_MAX_SMALL, false, &d->signature,
				      &d->signature_size, err);
		if (r == 0)
			r = snp_reference_parse(d->path, (struct snp_span){d->bytes, d->size},
						&f->references[i], err);
	}
	f->document.expected.references = f->references;
	f->document.expected.n_references = f->n_references;
	return r;
}

/* REPORT_DATA is then what the manifest and the nonce make, whatever else is written there. */
static int read_manifest(const char *path, const uint8_t *nonce, size_t nonce_size,
			 struct evidence_folder *f, struct snp_error *err)
{
	struct snp_expectations *x = &f->document.expected;
	struct snp_span bytes;
	int r = read_part(path, MANIFEST_FILE, SVSM_MAX_MANIFEST, false, &f->manifest_bytes,
			  &bytes.size, err);

	if (r < 0 || !f->manifest_bytes)
		return r;
	bytes.data = f->manifest_bytes;
	f->manifest_size = bytes.size;
	if (nonce_size != SVSM_NONCE_SIZE)
		return in_file(err,
			       fail_with(err, SNP_E_BAD_MANIFEST, SNP_NO_OFFSET,
					 MANIFEST_FILE " is there without a nonce of %d bytes",
					 SVSM_NONCE_SIZE),
			       path);
	r = svsm_manifest_read(bytes, &f->manifest, err);
	if (r < 0)
		return in_file(err, r, path);
	f->has_manifest = x->has_report_data = x->has_vmpl = true;
	x->vmpl = 0;
	return svsm_report_data(nonce, bytes, x->report_data, err);
}

/* The nonce is REPORT_DATA itself where neither a manifest nor runtime data is bound to it. */
static int check_nonce(const char *path, struct snp_span nonce, const struct evidence_folder *f,
		       struct snp_error *err)
{
	const struct snp_expectations *x = &f->document.expected;

	if (!nonce.data || (x->has_report_data && nonce.size == sizeof(x->report_data) &&
			    memcmp(nonce.data, x->report_data, nonce.size) == 0))
		return 0;
	return in_file(err,
		       fail_with(err, SNP_E_JSON_VALUE, SNP_NO_OFFSET,
				 "report_data in " EVIDENCE_FILE " must be what nonce.bin holds"),
		       path);
}

/* What the folder says of its own verdict; it decides nothing. */
static int read_verdict(const char *path, struct evidence_folder *f, struct snp_error *err)
{
	_cleanup_(freep) uint8_t *text = NULL;
	const struct json_value *value;
	struct json *json = NULL;
	size_t size;
	int r = read_part(path, VERDICT_FILE, SNP_MAX_CONFIG, false, &text, &size, err);

	if (r < 0 || !text)
		return r;
	r = json_parse(VERDICT_FILE, (struct snp_span){text, size}, &json, err);
	if (r == 0 && json_is_object(json_root(json)) &&
	    (value = json_get(json_root(json), "verdict")))
		r = json_text(value, f->verdict, sizeof(f->verdict), err);
	json_free(json);
	return r;
}

int evidence_folder_read(const char *path, struct evidence_folder *ret,
			 struct cli_report *ret_report, struct snp_error *err)
{
	_cleanup_(freep) char *file = format_text("%s/" EVIDENCE_FILE, path);
	_cleanup_(freep) uint8_t *text = NULL;
	struct snp_span part[N_PARTS];
	size_t size;
	int r;

	if (!file)
		return out_of_memory(err);
	r = read_part(path, EVIDENCE_FILE, SNP_MAX_CONFIG, true, &text, &size, err);
	if (r < 0)
		return r;
	r = evidence_document_parse(file, (struct snp_span){text, size}, &ret->document, err);
	for (size_t i = 0; r == 0 && i < N_PARTS; i++) {
		r = read_part(path, parts_of[i].name, parts_of[i].cap, false, &ret->files[i],
			      &part[i].size, err);
		part[i].data = ret->files[i];
	}
	if (r < 0)
		return r;
	r = read_report(path, ret_report, err);
	if (r < 0)
		return r;
	r = read_documents(path, ret, err);
	if (r < 0)
		return r;
	r = read_manifest(path, part[NONCE].data, part[NONCE].size, ret, err);
	if (r == 0 && !ret->has_manifest && !part[RUNTIME_DATA].data &&
	    !ret_report->container.runtime_data.data)
		r = check_nonce(path, part[NONCE], ret, err);
	if (r < 0)
		return r;
	r = read_verdict(path, ret, err);
	if (r < 0)
		return r;
	ret->document.expected.endorsement_roots = part[ENDORSEMENT_ROOT];
	ret->document.expected.tsa_roots = part[TSA_ROOT];
	ret->sources = (struct cli_sources){.at_time = (int64_t)ret->document.at_time,
					    .endorsement = part[ENDORSEMENT],
					    .token = part[TOKEN],
					    .jwks = part[JWKS],
					    .runtime_data = part[RUNTIME_DATA]};
	ret->nonce = part[NONCE];
	return 0;
}

void evidence_folder_done(struct evidence_folder *folder)
{
	for (size_t i = 0; i < folder->n_references; i++) {
		snp_reference_free(folder->references[i]);
		cli_document_done(&folder->documents[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(folder->files); i++)
		free(folder->files[i]);
	free(folder->manifest_bytes);
	evidence_document_done(&folder->document);
}
