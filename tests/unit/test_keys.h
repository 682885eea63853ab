/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TEST_KEYS_H
#define TEST_KEYS_H

#include "rows.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <snp/key.h>

/* Keys for tests alone, which everybody may know. P384 is that of RFC 6979 A.2.6, in several forms. */

#define P384_PKCS8                                                           \
	"-----BEGIN PRIVATE KEY-----\n"                                      \
	"MIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBDBrnT2tLhuMHAWxmHW2\n" \
	"ZZ9N4jw7Znvyl7qapHdAeHE32JbVck5McKgl+HLJ6mDS7fWhZANiAATsOk5BW04Z\n" \
	"pFaGGAKfQn+l2pqLxK6S4C4GquUoazAMZN748OqQVYZgZKJUUVSAvBOAFdm3LX1X\n" \
	"JE6o75rAxiGJZwilk2f537n1TKhLPxydsSiLIxw64NT+c0T9JTMmRyA=\n"         \
	"-----END PRIVATE KEY-----\n"
#define P384_SEC1                                                            \
	"-----BEGIN EC PRIVATE KEY-----\n"                                   \
	"MIGkAgEBBDBrnT2tLhuMHAWxmHW2ZZ9N4jw7Znvyl7qapHdAeHE32JbVck5McKgl\n" \
	"+HLJ6mDS7fWgBwYFK4EEACKhZANiAATsOk5BW04ZpFaGGAKfQn+l2pqLxK6S4C4G\n" \
	"quUoazAMZN748OqQVYZgZKJUUVSAvBOAFdm3LX1XJE6o75rAxiGJZwilk2f537n1\n" \
	"TKhLPxydsSiLIxw64NT+c0T9JTMmRyA=\n"                                 \
	"-----END EC PRIVATE KEY-----\n"
#define P384_PARAMETERS                   \
	"-----BEGIN EC PARAMETERS-----\n" \
	"BgUrgQQAIg==\n"                  \
	"-----END EC PARAMETERS-----\n"
#define P384_PUBLIC                                                          \
	"-----BEGIN PUBLIC KEY-----\n"                                       \
	"MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAE7DpOQVtOGaRWhhgCn0J/pdqai8SukuAu\n" \
	"BqrlKGswDGTe+PDqkFWGYGSiVFFUgLwTgBXZty19VyROqO+awMYhiWcIpZNn+d+5\n" \
	"9UyoSz8cnbEoiyMcOuDU/nNE/SUzJkcg\n"                                 \
	"-----END PUBLIC KEY-----\n"
#define P384_ENCRYPTED                                                       \
	"-----BEGIN ENCRYPTED PRIVATE KEY-----\n"                            \
	"MIIBHDBXBgkqhkiG9w0BBQ0wSjApBgkqhkiG9w0BBQwwHAQIrN0SJ1ww7p0CAggA\n" \
	"MAwGCCqGSIb3DQIJBQAwHQYJYIZIAWUDBAEqBBB2qOUkhv9Rrt5OnRfOVG/nBIHA\n" \
	"NCtqDrSWmmRONQrsATPjE8NKILbrn0Hr2lqzSi7ho9T9Y9cuuk1lLmcHdvNC66HR\n" \
	"2BHSCkjYQU+6ls18xtsKMmnsh0SlEwVKLEOXkYx686CzRV5affwiOA0S1HKQiihB\n" \
	"quVCcPTIIZWnP1nWZ+Sf67huy1r5QTTG/dz43DKFY4We8ZUSYSyQMO2Gp6ypPUNN\n" \
	"3MSiS9ojujtL0IhYVhDD2kr6mYXVNrbRT6uYjKBjJ/1RWXBeTu/VudPciRKjIytL\n" \
	"-----END ENCRYPTED PRIVATE KEY-----\n"
