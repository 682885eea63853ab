# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What `launcher/quickstart` and `tests/run` share: what they take from Debian, and as whom they build.
# The caller sets $top, the clone. Everything here is quick when there is nothing left to do.
set -euo pipefail
: "${top:?}"

build_packages=(gcc libc6-dev cmake ninja-build pkgconf libssl-dev libcjson-dev libcbor-dev
	libprotobuf-c-dev protobuf-c-compiler libarchive-dev liblzma-dev libxml2-dev libvirt-dev libcmocka-dev)
host_packages=(libvirt-daemon libvirt-daemon-driver-qemu libvirt-clients qemu-system-x86 ovmf)
# The first versions that can launch an SEV-SNP guest; Debian 12 itself has older ones.
declare -A minimum=([libvirt-dev]=10.5 [libvirt-daemon]=10.5 [libvirt-daemon-driver-qemu]=10.5
	[libvirt-clients]=10.5 [qemu-system-x86]=1:9.1)

# Firmware, kernel and initrd out of Debian's packages, unpacked here and never installed.
images=$top/build/images

# Its functions: how it reports a failure and calls apt, and where the machine's packages come from.
. "$top/launcher/libexec/fetch-firmware"

say() {
	printf '\n== %s\n' "$*"
}

debian=$(. /etc/os-release && [ "$ID" = debian ] && echo "${VERSION_ID:-}") || debian=
suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")

# With sudo the clone is its user's: whatever is built in it must be theirs too.
owner=$(id -un)
if [ "$owner" = root ] && [ "${SUDO_USER:-root}" != root ] &&
	runuser -u "$SUDO_USER" -- test -w "$top"; then
	owner=$SUDO_USER
fi

as_owner() {
	if [ "$owner" = "$(id -un)" ]; then
		"$@"
	else
		runuser -u "$owner" -- env HOME="$(getent passwd "$owner" | cut -d: -f6)" "$@"
	fi
}

# The packages out of those named that are not there, or too old.
missing() {
	local package version
	for package; do
		version=$(dpkg-query -W -f='${db:Status-Status} ${Version}' "$package" 2>/dev/null) || version=
		if [ "${version%% *}" != installed ] || ! dpkg --compare-versions \
			"${version#* }" ge "${minimum[$package]:-0}"; then
			echo "$package"
		fi
	done
}

# Debian 12: libvirt and QEMU from backports, and nothing else: apt's own rule leaves every other
# package of backports alone, the pin names the three sources that come from there.
backports() {
	if ! mirror_of bookworm-backports >/dev/null; then
		source_of bookworm-backports >/etc/apt/sources.list.d/snp-launch-backports.sources
		echo "apt gains the source bookworm-backports (sources.list.d/snp-launch-backports.sources)"
	fi
	cat >/etc/apt/preferences.d/snp-launch <<-END
		Explanation: SEV-SNP guests need libvirt 10.5 and QEMU 9.1; Debian 12 has 9.0 and 7.2.
		Package: src:libvirt src:qemu src:seabios
		Pin: release n=bookworm-backports
		Pin-Priority: 600
	END
	echo "apt takes libvirt, QEMU and SeaBIOS from there (preferences.d/snp-launch)"
}

# Installs what is missing out of the packages named, after saying what that brings with it.
install_packages() {
	local wanted package
	mapfile -t wanted < <(missing "$@")
	[ ${#wanted[@]} -gt 0 ] || return 0
	[ "$(id -u)" = 0 ] || die "not installed or too old: ${wanted[*]}; run as root or with sudo"
	case $debian in
	12 | 13) ;;
	*) die "this is neither Debian 12 nor 13; install the equivalents of ${wanted[*]}, then use --no-install" ;;
	esac

	say "Installing with apt: ${wanted[*]}"
	apt_get update || echo "apt-get update failed in part; going on with what it has" >&2
	if [ "$debian" = 12 ]; then
		for package in "${wanted[@]}"; do
			[ "${minimum[$package]:-}" ] || continue
			backports
			apt_get update
			break
		done
	fi
	apt_get install -s --no-install-recommends "${wanted[@]}" | awk '
		/^Inst / { n++; if (/backports/) from = from " " $2; if ($3 ~ /^\[/) up = up " " $2 }
		END {
			printf "apt will set up %d packages\n", n
			if (up) print "of these, upgraded:" up
			if (from) print "from backports, because Debian 12 cannot launch SEV-SNP guests:" from
		}'
	apt_get install -y --no-install-recommends "${wanted[@]}"
	mapfile -t wanted < <(missing "$@")
	[ ${#wanted[@]} = 0 ] || die "still missing or too old after installing: ${wanted[*]}"
}

# Installs those of the packages named that this release has; tests that need the others say so.
install_optional() {
	local wanted known=() package
	mapfile -t wanted < <(missing "$@")
	[ ${#wanted[@]} -gt 0 ] || return 0
	if [ "$(id -u)" != 0 ]; then
		echo "not installed, so some tests are skipped: ${wanted[*]}"
		return 0
	fi
	apt_get update || echo "apt-get update failed in part; going on with what it has" >&2
	for package in "${wanted[@]}"; do
		# Not grep -q: apt-cache, which writes line by line, would meet a closed pipe and fail.
		if apt-cache policy "$package" | grep "^  Candidate: [^(]" >/dev/null; then
			known+=("$package")
		else
			echo "this release has no package $package: some tests are skipped"
		fi
	done
	[ ${#known[@]} = 0 ] || install_packages "${known[@]}"
}

# What the launcher's own script fetches and unpacks, into $images; what is there already is left.
fetch() {
	as_owner "$top/launcher/libexec/fetch-firmware" --unpack "$images" "$@"
}

# The build that measures a kernel; no release has it yet.
amdsev="sid ovmf-amdsev /usr/share/ovmf/OVMF.amdsev.fd OVMF.amdsev.fd"

# Debian's installer: a signed Debian kernel and the initrd that Debian publishes with it.
installer="$suite debian-installer-$debian-netboot-amd64 /usr/lib/debian-installer/images/$debian/amd64/text/debian-installer/amd64"
kernel=("$installer/linux linux" "$installer/initrd.gz initrd.gz")

# build FOLDER CMAKE-OPTION… [-- BUILD-OPTION…]: configured the first time, brought up to date each time.
build() {
	local folder=$top/$1 options=()
	shift
	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	[ ! -e "$folder" ] || as_owner test -w "$folder" ||
		die "$folder is not $owner's to write; remove it first"
	[ -e "$folder/CMakeCache.txt" ] || options+=(-G Ninja)
	[ -e "$folder/build.ninja" ] || [ -e "$folder/Makefile" ] ||
		as_owner cmake -S "$top" -B "$folder" "${options[@]}"
	as_owner cmake --build "$folder" --parallel "$(nproc)" "${@:2}"
}
