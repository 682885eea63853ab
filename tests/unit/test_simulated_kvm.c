// SPDX-License-Identifier: Apache-2.0
/*
 * What the simulated KVM refuses of an SNP launch, request by request (Linux 6.12: kvm_main.c,
 * guest_memfd.c, svm/sev.c). Firmware statuses are in test_simulated_gctx.c.
 */
#include "rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "node.h"
#include "uapi.h"
#include "vm.h"

#define GPA   0x100000ULL
#define PAGES 8

/* What a descriptor stands for lives as long as its process, since close() also runs between fork and
 * exec: no leak. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

static struct vm *vm_of(int fd)
{
	return node_of(fd).object;
}

struct guest {
	int vm_fd;
	struct vm *vm;
	int gmem_fd;
	uint8_t *ram;
};

static int sev(const struct guest *guest, uint32_t id, void *data)
{
	struct kvm_sev_cmd cmd = {.id = id, .data = (uintptr_t)data};

	return vm_ioctl(guest->vm, KVM_MEMORY_ENCRYPT_OP, &cmd);
}

static int start(const struct guest *guest, uint64_t policy)
{
	struct uapi_snp_launch_start args = {.policy = policy};

	return sev(guest, UAPI_SEV_SNP_LAUNCH_START, &args);
}

/* An SNP guest with eight pages at GPA, all private, launch not started. */
static void open_guest(struct guest *ret)
{
	struct uapi_create_guest_memfd gmem = {.size = PAGES * 4096};
	struct uapi_memory_region2 region = {
		.guest_phys_addr = GPA, .memory_size = PAGES * 4096, .flags = UAPI_MEM_GUEST_MEMFD};
	struct uapi_memory_attributes private = {GPA, PAGES * 4096, UAPI_MEMORY_ATTRIBUTE_PRIVATE,
						 0};
	struct uapi_sev_init init = {0};

	ret->vm_fd = vm_create(UAPI_SNP_VM);
	assert_true(ret->vm_fd >= 0);
	ret->vm = vm_of(ret->vm_fd);
	ret->ram = mmap(NULL, PAGES * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			0);
	assert_true(ret->ram != MAP_FAILED);
	ret->gmem_fd = vm_ioctl(ret->vm, UAPI_CREATE_GUEST_MEMFD, &gmem);
	assert_true(ret->gmem_fd >= 0);
	region.userspace_addr = (uintptr_t)ret->ram;
	region.guest_memfd = (uint32_t)ret->gmem_fd;
	assert_int_equal(vm_ioctl(ret->vm, UAPI_SET_USER_MEMORY_REGION2, &region), 0);
	assert_int_equal(vm_ioctl(ret->vm, UAPI_SET_MEMORY_ATTRIBUTES, &private), 0);
	assert_int_equal(sev(ret, UAPI_SEV_INIT2, &init), 0);
}

static void close_guest(struct guest *guest)
{
	const int fds[] = {guest->vm_fd, guest->gmem_fd};

	for (size_t i = 0; i < 2; i++) {
		node_forget(fds[i]);
		close(fds[i]);
	}
	munmap(guest->ram, PAGES * 4096);
}

struct policy_row {
	const char *name;
	uint64_t policy;
	int result;
};

/* Linux 6.12 snp_launch_start(); the firmware of this test has ABI 0.0. */
static const struct policy_row policies[] = {
	{"plain", 0x30000, 0},
	{"debug", 0xb0000, 0},
	{"bit 17 clear", 0x10000, -EINVAL},
	{"SMT clear", 0x20000, -EINVAL},
	{"SINGLE_SOCKET", 0x130000, -EINVAL},
	{"MIGRATE_MA", 0x70000, -EINVAL},
	{"CXL_ALLOW", 0x230000, -EINVAL},
	{"PAGE_SWAP_DISABLE", 0x2030000, -EINVAL},
	{"bit 63", 0x8000000000030000, -EINVAL},
	{"ABI above the firmware's", 0x30001, -EIO},
};

static void check_policy(void **state)
{
	const struct policy_row *row = *state;
	struct guest guest;

	open_guest(&guest);
	assert_int_equal(start(&guest, row->policy), row->result);
	if (row->result == 0)
		assert_int_equal(start(&guest, row->policy), -EINVAL);
	close_guest(&guest);
}

