/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNP_BOOT_JOB_H
#define SNP_BOOT_JOB_H

#include <snp/kernel.h>

/* Wait until the smaller of kernel and initrd is hashed, if there are both. What takes as long as hashing
 * one of them then has a core of its own: two of these three at once are what two cores do best. */
void boot_wait_smaller(struct snp_boot_job *job);

#endif
