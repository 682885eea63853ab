// SPDX-License-Identifier: Apache-2.0
/* Attestation tokens alone: right ones, and what the literature on attacks against JWTs lists. Each hostile token is
 * signed by the service's own key where that can be, so that nothing but the one thing is wrong with it. */
#include "rows.h"

#include <stdlib.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/memory.h>
#include <snp/verdict.h>

#include "../fixtures/attestation.h"
#include "../fixtures/token.h"
#include "report/checks.h"
#include "told.h"

DEFINE_CLEANUP(struct snp_verdict *, snp_verdict_free);

#define HEADER(text) "{" text "}"
#define ALG	     "\"alg\":\"RS256\""
#define JKU	     "\"jku\":\"" FIXTURE_MAA "/certs\""
#define KID	     "\"kid\":\"key-0\""
#define RIGHT	     ALG "," JKU "," KID

#define ACCEPTED  0
#define FAILS(id) (1 + SNP_CHECK_##id)

/* How the finished text is changed. */
enum change {
	UNCHANGED,
	PADDED_HEADER,
	PADDED_CLAIMS,
	PADDED_SIGNATURE,
	TRAILING_BITS, /* of the signature: 256 bytes leave four */
	STANDARD_ALPHABET,
	NO_SIGNATURE,
	NO_THIRD_PART,
	FOUR_PARTS,
	FIVE_PARTS, /* as a JWE has */
	EMPTY_CLAIMS,
	LEADING_BLANK,
	BLANK_INSIDE,
	LINE_END,
	TWO_LINE_ENDS,
	NUL_INSIDE,
	IN_ANSWER,
	IN_ANSWER_TWICE,
	AS_JSON_FLATTENED,
	CLAIM_CHANGED,
	SIGNATURE_TURNED,
	SIGNATURE_LONGER,
	SIGNATURE_ZEROS,
};