struct update_row {
	const char *name;
	uint64_t gpa, size;
	uint8_t type;
	uint16_t flags;
	int result;
	uint64_t done; /* bytes, on success */
};

static const struct update_row updates[] = {
	{"one page", GPA, 4096, 1, 0, 0, 4096},
	{"all pages", GPA, PAGES * 4096, 1, 0, 0, PAGES * 4096},
	{"nothing", GPA, 0, 1, 0, 0, 0},
	{"past the slot: what it holds", GPA + 0x7000, 0x2000, 3, 0, 0, 0x1000},
	{"no page multiple", GPA, 4095, 1, 0, -EINVAL, 0},
	{"flags", GPA, 4096, 1, 1, -EINVAL, 0},
	{"type VMSA is KVM's own", GPA, 4096, 2, 0, -EINVAL, 0},
	{"type 7", GPA, 4096, 7, 0, -EINVAL, 0},
	{"no slot", 0x200000, 4096, 1, 0, -EINVAL, 0},
	{"slot without guest_memfd", 0x400000, 4096, 1, 0, -EINVAL, 0},
	{"page not private", GPA + 0x5000, 4096, 1, 0, -EIO, 0},
	{"up to a page not private", GPA + 0x4000, 0x2000, 1, 0, 0, 0x1000},
};

static void check_update(void **state)
{
	const struct update_row *row = *state;
	struct uapi_memory_attributes shared = {GPA + 0x5000, 4096, 0, 0};
	struct uapi_memory_region2 plain = {
		.slot = 1, .guest_phys_addr = 0x400000, .memory_size = 4096};
	struct uapi_snp_launch_update args = {.gfn_start = row->gpa >> 12,
					      .len = row->size,
					      .type = row->type,
					      .flags = row->flags};
	struct guest guest;

	open_guest(&guest);
	plain.userspace_addr = (uintptr_t)guest.ram;
	assert_int_equal(vm_ioctl(guest.vm, UAPI_SET_USER_MEMORY_REGION2, &plain), 0);
	if (strstr(row->name, "not private"))
		assert_int_equal(vm_ioctl(guest.vm, UAPI_SET_MEMORY_ATTRIBUTES, &shared), 0);
	args.uaddr = (uintptr_t)guest.ram;
	assert_int_equal(sev(&guest, UAPI_SEV_SNP_LAUNCH_UPDATE, &args), -EINVAL); /* not started */
	assert_int_equal(start(&guest, 0x30000), 0);
	assert_int_equal(sev(&guest, UAPI_SEV_SNP_LAUNCH_UPDATE, &args), row->result);
	if (row->result == 0) {
		assert_true(args.len == row->size - row->done);
		assert_true(args.gfn_start == (row->gpa + row->done) >> 12);
		/* Again: every page that was taken is refused now. */
		args.gfn_start = row->gpa >> 12;
		args.len = row->size;
		args.uaddr = (uintptr_t)guest.ram;
		assert_int_equal(sev(&guest, UAPI_SEV_SNP_LAUNCH_UPDATE, &args),
				 row->done ? -EIO : 0);
	}
	close_guest(&guest);
}

struct region_row {
	const char *name;
	struct uapi_memory_region2 region;
	bool with_gmem;
	int result;
};

