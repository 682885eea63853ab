#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The Ansible example is idempotent: the second run changes nothing, a changed vm.json changes its guest alone, and
# --check only says so.
. "$(dirname "$0")/guests.sh"
command -v ansible-playbook >/dev/null || skip "no ansible-playbook (ansible-core)"
begin
mkdir bin home
ln -s "$snp_launch" bin/snp-launch
vm web1 '"labels": {"app": "web"}'
vm web2
cat >hosts.json <<-END
	{"all": {"hosts": {"host": {
	  "ansible_connection": "local", "ansible_python_interpreter": "$(command -v python3)",
	  "snp_connect": "$uri", "snp_restart": true,
	  "snp_guests": [{"config": "$work/web1.json"}, {"config": "$work/web2.json"}]}}}}
END

# play OPTION…: its result in out
play() {
	env PATH="$work/bin:$PATH" HOME="$work/home" ANSIBLE_NOCOLOR=1 ANSIBLE_HOME="$work/home" \
		ANSIBLE_LOCAL_TEMP="$work/home/tmp" ANSIBLE_REMOTE_TEMP="$work/home/tmp" ANSIBLE_PIPELINING=1 TMPDIR="$work/home" \
		ansible-playbook -i hosts.json "$@" "$SNP_SOURCE/templates/ansible/guests.yml"
}
# changes N [NAME]: so many guests were changed, among them NAME
changes() {
	grep -qE "^host .* changed=$1 .* failed=0 " out || fail "not $1 changes: $(cat out)"
	[ $# -lt 2 ] || grep -A1 "Apply $2.json" out | grep -q '^changed: ' || fail "$2 is not what changed: $(cat out)"
}

run 0 play
changes 2
digest=$(heard web1 launch_digest)
[ "$digest" = "$(predicted)" ] || fail "another guest runs: $digest"
run 0 play
changes 0

vm web1 '"labels": {"app": "shop"}'
run 0 play --check
changes 1 web1
run 0 "$snp_launch" list --label app=shop --format name
! grep -q web1 out || fail "--check has changed something"
run 0 play
changes 1 web1
run 0 "$snp_launch" list --label app=shop --format name
says web1

# Another launch digest needs somebody who knows it.
vcpus=3 vm web2
run 2 play
grep -q 'digest-differs' out || fail "no word of the digest: $(cat out)"
grep -qE '^host .* changed=0 .* failed=1 ' out || fail "$(cat out)"
new=$(vcpus=3 predicted)
sed -i "s|web2.json\"|&, \"digest\": \"$new\"|" hosts.json
run 0 play
changes 1 web2
[ "$(heard web2 launch_digest)" = "$new" ] || fail "web2 has another digest"
[ -z "$(find home -name 'snp-launch-*')" ] || fail "a copy of vm.json is left"