static const struct row {
	const char *name;
	int status;		   /* of the reading: 0, or the error */
	unsigned int fails;	   /* the check that refuses it, ACCEPTED, or FAILS() */
	struct fixture_token plan; /* members that are set replace those of a right one */
	enum change change;
	const char *replace, *with; /* in the JWKS */
} rows[] = {
	{"right", 0, ACCEPTED, .plan = {0}},
	{"right, of before 2026", 0, ACCEPTED, .plan = {.old = true}},
	{"right, of Genoa", 0, ACCEPTED, .plan = {.family = "Genoa"}},
	{"right, the second key", 0, ACCEPTED, .plan = {.kid = "key-1", .signer = 1}},
	{"right, without typ", 0, ACCEPTED, .plan = {.header = HEADER(RIGHT)}},
	{"right, with more claims", 0, ACCEPTED,
	 .plan = {.more = ",\"x-ms-runtime\":{\"keys\":[]},\"nonce\":\"1\""}},
	{"right, with a line end", 0, ACCEPTED, .plan = {0}, .change = LINE_END},
	{"right, as the sidecar answers", 0, ACCEPTED, .plan = {0}, .change = IN_ANSWER},
	{"right, of AKS", 0, ACCEPTED, .plan = {.compliance = "azure-signed-katacc-uvm"}},

	/* algorithms */
	{"alg none", -SNP_E_TOKEN, 0, .plan = {.header = HEADER("\"alg\":\"none\"," JKU "," KID)},
	 .change = NO_SIGNATURE},
	{"alg none, signed", -SNP_E_TOKEN, 0,
	 .plan = {.header = HEADER("\"alg\":\"none\"," JKU "," KID)}},
	{"alg None", -SNP_E_TOKEN, 0, .plan = {.header = HEADER("\"alg\":\"None\"," JKU "," KID)}},
	{"alg nOnE", -SNP_E_TOKEN, 0, .plan = {.header = HEADER("\"alg\":\"nOnE\"," JKU "," KID)}},
	{"alg empty", -SNP_E_TOKEN, 0, .plan = {.header = HEADER("\"alg\":\"\"," JKU "," KID)}},
	{"alg missing", -SNP_E_JSON_MISSING_KEY, 0, .plan = {.header = HEADER(JKU "," KID)}},
	{"alg null", -SNP_E_JSON_TYPE, 0, .plan = {.header = HEADER("\"alg\":null," JKU "," KID)}},
	{"alg in an array", -SNP_E_JSON_TYPE, 0,
	 .plan = {.header = HEADER("\"alg\":[\"RS256\"]," JKU "," KID)}},
	{"alg rs256", -SNP_E_TOKEN, 0,
	 .plan = {.header = HEADER("\"alg\":\"rs256\"," JKU "," KID)}},
	{"alg with a blank", -SNP_E_TOKEN, 0,
	 .plan = {.header = HEADER("\"alg\":\"RS256 \"," JKU "," KID)}},
	{"alg with a NUL", -SNP_E_JSON_ENCODING, 0,
	 .plan = {.header = HEADER("\"alg\":\"RS256\\u0000\"," JKU "," KID)}},
	{"alg in full-width letters", -SNP_E_TOKEN, 0,
	 .plan = {.header = HEADER("\"alg\":\"\xef\xbc\xb2S256\"," JKU "," KID)}},
	{"HS256 with the public key in PEM", -SNP_E_TOKEN, 0,
	 .plan = {.header = HEADER("\"alg\":\"HS256\"," JKU "," KID), .hmac_pem = true}},
	{"HS256 with the certificate", -SNP_E_TOKEN, 0,
	 .plan = {.header = HEADER("\"alg\":\"HS256\"," JKU "," KID), .hmac_der = true}},
	{"HMAC under RS256", 0, FAILS(TOKEN_SIGNATURE), .plan = {.hmac_pem = true}},
	{"RS384", -SNP_E_TOKEN, 0,
	 .plan = {.header = HEADER("\"alg\":\"RS384\"," JKU "," KID), .digest = "SHA384"}},
	{"RS512", -SNP_E_TOKEN, 0,
	 .plan = {.header = HEADER("\"alg\":\"RS512\"," JKU "," KID), .digest = "SHA512"}},
	{"PS256", -SNP_E_TOKEN, 0,
	 .plan = {.header = HEADER("\"alg\":\"PS256\"," JKU "," KID), .pss = true}},
	{"ES256", -SNP_E_TOKEN, 0,
	 .plan = {.header = HEADER("\"alg\":\"ES256\"," JKU ",\"kid\":\"key-3\""), .signer = 3}},
	{"SHA-384 under RS256", 0, FAILS(TOKEN_SIGNATURE), .plan = {.digest = "SHA384"}},
	{"SHA-1 under RS256", 0, FAILS(TOKEN_SIGNATURE), .plan = {.digest = "SHA1"}},
	{"PSS under RS256", 0, FAILS(TOKEN_SIGNATURE), .plan = {.pss = true}},

	/* headers that bring a key, or change what is signed */
	{"embedded jwk", -SNP_E_JSON_UNKNOWN_KEY, 0,
	 .plan = {.header =
			  HEADER(RIGHT ",\"jwk\":{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}"),
		  .signer = 1}},
	{"embedded x5c", -SNP_E_JSON_UNKNOWN_KEY, 0,
	 .plan = {.header = HEADER(RIGHT ",\"x5c\":[\"AAAA\"]"), .signer = 1}},
	{"x5u", -SNP_E_JSON_UNKNOWN_KEY, 0,
	 .plan = {.header = HEADER(RIGHT ",\"x5u\":\"https://evil.example\"")}},
	{"x5t", -SNP_E_JSON_UNKNOWN_KEY, 0, .plan = {.header = HEADER(RIGHT ",\"x5t\":\"AAAA\"")}},
	{"crit", -SNP_E_JSON_UNKNOWN_KEY, 0,
	 .plan = {.header = HEADER(RIGHT ",\"crit\":[\"exp\"]")}},
	{"crit, empty", -SNP_E_JSON_UNKNOWN_KEY, 0,
	 .plan = {.header = HEADER(RIGHT ",\"crit\":[]")}},
	{"b64 false", -SNP_E_JSON_UNKNOWN_KEY, 0,
	 .plan = {.header = HEADER(RIGHT ",\"b64\":false,\"crit\":[\"b64\"]")}},
	{"zip", -SNP_E_JSON_UNKNOWN_KEY, 0, .plan = {.header = HEADER(RIGHT ",\"zip\":\"DEF\"")}},
	{"cty: a token inside", -SNP_E_JSON_UNKNOWN_KEY, 0,
	 .plan = {.header = HEADER(RIGHT ",\"cty\":\"JWT\"")}},
	{"enc of a JWE", -SNP_E_JSON_UNKNOWN_KEY, 0,
	 .plan = {.header = HEADER(RIGHT ",\"enc\":\"A128GCM\"")}},
	{"typ of another", -SNP_E_JSON_VALUE, 0,
	 .plan = {.header = HEADER(RIGHT ",\"typ\":\"at+jwt\"")}},
	{"alg twice", -SNP_E_JSON_DUPLICATE_KEY, 0,
	 .plan = {.header = HEADER("\"alg\":\"none\"," RIGHT)}},
	{"alg in two cases", -SNP_E_JSON_DUPLICATE_KEY, 0,
	 .plan = {.header = HEADER(RIGHT ",\"Alg\":\"none\"")}},
	{"alg by an escape", -SNP_E_JSON_DUPLICATE_KEY, 0,
	 .plan = {.header = HEADER(RIGHT ",\"\\u0061lg\":\"none\"")}},
	{"header an array", -SNP_E_JSON_TYPE, 0,
	 .plan = {.header = "["
			    "\"RS256\""
			    "]"}},
	{"header and more", -SNP_E_JSON_SYNTAX, 0, .plan = {.header = HEADER(RIGHT) "{}"}},
	{"header with a byte order mark", -SNP_E_JSON_ENCODING, 0,
	 .plan = {.header = "\xef\xbb\xbf" HEADER(RIGHT)}},

	/* keys */
	{"kid missing", -SNP_E_JSON_MISSING_KEY, 0, .plan = {.header = HEADER(ALG "," JKU)}},
	{"kid a number", -SNP_E_JSON_TYPE, 0, .plan = {.header = HEADER(ALG "," JKU ",\"kid\":0")}},
	{"kid of no key", 0, FAILS(TOKEN_KEY), .plan = {.kid = "key-9"}},
	{"kid empty", 0, FAILS(TOKEN_KEY), .plan = {.kid = ""}},
	{"kid a path", 0, FAILS(TOKEN_KEY), .plan = {.kid = "../../../../dev/null"}},
	{"kid SQL", 0, FAILS(TOKEN_KEY), .plan = {.kid = "x' UNION SELECT 'key"}},
	{"kid in another case", 0, FAILS(TOKEN_KEY), .plan = {.kid = "KEY-0"}},
	{"kid with a Cyrillic letter", 0, FAILS(TOKEN_KEY), .plan = {.kid = "k\xd0\xb5y-0"}},
	{"kid too long", -SNP_E_JSON_VALUE, 0,
	 .plan = {.kid = "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"
			 "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"
			 "012345678901234567890123456789012345678901234567890123456789"}},
	{"key of another of the JWKS", 0, FAILS(TOKEN_SIGNATURE), .plan = {.signer = 1}},
	{"RSA of 1024 bits", 0, FAILS(TOKEN_KEY), .plan = {.kid = "key-2", .signer = 2}},
	{"an EC key", 0, FAILS(TOKEN_KEY), .plan = {.kid = "key-3", .signer = 3}},
	{"key twice in the JWKS", 0, FAILS(TOKEN_KEY), .plan = {0}, .replace = "\"kid\":\"key-1\"",
	 .with = "\"kid\":\"key-0\""},
	{"key for encryption", 0, FAILS(TOKEN_KEY), .plan = {0}, .replace = "\"sig\"",
	 .with = "\"enc\""},
	{"key for RS512", 0, FAILS(TOKEN_KEY), .plan = {0}, .replace = "\"RS256\"",
	 .with = "\"RS512\""},
	{"key of type oct", 0, FAILS(TOKEN_KEY), .plan = {0}, .replace = "\"RSA\"",
	 .with = "\"oct\""},
	{"key without a certificate", 0, FAILS(TOKEN_KEY), .plan = {0}, .replace = "\"x5c\"",
	 .with = "\"y5c\""},
	{"certificate no base64", 0, FAILS(TOKEN_KEY), .plan = {0}, .replace = "\"x5c\":[\"",
	 .with = "\"x5c\":[\"*"},
	{"certificate empty", 0, FAILS(TOKEN_KEY), .plan = {0}, .replace = "\"x5c\":[",
	 .with = "\"x5c\":[\"\","},
	{"key's n of another key", 0, FAILS(TOKEN_KEY), .plan = {0},
	 .replace = "\"kid\":\"key-0\",\"x5c\"",
	 .with = "\"kid\":\"key-0\",\"n\":\"AQAB\",\"x5c\""},
	{"key's e of another key", 0, FAILS(TOKEN_KEY), .plan = {.kid = "key-1", .signer = 1},
	 .replace = "\"e\":\"AQAB\"", .with = "\"e\":\"Aw\""},
	{"key's n no base64url", 0, FAILS(TOKEN_KEY), .plan = {.kid = "key-1", .signer = 1},
	 .replace = "\"n\":\"", .with = "\"n\":\"="},
	{"JWKS without keys", -SNP_E_JSON_MISSING_KEY, 0, .plan = {0}, .replace = "\"keys\"",
	 .with = "\"Keys2\""},
	{"JWKS with a key's member twice", -SNP_E_JSON_DUPLICATE_KEY, 0, .plan = {0},
	 .replace = "\"use\":\"sig\"", .with = "\"kid\":\"key-0\""},

	/* base64url */
	{"header padded", -SNP_E_BAD_BASE64, 0, .plan = {.header = HEADER(RIGHT) " "},
	 .change = PADDED_HEADER},
	{"claims padded", -SNP_E_BAD_BASE64, 0, .plan = {0}, .change = PADDED_CLAIMS},
	{"signature padded", -SNP_E_BAD_BASE64, 0, .plan = {0}, .change = PADDED_SIGNATURE},
	{"signature with trailing bits", -SNP_E_BAD_BASE64, 0, .plan = {0},
	 .change = TRAILING_BITS},
	{"standard alphabet", -SNP_E_BAD_BASE64, 0, .plan = {0}, .change = STANDARD_ALPHABET},
	{"blank before", -SNP_E_BAD_BASE64, 0, .plan = {0}, .change = LEADING_BLANK},
	{"blank inside", -SNP_E_BAD_BASE64, 0, .plan = {0}, .change = BLANK_INSIDE},
	{"two line ends", -SNP_E_BAD_BASE64, 0, .plan = {0}, .change = TWO_LINE_ENDS},
	{"NUL inside", -SNP_E_TOKEN, 0, .plan = {0}, .change = NUL_INSIDE},

	/* parts */
	{"no signature", -SNP_E_TOKEN, 0, .plan = {0}, .change = NO_SIGNATURE},
	{"two parts", -SNP_E_TOKEN, 0, .plan = {0}, .change = NO_THIRD_PART},
	{"four parts", -SNP_E_TOKEN, 0, .plan = {0}, .change = FOUR_PARTS},
	{"five parts", -SNP_E_TOKEN, 0, .plan = {0}, .change = FIVE_PARTS},
	{"no claims", -SNP_E_TOKEN, 0, .plan = {0}, .change = EMPTY_CLAIMS},
	{"token twice in an answer", -SNP_E_JSON_DUPLICATE_KEY, 0, .plan = {0},
	 .change = IN_ANSWER_TWICE},
	{"JSON serialization", -SNP_E_JSON_MISSING_KEY, 0, .plan = {0},
	 .change = AS_JSON_FLATTENED},
	{"a claim changed", 0, FAILS(TOKEN_SIGNATURE), .plan = {0}, .change = CLAIM_CHANGED},
	{"signature turned", 0, FAILS(TOKEN_SIGNATURE), .plan = {0}, .change = SIGNATURE_TURNED},
	{"signature longer", 0, FAILS(TOKEN_SIGNATURE), .plan = {0}, .change = SIGNATURE_LONGER},
	{"signature of zeros", 0, FAILS(TOKEN_SIGNATURE), .plan = {0}, .change = SIGNATURE_ZEROS},

	/* claims */
	{"claims an array", -SNP_E_TOKEN, 0, .plan = {.payload = "[]"}},
	{"claims a string", -SNP_E_TOKEN, 0, .plan = {.payload = "\"{}\""}},
	{"claims empty", -SNP_E_JSON_MISSING_KEY, 0, .plan = {.payload = "{}"}},
	{"claims not UTF-8", -SNP_E_JSON_ENCODING, 0, .plan = {.more = ",\"x\":\"\xff\""}},
	{"half a surrogate pair", -SNP_E_JSON_ENCODING, 0, .plan = {.more = ",\"x\":\"\\ud800\""}},
	{"nested too deep", -SNP_E_TOO_LARGE, 0,
	 .plan = {.more = ",\"x\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"}},
	{"claim twice", -SNP_E_JSON_DUPLICATE_KEY, 0,
	 .plan = {.more = ",\"x-ms-sevsnpvm-vmpl\":0"}},
	{"claim in two cases", -SNP_E_JSON_DUPLICATE_KEY, 0,
	 .plan = {.more = ",\"x-ms-sevsnpvm-HostData\":\"00\""}},
	{"exp twice", -SNP_E_JSON_DUPLICATE_KEY, 0, .plan = {.more = ",\"exp\":9007199254740992"}},
	{"exp too large", -SNP_E_JSON_VALUE, 0,
	 .plan = {.replace = "\"exp\":", .with = "\"exp\":99999999"}},
	{"exp with an exponent", -SNP_E_JSON_VALUE, 0,
	 .plan = {.replace = "\"exp\":", .with = "\"exp\":1e400,\"e\":"}},
	{"exp a fraction", -SNP_E_JSON_VALUE, 0,
	 .plan = {.replace = "\"exp\":", .with = "\"exp\":1.5,\"e\":"}},
	{"exp negative", -SNP_E_JSON_VALUE, 0,
	 .plan = {.replace = "\"exp\":", .with = "\"exp\":-"}},
	{"exp a string", -SNP_E_JSON_TYPE, 0,
	 .plan = {.replace = "\"exp\":", .with = "\"exp\":\"9\",\"e\":"}},
	{"exp missing", -SNP_E_JSON_MISSING_KEY, 0,
	 .plan = {.replace = "\"exp\":", .with = "\"e\":"}},
	{"exp null", -SNP_E_JSON_TYPE, 0,
	 .plan = {.replace = "\"exp\":", .with = "\"exp\":null,\"e\":"}},
	{"nbf missing", -SNP_E_JSON_MISSING_KEY, 0,
	 .plan = {.replace = "\"nbf\":", .with = "\"n\":"}},
	{"iss missing", -SNP_E_JSON_MISSING_KEY, 0,
	 .plan = {.replace = "\"iss\":", .with = "\"i\":"}},
	{"iss an array", -SNP_E_JSON_TYPE, 0,
	 .plan = {.replace = "\"iss\":", .with = "\"iss\":[],\"i\":"}},
	{"vmpl missing", -SNP_E_JSON_MISSING_KEY, 0,
	 .plan = {.replace = "-vmpl", .with = "-vmpl2"}},
	{"vmpl -1", -SNP_E_JSON_VALUE, 0, .plan = {.replace = "-vmpl\":0", .with = "-vmpl\":-1"}},
	{"vmpl of the host", 0, FAILS(VMPL),
	 .plan = {.replace = "-vmpl\":0", .with = "-vmpl\":4294967295"}},
	{"vmpl over 32 bits", -SNP_E_JSON_VALUE, 0,
	 .plan = {.replace = "-vmpl\":0", .with = "-vmpl\":4294967296"}},
	{"vmpl a string", -SNP_E_JSON_TYPE, 0,
	 .plan = {.replace = "-vmpl\":0", .with = "-vmpl\":\"0\""}},
	{"vmpl 1", 0, FAILS(VMPL), .plan = {.replace = "-vmpl\":0", .with = "-vmpl\":1"}},
	{"debuggable", 0, FAILS(DEBUG),
	 .plan = {.replace = "-debuggable\":false", .with = "-debuggable\":true"}},
	{"debuggable a string", -SNP_E_JSON_TYPE, 0,
	 .plan = {.replace = "-debuggable\":false", .with = "-debuggable\":\"false\""}},
	{"debuggable 0", -SNP_E_JSON_TYPE, 0,
	 .plan = {.replace = "-debuggable\":false", .with = "-debuggable\":0"}},
	{"debuggable missing", -SNP_E_JSON_MISSING_KEY, 0,
	 .plan = {.replace = "is-debuggable", .with = "isdebuggable"}},
	{"digest short", -SNP_E_JSON_VALUE, 0,
	 .plan = {.replace = "launchmeasurement\":\"3e", .with = "launchmeasurement\":\""}},
	{"digest with 0x", -SNP_E_JSON_VALUE, 0,
	 .plan = {.replace = "launchmeasurement\":\"3e", .with = "launchmeasurement\":\"0x"}},
	{"svn of 256", -SNP_E_JSON_VALUE, 0,
	 .plan = {.replace = "microcode-svn\":", .with = "microcode-svn\":256,\"x\":"}},
	{"another product", -SNP_E_TOKEN, 0, .plan = {.family = "Venice"}},

	/* issuer, times, kind */
	{"expired", 0, FAILS(TOKEN_DATES), .plan = {.from = -100, .to = -1}},
	{"expires now", 0, FAILS(TOKEN_DATES), .plan = {.from = -100, .to = 1}, .replace = NULL},
	{"not valid yet", 0, FAILS(TOKEN_DATES), .plan = {.from = 10, .to = 100}},
	{"expires before it is valid", 0, FAILS(TOKEN_DATES), .plan = {.from = 100, .to = 50}},
	{"another issuer", 0, FAILS(TOKEN_ISSUER),
	 .plan = {.issuer = "https://evil.attest.azure.net",
		  .jku = "https://evil.attest.azure.net/certs"}},
	{"another issuer's keys", 0, FAILS(TOKEN_ISSUER),
	 .plan = {.jku = "https://evil.attest.azure.net/certs"}},
	{"keys below another name", 0, FAILS(TOKEN_ISSUER),
	 .plan = {.jku = FIXTURE_MAA ".evil.example/certs"}},
	{"keys of another path", 0, FAILS(TOKEN_ISSUER),
	 .plan = {.jku = FIXTURE_MAA "/certs/../x/certs"}},
	{"keys with a fragment", 0, FAILS(TOKEN_ISSUER), .plan = {.jku = FIXTURE_MAA "/certs#"}},
	{"issuer with a slash", 0, FAILS(TOKEN_ISSUER), .plan = {.issuer = FIXTURE_MAA "/"}},
	{"issuer with a Cyrillic letter", 0, FAILS(TOKEN_ISSUER),
	 .plan = {.issuer = "https://inst\xd0\xb0nce.attest.azure.net",
		  .jku = "https://inst\xd0\xb0nce.attest.azure.net/certs"}},
	{"azurevm", -SNP_E_TOKEN, 0,
	 .plan = {.type = "azurevm",
		  .more = ",\"x-ms-isolation-tee\":{\"x-ms-attestation-type\":\"sevsnpvm\"}"}},
	{"sgx", -SNP_E_TOKEN, 0, .plan = {.type = "sgx"}},
	{"tdxvm", -SNP_E_TOKEN, 0, .plan = {.type = "tdxvm"}},
	{"type missing", -SNP_E_JSON_MISSING_KEY, 0,
	 .plan = {.replace = "x-ms-attestation-type", .with = "x-ms-type"}},
	{"no compliance status", 0, FAILS(TOKEN_COMPLIANCE), .plan = {.compliance = ""}},
	{"another compliance status", 0, FAILS(TOKEN_COMPLIANCE),
	 .plan = {.compliance = "azure-compliant-uvm2"}},
};

