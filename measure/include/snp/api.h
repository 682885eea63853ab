/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNP_API_H
#define SNP_API_H

#include <stdint.h>

/*
 * What every header of the library opens and closes its declarations with: they are exported, in C++ with
 * the names of C; and the bound of an array parameter, which C++ has no word for:
 * `uint8_t ret[SNP_STATIC 48]` is an array of at least 48 bytes.
 */
#ifdef __cplusplus
#define SNP_API_BEGIN                                      \
	_Pragma("GCC visibility push(default)") extern "C" \
	{
#define SNP_API_END \
	}           \
	_Pragma("GCC visibility pop")
#define SNP_STATIC
#else
#define SNP_API_BEGIN _Pragma("GCC visibility push(default)")
#define SNP_API_END   _Pragma("GCC visibility pop")
#define SNP_STATIC    static
#endif

/* Fallible functions carry this, so that no status is dropped. */
#define SNP_MUST_USE __attribute__((warn_unused_result))

/* Bytes. */
#define SNP_SHA256_SIZE 32
#define SNP_SHA384_SIZE 48

/* Called between the pieces of a file, with bytes done so far and in all. */
typedef void (*snp_progress)(void *arg, uint64_t done, uint64_t total);

#endif
