/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNP_API_H
#define SNP_API_H

#include <stdint.h>

/*
 * Every header of the library begins and ends its declarations with these: they are exported, and in C++
 * have C names. SNP_STATIC is the bound of an array parameter, which C++ cannot express: `uint8_t
 * ret[SNP_STATIC 48]` is an array of at least 48 bytes.
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

/* Functions that can fail have this, so that no status is ignored. */
#define SNP_MUST_USE __attribute__((warn_unused_result))

/* Bytes. */
#define SNP_SHA256_SIZE 32
#define SNP_SHA384_SIZE 48

/* Called between the pieces of a file, with bytes done so far and in all. */
typedef void (*snp_progress)(void *arg, uint64_t done, uint64_t total);

#endif
