// SPDX-License-Identifier: Apache-2.0
#include "rows.h"

#include <stdio.h>
#include <string.h>

#include "host/explain.h"

/* Messages as they were seen: from runs of libvirt 11.3 and 12.8 with QEMU 10.0 and 11.1, and from the
 * public issues that reference/libvirt-and-qemu.md names. */
static const struct row {
	const char *name, *text, *explained;
	enum snp_code code;
	uint32_t firmware; /* with "firmware-error" */
} rows[] = {
	{"wrong image, as libvirt's client sees it",
	 "internal error: QEMU unexpectedly closed the monitor (vm='snp1'): 2026-01-01T00:00:00Z "
	 "qemu-system-x86_64: sev_snp_launch_finish: SNP_LAUNCH_FINISH ret=-5 fw_error=11 'Bad measurement'",
	 "firmware-error", SNP_E_LAUNCH_REFUSED, 0x0b},
	{"ID key alone on old firmware", "SNP_LAUNCH_FINISH ret=-5 fw_error=22 'Invalid parameter'",
	 "firmware-error", SNP_E_HOST, 0x16},
	{"policy", "SNP_LAUNCH_FINISH ret=-5 fw_error=7 'Policy is not allowed'", "firmware-error",
	 SNP_E_LAUNCH_REFUSED, 0x07},
	{"signature", "SNP_LAUNCH_FINISH ret=-5 fw_error=10 'Bad signature'", "firmware-error",
	 SNP_E_LAUNCH_REFUSED, 0x0a},
	{"above QEMU's table", "SNP_LAUNCH_START ret=-5 fw_error=39 ''", "firmware-error",
	 SNP_E_HOST, 0x27},
	{"policy bits that KVM refuses",
	 "sev_snp_launch_start: SNP_LAUNCH_START ret=-22 fw_error=0 ''", "launch-start-policy",
	 SNP_E_HOST, 0},
	{"pflash page", "SNP_LAUNCH_UPDATE ret=-22 fw_error=0 ''", "launch-update", SNP_E_QEMU, 0},
	{"ID block without auth", "SNP_LAUNCH_FINISH ret=-14 fw_error=0 ''",
	 "id-block-without-auth", SNP_E_QEMU, 0},
	{"generations", "SNP_LAUNCH_START ret=-25 fw_error=0 ''", "version-pair", SNP_E_HOST, 0},
	{"no SNP in KVM", "-accel kvm: vm-type SEV-SNP not supported by KVM", "no-snp-vm-type",
	 SNP_E_HOST, 0},
	{"device", "SEV: Failed to open /dev/sev 'No such file or directory'", "cannot-open-sev",
	 SNP_E_HOST, 0},
	{"hash table", "SEV: kernel specified but guest firmware has no hashes table GUID",
	 "no-hash-table", SNP_E_NO_HASH_TABLE, 0},
	{"firmware of another size",
	 "2026-01-01T00:00:00.0Z qemu-system-x86_64: could not load PC BIOS '/fw'", "firmware-size",
	 SNP_E_QEMU, 0},
	{"large initrd",
	 "qemu: initrd is too large, cannot support.(max: 134053887, need 200000000)",
	 "initrd-too-large", SNP_E_QEMU, 0},
	{"C-bit", "cbitpos check failed, host '51' requested '47'", "wrong-cbitpos", SNP_E_HOST, 0},
	{"SMM", "SEV-SNP does not support SMM.", "smm", SNP_E_QEMU, 0},
	{"pflash", "pflash with kvm requires KVM readonly memory support", "pflash", SNP_E_QEMU, 0},
	{"base64", "Base64 data contains invalid characters", "bad-base64", SNP_E_BAD_BASE64, 0},
	{"host data", "parameter length of 3 not equal to 32", "bad-host-data", SNP_E_QEMU, 0},
	{"memfd", "SEV-SNP requires private memory support via guest_memfd", "no-guest-memfd",
	 SNP_E_HOST, 0},
	{"reset block", "Can't find SEV_ES_RESET_BLOCK_GUID entry in OVMF table", "no-reset-block",
	 SNP_E_NO_RESET_ADDRESS, 0},
	{"IGVM", "Parameter 'qom-type' does not accept value 'igvm-cfg'", "no-igvm", SNP_E_HOST, 0},
	{"libvirt without SNP",
	 "unsupported configuration: 'sev-snp' launch security is not supported with this QEMU binary",
	 "no-snp-in-libvirt", SNP_E_HOST, 0},
	{"descriptor",
	 "operation failed: Unable to find 'efi' firmware that is compatible with the current "
	 "configuration",
	 "no-descriptor", SNP_E_HOST, 0},
	{"length", "parameter length of 12 exceeds max of 16", "bad-length", SNP_E_QEMU, 0},
	{"length of the ID auth", "parameter length:ID_AUTH 4097 exceeds max of 4096", "bad-length",
	 SNP_E_QEMU, 0},
	{"measurement", "SEV launch measurement is not available", "no-measurement", SNP_E_QEMU, 0},
	{"no policy", "XML error: failed to get launch security policy", "no-policy",
	 SNP_E_BAD_DOMAIN, 0},
	{"ASIDs", "sev_common_kvm_init: failed to initialize ret=-16 fw_error=0 ''", "no-asid",
	 SNP_E_HOST, 0},
	{"static label in a session",
	 "unsupported configuration: Security driver model 'dac' is not available", "no-relabel",
	 SNP_E_LIBVIRT, 0},
	{"a paused guest is refused", "Unable to read from monitor: Connection reset by peer",
	 "qemu-gone", SNP_E_QEMU, 0},
	{"vsock", "unable to open vhost-vsock device", "no-vsock", SNP_E_HOST, 0},
	{"network", "Network not found: no network with matching name 'default'", "no-network",
	 SNP_E_LIBVIRT, 0},
	{"huge pages",
	 "internal error: hugetlbfs filesystem is not mounted or disabled by administrator config",
	 "no-hugepages", SNP_E_HOST, 0},
	{"256 vCPUs",
	 "unsupported configuration: more than 255 vCPUs require extended interrupt mode enabled on the "
	 "iommu device",
	 "eim", SNP_E_QEMU, 0},
	{"TPM", "unsupported configuration: TPM version '2.0' is not supported", "no-tpm",
	 SNP_E_HOST, 0},
	{"locked memory",
	 "cannot limit locked memory of process 4711 to 5368709120: Operation not permitted",
	 "no-locked-memory", SNP_E_HOST, 0},
	{"host device",
	 "unsupported configuration: host doesn't support passthrough of host PCI devices",
	 "no-passthrough", SNP_E_HOST, 0},
	{"bridge",
	 "internal error: /usr/lib/qemu/qemu-bridge-helper --use-vnet --br=br0 --fd=25: failed to "
	 "communicate with bridge helper: stderr=failed to parse default acl file",
	 "no-bridge-helper", SNP_E_HOST, 0},
	{"networks of a session", "no connection driver available for network:///session",
	 "no-network-driver", SNP_E_LIBVIRT, 0},
	{"Cloud Hypervisor", "internal error: With sev_snp=on, pass an igvm path", "igvm-missing",
	 SNP_E_LIBVIRT, 0},
	{"no ASID at all", "SEV: device busy", "no-asid", SNP_E_HOST, 0},
	{"number alone", "11", "firmware-error", SNP_E_LAUNCH_REFUSED, 0x0b},
	{"hex number", "0x0B", "firmware-error", SNP_E_LAUNCH_REFUSED, 0x0b},
	{"name alone", "bad_measurement", "firmware-error", SNP_E_LAUNCH_REFUSED, 0x0b},
	{"kernel's name", "SEV_RET_POLICY_FAILURE", "firmware-error", SNP_E_LAUNCH_REFUSED, 0x07},
	{"nothing known", "the printer is on fire", NULL, SNP_E_LIBVIRT, 0},
	{"a number that is none of the firmware's", "64", NULL, SNP_E_LIBVIRT, 0},
	{"empty", "", NULL, SNP_E_LIBVIRT, 0},
};

