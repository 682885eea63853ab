#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Whatever is changed in a measured guest's domain, by libvirt's own schema, leads to the digest that was measured,
# by a real QEMU, or to a refusal: libvirt's, QEMU's, or start's. No ID block holds the guest. 30 changes;
# with SNP_TEST_LONG (tests/run --long) 300.
. "$(dirname "$0")/guests.sh"
command -v python3 >/dev/null || skip "no python3"
schemas=/usr/share/libvirt/schemas
[ -e $schemas/domain.rng ] || skip "no $schemas"
begin

vm web1
run 0 "$snp_launch" create web1.json --no-start
digest=$(predicted)
virsh dumpxml --inactive --security-info web1 >web1.xml
printf '#!/bin/sh\nexec qemu-system-x86_64 "$@"\n' >wrapper
chmod 755 wrapper
# The changes' random numbers are those of their seeds, so that one that fails can be looked at again.
first=${SNP_TEST_SEED:-1}
changes=30
[ -z "${SNP_TEST_LONG:-}" ] || changes=300
same=0 refused=0 by_libvirt=0
for ((seed = first; seed < first + changes; seed++)); do
	python3 "$SNP_SOURCE/tests/e2e/domain_changes.py" $schemas web1.xml "$work" $seed >changed.xml 2>change.txt ||
		fail "$(cat change.txt)"
	if ! virsh define changed.xml >out 2>&1; then
		by_libvirt=$((by_libvirt + 1))
		continue
	fi
	status=0
	timeout 60 "$snp_launch" start web1 >out 2>err || status=$?
	case $status in
	0)
		said=$(heard web1 launch_digest)
		[ "$said" = "$digest" ] || fail "seed $seed: $(cat change.txt): launched with $said"
		same=$((same + 1))
		virsh -q destroy web1 >out 2>&1
		;;
	1 | 3)
		# 3 is also what a host cannot do.
		if grep -q '\[drift\]' out; then
			refused=$((refused + 1))
			# What start refuses, diff finds.
			run 3 "$snp_launch" diff web1
		else
			by_libvirt=$((by_libvirt + 1))
		fi
		;;
	*) fail "seed $seed: $(cat change.txt): start exits with $status" ;;
	esac
	virsh -q define web1.xml >out 2>&1 || fail "$(cat out)"
done
printf '%d launched as measured, %d refused, %d refused by libvirt or QEMU\n' $same $refused $by_libvirt
[ $same -ge $((changes / 10)) ] || fail "next to nothing was launched"
[ $refused -ge $((changes / 30)) ] || fail "nothing was refused"
run 0 "$snp_launch" start web1
[ "$(heard web1 launch_digest)" = "$digest" ] || fail "the guest itself has another digest"
