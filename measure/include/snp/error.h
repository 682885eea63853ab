/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNP_ERROR_H
#define SNP_ERROR_H

#include <stdint.h>

#include <snp/api.h>

SNP_API_BEGIN

/*
 * How a function fails: it returns a negative enum snp_code and fills a struct snp_error. Failed if
 * and only if explained: every negative return has a message, and no success touches the struct.
 *
 * Every code has a number and a name that never change once released, and are never given to another
 * code: a new code takes the last row and the next number, and one that is no longer used keeps its row.
 * The tools print the name in brackets and as "name" in an snp-error/1 object. The class is the tool's
 * exit status.
 */

enum snp_class {
	SNP_CLASS_DONE = 0,
	SNP_CLASS_FAILED = 1,  /* I/O, libvirt, memory: the same input may work another time */
	SNP_CLASS_USAGE = 2,   /* the command line is wrong */
	SNP_CLASS_NO = 3,      /* the question was understood and the answer is no */
	SNP_CLASS_REFUSED = 4, /* the input is malformed, unsupported or over a limit */
};

/* clang-format off */
#define SNP_CODES(X) \
	/* any input, any output */ \
	X(NO_MEMORY,              1, "out-of-memory",           FAILED,  "out of memory") \
	X(OPEN,                   2, "cannot-open",             FAILED,  "a file cannot be opened") \
	X(READ,                   3, "cannot-read",             FAILED,  "a file cannot be read") \
	X(WRITE,                  4, "cannot-write",            FAILED,  "an output cannot be written") \
	X(EXISTS,                 5, "exists",                  FAILED,  "the guest or output to be created already exists") \
	X(NOT_FOUND,              6, "not-found",               FAILED,  "a named guest, file, key or program does not exist") \
	X(CHANGED,                7, "changed-while-read",      FAILED,  "a file changed while it was read") \
	X(CRYPTO,                 8, "crypto-failed",           FAILED,  "OpenSSL failed unexpectedly") \
	X(SYSTEM,                 9, "system-error",            FAILED,  "a system call failed unexpectedly") \
	X(USAGE,                 10, "usage",                   USAGE,   "the command line is wrong") \
	X(NOT_REGULAR,           11, "not-a-regular-file",      REFUSED, "an input is not a regular file") \
	X(TOO_LARGE,             12, "too-large",               REFUSED, "an input is larger than its limit") \
	X(EMPTY_FILE,            13, "empty-file",              REFUSED, "an input is empty") \
	X(BAD_HEX,               14, "bad-hex",                 REFUSED, "a value is not hex of the expected length") \
	X(BAD_BASE64,            15, "bad-base64",              REFUSED, "a value is not base64 of the expected length") \
	/* JSON documents */ \
	X(JSON_SYNTAX,           16, "json-syntax",             REFUSED, "a document is not JSON") \
	X(JSON_ENCODING,         17, "json-encoding",           REFUSED, "a document is not UTF-8, or contains NUL or control characters") \
	X(JSON_DUPLICATE_KEY,    18, "json-duplicate-key",      REFUSED, "an object has the same key twice") \
	X(JSON_UNKNOWN_KEY,      19, "json-unknown-key",        REFUSED, "an object has a key that its schema does not know") \
	X(JSON_MISSING_KEY,      20, "json-missing-key",        REFUSED, "an object lacks a key that its schema requires") \
	X(JSON_TYPE,             21, "json-wrong-type",         REFUSED, "a value does not have the type that its schema requires") \
	X(JSON_VALUE,            22, "json-bad-value",          REFUSED, "a value has the right type but is not allowed") \
	X(JSON_SCHEMA,           23, "json-unknown-schema",     REFUSED, "a document has another schema or version than expected") \
	/* libvirt domains and guests' configurations */ \
	X(XML_SYNTAX,            24, "xml-syntax",              REFUSED, "a document is not well-formed XML, or declares a document type") \
	X(BAD_DOMAIN,            25, "bad-domain",              REFUSED, "a libvirt domain, template or fragment cannot be used for the launch") \
	X(CHECK,                 26, "check-failed",            REFUSED, "a guest's configuration fails a named check") \
	/* guests and hosts */ \
	X(BUSY,                  27, "busy",                    FAILED,  "another snp-launch is working on the same guest") \
	X(UNSAFE_STATE,          28, "unsafe-state-folder",     REFUSED, "another user can change a folder from which guests are launched") \
	X(LIBVIRT,               29, "libvirt-failed",          FAILED,  "libvirt refused or failed") \
	X(QEMU,                  30, "qemu-failed",             FAILED,  "QEMU refused or failed") \
	X(GUEST_STATE,           31, "wrong-guest-state",       FAILED,  "the guest is not in the state that the command needs") \
	X(NO_EVIDENCE,           32, "no-evidence",             FAILED,  "a guest returned no attestation report, or no data to save") \
	X(INTERRUPTED,           33, "interrupted",             FAILED,  "interrupted by a signal; what was done so far was undone") \
	X(TIMEOUT,               34, "timeout",                 FAILED,  "a timeout expired") \
	X(NOT_BOUND,             35, "not-bound",               REFUSED, "the reference values have no ID block for this guest") \
	X(HOST,                  36, "host-cannot",             NO,      "the host cannot launch the guest") \
	X(LAUNCH_REFUSED,        37, "launch-refused",          NO,      "the secure processor refused the launch") \
	X(DRIFT,                 38, "drift",                   NO,      "what would be launched differs from what was measured") \
	/* firmware */ \
	X(FIRMWARE_SIZE,         39, "firmware-size",           REFUSED, "a firmware image has a size that no VMM loads") \
	X(BAD_TABLE,             40, "bad-ovmf-table",          REFUSED, "the OVMF table of a firmware image is malformed") \
	X(NO_METADATA,           41, "no-sev-metadata",         REFUSED, "a firmware image has no SEV metadata") \
	X(BAD_METADATA,          42, "bad-sev-metadata",        REFUSED, "the SEV metadata of a firmware image is malformed") \
	X(BAD_SECTION,           43, "bad-section",             REFUSED, "a section of the SEV metadata cannot be launched") \
	X(SECTION_OVERLAP,       44, "section-overlap",         REFUSED, "two sections overlap, or a section overlaps the firmware image") \
	X(NO_SECTION,            45, "no-such-section",         REFUSED, "a firmware image lacks a section of the SEV metadata that the guest needs") \
	X(NO_RESET_ADDRESS,      46, "no-reset-address",        REFUSED, "a firmware image has no reset address for the vCPUs after the first") \
	X(NO_HASH_TABLE,         47, "no-hash-table",           REFUSED, "a kernel cannot be measured: the firmware image has no place for the SEV hash table") \
	X(NO_HASH_SECTION,       48, "no-kernel-hashes-section", REFUSED, "a kernel cannot be measured: no section of the firmware image covers the SEV hash table") \
	X(BAD_HASH_TABLE,        49, "bad-hash-table",          REFUSED, "the SEV hash table of a firmware image is at an address where it cannot work") \
	X(NO_SVSM,               50, "no-svsm-info",            REFUSED, "an SVSM binary has no SVSM info entry") \
	/* kernel, initrd, command line */ \
	X(BAD_KERNEL,            51, "not-a-bzimage",           REFUSED, "QEMU would refuse the kernel, or start it without hashing it") \
	X(BAD_CMDLINE,           52, "bad-cmdline",             REFUSED, "the kernel command line contains a NUL, or QEMU refuses it") \
	/* what is launched */ \
	X(BAD_VCPU_COUNT,        53, "bad-vcpu-count",          REFUSED, "no VMM can start this number of vCPUs") \
	X(BAD_CPU_MODEL,         54, "unknown-cpu-model",       REFUSED, "QEMU does not have this vCPU model") \
	X(BAD_FEATURES,          55, "bad-guest-features",      REFUSED, "a guest cannot be launched with these features (SEV_FEATURES)") \
	X(BAD_PROFILE,           56, "unknown-profile",         REFUSED, "the VMM profile does not exist, or is not for this mode") \
	X(NO_DIGEST,             57, "no-digest",               REFUSED, "no launch digest exists for this combination") \
	X(BAD_TCB,               58, "bad-tcb",                 REFUSED, "the product cannot have this TCB version") \
	/* reference values */ \
	X(NO_VARIANT,            59, "no-such-variant",         NO,      "the reference values have no variant for this configuration") \
	X(FORMAT,                60, "format-cannot-say",       REFUSED, "a published format cannot express these reference values") \
	/* identity */ \
	X(BAD_POLICY,            61, "bad-policy",              REFUSED, "the secure processor refuses this guest policy") \
	X(BAD_KEY,               62, "bad-key",                 REFUSED, "a key has the wrong type or curve, or is malformed") \
	X(UNSAFE_KEY,            63, "unsafe-key-file",         REFUSED, "other users can read or replace a private key file") \
	X(PASSPHRASE,           64, "wrong-passphrase",        REFUSED, "the passphrase of an encrypted key is missing or wrong") \
	X(BAD_ID_BLOCK,          65, "bad-id-block",            REFUSED, "an ID block or ID auth is malformed") \
	/* attestation reports; what is wrong with one that can be read is a check of snp/verdict.h */ \
	X(NOT_A_REPORT,          66, "not-a-report",            REFUSED, "an input is not an attestation report in any known form") \
	X(REPORT_VERSION,        67, "unknown-report-version",  REFUSED, "a report has a version that cannot be checked") \
	X(BAD_CONTAINER,         68, "bad-report-container",    REFUSED, "the container of a report is malformed") \
	X(BAD_CERTIFICATE_TABLE,  69, "bad-certificate-table",  REFUSED, "a certificate table is malformed") \
	X(BAD_CERTIFICATE,       70, "bad-certificate",         REFUSED, "an input is not exactly one X.509 certificate in DER or PEM") \
	X(BAD_CRL,               71, "bad-crl",                 REFUSED, "an input is not exactly one CRL in DER or PEM") \
	X(UNTRUSTED_CERTIFICATE,  72, "untrusted-certificate",  REFUSED, "a certificate does not chain to AMD's root keys") \
	X(SIGNATURE,             73, "bad-signature",           NO,      "a signature does not verify") \
	X(DIGEST_DIFFERS,        74, "digest-differs",          NO,      "a launch digest is not the expected one") \
	X(POLICY_DIFFERS,        75, "policy-differs",          NO,      "a guest policy is not the expected one") \
	X(NOT_CHECKED,           76, "kernel-hashes-not-checked", REFUSED, "the firmware does not check the kernel hashes that the digest covers") \
	X(BOOT_FILES,            77, "boot-files-not-protected", REFUSED, "without an ID block, another user could change the boot files between their hash and the launch") \
	X(BAD_PE,                78, "bad-pe-image",            REFUSED, "the section table of a PE image is malformed") \
	/* what others sign about a launch, and what is bound to it */ \
	X(SECURITY_POLICY,       79, "bad-security-policy",     REFUSED, "a security policy is not a Rego module") \
	X(ENDORSEMENT,           80, "bad-endorsement",         REFUSED, "an endorsement of a launch digest is malformed") \
	X(TOKEN,                 81, "bad-token",               REFUSED, "an attestation token does not have the one form that is accepted") \
	/* IGVM */ \
	X(BAD_IGVM,              82, "bad-igvm",                REFUSED, "an IGVM file is malformed") \
	X(IGVM_LAUNCH,           83, "igvm-launch-refused",     REFUSED, "the loader or KVM would refuse to launch the IGVM file") \
	X(NEEDS_MEMORY,          84, "needs-memory",            REFUSED, "the launch digest of the IGVM file depends on the size of the guest's memory") \
	X(NEEDS_CPU_MODEL,       85, "needs-cpu-model",         REFUSED, "the launch digest of the IGVM file depends on the vCPU model") \
	X(ID_BLOCK_DIFFERS,      86, "id-block-differs",        REFUSED, "the ID block in the IGVM file is not for this launch") \
	X(BAD_MANIFEST,          87, "bad-svsm-manifest",       REFUSED, "the manifest of an SVSM is malformed") \
	/* archives of guests */ \
	X(BAD_ARCHIVE,           88, "bad-archive",             REFUSED, "a tar file is not an archive of a guest, or was changed or cut off") \
	X(BAD_DISK,              89, "bad-disk",                REFUSED, "a disk image is not a whole disk, so that an archive cannot hold it") \
	/* remote hosts */ \
	X(REMOTE,                90, "remote-failed",           FAILED,  "a remote host cannot be reached by ssh, or its snp-measure is another version") \
	X(INITDATA,              91, "bad-initdata",            REFUSED, "a file is not initdata of SHA-256")
