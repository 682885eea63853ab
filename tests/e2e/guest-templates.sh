#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Each worked example becomes a running guest, held to what its vm.json says. The files it names are made
# here; what a session host on one machine does not have (networks, vhost-vsock, huge pages, devices and
# owners of the host, another host) is left out or replaced, and nothing else.
. "$(dirname "$0")/guests.sh"
command -v jq >/dev/null || skip "there is no jq here"
begin
make_keys
truncate -s 1M disk
chmod 666 disk
printf 'some initial data\n' >initdata

# predict FILE: the launch digest that snp-measure has for an example.
predict() {
	local options=(--ovmf OVMF.amdsev.fd --vcpus "$(jq .cpu.count "$1")"
		--vcpu-type "$(jq -r '.cpu.model // "EPYC-v4"' "$1")")
	[ "$(jq 'has("boot")' "$1")" = false ] ||
		options+=(--kernel linux --initrd initrd --append "$(jq -r .boot.cmdline "$1")")
	"$snp_measure" "${options[@]}"
}

# provide FILE: what its snp.id and snp.measurement name.
provide() {
	local policy words
	mapfile -t words < <(jq -r '.snp.policy // {} | to_entries[] | "\(.key)=\(.value)"' "$1")
	policy=$(jq -r '.snp.policy.raw // empty' "$1")
	[ -n "$policy" ] || policy=$("$snp_launch" policy encode "${words[@]}")
	predict "$1" >digest
	chmod 600 ./*.pem
	rm -rf block auth published
	run 0 "$snp_measure" id-block create --measurement @digest --policy "$policy" --key id.pem \
		--output-block block --output-auth auth
	jq '{schema: "snp-release/1", images: [{name: "release", firmware: "OVMF.amdsev.fd",
		kernel: "linux", initrd: "initrd", cmdline: .boot.cmdline, policy: $policy,
		vcpu_count: [.cpu.count], cpu_model: [.cpu.model // "EPYC-v4"],
		guest_features: ["0x1"], vmm_profile: ["qemu"]}]}' --arg policy "$policy" "$1" >release.json
	[ "$(jq '.snp.id | has("reference")?' "$1")" != true ] ||
		run 0 "$snp_measure" publish release.json -o published --id-key id.pem
}

n=0
for file in "$SNP_SOURCE"/templates/*.json; do
	[ "$(jq -r '.schema?' "$file")" = snp-launch/1 ] || continue
	name=$(jq -r .name "$file")
	jq --arg work "$work" --arg kernel "$(sha256sum <linux | cut -c1-64)" \
		--arg initrd "$(sha256sum <initrd | cut -c1-64)" '
		def here(path; to): if getpath(path) == null then . else setpath(path; $work + "/" + to) end;
		.firmware = {path: ($work + "/OVMF.amdsev.fd")}
		| here(["boot", "kernel"]; "linux") | here(["boot", "initrd"]; "initrd")
		| if .boot.kernel_sha256 then .boot.kernel_sha256 = $kernel else . end
		| if .boot.initrd_sha256 then .boot.initrd_sha256 = $initrd else . end
		| here(["snp", "id", "reference"]; "published/reference-values.json")
		| here(["snp", "id", "block"]; "block") | here(["snp", "id", "auth"]; "auth")
		| here(["snp", "id", "key"]; "id.pem") | here(["snp", "id", "author_key"]; "author.pem")
		| if .snp.measurement then .snp.measurement = "@" + $work + "/digest" else . end
		| if (.snp.host_data // "" | startswith("sha256:"))
		  then .snp.host_data = "sha256:" + $work + "/initdata" else . end
		# The simulated host is of Linux 6.12.
		| if .snp.policy.single_socket then .snp.policy.single_socket = false else . end
		| if .disks then .disks = [.disks[0] | .path = $work + "/disk" | .format = "raw"] else . end
		| if .networks then .networks = [{type: "user"}] else . end
		| .memory.size = "256MiB" | .memory.hugepages = false
		| del(.vsock, .vfio, .connect, .console) | .relabel = true' "$file" >"$name.json"
	provide "$name.json"
	run 0 "$snp_launch" create "$name.json"
	says "$name: running"
	[ "$(heard "$name" launch_digest)" = "$(cat digest)" ] || fail "$name says another digest"
	binding=$(jq 'if .snp.id then "ID block" else "nothing" end' -r "$name.json")
	run 0 "$snp_launch" show "$name"
	says "$binding"
	run 0 "$snp_launch" remove -f "$name"
	nothing_left "$name"
	n=$((n + 1))
done
[ $n -ge 6 ] || fail "only $n examples"
