// SPDX-License-Identifier: Apache-2.0
#include "image/page_lanes.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <threads.h>
#if defined(__x86_64__)
#include <sys/platform/x86.h>
#endif

#include <snp/cleanup.h>
#include <snp/sha.h>

/*
 * intel-ipsec-mb.h of versions 1.3.0 and 2.0.0. Of IMB_JOB and IMB_MGR only what follows is used; it is the same in
 * both, as far as it goes. Objects of both are made by the library, so their size does not matter.
 */
#define VERSION_1_3 0x10300u
#define VERSION_2_0 0x20000u

struct job {
	uint64_t unused0[3];
	const uint8_t *src;
	uint64_t unused1[3];
	uint64_t hash_start_src_offset_in_bytes;
	uint64_t msg_len_to_hash_in_bytes;
	uint64_t unused2[2];
	uint8_t *auth_tag_output;
	uint64_t auth_tag_output_len_in_bytes;
	uint64_t unused3[3];
	uint32_t status;
	uint32_t cipher_mode;
	uint32_t cipher_direction;
	uint32_t hash_alg;
	uint32_t chain_order;
};
_Static_assert(offsetof(struct job, src) == 24, "IMB_JOB");
_Static_assert(offsetof(struct job, hash_start_src_offset_in_bytes) == 56, "IMB_JOB");
_Static_assert(offsetof(struct job, msg_len_to_hash_in_bytes) == 64, "IMB_JOB");
_Static_assert(offsetof(struct job, auth_tag_output) == 88, "IMB_JOB");
_Static_assert(offsetof(struct job, auth_tag_output_len_in_bytes) == 96, "IMB_JOB");
_Static_assert(offsetof(struct job, status) == 128, "IMB_JOB");
_Static_assert(offsetof(struct job, cipher_mode) == 132, "IMB_JOB");
_Static_assert(offsetof(struct job, chain_order) == 144, "IMB_JOB");

struct manager {
	uint64_t flags;
	uint64_t features;
	uint64_t unused0[5];
	uint32_t used_arch;
	int imb_errno;
	struct job *(*get_next_job)(struct manager *manager);
	struct job *(*submit_job)(struct manager *manager);
	void *unused1[2];
	struct job *(*flush_job)(struct manager *manager);
};
_Static_assert(offsetof(struct manager, features) == 8, "IMB_MGR");
_Static_assert(offsetof(struct manager, get_next_job) == 64, "IMB_MGR");
_Static_assert(offsetof(struct manager, flush_job) == 96, "IMB_MGR");

enum {
	CIPHER_NULL = 3,
	DIR_ENCRYPT = 1,
	AUTH_SHA_384 = 16,
	ORDER_HASH_CIPHER = 2,
	STATUS_COMPLETED = 3,
};

/* The library, once for all threads. */
static struct {
	struct manager *(*alloc)(uint64_t flags);
	void (*init)(struct manager *manager, uint32_t *ret_arch);
	void (*free)(struct manager *manager);
	uint64_t self_test_passed; /* bit of `features` */
	bool is_usable;
} library;
static once_flag once = ONCE_FLAG_INIT;

struct lanes {
	struct manager *manager;
};

/* ISO C has no cast between the two; POSIX says that they are alike. */
static bool find(void *handle, const char *name, void *ret_function)
{
	void *symbol = dlsym(handle, name);

	memcpy(ret_function, &symbol, sizeof(symbol));
	return symbol;
}

uint64_t lanes_self_test_bit(unsigned int version)
{
	switch (version) {
	case VERSION_1_3:
		return 1u << 21;
	case VERSION_2_0:
		return 1u << 20;
	}
	return 0;
}

/* Without AVX2 there are two lanes, which OpenSSL outruns. glibc knows the processor already;
 * __builtin_cpu_supports() would ask it at every start, which is slow in a virtual machine. The library stays
 * loaded: libraries clean up at the process's end. */
