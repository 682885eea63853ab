// SPDX-License-Identifier: Apache-2.0
#include <openssl/err.h>

#include "report/certificates.h"

bool crypto_out_of_memory(void)
{
	bool found = false;

	for (unsigned long e = ERR_get_error(); e != 0; e = ERR_get_error())
		found |= ERR_GET_REASON(e) == ERR_R_MALLOC_FAILURE;
	return found;
}
