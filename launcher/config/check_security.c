// SPDX-License-Identifier: Apache-2.0
/* Checks of whether it is an SEV-SNP guest at all, of its policy, and of what it is bound to. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <snp/policy.h>

#include "config/check_table.h"

/* Linux 6.11 to 6.18: __snp_launch_start_policy of arch/x86/kvm/svm/sev.c knows these alone; 6.19 asks
 * the firmware. */
#define BITS_BEFORE_6_19                                                                          \
	(SNP_POLICY_ABI_MAJOR | SNP_POLICY_ABI_MINOR | SNP_POLICY_SMT | SNP_POLICY_RESERVED_MBO | \
	 SNP_POLICY_DEBUG)

static void name_bits(uint64_t mask, char *ret, size_t size)
{
	*ret = '\0';
	for (size_t i = 0; snp_policy_bit(i); i++) {
		size_t n = strlen(ret);

		if (mask & snp_policy_bit(i)->mask)
			snprintf(ret + n, size - n, "%s%s", n ? ", " : "", snp_policy_bit(i)->name);
	}
}

static const char *or_none(const char *text)
{
	return text ? text : "none";
}

RULE(not_snp)
{
	snprintf(say, size,
		 "launch security is '%s', not 'sev-snp': SEV-SNP does not protect the guest",
		 or_none(spec->security_type));
	return !spec->security_type || strcmp(spec->security_type, "sev-snp") != 0;
}

RULE(unknown_security)
{
	if (!spec->unknown_security)
		return false;
	snprintf(say, size,
		 "libvirt does not know '%s' in <launchSecurity> and silently ignores it",
		 spec->unknown_security);
	return true;
}

RULE(refused_setting)
{
	if (!spec->refused_setting)
		return false;
	snprintf(say, size, "'%s' is refused: %s", spec->refused_setting, spec->refused_why);
	return true;
}

RULE(unknown_setting)
{
	if (!spec->unknown_setting)
		return false;
	snprintf(say, size, "'%s' is unknown, and so is its effect on the launch",
		 spec->unknown_setting);
	return true;
}

RULE(not_kvm)
{
	snprintf(say, size, "the domain's type is '%s'", or_none(spec->domain_type));
	return !spec->domain_type || strcmp(spec->domain_type, "kvm") != 0;
}

RULE(not_x86_64)
{
	snprintf(say, size, "the architecture is '%s'", or_none(spec->arch));
	return spec->arch && strcmp(spec->arch, "x86_64") != 0;
}

RULE(not_q35)
{
	snprintf(say, size, "the machine is '%s'%s", or_none(spec->machine),
		 spec->machine ? "" : ", so libvirt uses i440fx");
	return !spec->machine || !strstr(spec->machine, "q35");
}

RULE(malformed_policy)
{
	if (spec->has_policy)
		return false;
	if (spec->policy_text)
		snprintf(say, size,
			 "the policy '%s' is not a hexadecimal number of at most 64 bits",
			 spec->policy_text);
	else
		snprintf(say, size, "there is no policy, and libvirt has no default");
	return true;
}

/* QEMU and Kata write the default as 196608; libvirt reads that as 0x196608: debug on, bit 17 off. */
static bool is_decimal(const struct launch_spec *spec)
{
	const char *text = spec->policy_text;

	return spec->has_policy && strlen(text) <= 18 && text[strspn(text, "0123456789")] == '\0' &&
	       snp_policy_check(strtoull(text, NULL, 10), NULL) == 0 &&
	       snp_policy_check(spec->policy, NULL) < 0;
}

/* Bits that nobody meant are not reported. */
static bool has_meant_policy(const struct launch_spec *spec)
{
	return spec->has_policy && !is_decimal(spec);
}

RULE(decimal_policy)
{
	if (!is_decimal(spec))
		return false;
	snprintf(say, size,
		 "libvirt reads the policy %s as hexadecimal, 0x%" PRIx64
		 "; as decimal it would be 0x%llx",
		 spec->policy_text, spec->policy, strtoull(spec->policy_text, NULL, 10));
	return true;
}

RULE(reserved_bits)
{
	struct snp_error err = {0};

	if (!has_meant_policy(spec) || snp_policy_check(spec->policy, &err) == 0)
		return false;
	snprintf(say, size, "%s", err.message);
	return true;
}

/* The ABI of every firmware known is 1.x. */
RULE(abi_version)
{
	unsigned int major = (unsigned int)((spec->policy & SNP_POLICY_ABI_MAJOR) >> 8);

	if (!has_meant_policy(spec) || major <= 1)
		return false;
	snprintf(say, size, "the policy requires firmware ABI %u.%u, but there is none above 1.x",
		 major, (unsigned int)(spec->policy & SNP_POLICY_ABI_MINOR));
	return true;
}

RULE(migrate_ma)
{
	if (!has_meant_policy(spec) || !(spec->policy & SNP_POLICY_MIGRATE_MA))
		return false;
	snprintf(say, size, "the policy allows a migration agent, which KVM does not support");
	return true;
}

