// SPDX-License-Identifier: Apache-2.0
#include "key.h"

#include <openssl/crypto.h>
#include <string.h>

#include <snp/fail.h>
#include <snp/key_guard.h>

int asker_answer(char *ret, int size, int encrypting, void *arg)
{
	struct asker *asker = arg;

	(void)encrypting;
	if (!asker->asked) {
		asker->asked = true;
		asker->length = asker->ask
					? asker->ask(asker->arg, asker->what, asker->text,
						     sizeof(asker->text), &asker->error)
					: fail_with(&asker->error, SNP_E_PASSPHRASE, SNP_NO_OFFSET,
						    "is encrypted; give its passphrase");
	}
	if (asker->length < 0 || asker->length > size)
		return -1;
	memcpy(ret, asker->text, (size_t)asker->length);
	return asker->length;
}

int asker_failure(const struct asker *asker, struct snp_error *err)
{
	if (!asker->asked)
		return 0;
	if (asker->length < 0) {
		if (err)
			*err = asker->error;
		return asker->length;
	}
	return fail_with(err, SNP_E_PASSPHRASE, SNP_NO_OFFSET,
			 "cannot be decrypted with this passphrase");
}

int passphrase_read(const char *source, char *ret, size_t size, struct snp_error *err)
{
	_cleanup_(secret_free) struct secret secret = {0};
	const char *end;
	size_t length;
	int r;

	r = secret_read(source, &secret, err);
	if (r < 0)
		return r;
	end = secret.size ? memchr(secret.data, '\n', secret.size) : NULL;
	length = end ? (size_t)(end - (const char *)secret.data) : secret.size;
	if (length == 0 || length > size)
		return in_file(err,
			       fail_with(err, SNP_E_PASSPHRASE, SNP_NO_OFFSET,
					 "a first line of 1 to %zu bytes is right", size),
			       source);
	memcpy(ret, secret.data, length);
	return (int)length;
}
