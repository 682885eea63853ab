# SPDX-License-Identifier: Apache-2.0
# Reads what `ctest --output-junit` wrote. Prints a line for each reason of a test to skip, itself (exit
# status 77 and a line "skipped: …") or rows of its table (cmocka, the reason on the line before), and last
# a line "PASSED FAILED SKIPPED". A test that ran but left rows out is one passed and as many skipped.

function plain(text)
{
	gsub(/&lt;/, "<", text)
	gsub(/&gt;/, ">", text)
	gsub(/&quot;/, "\"", text)
	gsub(/&apos;/, "'", text)
	gsub(/&amp;/, "\\&", text)
	return text
}

/<testcase / {
	name = status = $0
	sub(/.* name="/, "", name)
	sub(/".*/, "", name)
	sub(/.* status="/, "", status)
	sub(/".*/, "", status)
	reason = ""
	split("", row_seen)
	split("", rows)
}

/skipped: / && reason == "" {
	reason = $0
	sub(/.*skipped: /, "", reason)
	sub(/<\/.*/, "", reason)
}

# cmocka names a row that skipped itself twice: when it ran and in its summary.
/^\[  SKIPPED \] / && !/ test\(s\)/ {
	row = $0
	sub(/.*\] /, "", row)
	if (!(row in row_seen)) {
		row_seen[row] = 1
		rows[before ~ /^\[/ ? "no reason given" : before]++
	}
}

{
	before = $0
}

/<\/testcase>/ {
	if (status == "run")
		passed++
	else if (status == "fail")
		failed++
	else {
		skipped++
		print "skipped: " name ": " (reason == "" ? "no reason given" : plain(reason))
	}
	for (why in rows) {
		skipped += rows[why]
		print "skipped: " name ": " rows[why] " row(s): " plain(why)
	}
}

END {
	print passed + 0, failed + 0, skipped + 0
}
