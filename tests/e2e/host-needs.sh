#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What `check` passes, `create` does not refuse. Hosts are broken in more than forty ways, one at a time: `check`
# refuses each by the name of what is missing, and `create` refuses it too, before it touches anything. Where nothing
# that the guest needs is broken, both pass, and the guest runs.
. "$(dirname "$0")/guests.sh"
command -v python3 >/dev/null || skip "needs python3"
begin
machine=$folder/machine
mkdir tools empty
for tool in xorriso passt swtpm swtpm_setup; do
	printf '#!/bin/sh\nexit 1\n' >"tools/$tool"
	chmod +x "tools/$tool"
done

# A host with what any of the guests below needs, in the kernel's files.
mend() {
	rm -rf "$machine"
	mkdir -p "$machine"/{proc,dev,sys/class/net/{br0/bridge,eth0},sys/fs/cgroup} \
		"$machine"/sys/kernel/mm/hugepages/hugepages-{2048,1048576}kB "$machine"/sys/devices/system/{cpu/smt,node} \
		"$machine"/sys/bus/pci/devices "$machine"/sys/drivers/{nvidia,vfio-pci,pcieport} "$machine"/groups/1/devices
	printf 'MemAvailable: 8388608 kB\nHugepagesize: 2048 kB\n' >"$machine/proc/meminfo"
	echo 512 >"$machine/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages"
	echo 2 >"$machine/sys/kernel/mm/hugepages/hugepages-1048576kB/free_hugepages"
	echo 0-3 >"$machine/sys/devices/system/cpu/online"
	echo 0-1 >"$machine/sys/devices/system/node/online"
	echo 0 >"$machine/sys/devices/system/cpu/smt/active"
	printf 'sev 100\nsev_es 99\n' >"$machine/sys/fs/cgroup/misc.capacity"
	printf 'sev 0\nsev_es 3\n' >"$machine/sys/fs/cgroup/misc.current"
	touch "$machine/dev/vhost-vsock" "$machine/dev/iommu"
	device 0000:41:00.0 nvidia
	device 0000:41:00.1 vfio-pci
	device 0000:40:01.0 pcieport
	rm -rf disk.raw disk.qcow2 user.yaml cd.iso share logs
	truncate -s 1M disk.raw cd.iso
	printf 'QFI\xfb\0\0\0\3' >disk.qcow2
	chmod 666 disk.* cd.iso
	echo '#cloud-config' >user.yaml
	mkdir share logs
}

# device ADDRESS DRIVER: one of the IOMMU group.
device() {
	mkdir -p "$machine/sys/bus/pci/devices/$1"
	ln -sfn "$machine/sys/drivers/$2" "$machine/sys/bus/pci/devices/$1/driver"
	ln -sfn "$machine/groups/1" "$machine/sys/bus/pci/devices/$1/iommu_group"
	ln -sfn "$machine/sys/bus/pci/devices/$1" "$machine/groups/1/devices/$1"
}

# lock BYTE…: what a QEMU that has the disk open does, until the test ends.
lock() {
	python3 -c 'import fcntl, sys, time
f = open("disk.raw", "r+b")
for byte in sys.argv[1:]:
    fcntl.lockf(f, fcntl.LOCK_SH, 1, int(byte))
print(flush=True)
time.sleep(60)' "$@" >locked &
	locker=$!
	while [ ! -s locked ]; do sleep 0.05; done
}

unlock() {
	[ -z "${locker:-}" ] || kill "$locker" 2>/dev/null || true
	[ -z "${locker:-}" ] || wait "$locker" 2>/dev/null || true
	locker= ; rm -f locked
}

