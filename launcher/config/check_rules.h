/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_CHECK_RULES_H
#define LAUNCHER_CHECK_RULES_H

#include "config/checks.h"

/* A check and the function that looks: true if it finds something, and then what is wrong is in `say`,
 * cut to `size`. */
struct check_rule {
	struct check check;
	bool (*finds)(const struct launch_spec *spec, const struct check_options *options,
		      char *say, size_t size);
};

extern const struct check_rule check_rules[]; /* the first says whether it is an SEV-SNP guest */
extern const size_t n_check_rules;

/* The looking functions, by what they look at. */
#define RULE(name)                                                                                \
	bool finds_##name(const struct launch_spec *spec,                                         \
			  __attribute__((unused)) const struct check_options *options, char *say, \
			  size_t size)

/* check_identity.c: policy, ID block */
RULE(malformed_policy);
RULE(decimal_policy);
RULE(reserved_bits);
RULE(abi_version);
RULE(migrate_ma);
RULE(debug);
RULE(bits_of_newer_kernels);
RULE(bits_not_on_host);
RULE(no_id_block);
RULE(block_without_auth);
RULE(auth_without_block);
RULE(bad_base64);
RULE(malformed_block);
RULE(block_policy);
RULE(invalid_auth);
RULE(missing_author);
RULE(unused_author);

/* check_launch.c: what is launched, on what */
RULE(not_snp);
RULE(unknown_security);
RULE(not_kvm);
RULE(not_x86_64);
RULE(not_q35);
RULE(pflash);
RULE(nvram);
RULE(no_firmware);
RULE(firmware_size);
RULE(unnamed_firmware);
RULE(not_stateless);
RULE(smm);
RULE(unmeasured_kernel);
RULE(hashes_without_kernel);
RULE(initrd_without_kernel);
RULE(large_initrd);
RULE(dtb);
RULE(shim);
RULE(cmdline_newline);
RULE(long_cmdline);
RULE(only_firmware);
RULE(launch_arguments);
RULE(arguments);

/* check_machine.c: CPUs, memory, devices */
RULE(host_cpu);
RULE(no_cpu_model);
RULE(unknown_cpu_model);
RULE(foreign_signature);
RULE(host_signature);
RULE(changeable_cpu_model);
RULE(topology);
RULE(hotplug);
RULE(other_vcpus);
RULE(too_many_vcpus);
RULE(little_memory);
RULE(hugepages);
RULE(disk_twice);
RULE(option_rom);
RULE(tpm);
RULE(guest_agent);
RULE(reboot);

#endif