#define P384_SEC1_ENCRYPTED                                                  \
	"-----BEGIN EC PRIVATE KEY-----\n"                                   \
	"Proc-Type: 4,ENCRYPTED\n"                                           \
	"DEK-Info: AES-256-CBC,F745137D73098E8BCEAB457A72B42804\n"           \
	"\n"                                                                 \
	"5j0J71NrflZAaPwPtC41s5q8GG5XWjrBZ0t1zKisROuRno3Zvnlre6Wp1fPB6pT7\n" \
	"Jkr76quR34K6GJxUV22Vd2uGHj5IK/95yhMNYrd5W9zOot/eNU1myaiB4aXygwcp\n" \
	"CbARsqwxMUG1N8XZhUMbvb3+fH8pBx+3rxvgRBFDlOYKQTLyNMP6nP9kHOeUFDlV\n" \
	"nF7+OX+lYLGmkIJ4EcnH665TRsZ93IKQtPyR9u+QyE4=\n"                     \
	"-----END EC PRIVATE KEY-----\n"
#define P384_OTHER                                                           \
	"-----BEGIN PRIVATE KEY-----\n"                                      \
	"MIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBDD9DQn+P9GT+RXUhpsV\n" \
	"bjd9cXHQ6HCm1e8EXclrRiAOb6r5pHQH38MQKV/DxasXjtqhZANiAASIg0G72VtD\n" \
	"6G6fqna7aEtoocz4CA5c9YFLaPQwlR1x8NxE1G07X3ldcNe76KUbV7sdnimh+0aT\n" \
	"N8/eiZfONAxY6H9N7kPSo7QxwG+ny4nBAKvE0K24v9Pb7yIfynHDR5E=\n"         \
	"-----END PRIVATE KEY-----\n"
#define P256_PKCS8                                                           \
	"-----BEGIN PRIVATE KEY-----\n"                                      \
	"MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgcN4wxHdlPacVKQIN\n" \
	"mxFmBxoXz0xUuPDa3aiG5qa97eahRANCAAToxAt8PgETKfIaVet4aEy22HkZ1cdT\n" \
	"U0ftpUduMfuZao5+6gff7btROi1hAWyMERl2B6OU8C/Lp1olXRWe7Rv2\n"         \
	"-----END PRIVATE KEY-----\n"
#define ED25519_PKCS8                                                        \
	"-----BEGIN PRIVATE KEY-----\n"                                      \
	"MC4CAQAwBQYDK2VwBCIEIHK8H+eI7v0Z/gJFKZl98HeNtEwVOVKch+TBaByCG4Vr\n" \
	"-----END PRIVATE KEY-----\n"
#define ED25519_PUBLIC                                                   \
	"-----BEGIN PUBLIC KEY-----\n"                                   \
	"MCowBQYDK2VwAyEAmdbs+XPHpxYgMgXAA027D2Gskml/bR3CRBShQ0lKRLo=\n" \
	"-----END PUBLIC KEY-----\n"
#define RSA_PKCS8                                                            \
	"-----BEGIN PRIVATE KEY-----\n"                                      \
	"MIICdQIBADANBgkqhkiG9w0BAQEFAASCAl8wggJbAgEAAoGBALwi007uZC00GSCd\n" \
	"AiCs/u9DenpuZVgaZjjGtg9ene/Tyo9eWMBzGF6w1sAyP05vbwb1nnMB8UxpZQkq\n" \
	"fs2u6qVWwle7lwVEB+yqtrqL5zKLLXcCTEjeUDQb4UJXdjbrMm9W2A6rbdXt+LdX\n" \
	"nWwjNSU0TQB1WNDCglz8/lK63sGlAgMBAAECgYBo/VJI4RZ8d29yWMxgKcqXAWQv\n" \
	"QL5DnW/gTVw6VYXz2ZBX08HZnCFEbpFZbnEPt3YRPy6uZa4gA00EAXgEFpIQv5Gz\n" \
	"HkOH7VHa4SOCIo/3o78W28kL9NbQ3DivKEnpxxbpgTfpxgZRJPI8iNCRZ5VlJ4/I\n" \
	"LuUDg/xpGC9LBX0EQQJBAOYzxnpX8k58w4P2PtrFmdI7S9UJ1rJjMfMDQabel5Bj\n" \
	"UJwLndGfsMmGA0Z8TlhDDLESklvCQwXvtcr674p02xECQQDRODinJoSNIzpSWa06\n" \
	"cZEUrc4sNAkQnVU9Im+kaYzMapYRD1nbcxW2k/9iIRDbM0y+opgp1UEMQ9Q0zaua\n" \
	"P7VVAkA+cGy1YoVmpJCjinch/9bpHwxCjJifaihyMb/s8xNJJqcGrF/yK85X2vGo\n" \
	"fK8DYaxfmxn3qYlkYtB8bfPrKicBAkBVE8Gl5vnb0slyl1jj/S579Dl0rCxLf08c\n" \
	"LxarCujgby9a/J0TqfbYadJd+wg5uuCoXMH3sOpkrGhsmH4BmYqJAkBuVjSAF0ef\n" \
	"NjpSmVMH0MmW+DwLM9UdH6xFr+WJto1aGpIFMa08lnDwdw2u+Hvw5bRnUsS4HxE3\n" \
	"raWREUT4Fj56\n"                                                     \
	"-----END PRIVATE KEY-----\n"
