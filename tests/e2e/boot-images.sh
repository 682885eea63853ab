#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every firmware image of Debian: what stands in the image and what it does when it is booted agree, or the
# boot cannot tell and says why.
. "$(dirname "$0")/guests.sh" || exit 1

n=0
for image in "$images"/*.fd; do
	got=0
	"$snp_launch" check --firmware "$image" --json >out 2>err || got=$?
	valid out
	answer=$(jq -r '.static + " " + .boot' out)
	printf '%-32s %-20s %s\n' "${image##*/}" "$answer" "$(jq -r .sentence out)"
	case $got:$answer in
	0:'present refuses' | 3:'absent starts' | 0:*' cannot-tell') ;;
	*) fail "${image##*/}: exit $got, $answer: $(cat err)" ;;
	esac
	n=$((n + 1))
done
[ "$n" -ge 11 ] || skip "$n of Debian's firmware images are here (tests/run fetches them)"