RULE(debug)
{
	if (!has_meant_policy(spec) || !(spec->policy & SNP_POLICY_DEBUG))
		return false;
	snprintf(say, size, "the policy lets the host read and write the guest's memory");
	return true;
}

/* Linux 6.12.107 also wants SMT allowed and SINGLE_SOCKET clear; the versions between that and 6.19 were
 * not checked. */
RULE(bits_of_newer_kernels)
{
	uint64_t above = spec->policy &
			 ~(BITS_BEFORE_6_19 | SNP_POLICY_MIGRATE_MA | SNP_POLICY_RESERVED_MBZ);
	bool no_smt = !(spec->policy & SNP_POLICY_SMT);
	char names[256];

	if (!has_meant_policy(spec) || options->has_policy_bits || (above == 0 && !no_smt))
		return false;
	name_bits(above, names, sizeof(names));
	snprintf(say, size, "before Linux 6.19 KVM refuses a policy %s%s%s%s", above ? "with " : "",
		 names, above && no_smt ? " and " : "", no_smt ? "without smt" : "");
	return true;
}

RULE(bits_not_on_host)
{
	uint64_t refused = spec->policy & ~options->policy_bits &
			   ~(SNP_POLICY_ABI_MAJOR | SNP_POLICY_ABI_MINOR | SNP_POLICY_RESERVED_MBO |
			     SNP_POLICY_RESERVED_MBZ);
	char names[256];

	if (!has_meant_policy(spec) || !options->has_policy_bits || refused == 0)
		return false;
	name_bits(refused, names, sizeof(names));
	snprintf(say, size, "this host's KVM refuses a policy with %s (it accepts 0x%" PRIx64 ")",
		 names, options->policy_bits);
	return true;
}

RULE(no_id_block)
{
	if (spec->bound_at_launch || spec->id_block_text.text || spec->id_auth_text.text)
		return false;
	snprintf(say, size, "without an ID block, the hardware does not check the launch digest");
	return true;
}

/* A user that other guests have too, or root, keeps nobody out. */
RULE(user)
{
	const char *wrong = options->no_users;

	if (!spec->user)
		return false;
	if (!wrong && spec->user_sought && !spec->has_ids)
		wrong = "it does not exist";
	else if (!wrong && spec->has_ids && spec->uid == 0)
		wrong = "it is root";
	else if (!wrong && spec->has_ids && options->has_qemu_user)
		wrong = spec->uid == options->qemu_user	   ? "guests without snp.user run as it"
			: spec->gid == options->qemu_group ? "its group is that of all guests"
							   : NULL;
	if (!wrong)
		return false;
	snprintf(say, size, "user %s cannot run this guest's QEMU: %s", spec->user, wrong);
	return true;
}

/* QEMU launches with the block enabled and KVM then copies the auth from nowhere: -EFAULT. */
RULE(block_without_auth)
{
	snprintf(say, size, "there is an ID block but no ID auth");
	return spec->id_block_text.text && !spec->id_auth_text.text;
}

RULE(auth_without_block)
{
	snprintf(say, size, "there is an ID auth but no ID block");
	return spec->id_auth_text.text && !spec->id_block_text.text;
}

/* libvirt looks at the length alone and decodes past junk; QEMU refuses junk, blanks too, at launch. */
RULE(bad_base64)
{
	const struct {
		const char *name;
		const struct spec_blob *blob;
		unsigned int bytes;
	} blobs[] = {
		{"idBlock", &spec->id_block_text, SNP_ID_BLOCK_SIZE},
		{"idAuth", &spec->id_auth_text, SNP_ID_AUTH_SIZE},
		{"hostData", &spec->host_data_text, sizeof(spec->host_data)},
		{"guestVisibleWorkarounds", &spec->workarounds_text,
		 sizeof(spec->guest_visible_workarounds)},
	};

	for (size_t i = 0; i < sizeof(blobs) / sizeof(*blobs); i++)
		if (blobs[i].blob->text && !blobs[i].blob->valid) {
			snprintf(say, size, "<%s> is not the base64 of %u bytes", blobs[i].name,
				 blobs[i].bytes);
			return true;
		}
	return false;
}

static bool decode(const struct launch_spec *spec, struct snp_id_block *ret, struct snp_error *err)
{
	return spec->id_block_text.valid && snp_id_block_decode(spec->id_block, ret, err) == 0;
}

RULE(malformed_block)
{
	struct snp_id_block block;
	struct snp_error err = {0};

	if (!spec->id_block_text.valid || decode(spec, &block, &err))
		return false;
	snprintf(say, size, "invalid ID block: %s", err.message);
	return true;
}

RULE(block_policy)
{
	struct snp_id_block block;

	if (!spec->has_policy || !decode(spec, &block, NULL) || block.policy == spec->policy)
		return false;
	snprintf(say, size,
		 "the ID block is for policy 0x%" PRIx64 ", but the guest has 0x%" PRIx64,
		 block.policy, spec->policy);
	return true;
}