#define K256_PKCS8                                                           \
	"-----BEGIN PRIVATE KEY-----\n"                                      \
	"MIGEAgEAMBAGByqGSM49AgEGBSuBBAAKBG0wawIBAQQgoMrskiRpyUgwo1MOl0iD\n" \
	"+ho0bvFIJv9M33XYw2nfhvmhRANCAASUnJc9Kc6ZgNMsyXS91QKSTdiMGJTvIs/x\n" \
	"3rXVPiFyIhUpUFDW4c5nQhE2zJF3IqMJcXyNE8wYLDNZpZ6JBm9p\n"             \
	"-----END PRIVATE KEY-----\n"
#define P384_EXPLICIT                                                        \
	"-----BEGIN PRIVATE KEY-----\n"                                      \
	"MIICDAIBADCCAWQGByqGSM49AgEwggFXAgEBMDwGByqGSM49AQECMQD/////////\n" \
	"/////////////////////////////////v////8AAAAAAAAAAP////8wewQw////\n" \
	"//////////////////////////////////////7/////AAAAAAAAAAD////8BDCz\n" \
	"MS+n4j7n5JiOBWvj+C0ZGB2cbv6BQRIDFAiPUBOHWsZWOY2KLtGdKoXI7dPsKu8D\n" \
	"FQCjNZJqoxmieh0AiWpnc6SCes2scwRhBKqHyiK+iwU3jrHHHvMgrXRuHTtii6eb\n" \
	"mFn3QeCCVCo4VQLyXb9VKWw6VF44cnYKtzYX3kqWJixvXZ6Yv5KS3Cn49B29KJoU\n" \
	"fOnaMRO18LjACmCxzh1+gZ16Qx18kOoOXwIxAP//////////////////////////\n" \
	"/////8djTYH0Ny3fWBoNskiwp3rs7BlqzMUpcwIBAQSBnjCBmwIBAQQwa509rS4b\n" \
	"jBwFsZh1tmWfTeI8O2Z78pe6mqR3QHhxN9iW1XJOTHCoJfhyyepg0u31oWQDYgAE\n" \
	"7DpOQVtOGaRWhhgCn0J/pdqai8SukuAuBqrlKGswDGTe+PDqkFWGYGSiVFFUgLwT\n" \
	"gBXZty19VyROqO+awMYhiWcIpZNn+d+59UyoSz8cnbEoiyMcOuDU/nNE/SUzJkcg\n" \
	"-----END PRIVATE KEY-----\n"
#define P384_ZERO                                                            \
	"-----BEGIN EC PRIVATE KEY-----\n"                                   \
	"MIGkAgEBBDAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n" \
	"AAAAAAAAAACgBwYFK4EEACKhZANiAATsOk5BW04ZpFaGGAKfQn+l2pqLxK6S4C4G\n" \
	"quUoazAMZN748OqQVYZgZKJUUVSAvBOAFdm3LX1XJE6o75rAxiGJZwilk2f537n1\n" \
	"TKhLPxydsSiLIxw64NT+c0T9JTMmRyA=\n"                                 \
	"-----END EC PRIVATE KEY-----\n"
