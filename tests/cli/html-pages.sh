#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The pages for people: of a verdict, and of a published folder. They are whole, run nothing and load nothing, whatever the
# names in them are, and fit a telephone and a desk. With SNP_TEST_REGENERATE=1, the picture in docs/ is made anew.
. "$(dirname "$0")/functions.sh"

command -v jq >/dev/null || skip "there is no jq here"
export XDG_DATA_HOME=$work/data
corpus=$SNP_SOURCE/tests/fuzz/corpus/report
evil='<script>alert(1)</script> "x" '"'y'"' & &lt; javascript:z'$'\xe2\x80\xae''rtl'

# page FILE: its form, whatever it says.
page() {
	[ "$(head -n 1 "$1")" = '<!DOCTYPE html>' ] && [ "$(tail -n 1 "$1")" = '</html>' ] || fail "$1 is not whole"
	grep -qF "content=\"default-src 'none'; style-src 'unsafe-inline'\"" "$1" || fail "$1 has no policy against scripts"
	! grep -qiE '<script|<img|<iframe|<link|<object|<base|<form| on[a-z]+=|javascript:[^z]|src=|@import|url\(' "$1" ||
		fail "$1 has what it must not have"
	! grep -q $'\xe2\x80\xae' "$1" || fail "$1 has a mark that turns text around"
	! grep -oE 'href="[^"]*"' "$1" | grep -qv '^href="https:' || fail "$1 has another link than https:"
	[ "$(stat -c %s "$1")" -lt 200000 ] || fail "$1 has $(stat -c %s "$1") bytes"
	! command -v tidy >/dev/null || tidy -q -e "$1" >tidy 2>&1 || fail "tidy says of $1: $(cat tidy)"
}
command -v tidy >/dev/null || echo "not checked by tidy, which is not installed" >&2

# A release whose maker is no friend, and a thousand digests.
firmware fw
kernel kernel
jq -n --arg evil "$evil" '{schema: "snp-release/1",
	release: {name: $evil, version: $evil, date: $evil, url: "javascript:z", source_revision: $evil},
	images: [{name: "web", firmware: "fw", kernel: "kernel", cmdline: $evil, vcpu_count: ["1-50"],
		minimum_tcb: {Milan: "bl=4,tee=0,snp=24,ucode=219"},
		cpu_model: [range(20) | "0x00a\(. / 10 | floor)f\(. % 10)d0"]}]}' >release.json
key id
run 0 "$snp_measure" publish release.json -o pub
page pub/index.html
[ "$(grep -c '^<tr><td>' pub/index.html)" = 1000 ] || fail "the page has not every digest"
while read -r digest; do
	grep -qF "<code>$digest</code>" pub/index.html || fail "the page lacks $digest"
done < <(cut -f8 pub/launch-digests.tsv | tail -n +2 | awk 'NR % 37 == 1')
grep -qF '&lt;script&gt;alert(1)&lt;/script&gt;' pub/index.html || fail "the text is not there as text"
! grep -q '<a ' pub/index.html || fail "a link to something else than https:"
# What is over a thousand is said to be elsewhere.
sed 's/"1-50"/"1-51"/' release.json >more.json
run 0 "$snp_measure" publish more.json -o more
page more/index.html
grep -qF '<p>20 more digests of this image are in reference-values.json.</p>' more/index.html || fail "digests are left out without a word"

# It belongs to the folder: reproduced byte for byte, kept right by signing, and unknown to diff.
run 0 "$snp_measure" reproduce pub --images .
sed -i 's/<h2>web/<h2>wab/' pub/index.html
run 3 "$snp_measure" reproduce pub --images .
says 'index.html'
jq '.release.url = "https://example.org/?a=1&b='"\u0027"'2" | .images[0].vcpu_count = [1, 2] | .images[0].cpu_model = ["EPYC-Milan"]' \
	release.json >small.json
run 0 "$snp_measure" publish small.json -o small
run 0 "$snp_measure" sign small --sign-key id.pem
run 0 "$snp_measure" publish small.json -o at-hand --sign-key id.pem
cmp -s small/index.html at-hand/index.html || fail "signing leaves another page than publishing with the key"
page small/index.html
grep -qF '<a rel="noreferrer" href="https://example.org/?a=1&amp;b=&#39;2">' small/index.html || fail "no link to the release"
grep -qF "$(openssl pkey -pubin -in id.pub -outform DER | sha256sum | cut -d' ' -f1)" small/index.html || fail "the key is not named"
run 0 "$snp_measure" reproduce small --images . --public-key id.pub
run 0 "$snp_measure" diff small at-hand

