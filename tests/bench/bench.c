// SPDX-License-Identifier: Apache-2.0
/*
 * bench TOOL FIRMWARE METADATA-PAGES KERNEL INITRD SMALL-INITRD NAMED: how far snp-measure is from what its work costs on this
 * machine. Parts and whole are measured in turn, round by round, so that a slow moment slows both; each
 * figure is the median of its rounds.
 *
 *	limit = start + read + 33·D·c_s + 2·(P+M+V)·c_s + the longer of the kernel's and initrd's SHA-256
 *
 * start: the same binary with --version; read: the firmware in pieces of 256 KiB; c_s: one compression
 * of SHA-512, each waiting for the one before it; D, P, M, V: distinct pages and pages of the firmware,
 * pages of its metadata, vCPUs. 33 compressions hash a page (4096 + 17 bytes in blocks of 128), 2 a
 * PAGE_INFO (112 + 17).
 *
 * With a kernel the tool also looks into the firmware for the code that checks kernel hashes. NAMED is the
 * same firmware, in which that look ends at once.
 */
#include <fcntl.h>
#include <openssl/evp.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <snp/cleanup.h>
#include <snp/file.h>

#include "clock.h"

#define PAGE	   4096u
#define BUFFER	   (1u << 20)
#define MAX_ROUNDS 101

extern char **environ;

/* The most memory that a command of the last run() had resident, in KiB. */
static long resident;

/* Seconds that a command takes, its output and its warnings thrown away. */
static double run(const char *const argv[])
{
	posix_spawn_file_actions_t actions;
	struct rusage usage;
	char *args[32];
	double start;
	pid_t pid;
	int status, n = 0;

	for (; argv[n] && n < 31; n++)
		args[n] = strdup(argv[n]);
	args[n] = NULL;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	start = now();
	if (posix_spawnp(&pid, args[0], &actions, NULL, args, environ) != 0 ||
	    wait4(pid, &status, 0, &usage) != pid || status != 0)
		die(argv[0]);
	start = now() - start;
	resident = usage.ru_maxrss;
	posix_spawn_file_actions_destroy(&actions);
	while (n > 0)
		free(args[--n]);
	return start;
}

/* Seconds to read a file as snp-measure does, from the page cache. */
static double read_file(const char *path)
{
	static uint8_t piece[SNP_FILE_PIECE];
	double start = now();
	_cleanup_(closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		die(path);
	while ((n = read(fd, piece, sizeof(piece))) > 0)
		;
	return now() - start;
}

/* Seconds per block of `block` bytes of one long hash. */
static double hash_block(const EVP_MD *md, unsigned int block)
{
	static uint8_t buffer[BUFFER];
	uint8_t digest[EVP_MAX_MD_SIZE];
	double start = now();

	if (EVP_Digest(buffer, sizeof(buffer), digest, NULL, md, NULL) != 1)
		die("libcrypto");
	return (now() - start) / (BUFFER / block);
}

static int by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, PAGE);
}

static double distinct_pages(uint8_t *image, size_t pages)
{
	unsigned int distinct = pages > 0;

	qsort(image, pages, PAGE, by_bytes);
	for (size_t i = 1; i < pages; i++)
		distinct += memcmp(image + (i - 1) * PAGE, image + i * PAGE, PAGE) != 0;
	return distinct;
}

/* What is measured in a round. */
enum part {
	START,
	READ,
	COMPRESS_512,
	BLOCK_256,
	ONE_VCPU,
	MANY_VCPUS,
	INITRD,
	INITRD_NO_LOOK,
	SMALL_INITRD,
	SMALL_NO_LOOK,
	OPENSSL,
	N_PARTS
};

struct setting {
	const char *tool, *firmware, *named, *kernel, *initrd, *small_initrd;
	EVP_MD *sha512, *sha256;
};

static double measure(const struct setting *s, enum part part)
{
	const char *const version[] = {s->tool, "--version", NULL};
	const char *const one[] = {
		s->tool, "--ovmf", s->firmware, "--vcpus=1", "--vcpu-type=EPYC-v4", NULL};
	const char *const many[] = {
		s->tool, "--ovmf", s->firmware, "--vcpus=512", "--vcpu-type=EPYC-v4", NULL};
	const bool no_look = part == INITRD_NO_LOOK || part == SMALL_NO_LOOK;
	const bool is_small = part == SMALL_INITRD || part == SMALL_NO_LOOK;
	const char *const boot[] = {s->tool,
				    "--ovmf",
				    no_look ? s->named : s->firmware,
				    "--kernel",
				    s->kernel,
				    "--initrd",
				    is_small ? s->small_initrd : s->initrd,
				    "--vcpus=1",
				    "--vcpu-type=EPYC-v4",
				    NULL};
	const char *const dgst[] = {"openssl", "dgst", "-sha256", s->initrd, NULL};

	switch (part) {
	case START:
		return run(version);
	case READ:
		return read_file(s->firmware);
	case COMPRESS_512:
		return hash_block(s->sha512, 128);
	case BLOCK_256:
		return hash_block(s->sha256, 64);
	case ONE_VCPU:
		return run(one);
	case MANY_VCPUS:
		return run(many);
	case INITRD:
	case INITRD_NO_LOOK:
	case SMALL_INITRD:
	case SMALL_NO_LOOK:
		return run(boot);
	case OPENSSL:
		return run(dgst);
	case N_PARTS:
		break;
	}
	return 0;
}