static void check_row(void **state)
{
	const struct row *row = *state;
	struct explanation ex = {.name = "untouched"};
	struct snp_error err;

	assert_int_equal(explain_text(row->text, &ex), row->explained != NULL);
	assert_int_equal(explain_fail(&err, "start", row->text), -(int)row->code);
	assert_int_equal(err.code, row->code);
	assert_null(strchr(err.message, '\n'));
	if (!row->explained) {
		assert_string_equal(ex.name, "untouched");
		return;
	}
	assert_string_equal(ex.name, row->explained);
	assert_int_equal(ex.code, row->code);
	assert_non_null(strstr(err.message, ex.cure));
	assert_int_equal(ex.firmware != NULL && ex.firmware->code != 0, row->firmware != 0);
	if (row->firmware != 0)
		assert_int_equal(ex.firmware->code, row->firmware);
}

static void facts_are_read(void **state)
{
	struct explanation ex;

	(void)state;
	assert_true(explain_text("SNP_LAUNCH_FINISH ret=-5 fw_error=11 'Bad measurement'", &ex));
	assert_string_equal(ex.command, "SNP_LAUNCH_FINISH");
	assert_true(ex.has_ret);
	assert_int_equal(ex.ret, -5);
	assert_string_equal(ex.firmware->name, "BAD_MEASUREMENT");
}

/* psp-sev.h of Linux 6.19 leaves 0x1e, 0x29 to 0x2f and 0x34 out. */
static void table_is_whole(void **state)
{
	unsigned int n = 0;

	(void)state;
	for (uint32_t i = 0; i <= FIRMWARE_ERROR_MAX; i++) {
		const struct firmware_error *e = firmware_error_find(i);

		assert_int_equal(e == NULL, i == 0x1e || (i >= 0x29 && i <= 0x2f) || i == 0x34);
		n += e != NULL;
	}
	assert_int_equal(n, 55);
	assert_null(firmware_error_find(FIRMWARE_ERROR_MAX + 1));
}

int main(void)
{
	struct CMUnitTest tests[ROWS_MAX] = {
		cmocka_unit_test(facts_are_read),
		cmocka_unit_test(table_is_whole),
	};
	size_t n = tests_listed(tests);

	ADD_ROWS(tests, n, check_row, rows);
	return RUN_TESTS("explain", tests, n);
}
