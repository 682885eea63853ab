/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_HOST_FIRMWARE_SEARCH_H
#define LAUNCHER_HOST_FIRMWARE_SEARCH_H

#include <limits.h>
#include <stdbool.h>

#include <snp/error.h>
#include <snp/span.h>

/*
 * firmware.auto: a firmware image for SEV-SNP on this machine, by the descriptors that QEMU and libvirt read
 * (QEMU docs/interop/firmware.json). Their folders, the more specific first: $XDG_CONFIG_HOME/qemu/firmware
 * (not for root, as libvirt has it), /etc/qemu/firmware, /usr/local/share/qemu/firmware,
 * /usr/share/qemu/firmware. A name in an earlier folder hides the same name in a later one; an empty file only
 * hides. In the order of names, the first descriptor counts whose image is there and which is for q35 of x86_64,
 * has the feature "amd-sev-snp", does not need SMM, and maps its image as memory or as a stateless flash. Then the
 * places where distributions install one without describing it. Errors: SNP_E_NOT_FOUND, with the program that fetches one, and
 * the first descriptor that could not be read.
 */
SNP_MUST_USE int firmware_search(char ret[static PATH_MAX], struct snp_error *err);

/* The same in these folders alone. */
SNP_MUST_USE int firmware_search_in(const char *const folders[], size_t n_folders,
				    char ret[static PATH_MAX], struct snp_error *err);

/* The image of a descriptor that suits, or "" for one that does not; `name` is what errors call it.
 * Errors: those of json_parse() and fields_read(). */
SNP_MUST_USE int firmware_descriptor_read(const char *name, struct snp_span text,
					  char ret[static PATH_MAX], struct snp_error *err);

#endif