disk='"disks": [{"path": "'$work'/disk.raw", "format": "raw"}]'
readonly_disk='"disks": [{"path": "'$work'/disk.raw", "format": "raw", "readonly": true}]'
qcow2='"disks": [{"path": "'$work'/disk.qcow2", "format": "qcow2"}]'
cdrom='"cdrom": [{"path": "'$work'/cd.iso"}]'
cloud='"cloud_init": {"user_data": "'$work'/user.yaml"}'
share='"shared_folder": [{"path": "'$work'/share", "tag": "t"}]'
console='"console": {"type": "file", "path": "'$work'/logs/a"}'
gpu='"vfio": [{"address": "0000:41:00.0"}]'
forward='"networks": [{"type": "user", "forward": [{"host": 22423, "guest": 22}]}]'
bridge='"networks": [{"type": "bridge", "source": "br0"}]'
network='"networks": [{"type": "network", "source": "default"}]'
nosmt='"snp": {"policy": {"smt": false}}'
nodes() {
	echo '"numa": [{"cpus": "0-1", "memory": "256M", "host_nodes": "'"$1"'"}]'
}
sys=$machine/sys pages=$machine/sys/kernel/mm/hugepages

n=0 passed=0
# row CHECK "MEMBERS" COMMAND: break a host by COMMAND; CHECK refuses the guest with these members, or (-) none does.
row() {
	local got=0 want=$1 members=$2
	mend
	unlock
	path=$work/tools:$PATH
	eval "$3"
	vm web1 "$members"
	[ -z "${edit:-}" ] || sed -i "$edit" web1.json
	PATH=$path "$snp_launch" check web1.json >facts 2>err || got=$?
	if [ "$want" = - ]; then
		[ $got = 0 ] || fail "after '$3' check refuses: $(grep '^no' facts)"
		PATH=$path run 0 "$snp_launch" create web1.json
		run 0 "$snp_launch" remove -f web1
		passed=$((passed + 1))
	else
		[ $got = 3 ] || fail "after '$3' check exits with $got: $(cat facts)"
		grep -q "^no  *$want " facts || fail "after '$3' check does not say $want: $(cat facts)"
		grep -qE '^This host can launch SEV-SNP guests.*, but not this one yet' facts ||
			[ "$want" = firmware ] || fail "after '$3' check blames the host"
		got=0
		PATH=$path "$snp_launch" create web1.json >out 2>err || got=$?
		[ $got != 0 ] || fail "after '$3' create accepts what check refuses"
		case $want in
		firmware | guest-kernel | guest-initrd) ;;
		*) grep -qF "[$want]" err || fail "after '$3' create says: $(cat err)" ;;
		esac
		[ ! -e "$folder/guests/web1" ] || fail "after '$3' create leaves something"
	fi
	n=$((n + 1)) edit=
}

