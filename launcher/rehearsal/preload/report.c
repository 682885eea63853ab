// SPDX-License-Identifier: Apache-2.0
#include "report.h"

#include <errno.h>
#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/pem.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "bytes.h"
#include "processor.h"
#include "program.h"

enum {
	REPORT_VERSION = 0x000,
	REPORT_GUEST_SVN = 0x004,
	REPORT_POLICY = 0x008,
	REPORT_FAMILY_ID = 0x010,
	REPORT_IMAGE_ID = 0x020,
	REPORT_SIGNATURE_ALGO = 0x034,
	REPORT_CURRENT_TCB = 0x038,
	REPORT_PLATFORM_INFO = 0x040,
	REPORT_FLAGS = 0x048,
	REPORT_REPORT_DATA = 0x050,
	REPORT_MEASUREMENT = 0x090,
	REPORT_HOST_DATA = 0x0c0,
	REPORT_ID_KEY_DIGEST = 0x0e0,
	REPORT_AUTHOR_KEY_DIGEST = 0x110,
	REPORT_REPORT_ID = 0x140,
	REPORT_REPORT_ID_MA = 0x160,
	REPORT_REPORTED_TCB = 0x180,
	REPORT_CPUID_FAMILY = 0x188,
	REPORT_CPUID_MODEL = 0x189,
	REPORT_CPUID_STEPPING = 0x18a,
	REPORT_CHIP_ID = 0x1a0,
	REPORT_COMMITTED_TCB = 0x1e0,
	REPORT_CURRENT_VERSION = 0x1e8,
	REPORT_COMMITTED_VERSION = 0x1ec,
	REPORT_LAUNCH_TCB = 0x1f0,
	REPORT_SIGNATURE_R = 0x2a0,
	REPORT_SIGNATURE_S = 0x2e8,
	REPORT_NUMBER_SIZE = 72,
};

#define SIGNED_SIZE	   0x2a0
#define ALGO_P384_SHA384   1
#define FLAG_AUTHOR_KEY_EN 1U
/* SMT on, ECC memory, alias check complete. */
#define PLATFORM_INFO_VALUE (1U << 0 | 1U << 2 | 1U << 5)

static void put_tcb(uint8_t *at, const struct tcb *tcb)
{
	at[0] = tcb->boot_loader;
	at[1] = tcb->tee;
	at[6] = tcb->snp;
	at[7] = tcb->microcode;
}

static void put_version(uint8_t *at, const struct settings *host)
{
	at[0] = host->build;
	at[1] = host->api_minor;
	at[2] = host->api_major;
}

static void put_platform(const struct settings *host, uint8_t *report)
{
	put_tcb(report + REPORT_CURRENT_TCB, &host->tcb);
	put_tcb(report + REPORT_REPORTED_TCB, &host->tcb);
	put_tcb(report + REPORT_COMMITTED_TCB, &host->tcb);
	put_tcb(report + REPORT_LAUNCH_TCB, &host->tcb);
	put_version(report + REPORT_CURRENT_VERSION, host);
	put_version(report + REPORT_COMMITTED_VERSION, host);
	put_le64(report + REPORT_PLATFORM_INFO, PLATFORM_INFO_VALUE);
	report[REPORT_CPUID_FAMILY] = HOST_FAMILY;
	report[REPORT_CPUID_MODEL] = HOST_MODEL;
	report[REPORT_CPUID_STEPPING] = HOST_STEPPING;
	memcpy(report + REPORT_CHIP_ID, host->chip_id, CHIP_ID_SIZE);
}

static void put_guest(const struct gctx *gctx, uint8_t *report)
{
	put_le32(report + REPORT_GUEST_SVN, gctx->guest_svn);
	put_le64(report + REPORT_POLICY, gctx->policy);
	memcpy(report + REPORT_FAMILY_ID, gctx->family_id, sizeof(gctx->family_id));
	memcpy(report + REPORT_IMAGE_ID, gctx->image_id, sizeof(gctx->image_id));
	put_le32(report + REPORT_FLAGS, gctx->author_key_en ? FLAG_AUTHOR_KEY_EN : 0);
	memcpy(report + REPORT_MEASUREMENT, gctx->ld, LD_SIZE);
	memcpy(report + REPORT_HOST_DATA, gctx->host_data, HOST_DATA_SIZE);
	memcpy(report + REPORT_ID_KEY_DIGEST, gctx->id_key_digest, LD_SIZE);
	memcpy(report + REPORT_AUTHOR_KEY_DIGEST, gctx->author_key_digest, LD_SIZE);
	memcpy(report + REPORT_REPORT_ID, gctx->report_id, sizeof(gctx->report_id));
	memset(report + REPORT_REPORT_ID_MA, 0xff, sizeof(gctx->report_id));
}