static void row(const char *what, double whole, double limit)
{
	printf("| %s | %.2f ms | %.2f ms | %.2f |\n", what, whole * 1e3, limit * 1e3,
	       whole / limit);
}

static uint64_t size_of(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		die(path);
	return (uint64_t)st.st_size;
}

/* Medians of all parts, into `ret`; the most memory that the initrd took. */
static long measure_all(const struct setting *s, double ret[static N_PARTS])
{
	static const unsigned int rounds[N_PARTS] = {
		[START] = 101,	      [READ] = 101,	     [COMPRESS_512] = 101,
		[BLOCK_256] = 101,    [ONE_VCPU] = 101,	     [MANY_VCPUS] = 101,
		[INITRD] = 31,	      [INITRD_NO_LOOK] = 31, [SMALL_INITRD] = 31,
		[SMALL_NO_LOOK] = 31, [OPENSSL] = 11};
	static double times[N_PARTS][MAX_ROUNDS];
	long most = 0;

	for (unsigned int i = 0; i < MAX_ROUNDS; i++)
		for (enum part p = START; p < N_PARTS; p++) {
			if (i >= rounds[p])
				continue;
			times[p][i] = measure(s, p);
			if (p == INITRD && resident > most)
				most = resident;
		}
	for (enum part p = START; p < N_PARTS; p++)
		ret[p] = median(times[p], rounds[p]);
	return most;
}

static void print_parts(const double t[static N_PARTS], double pages, double distinct,
			double metadata)
{
	printf("| part | |\n|---|---|\n");
	printf("| process start | %.2f ms |\n", t[START] * 1e3);
	printf("| read the firmware, %.0f pages | %.2f ms |\n", pages, t[READ] * 1e3);
	printf("| SHA-512 compression | %.0f ns |\n", t[COMPRESS_512] * 1e9);
	printf("| SHA-256 block | %.1f ns |\n", t[BLOCK_256] * 1e9);
	printf("| distinct pages, metadata pages | %.0f, %.0f |\n\n", distinct, metadata);
}

static void print_cases(const double t[static N_PARTS], double firmware, double boot)
{
	const double vcpu = 2 * t[COMPRESS_512];

	printf("| case | whole | limit | ratio |\n|---|---|---|---|\n");
	row("firmware, 1 vCPU", t[ONE_VCPU], firmware + vcpu);
	row("firmware, 512 vCPUs", t[MANY_VCPUS], firmware + 512 * vcpu);
	row("firmware, kernel, initrd, 1 vCPU", t[INITRD], firmware + vcpu + boot);
	row("the same against `openssl dgst -sha256` of the initrd", t[INITRD], t[OPENSSL]);
	row("the same against itself without the look for the check", t[INITRD], t[INITRD_NO_LOOK]);
	row("the two with an initrd of 300 kB", t[SMALL_INITRD], t[SMALL_NO_LOOK]);
}

int main(int argc, char **argv)
{
	struct snp_error err = {0};
	struct setting s;
	double t[N_PARTS], pages, distinct, metadata, firmware, blocks;
	uint8_t *image;
	size_t size;
	long kib;

	if (argc != 8)
		die("usage: bench TOOL FIRMWARE METADATA-PAGES KERNEL INITRD SMALL-INITRD NAMED");
	s = (struct setting){.tool = argv[1],
			     .firmware = argv[2],
			     .kernel = argv[4],
			     .initrd = argv[5],
			     .small_initrd = argv[6],
			     .named = argv[7],
			     .sha512 = EVP_MD_fetch(NULL, "SHA2-512", NULL),
			     .sha256 = EVP_MD_fetch(NULL, "SHA2-256", NULL)};
	if (file_read(s.firmware, SNP_MAX_FIRMWARE, &image, &size, &err) < 0)
		die(err.message);
	pages = (double)(size / PAGE);
	distinct = distinct_pages(image, size / PAGE);
	metadata = (double)strtoull(argv[3], NULL, 10);
	blocks = (double)(size_of(s.kernel) > size_of(s.initrd) ? size_of(s.kernel)
								: size_of(s.initrd)) /
		 64;

	kib = measure_all(&s, t);
	firmware = t[START] + t[READ] + (33 * distinct + 2 * (pages + metadata)) * t[COMPRESS_512];
	print_parts(t, pages, distinct, metadata);
	print_cases(t, firmware, blocks * t[BLOCK_256]);
	printf("\nAt most %ld KiB were resident with the initrd.\n", kib);
	free(image);
	return 0;
}