static const struct region_row regions[] = {
	{"shared", {.slot = 1, .guest_phys_addr = 0x400000, .memory_size = 4096}, false, 0},
	{"not page-aligned",
	 {.slot = 1, .guest_phys_addr = 0x400100, .memory_size = 4096},
	 false,
	 -EINVAL},
	{"no page multiple",
	 {.slot = 1, .guest_phys_addr = 0x400000, .memory_size = 4095},
	 false,
	 -EINVAL},
	{"overlap", {.slot = 1, .guest_phys_addr = GPA, .memory_size = 4096}, false, -EEXIST},
	{"wraps",
	 {.slot = 1, .guest_phys_addr = 0xfffffffffffff000, .memory_size = 0x2000},
	 false,
	 -EINVAL},
	{"other address space",
	 {.slot = 1 << 16, .guest_phys_addr = 0x400000, .memory_size = 4096},
	 false,
	 -EINVAL},
	{"read-only, which SNP has not",
	 {.slot = 1, .guest_phys_addr = 0x400000, .memory_size = 4096, .flags = KVM_MEM_READONLY},
	 false,
	 -EINVAL},
	{"guest_memfd past its end",
	 {.slot = 1,
	  .guest_phys_addr = 0x400000,
	  .memory_size = 4096,
	  .guest_memfd_offset = PAGES * 4096,
	  .flags = UAPI_MEM_GUEST_MEMFD},
	 true,
	 -EINVAL},
	{"guest_memfd that is none",
	 {.slot = 1,
	  .guest_phys_addr = 0x400000,
	  .memory_size = 4096,
	  .flags = UAPI_MEM_GUEST_MEMFD},
	 false,
	 -EINVAL},
	{"private slot changed",
	 {.slot = 0, .guest_phys_addr = 0x400000, .memory_size = PAGES * 4096},
	 false,
	 -EINVAL},
	{"slot removed", {.slot = 0}, false, 0},
	{"slot removed that is not there", {.slot = 1}, false, -EINVAL},
};

static void check_region(void **state)
{
	const struct region_row *row = *state;
	struct uapi_memory_region2 region = row->region;
	struct guest guest;

	open_guest(&guest);
	if (row->with_gmem)
		region.guest_memfd = (uint32_t)guest.gmem_fd;
	assert_int_equal(vm_ioctl(guest.vm, UAPI_SET_USER_MEMORY_REGION2, &region), row->result);
	close_guest(&guest);
}

static void check_finish_without_id_auth(void **unused)
{
	uint8_t block[UAPI_SNP_ID_BLOCK_SIZE] = {0};
	struct uapi_snp_launch_finish args = {.id_block_en = 1, .id_block_uaddr = (uintptr_t)block};
	struct guest guest;
	int vcpu;

	(void)unused;
	open_guest(&guest);
	vcpu = vm_ioctl(guest.vm, KVM_CREATE_VCPU, NULL);
	assert_true(vcpu >= 0);
	assert_int_equal(sev(&guest, UAPI_SEV_SNP_LAUNCH_FINISH, &args), -EINVAL); /* not started */
	assert_int_equal(start(&guest, 0x30000), 0);
	/* psp_copy_user_blob() of a null pointer; a vCPU once measured is not measured again. */
	assert_int_equal(sev(&guest, UAPI_SEV_SNP_LAUNCH_FINISH, &args), -EINVAL);
	assert_true(guest.vm->vcpus[0]->state_protected);
	assert_int_equal(vcpu_ioctl(guest.vm->vcpus[0], KVM_GET_REGS, &(struct kvm_regs){0}),
			 -EINVAL);
	node_forget(vcpu);
	close(vcpu);
	close_guest(&guest);
}

static void check_capabilities(void **unused)
{
	struct vm snp = {.type = UAPI_SNP_VM}, plain = {.type = UAPI_DEFAULT_VM};

	(void)unused;
	assert_int_equal(capability(NULL, UAPI_CAP_VM_TYPES), 0x1d);
	assert_int_equal(capability(&snp, KVM_CAP_READONLY_MEM), 0);
	assert_int_equal(capability(&plain, KVM_CAP_READONLY_MEM), 1);
	assert_int_equal(capability(&snp, UAPI_CAP_GUEST_MEMFD), 1);
	assert_int_equal(capability(&plain, UAPI_CAP_GUEST_MEMFD), 0);
	assert_int_equal(capability(&snp, KVM_CAP_X86_SMM), 0);
	assert_int_equal(capability(NULL, 9999), 0);
}

int main(void)
{
	static struct CMUnitTest tests[ROWS_MAX];
	size_t n = 0;

	ADD_ROWS(tests, n, check_policy, policies);
	ADD_ROWS(tests, n, check_update, updates);
	ADD_ROWS(tests, n, check_region, regions);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(check_finish_without_id_auth);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(check_capabilities);
	return RUN_TESTS("simulated kvm", tests, n);
}