/* The text with a change, for free(); `other` is a token of other claims. */
static char *changed(char *text, const char *other, enum change change, size_t *ret_size)
{
	const char *end;
	char *first = strchr(text, '.'), *second = strchr(first + 1, '.'), *ret;
	size_t n = strlen(text), room = 2 * n + 1024;

	ret = malloc(room);
	assert_non_null(ret);
	snprintf(ret, room, "%s", text);
	switch (change) {
	case UNCHANGED:
		break;
	case PADDED_HEADER:
	case PADDED_CLAIMS:
		if (change == PADDED_CLAIMS)
			first = second;
		snprintf(ret, room, "%.*s=%s", (int)(first - text), text, first);
		break;
	case PADDED_SIGNATURE:
		snprintf(ret, room, "%s==", text);
		break;
	case TRAILING_BITS:
		ret[n - 1]++; /* one of A, Q, g and w */
		break;
	case STANDARD_ALPHABET:
		second[1] = '+';
		snprintf(ret, room, "%s", text);
		break;
	case NO_SIGNATURE:
		snprintf(ret, room, "%.*s.", (int)(second - text), text);
		break;
	case NO_THIRD_PART:
		snprintf(ret, room, "%.*s", (int)(second - text), text);
		break;
	case FOUR_PARTS:
		snprintf(ret, room, "%s.AAAA", text);
		break;
	case FIVE_PARTS:
		snprintf(ret, room, "%s.AAAA.AAAA", text);
		break;
	case EMPTY_CLAIMS:
		snprintf(ret, room, "%.*s.%s", (int)(first - text), text, second);
		break;
	case LEADING_BLANK:
		snprintf(ret, room, " %s", text);
		break;
	case BLANK_INSIDE:
		snprintf(ret, room, "%.*s. %s", (int)(first - text), text, first + 1);
		break;
	case LINE_END:
		snprintf(ret, room, "%s\r\n", text);
		break;
	case TWO_LINE_ENDS:
		snprintf(ret, room, "%s\n\n", text);
		break;
	case NUL_INSIDE:
		ret[n + 1] = 'x';
		*ret_size = n + 2;
		free(text);
		return ret;
	case IN_ANSWER:
		snprintf(ret, room, "{\"token\":\"%s\"}\n", text);
		break;
	case IN_ANSWER_TWICE:
		snprintf(ret, room, "{\"token\":\"x\",\"token\":\"%.*s\"}", (int)n, text);
		break;
	case AS_JSON_FLATTENED:
		*first = *second = '\0';
		snprintf(ret, room,
			 "{\"protected\":\"%s\",\"payload\":\"%s\",\"signature\":\"%s\"}", text,
			 first + 1, second + 1);
		break;
	case CLAIM_CHANGED:
		end = strrchr(other, '.');
		snprintf(ret, room, "%.*s%s", (int)(end - other), other, second);
		break;
	case SIGNATURE_TURNED:
		ret[second - text + 5] = ret[second - text + 5] == 'A' ? 'B' : 'A';
		break;
	case SIGNATURE_LONGER:
		snprintf(ret, room, "%.*s.AAAA%s", (int)(second - text), text, second + 1);
		break;
	case SIGNATURE_ZEROS:
		memset(ret + (second - text) + 1, 'A', n - (size_t)(second - text) - 1);
		break;
	}
	free(text);
	*ret_size = strlen(ret);
	return ret;
}

