// SPDX-License-Identifier: Apache-2.0
#include "find_image.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <snp/hex.h>

static struct image {
	char sha256[2 * SNP_SHA256_SIZE + 1];
	struct snp_firmware *firmware;
} images[256];
static size_t n_images;

static void take(const char *path)
{
	struct image *image = &images[n_images];
	uint8_t sha256[SNP_SHA256_SIZE];

	if (n_images == sizeof(images) / sizeof(images[0]) ||
	    snp_firmware_read(path, &image->firmware, NULL) < 0)
		return; /* no image, or one that no test can want */
	if (snp_firmware_sha256(image->firmware, sha256, NULL) < 0)
		exit(1);
	hex_encode(sha256, sizeof(sha256), image->sha256);
	n_images++;
}

void find_image_in(const char *const folders[], size_t n)
{
	for (size_t i = 0; i < n; i++) {
		DIR *d = opendir(folders[i]);
		struct dirent *entry;
		char path[4096];

		while (d && (entry = readdir(d))) {
			snprintf(path, sizeof(path), "%s/%s", folders[i], entry->d_name);
			if (entry->d_name[0] != '.')
				take(path);
		}
		if (d)
			closedir(d);
	}
}

const struct snp_firmware *find_image(const char *sha256)
{
	for (size_t i = 0; i < n_images; i++)
		if (strcmp(images[i].sha256, sha256) == 0)
			return images[i].firmware;
	return NULL;
}

const struct snp_firmware *find_image_at(size_t i, const char **ret_sha256)
{
	if (i >= n_images)
		return NULL;
	*ret_sha256 = images[i].sha256;
	return images[i].firmware;
}
