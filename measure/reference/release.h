/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REFERENCE_RELEASE_H
#define REFERENCE_RELEASE_H

#include <snp/launch.h>
#include <snp/reference.h>

/*
 * release.json (snp-release/1): what a release pipeline wants to be published. Its images name files,
 * relative to the folder that the document lies in, and lists of vCPU counts, CPU models, guest features
 * and VMM profiles, whose product the variants are.
 */
#define SNP_RELEASE_SCHEMA "snp-release/1"

/* Read it, read and hash the images that it names, and compute every variant's launch digest; `warn` is
 * called as variants_compute() does.
 * Errors: those of the JSON readers with the JSON pointer; those of image_inputs_read() and
 * variants_compute() with the file named. */
SNP_MUST_USE int release_read(const char *path, snp_launch_warn warn, void *arg,
			      struct snp_reference **ret, struct snp_error *err);

#endif
