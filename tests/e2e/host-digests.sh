#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The matrix: what QEMU has the simulated secure processor measure is what snp-measure computes, for every
# CPU model of this QEMU, numbers of vCPUs, kernels, command lines and memory sizes; and ID blocks are
# accepted and refused as they should be. Every row is a run of QEMU: the machine's, and SNP_TEST_QEMU's if
# that is set (SNP_TEST_QEMU_DATA: the folder of its ROMs, where it has its own).
. "$(dirname "$0")/hosts.sh"
needs_host
needs_images
make_id_block=$SNP_BUILD/tests/e2e/make-id-block

start_host
printf 'not a real initrd' >initrd

# launch FOLDER QEMU-OPTION…: run QEMU until its guest has spoken or QEMU is gone; what the guest said is in
# FOLDER/serial, QEMU's errors in FOLDER/err. $smp, $cpu, $memory and $properties vary the guest.
launch() {
	local at=$1 pid i
	shift
	mkdir -p "$at"
	LD_PRELOAD=$folder/lib/libsnp-rehearsal.so "$qemu" ${data:+-L "$data"} \
		-name "guest=${at//\//-}" -nodefaults -display none -accel kvm \
		-machine q35,confidential-guest-support=sev0 -m "${memory:-512M}" \
		-cpu "${cpu:-EPYC-v4}" -smp "${smp:-1}" -bios "$work/OVMF.amdsev.fd" \
		-serial "file:$at/serial" -object \
		"sev-snp-guest,id=sev0,cbitpos=51,reduced-phys-bits=1${properties:+,$properties}" \
		"$@" 2>"$at/err" &
	pid=$!
	for ((i = 0; i < 1500; i++)); do
		! grep -q '^simulated-guest: host_data' "$at/serial" 2>/dev/null || break
		kill -0 $pid 2>/dev/null || break
		sleep 0.04
	done
	kill $pid 2>/dev/null
	wait $pid 2>/dev/null
}

digest_in() {
	sed -n 's/^simulated-guest: launch_digest=\([0-9a-f]*\)\r$/\1/p' "$1/serial" 2>/dev/null
}

# compare NAME QEMU-OPTION… -- SNP-MEASURE-OPTION…: a row; wrong ones are listed in the file "wrong".
compare() {
	local name=$1 options=() at=rows/$n said expected
	shift
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	launch "$at" "${options[@]}"
	said=$(digest_in "$at")
	expected=$("$snp_measure" --ovmf "$work/OVMF.amdsev.fd" --vcpus "${smp:-1}" \
		"${signature[@]:---vcpu-type=${cpu:-EPYC-v4}}" "$@" 2>&1)
	echo "$qemu $name" >>rows/done
	if [ "$said" != "$expected" ]; then
		echo "$name: the guest says '$said', snp-measure '$expected'" >>wrong
		sed "s/^/$name: /" "$at/err" >>wrong
	fi
}

# row …: compare, two rows at a time.
row() {
	while [ "$(jobs -rp | wc -l)" -ge 2 ]; do
		wait -n
	done
	n=$((n + 1)) # process IDs come again
	compare "$@" &
}
n=0

kernel=(-kernel "$work/linux" -append console=ttyS0)
measured=(--kernel "$work/linux" --append console=ttyS0)

# signed DIGEST POLICY KEY…: "block auth", both base64.
signed() {
	run 0 "$make_id_block" "$@"
	tr '\n' ' ' <out
}

# flip BASE64 OFFSET: the same with the lowest bit of one byte changed.
flip() {
	local octet
	base64 -d <<<"$1" >bytes
	octet=$(od -An -tu1 -j "$2" -N 1 bytes)
	# shellcheck disable=SC2059 # the octet is the format
	printf "\\x$(printf %x $((octet ^ 1)))" | dd of=bytes bs=1 seek="$2" conv=notrunc status=none
	base64 -w 0 bytes
}

# bound NAME RESULT BLOCK AUTH [PROPERTIES]: RESULT is "started", or a part of QEMU's error.
bound() {
	local at=rows/bound
	rm -rf $at
	properties="kernel-hashes=on,id-block=$3,id-auth=$4${5:+,$5}" launch $at "${kernel[@]}"
	echo "$qemu ID block: $1" >>rows/done
	if [ "$2" = started ]; then
		[ -n "$(digest_in $at)" ] || fail "ID block, $1: $(cat $at/err)"
	else
		[ -z "$(digest_in $at)" ] || fail "ID block, $1: accepted"
		grep -qF -- "$2" $at/err || fail "ID block, $1: $(cat $at/err)"
	fi
}