static void report_of(uint8_t report[static SNP_REPORT_SIZE])
{
	fixture_report(SNP_PRODUCT_MILAN, 3, SNP_VCEK, report);
}

static struct fixture_token plan_of(const struct row *row, const uint8_t *report)
{
	struct fixture_token right, plan = row->plan;

	fixture_token(report, &right);
	plan.report = report;
	plan.compliance = plan.compliance ? plan.compliance : right.compliance;
	plan.type = plan.type ? plan.type : right.type;
	plan.family = plan.family ? plan.family : right.family;
	if (plan.from == 0 && plan.to == 0) {
		plan.from = right.from;
		plan.to = right.to;
	}
	return plan;
}

static void check_row(void **state)
{
	const struct row *row = *state;
	const struct snp_expectations expected = {
		.size = sizeof(expected), .any_measurement = true, .maa_issuer = FIXTURE_MAA};
	uint8_t report[SNP_REPORT_SIZE];
	struct fixture_token plan, more;
	_cleanup_(freep) char *jwks = fixture_jwks(row->replace, row->with);
	_cleanup_(freep) char *text = NULL, *other = NULL;
	_cleanup_(snp_verdict_freep) struct snp_verdict *verdict = NULL;
	struct snp_evidence evidence = {.size = sizeof(evidence), .at_time = FIXTURE_TIME};
	struct snp_error err = {0};

	report_of(report);
	plan = plan_of(row, report);
	more = plan;
	more.more = ",\"x\":1";
	other = fixture_token_sign(&more);
	text = changed(fixture_token_sign(&plan), other, row->change, &evidence.token.size);
	text = realloc(text, evidence.token.size); /* AddressSanitizer sees one too far */
	evidence.token.data = (const uint8_t *)text;
	evidence.jwks = text_span(jwks);
	if (strcmp(row->name, "expires now") == 0)
		evidence.at_time += 1;
	assert_int_equal(snp_verify(&evidence, &expected, &verdict, &err), row->status);
	tell_result(row->name, err.message[0] ? -1 : 0, &err);
	assert_int_equal(err.message[0] != '\0', row->status < 0);
	if (row->status < 0)
		return;
	assert_int_equal(snp_verdict_accepted(verdict), row->fails == ACCEPTED);
	if (row->fails == ACCEPTED)
		assert_true(snp_verdict_authentic(verdict));
	else
		assert_string_equal(snp_check_name(snp_verdict_reason(verdict)),
				    snp_check_name(row->fails - 1));
}