row - '' :
row - "$disk" :
row guest-disk "$disk" 'rm disk.raw'
row guest-disk "$disk" 'rm disk.raw; mkdir disk.raw'
row guest-disk "$disk" 'rm disk.raw; mkfifo disk.raw'
row guest-disk "$disk" 'rm disk.raw; ln -s disk.raw disk.raw'
row disk-format "$qcow2" 'truncate -s 0 disk.qcow2'
row disk-format "$qcow2" 'printf "QFI\xfa\0\0\0\3" >disk.qcow2'
row disk-in-use "$disk" 'lock 100 101 201'
row disk-in-use "$disk" 'lock 100 201'
row disk-in-use "$readonly_disk" 'lock 100 101 201'
row - "$readonly_disk" 'lock 100 201'
row guest-disk "$cdrom" 'rm cd.iso'
row cloud-init-file "$cloud" 'rm user.yaml'
row cloud-init-file "${cloud%\}}, \"network_config\": \"$work/none\"}" :
row cloud-init-file "${cloud%\}}, \"meta_data\": \"$work/none\"}" :
row xorriso "$cloud" 'path=$work/empty'
row shared-folder "$share" 'rmdir share'
row shared-folder "$share" 'rmdir share; touch share'
row console-file "$console" 'rmdir logs'
row passt "$forward" 'path=$work/empty'
row tpm-emulator '"tpm": "emulated"' 'path=$work/empty'
row network "$network" :
row bridge "$bridge" 'rm -r $sys/class/net/br0'
row bridge "$bridge" 'rmdir $sys/class/net/br0/bridge'
row vfio-device "$gpu" 'rm -r $sys/bus/pci/devices/0000:41:00.0'
row vfio-device "$gpu" 'rm $sys/bus/pci/devices/0000:41:00.0/iommu_group'
row vfio-device "$gpu" 'device 0000:41:00.1 nvidia'
row vfio-device "$gpu" 'device 0000:41:00.2 nvidia'
row vsock '"vsock": {"cid": 7}' 'rm $machine/dev/vhost-vsock'
row guest-memory '' 'echo "MemAvailable: 1024 kB" >$machine/proc/meminfo'
row guest-memory '' 'rm $machine/proc/meminfo'
edit='s/"memory": {/"memory": {"hugepages": true, /' row huge-pages '' 'echo 10 >$pages/hugepages-2048kB/free_hugepages'
edit='s/"memory": {/"memory": {"hugepages": "2M", /' row huge-pages '' 'rm $pages/hugepages-2048kB/free_hugepages'
edit='s/"memory": {/"memory": {"hugepages": "1G", /' row huge-pages '' 'echo 0 >$pages/hugepages-1048576kB/free_hugepages'
edit='s/"memory": {/"memory": {"hugepages": "1G", /' row huge-pages '' 'rm -r $pages/hugepages-1048576kB'
edit='s/"count": 2/"count": 2, "pinning": ["0", "4"]/' row host-cpus '' :
edit='s/"count": 2/"count": 2, "pinning": ["0-3", "1,3"]/' row host-cpus '' 'echo 0,2-3 >$sys/devices/system/cpu/online'
row host-cpus "$(nodes 2)" :
row host-cpus "$(nodes 0-1)" 'echo 0 >$sys/devices/system/node/online'
row asids '' 'echo "sev_es 99" >$sys/fs/cgroup/misc.current'
row asids '' 'echo "sev_es 100" >$sys/fs/cgroup/misc.current'
row smt "$nosmt" 'echo 1 >$sys/devices/system/cpu/smt/active'
row guest-kernel '' 'edit=s/vmlinuz-none/x/; mv linux linux.kept'
mv linux.kept linux
row guest-initrd '' 'mv initrd initrd.kept'
mv initrd.kept initrd
row firmware '' 'mv OVMF.amdsev.fd firmware.kept'
mv firmware.kept OVMF.amdsev.fd
row - '' 'rm -r $machine'
unlock

# A disk that another guest has open, for real.
mend
vm web2 "$disk"
run 0 "$snp_launch" create web2.json
vm web1 "$disk"
run 3 "$snp_launch" check web1.json
says disk-in-use
run 4 "$snp_launch" create web1.json
grep -qF '[disk-in-use]' err || fail "create says: $(cat err)"
# So do the other two that make guests.
run 4 "$snp_launch" apply web1.json
grep -qF '[disk-in-use]' err || fail "apply says: $(cat err)"
run 0 "$snp_launch" archive web2
mv out web2.tar
run 4 "$snp_launch" import web2.tar --name web1
grep -qF '[disk-in-use]' err || fail "import says: $(cat err)"
nothing_left web1
# The guest itself may have it; and it is QEMU that refuses where the check is left out.
run 0 "$snp_launch" check web2
run 1 "$snp_launch" create --ignore disk-in-use web1.json
grep -qi lock err || fail "QEMU says: $(cat err)"
nothing_left web1
run 0 "$snp_launch" remove -f web2
[ $n -ge 45 ] && [ $passed -ge 4 ] || fail "only $n hosts, $passed whole"

# The two halves of the answer, in JSON.
run 3 "$snp_launch" check --json "$(vm web1 "$network"; echo web1.json)"
tr -d ' \n' <out >json
for part in '"schema":"snp-check/2"' '"can_launch":true,' '"guest":{"name":"web1","can_launch":false}' \
	'"about":"guest"'; do
	grep -qF "$part" json || fail "--json lacks $part"
done