static bool has_pair(const struct launch_spec *spec)
{
	return spec->id_block_text.valid && spec->id_auth_text.valid;
}

RULE(invalid_auth)
{
	struct snp_error err = {0};

	if (!has_pair(spec) || snp_id_auth_verify(spec->id_block, spec->id_auth, NULL, &err) == 0)
		return false;
	snprintf(say, size, "the secure processor will refuse the ID auth: %s", err.message);
	return true;
}

static bool has_author(const struct launch_spec *spec)
{
	struct snp_id_auth_info info = {0};

	return has_pair(spec) && snp_id_auth_decode(spec->id_auth, &info, NULL) == 0 &&
	       info.has_author;
}

RULE(missing_author)
{
	snprintf(say, size, "authorKey is on, but no author key signed the ID auth");
	return spec->author_key == SPEC_ON &&
	       (!spec->id_auth_text.text || (has_pair(spec) && !has_author(spec)));
}

RULE(unused_author)
{
	snprintf(
		say, size,
		"an author key signed the ID auth, but authorKey is off: reports will not name it");
	return spec->author_key != SPEC_ON && has_author(spec);
}

/* clang-format off */
#define SECURITY "/domain/launchSecurity"

const struct check security_checks[] = {
	CHECK("not-snp", ERROR, true, NULL, SECURITY,
	    "use <launchSecurity type='sev-snp'>", not_snp)
	CHECK("unknown-launch-security", ERROR, false, NULL, SECURITY,
	    "remove it, and define domains with virsh define --validate", unknown_security)
	CHECK("not-kvm", ERROR, true, NULL, "/domain",
	    "use type='kvm': only KVM launches SEV-SNP guests", not_kvm)
	CHECK("not-x86-64", ERROR, true, NULL, "/domain/os/type",
	    "use x86_64: no other architecture has SEV-SNP", not_x86_64)
	CHECK("machine-not-q35", ERROR, false, NULL, "/domain/os/type",
	    "use machine='q35'", not_q35)
	CHECK("refused-setting", ERROR, true, NULL, "/domain",
	    "remove it", refused_setting)
	CHECK("unknown-setting", ERROR, false, NULL, "/domain",
	    "remove it, or use a release of snp-launch that knows it", unknown_setting)
	CHECK("malformed-policy", ERROR, true, NULL, SECURITY "/policy",
	    "write the default as 0x00030000", malformed_policy)
	CHECK("decimal-policy", ERROR, true, NULL, SECURITY "/policy",
	    "write the policy with 0x", decimal_policy)
	CHECK("policy-reserved-bits", ERROR, true, "/snp/policy", SECURITY "/policy",
	    "correct the policy: the secure processor refuses this one", reserved_bits)
	CHECK("policy-abi-version", ERROR, false, "/snp/policy", SECURITY "/policy",
	    "use the default, 0.0", abi_version)
	CHECK("policy-migrate-ma", ERROR, true, "/snp/policy", SECURITY "/policy",
	    "clear migrate_ma, bit 18", migrate_ma)
	CHECK("policy-debug", ERROR, false, "/snp/policy", SECURITY "/policy",
	    "clear debug, bit 19, or give --allow-debug", debug)
	HOST_CHECK("policy-needs-kernel", WARNING, false, "/snp/policy", SECURITY "/policy",
	    "use Linux 6.19 or later, or leave these bits at their defaults", bits_of_newer_kernels)
	HOST_CHECK("policy-not-on-host", ERROR, true, "/snp/policy", SECURITY "/policy",
	    "clear these bits, or use another kernel and firmware", bits_not_on_host)
	CHECK("not-bound", WARNING, false, "/snp/id", SECURITY,
	    "give an ID block, or check the measurement in every report", no_id_block)
	HOST_CHECK("guest-user", ERROR, true, "/snp/user", NULL,
	    "create a system user with its own group for this guest, or remove snp.user", user)
	CHECK("id-block-without-auth", ERROR, true, NULL, SECURITY "/idBlock",
	    "add <idAuth>", block_without_auth)
	CHECK("id-auth-without-block", ERROR, true, NULL, SECURITY "/idAuth",
	    "add <idBlock>", auth_without_block)
	CHECK("bad-base64", ERROR, true, NULL, SECURITY,
	    "write it in standard base64 with padding", bad_base64)
	CHECK("malformed-id-block", ERROR, true, NULL, SECURITY "/idBlock",
	    "make a new one with snp-measure id-block", malformed_block)
	CHECK("id-block-policy", ERROR, true, NULL, SECURITY "/policy",
	    "launch with the block's policy, or make a block for this one", block_policy)
	CHECK("invalid-id-auth", ERROR, true, NULL, SECURITY "/idAuth",
	    "make a new one with snp-measure id-block", invalid_auth)
	CHECK("author-key-missing", ERROR, true, NULL, SECURITY,
	    "use authorKey='no', or sign with an author key too", missing_author)
	CHECK("author-key-unused", WARNING, false, NULL, SECURITY,
	    "use authorKey='yes'", unused_author)
	{0},
};
/* clang-format on */