static int sign(EVP_PKEY *vcek, uint8_t report[static REPORT_SIZE])
{
	uint8_t der[256];
	const uint8_t *at = der;
	size_t size = sizeof(der);
	ECDSA_SIG *sig = NULL;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	int r = -1;

	if (ctx && EVP_DigestSignInit(ctx, NULL, EVP_sha384(), NULL, vcek) == 1 &&
	    EVP_DigestSign(ctx, der, &size, report, SIGNED_SIZE) == 1)
		sig = d2i_ECDSA_SIG(NULL, &at, (long)size);
	if (sig &&
	    BN_bn2lebinpad(ECDSA_SIG_get0_r(sig), report + REPORT_SIGNATURE_R, REPORT_NUMBER_SIZE) >
		    0 &&
	    BN_bn2lebinpad(ECDSA_SIG_get0_s(sig), report + REPORT_SIGNATURE_S, REPORT_NUMBER_SIZE) >
		    0)
		r = 0;
	ECDSA_SIG_free(sig);
	EVP_MD_CTX_free(ctx);
	return r;
}

/* ATTESTATION_REPORT, version 3 (AMD SNP ABI 56860, table "ATTESTATION_REPORT Structure"), of a running
 * guest at VMPL 0, signed with the chip's `vcek`. All TCB versions of the platform are the same.
 * Returns 0 or -1 where libcrypto failed. */
static int report_make(const struct gctx *gctx, const struct settings *host,
		       const uint8_t report_data[static REPORT_DATA_SIZE], EVP_PKEY *vcek,
		       uint8_t ret[static REPORT_SIZE])
{
	memset(ret, 0, REPORT_SIZE);
	put_le32(ret + REPORT_VERSION, 3);
	put_le32(ret + REPORT_SIGNATURE_ALGO, ALGO_P384_SHA384);
	memcpy(ret + REPORT_REPORT_DATA, report_data, REPORT_DATA_SIZE);
	put_platform(host, ret);
	put_guest(gctx, ret);
	return sign(vcek, ret);
}

#define SOCKET_NAME	 "report.sock"
#define MAX_CERTIFICATES 65536
#define PATIENCE_SECONDS 5

static struct gctx guest;
static int listener = -1;

static FILE *open_chip_file(const char *name)
{
	char path[PATH_MAX + 32];
	FILE *file;

	snprintf(path, sizeof(path), "%s/chip/%s", settings()->host, name);
	file = fopen(path, "re");
	if (!file)
		complain("%s: %s", path, strerror(errno));
	return file;
}

/* The certificate table, as the host made it. Returns its size. */
static size_t read_certificates(uint8_t *ret, size_t max)
{
	FILE *file = open_chip_file("certificates.bin");
	size_t size;

	if (!file)
		return 0;
	size = fread(ret, 1, max, file);
	fclose(file);
	return size;
}

static EVP_PKEY *read_vcek(void)
{
	FILE *file = open_chip_file("vcek.key");
	EVP_PKEY *key;

	if (!file)
		return NULL;
	key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
	fclose(file);
	return key;
}

static void answer(int client)
{
	static uint8_t certificates[MAX_CERTIFICATES];
	const struct timeval patience = {.tv_sec = PATIENCE_SECONDS};
	uint8_t report_data[REPORT_DATA_SIZE], report[REPORT_SIZE];
	EVP_PKEY *vcek;
	size_t size;

	setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(client, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (recv(client, report_data, sizeof(report_data), MSG_WAITALL) != sizeof(report_data) ||
	    guest.vcek_disabled)
		return;
	vcek = read_vcek();
	if (!vcek)
		return;
	size = read_certificates(certificates, sizeof(certificates));
	if (report_make(&guest, settings(), report_data, vcek, report) == 0 &&
	    send(client, report, sizeof(report), MSG_NOSIGNAL) == sizeof(report))
		(void)!send(client, certificates, size, MSG_NOSIGNAL);
	EVP_PKEY_free(vcek);
}

static void *serve(void *arg)
{
	(void)arg;
	for (;;) {
		int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

		if (client >= 0) {
			answer(client);
			close(client);
		} else if (errno != EINTR && errno != ECONNABORTED) {
			return NULL;
		}
	}
}

/* Bind within the folder through its descriptor: a socket's path has room for 107 bytes only. */
static int listen_in(int folder)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s", folder,
		 SOCKET_NAME);
	unlinkat(folder, SOCKET_NAME, 0);
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 8) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

void report_service_start(const struct gctx *gctx)
{
	int folder = program_open_guest_folder();
	pthread_t thread;
	sigset_t all, before;

	if (folder < 0)
		return;
	guest = *gctx;
	listener = listen_in(folder);
	close(folder);
	if (listener < 0) {
		complain("%s: %s", SOCKET_NAME, strerror(errno));
		return;
	}
	/* QEMU's signals are QEMU's threads'. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	if (pthread_create(&thread, NULL, serve, NULL) == 0)
		pthread_detach(thread);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}
