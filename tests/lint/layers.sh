#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Arrows run one way: launcher -> measure, and inside measure cli -> {reference, report, endorsement, identity, launch}
# -> image -> {file, json}. What a file includes is what it depends on.
. "$(dirname "$0")/rules"

# private FOLDER: "FILE HEADER" for its own headers, both as paths from FOLDER; a header that lies nowhere
# in FOLDER breaks the rule, unless the build makes it.
private() {
	local file kind header
	includes "$1/" | while read -r file kind header; do
		case $kind$header in
		\<* | *.pb-c.h) continue ;;
		esac
		if [ -e "${file%/*}/$header" ]; then
			header=$(realpath --relative-to="$1" "${file%/*}/$header")
		elif [ ! -e "$1/$header" ]; then
			echo "$file: \"$header\" is no header of $1/" >>"$broken"
		fi
		echo "${file#"$1"/} $header"
	done
}

# The folder that a path lies in; what lies in none is the floor that every folder stands on.
folders() {
	awk '{
		for (i = 1; i <= 2; i++)
			if (!sub(/\/.*/, "", $i))
				$i = "floor"
		print $1, $2
	}' | sort -u
}

rank() {
	case $1 in
	cli) echo 4 ;;
	reference | report | endorsement | identity | launch) echo 3 ;;
	image) echo 2 ;;
	file | json) echo 1 ;;
	floor) echo 0 ;;
	*) echo "measure/$1 has no place among the layers" >>"$broken" ;;
	esac
}

acyclic() {
	awk '$1 != $2' | tsort >/dev/null 2>"$broken.loop" || sed "s|^tsort:|$1:|" "$broken.loop" >>"$broken"
	rm -f "$broken.loop"
}

arrows=$(private measure | folders)
acyclic measure <<<"$arrows"
while read -r from to; do
	[ "$(rank "$from")" -ge "$(rank "$to")" ] || echo "measure/$from includes measure/$to" >>"$broken"
done <<<"$arrows"
private launcher | folders | acyclic launcher

# Public headers that speak of files and bytes only; the layers below launch/ know no others.
floor='(api|cbor|boot_job|cleanup|error|fail|fields|file|firmware|firmware_summary|folder|hex|html|igvm|json|json_out|kernel|memory|nearest|sha|sized|span|tcb|threads|uki|xml_escape)'
includes 'measure/(file/|image/|json/|[^/]*$)' | grep '< snp/' | grep -vE " snp/$floor\\.h$" >>"$broken" || true

includes measure/ | grep -E ' (libvirt|libxml)/' >>"$broken" || true
includes launcher/rehearsal/preload/ | grep -E ' (snp|libvirt|libxml)/' >>"$broken" || true
verdict "each layer includes only what lies below it"
