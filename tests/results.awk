# SPDX-License-Identifier: Apache-2.0
# Reads what `ctest --output-junit` wrote. Prints a line for each skip, with the reason that the test gave
# on a line "skipped: …", and last a line "PASSED FAILED SKIPPED". A cmocka test that ran but left rows out
# is one passed test and as many skips as rows.

/<testcase / {
	name = status = $0
	sub(/.* name="/, "", name)
	sub(/".*/, "", name)
	sub(/.* status="/, "", status)
	sub(/".*/, "", status)
	reason = ""
	rows = 0
	split("", seen)
}

/skipped: / && reason == "" {
	reason = $0
	sub(/.*skipped: /, "", reason)
	sub(/<.*/, "", reason)
}

# cmocka names a row that skipped itself twice: when it ran and in its summary.
/\[  SKIPPED \] / && !/ test\(s\)/ {
	row = $0
	sub(/.*\] /, "", row)
	if (!(row in seen)) {
		seen[row] = 1
		rows++
	}
}

/<\/testcase>/ {
	if (status == "run")
		passed++
	else if (status == "fail")
		failed++
	else {
		skipped++
		print "skipped: " name ": " (reason == "" ? "no reason given" : reason)
	}
	if (rows > 0) {
		skipped += rows
		print "skipped: " name ": " rows " row(s): " (reason == "" ? row ", …" : reason)
	}
}

END {
	print passed + 0, failed + 0, skipped + 0
}