/* clang-format on */

enum snp_code {
	SNP_OK = 0,
#define X(code, number, name, class, meaning) SNP_E_##code = number,
	SNP_CODES(X)
#undef X
};

#define SNP_NO_OFFSET UINT64_MAX

/* One explained failure. Lives on the caller's stack; filling it never allocates and cannot fail.
 * Texts are escaped: control characters and bytes that are not UTF-8 stand as \xNN, so that one
 * failure is one line whatever the input was named. A text too long for its array is cut. */
struct snp_error {
	enum snp_code code;
	int sys_errno;	   /* 0 where no system call failed */
	uint64_t offset;   /* byte in `file` where the trouble lies, or SNP_NO_OFFSET */
	uint32_t line;	   /* 1-based, for text documents; 0 where unknown */
	uint32_t column;   /* 1-based, in bytes; 0 where unknown */
	char file[512];	   /* "" where no file is at fault */
	char pointer[256]; /* RFC 6901 JSON pointer, for JSON documents; "" is the whole document */
	char message[1024]; /* what is wrong, and what would be right */
};

/* The stable kebab-case name of `code` ("bad-hex") and its meaning in a sentence without full stop, both
 * NULL for SNP_OK and what is no code; and its class, SNP_CLASS_DONE for these. */
const char *snp_code_name(enum snp_code code);
const char *snp_code_meaning(enum snp_code code);
enum snp_class snp_code_class(enum snp_code code);

/* Write the failure as the tools print it after their own name,
 * "error: FILE: message (at byte 0x…) [name]" (with FILE:LINE:COLUMN and the JSON pointer where they
 * are known), into `ret`, NUL-terminated, cut to `size` (at least 1). */
void snp_error_line(const struct snp_error *err, char *ret, unsigned int size);

SNP_API_END

#endif
