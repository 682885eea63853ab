# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the CLI tests of snp-launch share. None of them connects to a libvirtd.

. "$(dirname "${BASH_SOURCE[0]}")/functions.sh"

snp_launch=$SNP_BUILD/launcher/snp-launch
[ -x "$snp_launch" ] || skip "snp-launch was not built"
# No daemon of the machine's is asked, no directory of its is touched.
export LIBVIRT_DEFAULT_URI="qemu+unix:///session?socket=$work/none" SNP_LAUNCH_STATE_DIR=$work/state

# vm [MEMBERS]: vm.json of a guest with firmware fw and kernel kernel, and further members.
vm() {
	cat >vm.json <<-END
		{"schema": "snp-launch/1", "name": "web1", "firmware": {"path": "$work/fw"},
		 "boot": {"kernel": "$work/kernel", "cmdline": "quiet"},
		 "cpu": {"count": 2}, "memory": {"size": "256MiB"}${1:+, $1}}
	END
}