matrix() {
	local model signature=()
	for model in $("$qemu" -cpu help | awk '$1 ~ /^(EPYC|Dhyana)/ { print $1 }'); do
		cpu=$model row "$model" --
	done
	signature=(--vcpu-sig=0x00af0f00)
	cpu=host row "host, as the simulated one is" --
	signature=(--vcpu-family=26 --vcpu-model=2 --vcpu-stepping=1)
	cpu=EPYC-v4,family=26,model=2,stepping=1 row "family, model, stepping" --
	signature=()
	for smp in 1 2 4 64 255; do
		row "$smp vCPUs" --
		properties=kernel-hashes=on row "$smp vCPUs, kernel" "${kernel[@]}" -- "${measured[@]}"
	done
	smp=3 row "topology" -smp 3,sockets=1,cores=3,threads=1 --
	smp=2 row "vCPUs that may come later" -smp 2,maxcpus=4 --
	smp=1
	for memory in 128M 1G 3G 5G; do
		row "$memory" --
	done
	memory=512M

	properties="kernel-hashes=on"
	row "initrd" "${kernel[@]}" -initrd "$work/initrd" -- "${measured[@]}" --initrd "$work/initrd"
	row "no command line" -kernel "$work/linux" -- --kernel "$work/linux"
	for cmdline in ' blanks  in   it ' "quotes ' and \"" 'comma,, and =' 'grüße – ÿ' \
		$'tab\tand\nnewline' "$(printf '%04095d' 7)"; do
		row "command line ${cmdline:0:20}" -kernel "$work/linux" -append "$cmdline" -- \
			--kernel "$work/linux" --append "$cmdline"
	done
	properties=
	row "kernel without hashes" "${kernel[@]}" --
	properties=policy=0xb0000 row "debug policy" --
	wait
}

id_blocks() {
	local digest block auth other_block other_auth
	digest=$("$snp_measure" --ovmf "$work/OVMF.amdsev.fd" --vcpus 1 --vcpu-type EPYC-v4 "${measured[@]}")
	read -r block auth < <(signed "$digest" 0x30000 id.pem author.pem)
	bound "right" started "$block" "$auth"
	bound "right, with author" started "$block" "$auth" author-key-enabled=on
	bound "foreign author key" "fw_error=10 'Bad signature'" "$block" "$(flip "$auth" 2180)" \
		author-key-enabled=on
	bound "foreign author key, not asked for" started "$block" "$(flip "$auth" 2180)"
	bound "digest changed" "fw_error=11 'Bad measurement'" "$(flip "$block" 47)" "$auth"
	bound "SVN changed" "fw_error=10 'Bad signature'" "$(flip "$block" 84)" "$auth"
	bound "signature changed" "fw_error=10 'Bad signature'" "$block" "$(flip "$auth" 64)"
	read -r other_block other_auth < <(signed "$digest" 0x30000 foreign.pem)
	bound "foreign key's signature" "fw_error=10 'Bad signature'" "$block" \
		"$(base64 -d <<<"$other_auth" | head -c 576 | cat - <(base64 -d <<<"$auth" |
			tail -c +577) | base64 -w 0)"
	read -r other_block other_auth < <(signed "$digest" 0xb0000 id.pem)
	bound "other policy" "fw_error=7 'Policy is not allowed'" "$other_block" "$other_auth"
	read -r other_block other_auth < <(signed "${digest//[0-7]/9}" 0x30000 id.pem)
	bound "other digest" "fw_error=11 'Bad measurement'" "$other_block" "$other_auth"
	bound "author asked for and none given" "fw_error=" "$block" \
		"$(read -r _ other_auth < <(signed "$digest" 0x30000 id.pem); echo "$other_auth")" \
		author-key-enabled=on
}

for key in id author foreign; do
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out $key.pem 2>/dev/null
	chmod 600 $key.pem
done
mkdir rows
for qemu in qemu-system-x86_64 ${SNP_TEST_QEMU:+"$SNP_TEST_QEMU"}; do
	data=
	[ "$qemu" = qemu-system-x86_64 ] || data=${SNP_TEST_QEMU_DATA:-}
	matrix
	id_blocks
done
[ ! -s wrong ] || fail "$(cat wrong)"
printf '%d launches\n' "$(wc -l <rows/done)"
