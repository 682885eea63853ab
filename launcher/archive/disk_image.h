/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_DISK_IMAGE_H
#define LAUNCHER_DISK_IMAGE_H

#include <snp/error.h>
#include <snp/span.h>

/* The header of a qcow2 image (QEMU docs/interop/qcow2.txt), as far as it says whether the file is the whole disk. */
#define QCOW2_HEADER 104

/* Refuse an image that opens another file: one with a backing file or an external data file. In an archive from
 * elsewhere, that would be a file of this host. `head` is the first QCOW2_HEADER bytes, or all if there are fewer.
 * Errors: SNP_E_BAD_DISK. */
SNP_MUST_USE int disk_image_check(struct snp_span head, struct snp_error *err);

#endif