jq '.release.url = "https://example.org/\"><b>"' small.json >odd.json
run 0 "$snp_measure" publish odd.json -o odd
page odd/index.html
! grep -q '<a ' odd/index.html || fail "a link to what is no URL"

# A verdict, and what comes from a folder that somebody made.
run 3 "$snp_measure" verify --any-measurement --minimum-tcb bl=1,tee=1,snp=1,ucode=1 --html v.html --save kept \
	"$corpus/Genoa-v5"
page v.html
cmp -s v.html kept/verdict.html || fail "another page was saved than written"
for words in Refused 'What was demanded' 'What was found' 'Who signed what' 'TCB against the minimum' 'What was not checked'; do
	grep -qF "$words" v.html || fail "the page lacks '$words'"
done
jq --arg evil "$evil" '.expected |= {endorsed: true, uvm_feed: $evil, maa_issuer: $evil}' kept/evidence.json >forged
cp forged kept/evidence.json
run 3 "$snp_measure" verify kept --html evil.html
page evil.html
grep -qF '&lt;script&gt;alert(1)&lt;/script&gt;' evil.html || fail "the text is not there as text"
cp small/reference-values.json '<b>.json'
run 3 "$snp_measure" verify --reference '<b>.json' --html named.html "$corpus/Genoa-v5"
page named.html
! grep -qF '<b>' named.html || fail "a file name becomes markup"
refuse 1 cannot-write "$snp_measure" verify --any-measurement --html none/v.html "$corpus/Genoa-v5"
refuse 2 usage "$snp_measure" verify --fetch-path --html new.html "$corpus/Genoa-v5"

# What a recorded report of a Turin gets, and the picture of it.
data=${SNP_SHARED_DATA:-}/attestation
pages=(pub/index.html more/index.html small/index.html v.html)
if [ -n "${SNP_SHARED_DATA:-}" ] && [ -r "$data/ca" ]; then
	run 0 "$snp_measure" verify --at-time 2026-06-01 --certificates "$data/ca" --certificates "$data/turin-v5-aci" \
		--measurement "$(od -An -v -tx1 -j 0x90 -N 48 "$data/turin-v5-aci/report.bin" | tr -d ' \n')" --vmpl 0 \
		--minimum-tcb Turin:bl=1,tee=1,snp=4,ucode=81,fmc=1 --html turin.html "$data/turin-v5-aci/report.bin"
	page turin.html
	grep -qF 'its launch digest among that' turin.html || fail "the sentence is another"
	pages+=(turin.html)
fi

# In a real browser: nothing is wider than the window, and it is something that one can look at.
command -v chromium >/dev/null || {
	echo "not looked at in a browser: chromium is not installed" >&2
	exit 0
}
browse() {
	timeout 120 chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --user-data-dir="$work/browser" "$@" 2>browser.err
}
{
	printf '<!DOCTYPE html><title></title><body>'
	for width in 375 1280; do
		for file in "${pages[@]}"; do printf '<iframe width="%d" height="900" src="%s"></iframe>' $width "$file"; done
	done
	cat <<'END'
<script>
onload = function () {
	document.title = Array.from(document.querySelectorAll("iframe"), function (f) {
		var d = f.contentDocument;
		d.querySelectorAll("details").forEach(function (e) { e.open = true });
		return f.getAttribute("src") + ":" + f.width + ":" + (d.documentElement.scrollWidth - d.documentElement.clientWidth) +
			":" + d.querySelectorAll("h2").length;
	}).join(" ");
};
</script>
END
} >frames.html
browse --allow-file-access-from-files --dump-dom "file://$work/frames.html" >dom
grep -o '<title>[^<]*' dom | sed 's/<title>//' | tr ' ' '\n' >widths
[ "$(wc -l <widths)" = $((2 * ${#pages[@]})) ] || fail "the browser did not show them all: $(cat widths browser.err)"
! grep -vE ':(375|1280):0:([3-9]|[1-9][0-9])$' widths >&2 || fail "a page is wider than its window"

screenshots=$SNP_BUILD/screenshots
mkdir -p "$screenshots"
for file in small/index.html "${pages[-1]}"; do
	for width in 375 1280; do
		picture=$screenshots/$(tr / - <<<"${file%.html}")-$width.png
		browse --screenshot="$picture" --window-size=$width,1600 "file://$work/$file" >/dev/null
		[ "$(stat -c %s "$picture" 2>/dev/null)" -gt 10000 ] || fail "no picture of $file at $width: $(tail -n 3 browser.err)"
	done
done
[ -z "${SNP_TEST_REGENERATE:-}" ] || [ ! -e turin.html ] ||
	browse --screenshot="$SNP_SOURCE/docs/verdict.png" --window-size=800,760 "file://$work/turin.html" >/dev/null
