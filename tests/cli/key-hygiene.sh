#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Core dumps and tracing are off before a private key is opened, and what is written holds nothing of it.
. "$(dirname "$0")/functions.sh"

command -v strace >strace-path || skip "needs strace"
strace -f -o trace true 2>err || skip "strace may not trace here"
key id
scalar=$(openssl pkey -in id.pem -noout -text | sed -n '/^priv:/,/^pub:/p' | tr -cd '0-9a-f\n:' |
	grep '^[0-9a-f:]*:' | tr -d ':\n' | tail -c 96)
[ ${#scalar} = 96 ] || fail "the test found no scalar: $scalar"
base64=$(grep -v '^-' id.pem | head -n 1)
reversed=$(fold -w2 <<<"$scalar" | tac | tr -d '\n')
create=("$snp_measure" id-block create --measurement "$(printf %096d 1)" --output-auth auth)
for arguments in '--key id.pem' '--key id.pem --author-key id.pem' '--key id.pem --output-block absent/x'; do
	strace -f -xx -s 65535 -o trace "${create[@]}" $arguments >out 2>err
	core=$(grep -n 'setrlimit\|prlimit' trace | grep -n 'RLIMIT_CORE' | head -n 1 | cut -d: -f2)
	dumpable=$(grep -n 'PR_SET_DUMPABLE' trace | head -n 1 | cut -d: -f1)
	opened=$(grep -n "openat(.*$(printf id.pem | od -An -tx1 | sed 's/ /\\\\x/g')" trace | head -n 1 | cut -d: -f1)
	[ -n "$core" ] && [ -n "$dumpable" ] && [ -n "$opened" ] || fail "$arguments: not all seen in the trace"
	[ "$core" -lt "$opened" ] && [ "$dumpable" -lt "$opened" ] || fail "$arguments: the key is open before dumps are off"
	grep -E '(write|writev|pwrite64|sendto|sendmsg|execve)\(' trace | tr -d '\\x' >written
	for secret in "$scalar" "$reversed" "$(printf %s "$base64" | od -An -v -tx1 | tr -d ' \n')"; do
		grep -qF "$secret" written && fail "$arguments: the private key is written"
	done
done
exit 0
