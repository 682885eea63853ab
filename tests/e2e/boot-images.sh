#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every firmware image of Debian, two at a time: what its image says and what it does when it is booted is what the
# table of docs/measurement.md says. A boot that cannot tell says why.
. "$(dirname "$0")/guests.sh" || exit 1

# The table's rows, one image in each line: FILE|in the image|booted.
table() {
	sed -n "s/^| \(sid\|trixie\|bookworm\) \(.*\) | \([a-z]*\) | \(.*\) |$/\1|\2|\3|\4/p" \
		"$SNP_SOURCE/docs/measurement.md" |
		while IFS='|' read -r suite names in_image booted; do
			for name in ${names//[\`,]/}; do
				[[ $name = *.fd ]] || continue
				file=$suite-$name
				[ "$name" != OVMF.amdsev.fd ] || file=$name
				echo "$file|$in_image|$booted"
			done
		done
}

# compare FILE IN-IMAGE BOOTED: an image, and what the table says of it.
compare() {
	local file=$1 answer=answers/$1 got=0 verdict sentence
	"$snp_launch" check --firmware "$images/$file" --json >"$answer" 2>"$answer.err" || got=$?
	valid "$answer"
	verdict=$(jq -r '.static + " " + .boot' "$answer")
	sentence=$(jq -r .sentence "$answer")
	printf '%-32s %-20s %s\n' "$file" "$verdict" "$sentence" | tee -a tried
	case $got:$verdict in
	0:'present refuses' | 3:'absent starts') [ "$sentence" = "$3" ] ;;
	0:'absent cannot-tell') [[ $3 = 'cannot tell: '* && $sentence = *"${3#cannot tell: }"* ]] ;;
	*) false ;;
	esac && [ "${verdict% *}" = "$2" ] || echo "$file: exit $got, not '$2', '$3': $(cat "$answer.err")" >>wrong
}

table >rows
[ "$(wc -l <rows)" -ge 11 ] || fail "the table has $(wc -l <rows) images"
while IFS='|' read -r file in_image booted; do
	[ -s "$images/$file" ] || skip "no $images/$file (tests/run fetches it)"
done <rows
for image in "$images"/*.fd; do
	grep -q "^${image##*/}|" rows || fail "${image##*/} is not in the table"
done
mkdir answers
# The one that is waited for longest comes first.
for file in $(grep -o '^[^|]*secboot[^|]*' rows) $(cut -d'|' -f1 rows | grep -v secboot); do
	while [ "$(jobs -rp | wc -l)" -ge 2 ]; do
		wait -n
	done
	IFS='|' read -r _ in_image booted < <(grep "^$file|" rows)
	compare "$file" "$in_image" "$booted" &
done
wait
[ ! -s wrong ] || fail "$(cat wrong)"
[ "$(wc -l <tried)" = "$(wc -l <rows)" ] || fail "$(wc -l <tried) images, not $(wc -l <rows)"