/* ---- what is expected of the guest is held against the claims ---- */

#define EXPECT(function, ...)                                                        \
	static void function(struct snp_expectations *e, struct fixture_token *plan) \
	{                                                                            \
		(void)plan;                                                          \
		__VA_ARGS__;                                                         \
	}                                                                            \
	struct expect_needs_semicolon_

static const uint8_t wrong[64] = {1};
static uint8_t right_report[SNP_REPORT_SIZE]; /* filled by main() */

static void expect_digest(struct snp_expectations *e, const uint8_t *digest)
{
	e->any_measurement = false;
	e->measurements = (const void *)digest;
	e->n_measurements = 1;
}

EXPECT(digest_right, expect_digest(e, right_report + 0x90));
EXPECT(digest_other, expect_digest(e, wrong));
EXPECT(host_right, e->has_host_data = true; memcpy(e->host_data, right_report + 0xc0, 32));
EXPECT(host_other, e->has_host_data = true);
EXPECT(data_right, e->has_report_data = true; memcpy(e->report_data, right_report + 0x50, 64));
EXPECT(data_other, e->has_report_data = true);
EXPECT(svn_other, e->has_guest_svn_min = true; e->guest_svn_min = 200);
EXPECT(id_key_other, e->id_key_digests = (const void *)wrong; e->n_id_key_digests = 1);
EXPECT(author_other, e->author_key_digests = (const void *)wrong; e->n_author_key_digests = 1);
EXPECT(chip_right, e->chip_ids = (const void *)(right_report + 0x1a0); e->n_chip_ids = 1);
EXPECT(chip_other, e->chip_ids = (const void *)wrong; e->n_chip_ids = 1);
EXPECT(chip_unsaid, plan->old = true; e->chip_ids = (const void *)(right_report + 0x1a0);
       e->n_chip_ids = 1);
