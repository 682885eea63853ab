# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What `launcher/quickstart` and `tests/run` share: what they take from Debian, and as whom they build.
# The caller sets $top, the clone. Everything here is quick when there is nothing left to do.
set -euo pipefail
: "${top:?}"

build_packages=(gcc libc6-dev cmake ninja-build pkgconf libssl-dev libcjson-dev libcbor-dev
	libprotobuf-c-dev protobuf-c-compiler liblzma-dev libxml2-dev libvirt-dev libcmocka-dev)
host_packages=(libvirt-daemon libvirt-daemon-driver-qemu libvirt-clients qemu-system-x86 ovmf)
# The first versions that can launch an SEV-SNP guest; Debian 12 itself has older ones.
declare -A minimum=([libvirt-dev]=10.5 [libvirt-daemon]=10.5 [libvirt-daemon-driver-qemu]=10.5
	[libvirt-clients]=10.5 [qemu-system-x86]=1:9.1)

# Firmware, kernel and initrd out of Debian's packages, unpacked here and never installed.
images=$top/build/images

say() {
	printf '\n== %s\n' "$*"
}

die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
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

apt_get() {
	DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=600 -o Dpkg::Use-Pty=0 "$@"
}

# The base address of an enabled source of this suite; fails where the machine has none.
mirror_of() {
	# shellcheck disable=SC2016 # apt's own variable
	apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' "Release: $1" |
		grep -v '^cdrom:' | sort -u | head -n 1 | grep .
}

# The machine's own mirror, for a suite that its sources do not have.
source_of() {
	local keyring
	for keyring in /usr/share/keyrings/debian-archive-keyring.{pgp,gpg}; do
		[ -e "$keyring" ] && break
	done
	printf 'Types: deb\nURIs: %s\nSuites: %s\nComponents: main\nSigned-By: %s\n' \
		"$(mirror_of "$suite" || echo http://deb.debian.org/debian)" "$1" "$keyring"
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
	*) die "this is neither Debian 12 nor 13; install what is like ${wanted[*]}, then --no-install" ;;
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

# A folder that apt's own unprivileged user may write to, even where the clone lies under a 0700 home.
download_folder() {
	local folder
	folder=$(mktemp -d)
	mkdir -p "$folder/lists/partial" "$folder/archives/partial" "$folder/none"
	if [ "$(id -u)" = 0 ]; then
		chmod 755 "$folder"
		chown -R _apt "$folder"
	fi
	echo "$folder"
}

# unpack PACKAGE.deb PATH-INSIDE NAME: that file as $images/NAME, whole or not at all.
unpack() {
	as_owner mkdir -p "$images"
	dpkg-deb --fsys-tarfile "$1" | tar -xO "$2" | as_owner tee "$images/$3.part" >/dev/null
	[ -s "$images/$3.part" ] || die "there is no $2 in ${1##*/}"
	as_owner mv "$images/$3.part" "$images/$3"
}

# fetch_firmware "SUITE PACKAGE FILE NAME"…: FILE below /usr/share as $images/NAME. A private apt
# configuration, thrown away at once, fetches it with the machine's own mirror, proxy and keys: the
# machine's sources never see another suite.
fetch_firmware() (
	local wanted=() line from package file name folder private
	for line; do
		[ -s "$images/${line##* }" ] || wanted+=("$line")
	done
	[ ${#wanted[@]} -gt 0 ] || exit 0
	say "Fetching firmware, not installing it"
	printf '%s\n' "${wanted[@]}" | awk '{ print "from " $1 ": " $2 ", /usr/share/" $3 }'
	folder=$(download_folder)
	trap 'rm -rf "$folder"' EXIT
	source_of "$(printf '%s\n' "${wanted[@]%% *}" | sort -u | tr '\n' ' ')" >"$folder/other.sources"
	private=(-o Dir::State::lists="$folder/lists" -o Dir::State::status=/dev/null
		-o Dir::Cache="$folder" -o Dir::Etc::sourcelist="$folder/other.sources"
		-o Dir::Etc::sourceparts="$folder/none" -o Dir::Etc::preferences=/dev/null
		-o Dir::Etc::preferencesparts="$folder/none" -o Acquire::Languages=none)
	cd "$folder"
	apt_get "${private[@]}" update
	for line in "${wanted[@]}"; do
		read -r from package file name <<<"$line"
		if [ ! -e "$from-$package.deb" ]; then
			apt_get "${private[@]}" download "$package/$from"
			mv "$package"_*.deb "$from-$package.deb"
		fi
		unpack "$from-$package.deb" "./usr/share/$file" "$name"
	done
)

# The build that measures a kernel; no release has it yet.
amdsev="sid ovmf-amdsev ovmf/OVMF.amdsev.fd OVMF.amdsev.fd"

# Debian's installer: a signed Debian kernel and the initrd that Debian publishes with it.
fetch_kernel() (
	[ ! -s "$images/initrd.gz" ] || [ ! -s "$images/linux" ] || exit 0
	package=debian-installer-$debian-netboot-amd64
	say "Fetching the package $package (a kernel and its initrd, 133 MB), not installing it"
	folder=$(download_folder)
	trap 'rm -rf "$folder"' EXIT
	cd "$folder"
	if ! apt-cache show "$package" >/dev/null 2>&1; then
		apt_get update
	fi
	apt_get download "$package"
	inside=./usr/lib/debian-installer/images/$debian/amd64/text/debian-installer/amd64
	unpack "$package"_*.deb "$inside/linux" linux
	unpack "$package"_*.deb "$inside/initrd.gz" initrd.gz
)

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
