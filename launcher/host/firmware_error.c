// SPDX-License-Identifier: Apache-2.0
#include "host/firmware_error.h"

#include <stddef.h>

#include <snp/cleanup.h>

#define UPDATE_FIRMWARE "update the host's BIOS and SEV firmware (linux-firmware, amd_sev_*.sbin)"
#define REPORT_KERNEL	"kernel and firmware disagree: update both, and see the kernel log"
#define NOT_A_LAUNCH	"launching guests does not cause this: see the kernel log"

static const struct firmware_error errors[] = {
	{0x00, "SUCCESS", "the firmware reports no error: the kernel (KVM) refused",
	 "see which policy bits this kernel accepts: snp-launch check"},
	{0x01, "INVALID_PLATFORM_STATE", "the platform is not initialized for SNP",
	 "look for SEV-SNP in the kernel log; snp-launch check"},
	{0x02, "INVALID_GUEST_STATE",
	 "the guest's context is not in the state that the command needs", REPORT_KERNEL},
	{0x03, "INVALID_CONFIG", "the platform's configuration is invalid",
	 "check SEV and SNP settings in the BIOS"},
	{0x04, "INVALID_LEN", "a buffer was too short", REPORT_KERNEL},
	{0x05, "ALREADY_OWNED", "the platform is already owned", NOT_A_LAUNCH},
	{0x06, "INVALID_CERTIFICATE", "a certificate is invalid", NOT_A_LAUNCH},
	{0x07, "POLICY_FAILURE",
	 "the guest policy is not allowed: it differs from the ID block's, requires a newer ABI than the firmware has, or requires what this host does not provide (SMT, XTS, RAPL, ciphertext hiding)",
	 "compare snp-launch policy decode POLICY with snp-measure id-block show; then make a new ID "
	 "block or change the policy"},
	{0x08, "INACTIVE", "the guest is inactive", REPORT_KERNEL},
	{0x09, "INVALID_ADDRESS", "an address is invalid", REPORT_KERNEL},
	{0x0a, "BAD_SIGNATURE", "the signature of the ID block or of its ID key is wrong",
	 "check the pair with snp-measure id-block verify; ID block and ID auth may come from different "
	 "runs"},
	{0x0b, "BAD_MEASUREMENT",
	 "the launch digest differs from the ID block's: what was launched is not what the block was made "
	 "for",
	 "find the difference with snp-launch rehearse FILE, snp-launch diff NAME or snp-measure explain; "
	 "then launch the images that were measured, or make a new ID block"},
	{0x0c, "ASID_OWNED", "the ASID is in use", REPORT_KERNEL},
	{0x0d, "INVALID_ASID", "the ASID is not in the range for SNP",
	 "give SNP a range of ASIDs: raise the BIOS setting \"SEV-ES ASID space limit\" (minimum SEV ASID)"},
	{0x0e, "WBINVD_REQUIRED", "caches must be written back first", REPORT_KERNEL},
	{0x0f, "DFFLUSH_REQUIRED", "the data fabric must be flushed first", REPORT_KERNEL},
	{0x10, "INVALID_GUEST", "there is no such guest", REPORT_KERNEL},
	{0x11, "INVALID_COMMAND", "the firmware does not know the command", UPDATE_FIRMWARE},
	{0x12, "ACTIVE", "the guest is active already", REPORT_KERNEL},
	{0x13, "HWERROR_PLATFORM", "a hardware error; it is safe to continue", NULL},
	{0x14, "HWERROR_UNSAFE", "a hardware error; it is not safe to continue",
	 "restart the host"},
	{0x15, "UNSUPPORTED", "this firmware does not support it", UPDATE_FIRMWARE},
	{0x16, "INVALID_PARAM",
	 "a parameter is invalid: reserved bits in the policy or ID block, or, on old firmware, an ID "
	 "block without an author key",
	 "give an author key as well (a second P-384 key), or update the firmware"},
	{0x17, "RESOURCE_LIMIT", "the secure processor has run out of a resource",
	 "stop a guest; then see whether the kernel log names the resource"},
	{0x18, "SECURE_DATA_INVALID", "the firmware's stored data is damaged",
	 "restart the host; " UPDATE_FIRMWARE},
	{0x19, "INVALID_PAGE_SIZE", "a page's size differs from the RMP's", REPORT_KERNEL},
	{0x1a, "INVALID_PAGE_STATE", "a page is not in the state that the command needs",
	 REPORT_KERNEL},
	{0x1b, "INVALID_MDATA_ENTRY", "the metadata of a swapped page is invalid", REPORT_KERNEL},
	{0x1c, "INVALID_PAGE_OWNER", "a page belongs to another guest", REPORT_KERNEL},
	{0x1d, "AEAD_OFLOW", "the counter of a guest's message key overflowed", REPORT_KERNEL},
	{0x1f, "EXIT_RING_BUFFER", "the firmware left ring buffer mode", REPORT_KERNEL},
	{0x20, "RMP_INIT_REQUIRED", "the RMP is not initialized",
	 "reserve memory for the RMP in the BIOS (\"SNP memory (RMP table) coverage\")"},
	{0x21, "BAD_SVN", "the firmware's security version is lower than what is committed",
	 "load a newer SEV firmware"},
	{0x22, "BAD_VERSION", "the firmware does not accept a version", UPDATE_FIRMWARE},
	{0x23, "SHUTDOWN_REQUIRED", "SNP must be shut down first", "stop all SNP guests first"},
	{0x24, "UPDATE_FAILED", "the firmware update failed", UPDATE_FIRMWARE},
	{0x25, "RESTORE_REQUIRED", "the previous firmware must be restored", UPDATE_FIRMWARE},
	{0x26, "RMP_INITIALIZATION_FAILED", "the RMP cannot be initialized",
	 "check the RMP setting in the BIOS and that nothing overlaps it (kernel log)"},
	{0x27, "INVALID_KEY", "a key is invalid, or a public key is not on its curve",
	 "check the pair: snp-measure id-block verify"},
	{0x28, "SHUTDOWN_INCOMPLETE", "SNP is still shutting down", "try again"},
	{0x30, "INCORRECT_BUFFER_LENGTH", "a buffer's length is wrong (trusted I/O)",
	 REPORT_KERNEL},
	{0x31, "EXPAND_BUFFER_LENGTH_REQUEST", "a larger buffer is needed (trusted I/O)",
	 REPORT_KERNEL},
	{0x32, "SPDM_REQUEST", "an SPDM exchange with the device is needed (trusted I/O)",
	 REPORT_KERNEL},
	{0x33, "SPDM_ERROR", "the device answered an SPDM exchange with an error (trusted I/O)",
	 NULL},
	{0x35, "ERR_IN_DEV_CONN", "the connection to the device failed (trusted I/O)", NULL},
	{0x36, "INVALID_DEV_CTX", "the device's context is invalid (trusted I/O)", REPORT_KERNEL},
	{0x37, "INVALID_TDI_CTX", "the device interface's context is invalid (trusted I/O)",
	 REPORT_KERNEL},
	{0x38, "INVALID_TDI", "the device interface is invalid (trusted I/O)", NULL},
	{0x39, "RECLAIM_REQUIRED", "pages must be reclaimed first (trusted I/O)", REPORT_KERNEL},
	{0x3a, "IN_USE", "it is in use (trusted I/O)", NULL},
	{0x3b, "INVALID_DEV_STATE", "the device is in the wrong state (trusted I/O)", NULL},
	{0x3c, "INVALID_TDI_STATE", "the device interface is in the wrong state (trusted I/O)",
	 NULL},
	{0x3d, "DEV_CERT_CHANGED", "the device's certificate changed (trusted I/O)", NULL},
	{0x3e, "RESYNC_REQ", "the device's key stream must be synchronized again (trusted I/O)",
	 NULL},
	{0x3f, "RESPONSE_TOO_LARGE", "the device's answer is too large (trusted I/O)",
	 REPORT_KERNEL},
};

const struct firmware_error *firmware_error_find(uint32_t code)
{
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++)
		if (errors[i].code == code)
			return &errors[i];
	return NULL;
}