EXPECT(report_id_other, e->has_report_id = true);
EXPECT(policy_right, e->has_policy = true; e->policy = 0x30000);
EXPECT(policy_abi, e->has_policy = true; e->policy = 0x3001f);
EXPECT(policy_other, e->has_policy = true; e->policy = 0x20000);
EXPECT(policy_unsaid, plan->old = true; e->has_policy = true; e->policy = 0x30000);
EXPECT(limit_right, e->has_policy_at_most = true; e->policy_at_most = 0x30000);
EXPECT(limit_below, e->has_policy_at_most = true; e->policy_at_most = 0x20000);
EXPECT(limit_unsaid, plan->old = true; e->has_policy_at_most = true; e->policy_at_most = 0x30000);

#define TCB(bl, te, sn, uc) \
	((struct snp_tcb){.boot_loader = (bl), .tee = (te), .snp = (sn), .microcode = (uc)})
EXPECT(tcb_right, e->has_minimum_tcb = true; e->minimum_tcb = TCB(4, 0, 24, 219));
EXPECT(tcb_old, plan->old = true; e->has_minimum_tcb = true; e->minimum_tcb = TCB(4, 0, 24, 219));
EXPECT(tcb_above, e->has_minimum_tcb = true; e->minimum_tcb = TCB(4, 0, 24, 220));
EXPECT(tcb_fmc, e->has_minimum_tcb = true; e->minimum_tcb = TCB(4, 0, 24, 219);
       e->minimum_tcb.fmc = 1);
