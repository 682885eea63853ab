#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A digest does not depend on OpenSSL's configuration: it is not read, unless OPENSSL_CONF names one.
. "$(dirname "$0")/functions.sh"

command -v strace >strace-path || skip "needs strace"
firmware fw
kernel kernel
launch=(--ovmf fw --kernel kernel --vcpus 1 --vcpu-type EPYC)
strace -f -o trace true 2>err || skip "strace may not trace here"
unset OPENSSL_CONF
export ASAN_OPTIONS=detect_leaks=0 # LeakSanitizer is a tracer too
run 0 strace -f -e trace=open,openat -o trace "$snp_measure" "${launch[@]}"
grep -q 'openssl.cnf' trace && fail "$(grep openssl.cnf trace)"

echo '[default]' >own.cnf
export OPENSSL_CONF=$work/own.cnf
same strace -f -e trace=open,openat -o trace "$snp_measure" "${launch[@]}"
grep -q own.cnf trace || fail "OPENSSL_CONF is ignored"
