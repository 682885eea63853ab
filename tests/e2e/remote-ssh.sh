#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A remote host for real: libvirt by qemu+ssh, to an sshd of this test's own on the loopback, whose host measures the
# files itself.
. "$(dirname "$0")/guests.sh"
PATH=$PATH:/usr/sbin
for program in sshd ssh ssh-keygen virt-ssh-helper; do
	command -v "$program" >/dev/null || skip "no $program"
done
begin
make_keys

# A host key, a user key, a port and a configuration of its own; the program "there" is in a PATH of its own.
for key in host user other; do
	ssh-keygen -q -t ed25519 -N '' -f "$key"
done
mkdir there here
ln -s "$snp_measure" there/snp-measure
cat >sshd_config <<-END
	ListenAddress 127.0.0.1
	HostKey $work/host
	AuthorizedKeysFile $work/user.pub
	PidFile $work/sshd.pid
	StrictModes no
	UsePAM no
	PasswordAuthentication no
	KbdInteractiveAuthentication no
	ForceCommand PATH=$work/there:/usr/bin:/bin; export PATH; exec sh -c "\$SSH_ORIGINAL_COMMAND"
END
if [ "$(id -u)" = 0 ] && [ ! -d /run/sshd ]; then
	mkdir -m 755 /run/sshd # where sshd separates privileges
fi
stop_sshd() {
	[ ! -s "$work/sshd.pid" ] || kill "$(<"$work/sshd.pid")"
	stop_all
}
trap stop_sshd EXIT
for ((try = 0; try < 20 && ${port:-0} == 0; try++)); do
	port=$((20000 + RANDOM % 20000))
	"$(command -v sshd)" -f sshd_config -p $port -E sshd.log || port=0
	for ((i = 0; i < 50 && port != 0; i++)); do
		[ ! -s sshd.pid ] || break
		sleep 0.1
	done
	[ -s sshd.pid ] || port=0
done
[ "$port" != 0 ] || fail "no sshd: $(cat sshd.log)"
cat >here/ssh <<-END
	#!/bin/sh
	echo "\$@" >>$work/asked
	exec ssh -F none -o StrictHostKeyChecking=no -o UserKnownHostsFile=$work/known -o LogLevel=ERROR \\
		-o IdentitiesOnly=yes -o IdentityAgent=none "\$@"
END
chmod +x here/ssh
host="qemu+ssh://$(id -un)@127.0.0.1:$port/session?socket=$folder/run/libvirt/libvirt-sock&proxy=native&command=$work/here/ssh"
export LIBVIRT_DEFAULT_URI="$host&keyfile=$work/user"
run 0 virsh -q list --all

vm web1 '"snp": {"id": {"key": "'"$work"'/id.pem"}}'
digest=$(predicted)
run 0 "$snp_launch" measure web1.json --remote-measure
says "$digest"
grep -qF '[measured-remotely]' err || fail "nobody says whose word it is"
grep -qF -- '-o BatchMode=yes' asked || fail "ssh may ask for a password"

# A guest there, without a copy of a file here: it is created, told, stopped and removed.
run 0 "$snp_launch" create web1.json --remote-measure --expect "$digest"
run 0 "$snp_launch" show web1 --json
[ "$(field remote)" = true ] || fail "the record does not say remote"
[ "$(field launch_digest)" = "$digest" ] || fail "another digest"
[ -z "$(ls "$folder/guests/web1/boot")" ] || fail "files were copied"
virsh console web1 </dev/null >said 2>/dev/null
run 0 "$snp_launch" apply web1.json --remote-measure
says 'web1: up to date'
refuse 1 not-found "$snp_launch" archive web1
refuse 2 usage "$snp_launch" import web1.json
run 0 "$snp_launch" kill web1
run 0 "$snp_launch" remove web1
nothing_left web1

# The two sides have other files.
mkdir -p "mirror$work"
cp OVMF.amdsev.fd linux initrd "mirror$work/"
printf x | dd of="mirror$work/initrd" bs=1 conv=notrunc status=none
run 3 "$snp_launch" create web1.json --remote-measure --remote-root "$work/mirror"
says 'the initrd on the remote host is another file than the copy below --remote-root'
cp initrd "mirror$work/initrd"
run 0 "$snp_launch" create web1.json --remote-measure --remote-root "$work/mirror" --no-start
run 0 "$snp_launch" remove web1
sed "s|\"initrd\": |\"initrd_sha256\": \"$(printf x | sha256sum | cut -c1-64)\", &|" web1.json >other.json
run 3 "$snp_launch" create other.json --remote-measure
says 'the initrd on the remote host is another file than vm.json says'
nothing_left web1

# What is refused there is refused here by the same name.
mv initrd away
refuse 1 cannot-open "$snp_launch" create web1.json --remote-measure
grep -qF 'snp-measure on 127.0.0.1: ' err || fail "nobody says where"
mv away initrd
vm "quoted" '"libvirt_xml": "/nowhere"'
sed "s|quiet|it's \\\\\"\$(touch $work/hit)\\\\\"|" web1.json >quoted.json
run 0 "$snp_launch" measure quoted.json --remote-measure
[ ! -e hit ] || fail "the command line was run by a shell"
[ "$(<out)" = "$("$snp_measure" --ovmf OVMF.amdsev.fd --kernel linux --initrd initrd --vcpus 2 --vcpu-type EPYC-v4 \
	--append "console=ttyS0 it's \"\$(touch $work/hit)\"")" ] || fail "another command line was measured"

# Another version there, none at all, an answer that is none, and no way in.
rm there/snp-measure
refuse 1 not-found "$snp_launch" create web1.json --remote-measure
grep -qF 'there is no snp-measure on 127.0.0.1; install it there' err || fail "$(cat err)"
printf '#!/bin/sh\n%s "$@" | sed "s/\\(.version.: .\\)[0-9.]*/\\10.0.9/"\n' "$snp_measure" >there/snp-measure
chmod +x there/snp-measure
refuse 1 remote-failed "$snp_launch" create web1.json --remote-measure
grep -qF 'snp-measure on 127.0.0.1 is 0.0.9, but this is' err || fail "$(cat err)"
printf '#!/bin/sh\necho hello\n' >there/snp-measure
refuse 4 json-syntax "$snp_launch" create web1.json --remote-measure
export LIBVIRT_DEFAULT_URI="$host&keyfile=$work/other"
refuse 1 remote-failed "$snp_launch" measure web1.json --remote-measure
grep -qF 'ssh cannot log in to 127.0.0.1: ' err || fail "$(cat err)"
grep -qF 'no password can be entered here' err || fail "$(cat err)"
nothing_left web1
refuse 2 usage "$snp_launch" -c qemu:///system measure web1.json --remote-measure