EXPECT(tcb_turin, plan->family = "Turin"; e->has_minimum_tcb = true;
       e->minimum_tcb = TCB(4, 0, 24, 219));
EXPECT(launch_tcb, e->has_minimum_launch_tcb = true);
EXPECT(firmware, e->has_firmware_min = true);
EXPECT(provisional, e->no_provisional_firmware = true);
EXPECT(require, e->has_platform_require = true);
EXPECT(forbid, e->has_platform_forbid = true);
EXPECT(mitigations, e->has_launch_mitigations = true);
EXPECT(denied, e->denied_products = 1ull << SNP_PRODUCT_MILAN);
EXPECT(denied_other, e->denied_products = 1ull << SNP_PRODUCT_TURIN);
EXPECT(denied_unsaid, plan->old = true; e->denied_products = 1ull << SNP_PRODUCT_TURIN);
EXPECT(debug_allowed, e->allow_debug = true; plan->replace = "-debuggable\":false";
       plan->with = "-debuggable\":true");
EXPECT(vmpl_1, e->has_vmpl = true; e->vmpl = 1; plan->replace = "-vmpl\":0";
       plan->with = "-vmpl\":1");
EXPECT(compliance, e->maa_compliance = "azure-compliant-uvm");
EXPECT(compliance_cvm, (void)e; plan->compliance = "azure-compliant-cvm");
EXPECT(compliance_cvm_host, host_right(e, plan); plan->compliance = "azure-compliant-cvm");
EXPECT(compliance_cvm_asked, host_right(e, plan);
       e->maa_compliance = plan->compliance = "azure-compliant-cvm");
EXPECT(compliance_other, e->maa_compliance = "azure-compliant-cvm");
EXPECT(issuer_any, e->maa_issuer = NULL; plan->issuer = "https://x.attest.azure.net";
       plan->jku = "https://x.attest.azure.net/certs");
EXPECT(issuer_http, e->maa_issuer = plan->issuer = "http://x.attest.azure.net";
       plan->jku = "http://x.attest.azure.net/certs");

