/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_GUEST_ARCHIVE_H
#define LAUNCHER_GUEST_ARCHIVE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <libvirt/libvirt.h>

#include <snp/error.h>
#include <snp/span.h>

#include "config/vm_config.h"
#include "guest/record.h"

/*
 * A guest as a tar file, for a backup or for another host:
 *
 *   record.json     what was measured, and the SHA-256 of each boot file (guest/record.h)
 *   vm.json         what was asked for
 *   template.xml    the template, where one was given
 *   boot/firmware, boot/kernel, boot/initrd   the copies, as the record has them
 *   disks/0, …      the disks of vm.json in its order, all or none
 *   SHA256SUMS      of all before, as sha256sum(1) prints them; an archive that was cut off lacks it
 *
 * in this order, regular files alone. No key is in it.
 */
#define ARCHIVE_MAX_DISKS 26		/* as vm.json */
#define ARCHIVE_MAX_DISK  (16ull << 40) /* bytes of one */

/* Where the bytes of an archive come from: up to `size` of them into `buffer`, 0 at their end, or a negative code. */
typedef ssize_t archive_source(void *arg, uint8_t *buffer, size_t size, struct snp_error *err);

/* Who gets its members, one after the other. Whether all are there that the record and vm.json want is for the
 * sink to find out. A negative return ends the reading and is passed on. SHA256SUMS is not handed on. */
struct archive_sink {
	int (*begin)(void *arg, const char *name, uint64_t size, struct snp_error *err);
	int (*piece)(void *arg, struct snp_span piece, struct snp_error *err);
	int (*end)(void *arg, const uint8_t sha256[static SNP_SHA256_SIZE], struct snp_error *err);
	void *arg;
};

/* Read an archive that anybody may have made. It must be one of the above: nothing but regular files of these names in
 * this order, none of them sparse, compressed or over its limit, their bytes those of SHA256SUMS, and nothing but
 * zeros after the end. Errors: SNP_E_BAD_ARCHIVE, SNP_E_TOO_LARGE, those of the source and the sink. */
SNP_MUST_USE int guest_archive_read(archive_source *source, void *source_arg,
				    const struct archive_sink *sink, struct snp_error *err);

/* Write the guest in `folder` to `fd`, which may be a pipe; what fails halfway leaves an archive that cannot be read.
 * With a `domain`, which must be off and stay so, its disks are in it. Errors: SNP_E_DRIFT (a copy is not what the
 * record has), SNP_E_GUEST_STATE, SNP_E_WRITE, those of file_open() and disk_image_check(). */
SNP_MUST_USE int guest_archive_write(int fd, const char *folder, const struct guest_record *record,
				     const struct vm_config *config, virDomainPtr domain,
				     struct snp_error *err);

#endif
