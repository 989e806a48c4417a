# Reads `cargo test -- --show-output`: shows every test, and of their output what failures and skips say. A test that
# lacks a capability prints `skipped: CAPABILITY: WHY` and passes; it is counted as skipped and not as run.
# To the file `sums` go the numbers of tests that ran, failed, were skipped and ignored; to the file `failures` one line for
# each that failed: its name and what cargo calls its binary. The exit status is 1 when something else went wrong or none ran.

/^(successes|failures):$/ { section = $1; next }
/^---- .* stdout ----$/   { name = $2; told = 0; if (section == "failures:") print; next }
/^test result: / {
    section = ""
    passed += $4; failed += $6; ignored += $8
    print
    next
}
/^ *(Running|Doc-tests) /  { section = ""; names = ""; print; fflush(); next }
section == "" && /^test .* \.\.\. FAILED$/ { names = names " " $2 }
/^error: test failed, to rerun pass `/ {
    split($0, parts, "`")
    many = split(names, failing, " ")
    for (i = 1; i <= many; i++) print failing[i], parts[2] >failures
    # A binary that fails without a failed test has crashed.
    if (!many) broken = 1
    names = ""
    print
    next
}
/^error: [0-9]+ targets? failed/ { section = ""; next }
section == "successes:" {
    if (/^skipped: /) {
        if (!told) { skipped++; told = 1 }
        print "     " $0 " (" name ")"
    }
    next
}
section == "" && /^error(\[|:)/ { broken = 1 }
section == "failures:" || /^(test |error|warning|  )/ { print; fflush() }

END {
    print passed + failed - skipped, failed + 0, skipped + 0, ignored + 0 >sums
    exit (broken || passed + failed == 0)
}
