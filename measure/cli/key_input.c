// SPDX-License-Identifier: Apache-2.0
#include "key_input.h"

#include <openssl/ui.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/key_guard.h>
#include <snp/tool.h>

DEFINE_CLEANUP(UI *, UI_free);

/* Ask on the terminal, without echo. OpenSSL's console interface opens /dev/tty itself, so that
 * standard input may be something else, such as the key. */
static int ask_terminal(const char *what, char *ret, size_t size, struct snp_error *err)
{
	_cleanup_(UI_freep) UI *ui = UI_new_method(UI_OpenSSL());
	char prompt[256], name[200], text[1024] = "";
	size_t length;

	escape_text(what, name, sizeof(name));
	snprintf(prompt, sizeof(prompt), "Passphrase for %s: ", name);
	if (access("/dev/tty", R_OK | W_OK) < 0 || !ui || !isatty(STDERR_FILENO) ||
	    UI_add_input_string(ui, prompt, 0, text, 0, sizeof(text) - 1) < 0 ||
	    UI_process(ui) != 0) {
		OPENSSL_cleanse(text, sizeof(text));
		return fail_with(err, SNP_E_PASSPHRASE, SNP_NO_OFFSET,
				 "%s needs a passphrase, and there is no terminal to ask on; use "
				 "--passphrase-file",
				 what);
	}
	length = strlen(text);
	if (length > size)
		length = size;
	memcpy(ret, text, length);
	OPENSSL_cleanse(text, sizeof(text));
	return (int)length;
}

int cli_key_ask(void *arg, const char *what, char *ret, size_t size, struct snp_error *err)
{
	const char *passphrase_file = arg;

	return passphrase_file ? passphrase_read(passphrase_file, ret, size, err)
			       : ask_terminal(what, ret, size, err);
}

int cli_key_read(const char *source, const char *passphrase_file, struct snp_key **ret,
		 struct snp_error *err)
{
	int r = key_guard_process(err);

	/* The callback only reads the name behind its argument. */
	return r < 0 ? r
		     : snp_key_read(source, cli_key_ask, (void *)(uintptr_t)passphrase_file, ret,
				    err);
}

void cli_key_warn_random(const struct snp_key *key)
{
	static bool said;

	if (said || snp_key_is_deterministic(key))
		return;
	said = true;
	cli_warn(
		"random-signature",
		"this OpenSSL makes random ECDSA signatures: another run gives different signature bytes");
}

void cli_key_warn_cosign(const struct snp_key *key, const char *formats)
{
	if (snp_key_kind(key) == SNP_KEY_P384 && (!formats || strstr(formats, "intoto")))
		cli_warn("cosign-needs-p256",
			 "cosign up to 3.1.3 cannot verify a P-384 signature; if your users need "
			 "it, sign with a P-256 or Ed25519 key");
}