#define P384_ORDER                                                           \
	"-----BEGIN EC PRIVATE KEY-----\n"                                   \
	"MIGkAgEBBDD////////////////////////////////HY02B9Dct31gaDbJIsKd6\n" \
	"7OwZaszFKXOgBwYFK4EEACKhZANiAATsOk5BW04ZpFaGGAKfQn+l2pqLxK6S4C4G\n" \
	"quUoazAMZN748OqQVYZgZKJUUVSAvBOAFdm3LX1XJE6o75rAxiGJZwilk2f537n1\n" \
	"TKhLPxydsSiLIxw64NT+c0T9JTMmRyA=\n"                                 \
	"-----END EC PRIVATE KEY-----\n"
#define P384_MISMATCH                                                        \
	"-----BEGIN EC PRIVATE KEY-----\n"                                   \
	"MIGkAgEBBDBrnT2tLhuMHAWxmHW2ZZ9N4jw7Znvyl7qapHdAeHE32JbVck5McKgl\n" \
	"+HLJ6mDS7fSgBwYFK4EEACKhZANiAATsOk5BW04ZpFaGGAKfQn+l2pqLxK6S4C4G\n" \
	"quUoazAMZN748OqQVYZgZKJUUVSAvBOAFdm3LX1XJE6o75rAxiGJZwilk2f537n1\n" \
	"TKhLPxydsSiLIxw64NT+c0T9JTMmRyA=\n"                                 \
	"-----END EC PRIVATE KEY-----\n"
#define P384_OFF_CURVE                                                       \
	"-----BEGIN PUBLIC KEY-----\n"                                       \
	"MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAE7DpOQVtOGaRWhhgCn0J/pdqai8SukuAu\n" \
	"BqrlKGswDGTe+PDqkFWGYGSiVFFUgLwTgBXZty19VyROqO+awMYhiWcIpZNn+d+5\n" \
	"9UyoSz8cnbEoiyMcOuDU/nNE/SUzJkch\n"                                 \
	"-----END PUBLIC KEY-----\n"
#define P384_PKCS8_HEX                                                                     \
	"3081b6020100301006072a8648ce3d020106052b8104002204819e30819b02010104306b9d3dad2e" \
	"1b8c1c05b19875b6659f4de23c3b667bf297ba9aa47740787137d896d5724e4c70a825f872c9ea60" \
	"d2edf5a16403620004ec3a4e415b4e19a4568618029f427fa5da9a8bc4ae92e02e06aae5286b300c" \
	"64def8f0ea9055866064a254515480bc138015d9b72d7d57244ea8ef9ac0c621896708a59367f9df" \
	"b9f54ca84b3f1c9db1288b231c3ae0d4fe7344fd2533264720"
#define P384_SEC1_HEX                                                                      \
	"3081a402010104306b9d3dad2e1b8c1c05b19875b6659f4de23c3b667bf297ba9aa47740787137d8" \
	"96d5724e4c70a825f872c9ea60d2edf5a00706052b81040022a16403620004ec3a4e415b4e19a456" \
	"8618029f427fa5da9a8bc4ae92e02e06aae5286b300c64def8f0ea9055866064a254515480bc1380" \
	"15d9b72d7d57244ea8ef9ac0c621896708a59367f9dfb9f54ca84b3f1c9db1288b231c3ae0d4fe73" \
	"44fd2533264720"
#define P384_PUBLIC_HEX                                                                    \
	"3076301006072a8648ce3d020106052b8104002203620004ec3a4e415b4e19a4568618029f427fa5" \
	"da9a8bc4ae92e02e06aae5286b300c64def8f0ea9055866064a254515480bc138015d9b72d7d5724" \
	"4ea8ef9ac0c621896708a59367f9dfb9f54ca84b3f1c9db1288b231c3ae0d4fe7344fd2533264720"

/* One of them, loaded through a pipe. */
static inline struct snp_key *load_test_key(const char *pem)
{
	struct snp_key *key = NULL;
	char source[32];
	int ends[2], r;

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], pem, strlen(pem)), (ssize_t)strlen(pem));
	close(ends[1]);
	snprintf(source, sizeof(source), "fd:%d", ends[0]);
	r = snp_key_read(source, NULL, NULL, &key, NULL);
	close(ends[0]);
	assert_int_equal(r, 0);
	return key;
}

#endif
