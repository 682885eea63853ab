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
 * Every code has a name, stable between releases, that the tools print in brackets and as "name" in
 * an snp-error/1 object, and a class, which is the tool's exit status.
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
	X(NO_MEMORY,            "out-of-memory",           FAILED,  "memory ran out") \
	X(OPEN,                 "cannot-open",             FAILED,  "a file cannot be opened") \
	X(READ,                 "cannot-read",             FAILED,  "a file cannot be read") \
	X(WRITE,                "cannot-write",            FAILED,  "an output cannot be written whole") \
	X(EXISTS,               "exists",                  FAILED,  "the thing to make is there already") \
	X(NOT_FOUND,            "not-found",               FAILED,  "the thing named is not there") \
	X(CHANGED,              "changed-while-read",      FAILED,  "a file changed while it was read") \
	X(CRYPTO,               "crypto-failed",           FAILED,  "libcrypto failed where it should not") \
	X(SYSTEM,               "system-error",            FAILED,  "a system call failed that should not") \
	X(USAGE,                "usage",                   USAGE,   "the command line is wrong") \
	X(NOT_REGULAR,          "not-a-regular-file",      REFUSED, "an input is no regular file") \
	X(TOO_LARGE,            "too-large",               REFUSED, "an input is over its limit") \
	X(EMPTY_FILE,           "empty-file",              REFUSED, "an input has no bytes") \
	X(BAD_HEX,              "bad-hex",                 REFUSED, "a value is not hex of the length asked for") \
	X(BAD_BASE64,           "bad-base64",              REFUSED, "a value is not base64 of the length asked for") \
	/* JSON documents */ \
	X(JSON_SYNTAX,          "json-syntax",             REFUSED, "a document is not JSON") \
	X(JSON_ENCODING,        "json-encoding",           REFUSED, "a document is not UTF-8 text, or has NUL or control characters") \
	X(JSON_DUPLICATE_KEY,   "json-duplicate-key",      REFUSED, "an object names a key twice") \
	X(JSON_UNKNOWN_KEY,     "json-unknown-key",        REFUSED, "an object has a key that its schema does not know") \
	X(JSON_MISSING_KEY,     "json-missing-key",        REFUSED, "an object lacks a key that its schema asks for") \
	X(JSON_TYPE,            "json-wrong-type",         REFUSED, "a value is of another type than its schema says") \
	X(JSON_VALUE,           "json-bad-value",          REFUSED, "a value is of the right type and not allowed") \
	X(JSON_SCHEMA,          "json-unknown-schema",     REFUSED, "a document is of another schema or version") \
	/* libvirt domains and guests' configurations */ \
	X(XML_SYNTAX,           "xml-syntax",              REFUSED, "a document is not well-formed XML, or declares a document type") \
	X(BAD_DOMAIN,           "bad-domain",              REFUSED, "an XML document is no libvirt domain that could be launched as meant") \
	X(CHECK,                "check-failed",            REFUSED, "a configuration fails a named check") \
	/* guests and hosts */ \
	X(BUSY,                 "busy",                    FAILED,  "another snp-launch works on the same guest") \
	X(UNSAFE_STATE,         "unsafe-state-folder",     REFUSED, "others may change a folder that guests are launched from") \
	X(LIBVIRT,              "libvirt-failed",          FAILED,  "libvirt refused or failed") \
	X(QEMU,                 "qemu-failed",             FAILED,  "QEMU refused or failed") \
	X(GUEST_STATE,          "wrong-guest-state",       FAILED,  "the guest runs, or does not run, where it should not") \
	X(NO_EVIDENCE,          "no-evidence",             FAILED,  "a guest gave no attestation report when it was asked for one") \
	X(INTERRUPTED,          "interrupted",             FAILED,  "a signal ended the work, which was undone") \
	X(TIMEOUT,              "timeout",                 FAILED,  "what was waited for did not happen in time") \
	X(NOT_BOUND,            "not-bound",               REFUSED, "a launch that nothing would hold to its digest") \
	X(HOST,                 "host-cannot",             NO,      "the host cannot launch the guest") \
	X(LAUNCH_REFUSED,       "launch-refused",          NO,      "the secure processor refused the launch") \
	X(DRIFT,                "drift",                   NO,      "what would be launched is not what was measured") \
	/* firmware */ \
	X(FIRMWARE_SIZE,        "firmware-size",           REFUSED, "an image has a size that no VMM loads") \
	X(BAD_TABLE,            "bad-ovmf-table",          REFUSED, "an image's OVMF table is malformed") \
	X(NO_METADATA,          "no-sev-metadata",         REFUSED, "an image has no SEV metadata") \
	X(BAD_METADATA,         "bad-sev-metadata",        REFUSED, "an image's SEV metadata is malformed") \
	X(BAD_SECTION,          "bad-section",             REFUSED, "a section cannot be launched as it stands") \
	X(SECTION_OVERLAP,      "section-overlap",         REFUSED, "two sections, or a section and the image, overlap") \
	X(NO_SECTION,           "no-such-section",         REFUSED, "an image lacks a section that every guest of its kind needs") \
	X(NO_RESET_ADDRESS,     "no-reset-address",        REFUSED, "an image gives no reset address to further vCPUs") \
	X(NO_HASH_TABLE,        "no-hash-table",           REFUSED, "an image has no room for the SEV hash table") \
	X(NO_HASH_SECTION,      "no-kernel-hashes-section", REFUSED, "an image would not have its SEV hash table measured") \
	X(BAD_HASH_TABLE,       "bad-hash-table",          REFUSED, "an image's SEV hash table lies where it cannot work") \
	X(NO_SVSM,              "no-svsm-info",            REFUSED, "an SVSM binary has no SVSM info entry") \
	/* kernel, initrd, command line */ \
	X(BAD_KERNEL,           "not-a-bzimage",           REFUSED, "a kernel that QEMU would not load by its bzImage road, and so not hash") \
	X(BAD_CMDLINE,          "bad-cmdline",             REFUSED, "a command line that no VMM can hand over") \
	/* what is launched */ \
	X(BAD_VCPU_COUNT,       "bad-vcpu-count",          REFUSED, "a number of vCPUs that no VMM starts") \
	X(BAD_CPU_MODEL,        "unknown-cpu-model",       REFUSED, "a vCPU model that QEMU does not have") \
	X(BAD_FEATURES,         "bad-guest-features",      REFUSED, "guest features (SEV_FEATURES) that cannot be launched") \
	X(BAD_PROFILE,          "unknown-profile",         REFUSED, "a VMM profile that is not in the table, or not of this mode") \
	X(NO_DIGEST,            "no-digest",               REFUSED, "a combination for which no launch digest exists") \
	X(BAD_TCB,              "bad-tcb",                 REFUSED, "a TCB version that its product cannot have") \
	/* reference values */ \
	X(NO_VARIANT,           "no-such-variant",         NO,      "reference values have no variant of this configuration") \
	X(FORMAT,               "format-cannot-say",       REFUSED, "a published format has no words for these reference values") \
	/* identity */ \
	X(BAD_POLICY,           "bad-policy",              REFUSED, "a guest policy that the secure processor refuses") \
	X(BAD_KEY,              "bad-key",                 REFUSED, "a key of another kind or curve, or a broken one") \
	X(UNSAFE_KEY,           "unsafe-key-file",         REFUSED, "a private key file that others may read") \
	X(PASSPHRASE,          "wrong-passphrase",        REFUSED, "an encrypted key without the passphrase that opens it") \
	X(BAD_ID_BLOCK,         "bad-id-block",            REFUSED, "an ID block or ID auth of the wrong form") \
	/* attestation reports; what is wrong with one that can be read is a check of snp/verdict.h */ \
	X(NOT_A_REPORT,         "not-a-report",            REFUSED, "bytes that no attestation report comes in") \
	X(REPORT_VERSION,       "unknown-report-version",  REFUSED, "a report of a version that cannot be checked") \
	X(BAD_CONTAINER,        "bad-report-container",    REFUSED, "what a report comes in is malformed") \
	X(BAD_CERTIFICATE_TABLE, "bad-certificate-table",  REFUSED, "a certificate table is malformed") \
	X(BAD_CERTIFICATE,      "bad-certificate",         REFUSED, "not one X.509 certificate in DER or PEM") \
	X(BAD_CRL,              "bad-crl",                 REFUSED, "not one CRL in DER or PEM") \
	X(UNTRUSTED_CERTIFICATE, "untrusted-certificate",  REFUSED, "a certificate that does not lead to AMD's roots") \
	X(SIGNATURE,            "bad-signature",           NO,      "a signature does not verify") \
	X(DIGEST_DIFFERS,       "digest-differs",          NO,      "a launch digest is another than expected") \
	X(POLICY_DIFFERS,       "policy-differs",          NO,      "a guest policy is another than expected")
/* clang-format on */

enum snp_code {
	SNP_OK = 0,
#define X(code, name, class, meaning) SNP_E_##code,
	SNP_CODES(X)
#undef X
	SNP_N_CODES
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

/* The stable kebab-case name of `code` ("bad-hex"), its meaning in a sentence without full stop, and
 * its class. `code` must be a member of the enumeration other than SNP_OK and SNP_N_CODES. */
const char *snp_code_name(enum snp_code code);
const char *snp_code_meaning(enum snp_code code);
enum snp_class snp_code_class(enum snp_code code);

/* Write the failure as the tools print it after their own name,
 * "error: FILE: message (at byte 0x…) [name]" (with FILE:LINE:COLUMN and the JSON pointer where they
 * are known), into `ret`, NUL-terminated, cut to `size` (at least 1). */
void snp_error_line(const struct snp_error *err, char *ret, unsigned int size);

SNP_API_END

#endif
