// SPDX-License-Identifier: Apache-2.0
/* check-report FOLDER GUEST LAUNCH-DIGEST [ID-KEY-DIGEST]: ask the simulated chip of the host in FOLDER
 * for a report of the running GUEST, as a guest's software would, and have the library's own verifier
 * look at it: accepted with the chip's root, and never with AMD's. */
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <snp/certificate.h>
#include <snp/cleanup.h>
#include <snp/file.h>
#include <snp/hex.h>
#include <snp/verdict.h>

#define ANSWER_MAX 32768

DEFINE_CLEANUP(struct snp_certificates *, snp_certificates_free);
DEFINE_CLEANUP(struct snp_verdict *, snp_verdict_free);

static int fail(const char *what, const struct snp_error *err)
{
	char line[2048] = "";

	if (err)
		snp_error_line(err, line, sizeof(line));
	fprintf(stderr, "check-report: %s %s\n", what, line);
	return 1;
}

/* All that the socket answers to 64 bytes of report data. Returns its size, or 0. */
static size_t request(const char *folder, const char *guest, const uint8_t report_data[static 64],
		      uint8_t answer[static ANSWER_MAX])
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	_cleanup_(closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	size_t size = 0;
	ssize_t n;

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/foreign/%s/report.sock", folder,
		 guest);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
	    write(fd, report_data, 64) != 64)
		return 0;
	while (size < ANSWER_MAX && (n = read(fd, answer + size, ANSWER_MAX - size)) > 0)
		size += (size_t)n;
	return size;
}

static int read_root(const char *folder, struct snp_root *ret, struct snp_error *err)
{
	_cleanup_(freep) uint8_t *der = NULL;
	char path[512];
	size_t size;

	snprintf(path, sizeof(path), "%s/chip/ark.der", folder);
	if (file_read(path, SNP_MAX_SMALL, &der, &size, err) < 0)
		return -1;
	*ret = (struct snp_root){.product = SNP_PRODUCT_SIMULATED, .kind = SNP_ARK};
	SHA256(der, size, ret->sha256);
	return 0;
}

static void print_failures(const struct snp_verdict *verdict)
{
	for (enum snp_check i = 0; snp_check_name(i); i++)
		if (snp_verdict_outcome(verdict, i) == SNP_FAILED)
			fprintf(stderr, "check-report: %s: %s\n", snp_check_name(i),
				snp_verdict_message(verdict, i));
}

int main(int argc, char *argv[])
{
	static uint8_t answer[ANSWER_MAX];
	uint8_t measurement[1][SNP_MEASUREMENT_SIZE], id_key[1][48];
	_cleanup_(snp_certificates_freep) struct snp_certificates *certificates = NULL;
	struct snp_expectations expected = {.size = sizeof(expected),
					    .has_report_data = true,
					    .has_vmpl = true,
					    .measurements = measurement,
					    .n_measurements = 1};
	struct snp_evidence evidence = {.size = sizeof(evidence), .at_time = time(NULL)};
	_cleanup_(snp_verdict_freep) struct snp_verdict *amd = NULL, *own = NULL;
	struct snp_error err = {0};
	struct snp_root root;
	size_t size;

	if (argc < 4 || hex_decode(argv[3], "digest", measurement[0], 48, &err) < 0)
		return fail("usage: check-report FOLDER GUEST DIGEST [ID-KEY-DIGEST]", NULL);
	if (argc > 4) {
		if (hex_decode(argv[4], "ID key digest", id_key[0], 48, &err) < 0)
			return fail("", &err);
		expected.id_key_digests = id_key;
		expected.n_id_key_digests = 1;
	}
	RAND_bytes(expected.report_data, sizeof(expected.report_data));
	size = request(argv[1], argv[2], expected.report_data, answer);
	if (size <= SNP_REPORT_SIZE)
		return fail("the chip gives no report", NULL);
	evidence.report = (struct snp_span){answer, SNP_REPORT_SIZE};
	if (snp_certificates_new(&certificates, &err) < 0 ||
	    snp_certificates_add_table(
		    certificates,
		    (struct snp_span){answer + SNP_REPORT_SIZE, size - SNP_REPORT_SIZE},
		    &err) < 0 ||
	    read_root(argv[1], &root, &err) < 0)
		return fail("", &err);
	evidence.certificates = certificates;

	if (snp_verify(&evidence, &expected, &amd, &err) < 0)
		return fail("", &err);
	if (snp_verdict_accepted(amd) || snp_verdict_authentic(amd))
		return fail("AMD's roots vouch for a simulated chip", NULL);

	evidence.roots = &root;
	evidence.n_roots = 1;
	if (snp_verify(&evidence, &expected, &own, &err) < 0)
		return fail("", &err);
	if (!snp_verdict_accepted(own)) {
		print_failures(own);
		return fail("the report is refused", NULL);
	}
	puts("accepted");
	return 0;
}
