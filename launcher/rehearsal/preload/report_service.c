// SPDX-License-Identifier: Apache-2.0
#include "report_service.h"

#include <errno.h>
#include <openssl/pem.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "complaint.h"
#include "guest_folder.h"
#include "report.h"
#include "settings.h"

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
	int folder = guest_folder_open();
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
