// SPDX-License-Identifier: Apache-2.0
/* make-id-block LAUNCH-DIGEST POLICY ID-KEY [AUTHOR-KEY]: an ID block and its ID auth, each a line of
 * base64 as QEMU and libvirt take them. */
#include <stdio.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/hex.h>
#include <snp/id_block.h>
#include <snp/key.h>

DEFINE_CLEANUP(struct snp_key *, snp_key_free);

static int make(int argc, char *argv[], struct snp_error *err)
{
	_cleanup_(snp_key_freep) struct snp_key *id = NULL, *author = NULL;
	_cleanup_(freep) char *block_text = NULL, *auth_text = NULL;
	struct snp_id_block block = {0};
	uint8_t bytes[SNP_ID_BLOCK_SIZE], auth[SNP_ID_AUTH_SIZE];
	int r = hex_decode(argv[1], "digest", block.launch_digest, 48, err);

	if (r == 0)
		r = hex_u64(argv[2], "policy", &block.policy, err);
	if (r == 0)
		r = snp_key_read(argv[3], NULL, NULL, &id, err);
	if (r == 0 && argc > 4)
		r = snp_key_read(argv[4], NULL, NULL, &author, err);
	if (r < 0)
		return r;
	snp_id_block_encode(&block, bytes);
	r = snp_id_auth_sign(bytes, id, author, auth, err);
	if (r < 0)
		return r;
	block_text = base64_encode(bytes, sizeof(bytes));
	auth_text = base64_encode(auth, sizeof(auth));
	if (!block_text || !auth_text)
		return out_of_memory(err);
	printf("%s\n%s\n", block_text, auth_text);
	return 0;
}

int main(int argc, char *argv[])
{
	struct snp_error err = {0};
	char line[2048];

	if (argc < 4 || argc > 5)
		return 2;
	if (make(argc, argv, &err) == 0)
		return 0;
	snp_error_line(&err, line, sizeof(line));
	fprintf(stderr, "make-id-block: %s\n", line);
	return 1;
}