static void load(void)
{
#if defined(__x86_64__)
	unsigned int (*version)(void) = NULL;
	void *handle;

	if (!CPU_FEATURE_ACTIVE(AVX2))
		return;
	handle = dlopen("libIPSec_MB.so.2", RTLD_NOW | RTLD_LOCAL);
	if (!handle)
		handle = dlopen("libIPSec_MB.so.1", RTLD_NOW | RTLD_LOCAL);
	if (!handle || !find(handle, "imb_get_version", &version) ||
	    !find(handle, "alloc_mb_mgr", &library.alloc) ||
	    !find(handle, "init_mb_mgr_auto", &library.init) ||
	    !find(handle, "free_mb_mgr", &library.free))
		return;
	library.self_test_passed = lanes_self_test_bit(version());
	library.is_usable = library.self_test_passed != 0;
#endif
}

/* More pages than there are lanes, each in another. */
static bool agrees_with_openssl(struct lanes *lanes)
{
	enum {
		PAGES = 24
	};
	_cleanup_(freep) uint8_t(*pages)[SNP_PAGE_SIZE] = calloc(PAGES, sizeof(*pages));
	uint8_t found[PAGES][SNP_SHA384_SIZE] = {0}, expected[SNP_SHA384_SIZE];
	const uint8_t *in[PAGES];
	uint8_t *out[PAGES];

	if (!pages)
		return false;
	for (size_t i = 0; i < PAGES; i++) {
		for (size_t at = 0; at < SNP_PAGE_SIZE; at++)
			pages[i][at] = (uint8_t)(at * (2 * i + 1) + (at >> 8) + i);
		in[i] = pages[i];
		out[i] = found[i];
	}
	if (!lanes_sha384(lanes, in, out, PAGES))
		return false;
	for (size_t i = 0; i < PAGES; i++)
		if (sha384_of((struct snp_span){in[i], SNP_PAGE_SIZE}, expected, NULL) < 0 ||
		    memcmp(found[i], expected, sizeof(expected)) != 0)
			return false;
	return true;
}

struct lanes *lanes_new(void)
{
	struct lanes *lanes;
	uint32_t arch = 0;

	call_once(&once, load);
	if (!library.is_usable)
		return NULL;
	lanes = calloc(1, sizeof(*lanes));
	if (lanes)
		lanes->manager = library.alloc(0);
	if (lanes && lanes->manager) {
		library.init(lanes->manager, &arch);
		if (arch != 0 && lanes->manager->imb_errno == 0 &&
		    (lanes->manager->features & library.self_test_passed) &&
		    agrees_with_openssl(lanes))
			return lanes;
	}
	lanes_free(lanes);
	return NULL;
}

void lanes_free(struct lanes *lanes)
{
	if (lanes && lanes->manager)
		library.free(lanes->manager);
	free(lanes);
}

/* The library answers in order, each job once. */
bool lanes_sha384(struct lanes *lanes, const uint8_t *const pages[], uint8_t *const ret[], size_t n)
{
	struct manager *manager = lanes->manager;
	size_t done = 0, failed = 0;
	struct job *job;

	for (size_t i = 0; i < n; i++) {
		job = manager->get_next_job(manager);
		job->src = pages[i];
		job->hash_start_src_offset_in_bytes = 0;
		job->msg_len_to_hash_in_bytes = SNP_PAGE_SIZE;
		job->auth_tag_output = ret[i];
		job->auth_tag_output_len_in_bytes = SNP_SHA384_SIZE;
		job->cipher_mode = CIPHER_NULL;
		job->cipher_direction = DIR_ENCRYPT;
		job->hash_alg = AUTH_SHA_384;
		job->chain_order = ORDER_HASH_CIPHER;
		job = manager->submit_job(manager);
		done += job != NULL;
		failed += job && job->status != STATUS_COMPLETED;
	}
	while ((job = manager->flush_job(manager))) {
		done++;
		failed += job->status != STATUS_COMPLETED;
	}
	return done == n && failed == 0;
}
