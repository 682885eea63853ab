# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the tests of guests on simulated hosts share: snp-launch, vm.json, and what must not be left.

. "$(dirname "${BASH_SOURCE[0]}")/hosts.sh"

snp_launch=$SNP_BUILD/launcher/snp-launch
needs_host
needs_images
head -c 300000 /dev/zero | tr '\0' 'i' >"$work/initrd"

# The host that all of a test's guests run on.
begin() {
	start_host "$@"
	export LIBVIRT_DEFAULT_URI=$uri
}

# vm NAME [MEMBERS]: NAME.json with a kernel, and further members of the document.
vm() {
	cat >"$1.json" <<-END
		{"schema": "snp-launch/1", "name": "$1",
		 "firmware": {"path": "$work/OVMF.amdsev.fd"},
		 "boot": {"kernel": "$work/linux", "initrd": "$work/initrd", "cmdline": "console=ttyS0 quiet"},
		 "cpu": {"count": ${vcpus:-2}}, "memory": {"size": "256MiB"}${2:+, $2}}
	END
}

make_keys() {
	local key
	for key in id author; do
		openssl ecparam -name secp384r1 -genkey -noout -out "$key.pem"
		chmod 600 "$key.pem"
	done
}

# predicted [KERNEL]: the digest that snp-measure has for what vm() describes.
predicted() {
	"$snp_measure" --ovmf OVMF.amdsev.fd --kernel "${1:-linux}" --initrd initrd --append 'console=ttyS0 quiet' \
		--vcpus "${vcpus:-2}" --vcpu-type EPYC-v4
}

# heard NAME KEY: what the guest said on its console, by its log.
heard() {
	local i
	for ((i = 0; i < 600; i++)); do
		if "$snp_launch" logs "$1" 2>/dev/null | grep -q '^simulated-guest: host_data='; then
			"$snp_launch" logs "$1" | sed -n "s/^simulated-guest: $2=\([0-9a-fx]*\)\r*$/\1/p"
			return
		fi
		sleep 0.1
	done
	fail "guest $1 says nothing"
}

# field KEY: a member of the only guest in the JSON on stdout.
field() {
	sed -n "s/^ *\"$1\": *\"\{0,1\}\([^\",]*\)\"\{0,1\},\{0,1\}$/\1/p" out | head -n 1
}

# nothing_left NAME: no directory, no domain, no process.
nothing_left() {
	[ ! -e "$folder/guests/$1" ] || fail "left: $(find "$folder/guests/$1")"
	[ ! -e "$folder/guests/.$1.next" ] || fail "left: .$1.next"
	! virsh -q list --all --name | grep -qx "$1" || fail "the domain $1 is left"
	! pgrep -f "qemu.*$folder/guests/$1/" >/dev/null || fail "a QEMU of $1 is left"
}