static const struct expected {
	const char *name;
	void (*edit)(struct snp_expectations *e, struct fixture_token *plan);
	unsigned int fails;
} expecteds[] = {
	{"digest", digest_right, ACCEPTED},
	{"another digest", digest_other, FAILS(MEASUREMENT)},
	{"host data", host_right, ACCEPTED},
	{"another host data", host_other, FAILS(HOST_DATA)},
	{"report data", data_right, ACCEPTED},
	{"another report data", data_other, FAILS(REPORT_DATA)},
	{"svn above", svn_other, FAILS(GUEST_SVN)},
	{"another id key", id_key_other, FAILS(ID_KEY_DIGEST)},
	{"another author key", author_other, FAILS(AUTHOR_KEY_DIGEST)},
	{"chip", chip_right, ACCEPTED},
	{"another chip", chip_other, FAILS(EXPECTED_CHIP_ID)},
	{"chip not said", chip_unsaid, FAILS(EXPECTED_CHIP_ID)},
	{"another report id", report_id_other, FAILS(REPORT_ID)},
	{"policy", policy_right, ACCEPTED},
	{"policy with an ABI version", policy_abi, ACCEPTED},
	{"another policy", policy_other, FAILS(POLICY)},
	{"policy not said", policy_unsaid, FAILS(POLICY)},
	{"policy limit", limit_right, ACCEPTED},
	{"policy above the limit", limit_below, FAILS(POLICY_AT_MOST)},
	{"policy limit, not said", limit_unsaid, FAILS(POLICY_AT_MOST)},
	{"tcb", tcb_right, ACCEPTED},
	{"tcb, no product named", tcb_old, ACCEPTED},
	{"tcb above", tcb_above, FAILS(MINIMUM_TCB)},
	{"tcb with fmc", tcb_fmc, FAILS(MINIMUM_TCB)},
	{"tcb of Turin without fmc", tcb_turin, FAILS(MINIMUM_TCB)},
	{"launch tcb", launch_tcb, FAILS(MINIMUM_LAUNCH_TCB)},
	{"firmware", firmware, FAILS(FIRMWARE_VERSION)},
	{"provisional firmware", provisional, FAILS(PROVISIONAL_FIRMWARE)},
	{"platform required", require, FAILS(PLATFORM_REQUIRE)},
	{"platform forbidden", forbid, FAILS(PLATFORM_FORBID)},
	{"launch mitigations", mitigations, FAILS(LAUNCH_MITIGATIONS)},
	{"product denied", denied, FAILS(DENIED_PRODUCT)},
	{"another product denied", denied_other, ACCEPTED},
	{"a product denied, none named", denied_unsaid, FAILS(DENIED_PRODUCT)},
	{"debugging allowed", debug_allowed, ACCEPTED},
	{"vmpl 1 expected", vmpl_1, ACCEPTED},
	{"compliance", compliance, ACCEPTED},
	{"compliance of a confidential VM", compliance_cvm, ACCEPTED},
	{"compliance of a confidential VM, containers expected", compliance_cvm_host,
	 FAILS(TOKEN_COMPLIANCE)},
	{"compliance of a confidential VM, asked for", compliance_cvm_asked, ACCEPTED},
	{"another compliance expected", compliance_other, FAILS(TOKEN_COMPLIANCE)},
	{"any issuer", issuer_any, ACCEPTED},
	{"issuer without TLS", issuer_http, FAILS(TOKEN_ISSUER)},
};

static void check_guest(void **state)
{
	const struct expected *row = *state;
	struct snp_expectations expected = {
		.size = sizeof(expected), .any_measurement = true, .maa_issuer = FIXTURE_MAA};
	_cleanup_(freep) char *jwks = fixture_jwks(NULL, NULL), *text = NULL;
	_cleanup_(snp_verdict_freep) struct snp_verdict *verdict = NULL;
	struct snp_evidence evidence = {.size = sizeof(evidence), .at_time = FIXTURE_TIME};
	struct fixture_token plan;

	fixture_token(right_report, &plan);
	row->edit(&expected, &plan);
	text = fixture_token_sign(&plan);
	evidence.token = text_span(text);
	evidence.jwks = text_span(jwks);
	assert_int_equal(snp_verify(&evidence, &expected, &verdict, NULL), 0);
	assert_int_equal(snp_verdict_accepted(verdict), row->fails == ACCEPTED);
	assert_true(row->fails == ACCEPTED ||
		    snp_verdict_outcome(verdict, (enum snp_check)(row->fails - 1)) == SNP_FAILED);
	for (enum snp_check c = 0; snp_check_name(c); c++)
		if (c + 1 != row->fails)
			assert_int_not_equal(snp_verdict_outcome(verdict, c), SNP_FAILED);
}

static void as_told(void **state)
{
	(void)state;
	told("token");
}

int main(void)
{
	static struct CMUnitTest tests[ROWS_MAX];
	size_t n = 0;

	report_of(right_report);
	ADD_ROWS(tests, n, check_row, rows);
	ADD_ROWS(tests, n, check_guest, expecteds);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(as_told);
	return RUN_TESTS("token", tests, n);
}
