# Reads `cargo test -- --show-output`: shows every test, and of their output what failures and skips say. A test that
# lacks a capability prints `skipped: CAPABILITY: WHY` and passes; it is counted as skipped and not as run.
# The sums are the last line; the exit status is 1 when a test failed or none ran.

/^(successes|failures):$/ { section = $1; next }
/^---- .* stdout ----$/   { name = $2; told = 0; if (section == "failures:") print; next }
/^test result: / {
    section = ""
    passed += $4; failed += $6; ignored += $8
    print
    next
}
/^ *(Running|Doc-tests) /  { section = ""; print; fflush(); next }
section == "successes:" {
    if (/^skipped: /) {
        if (!told) { skipped++; told = 1 }
        print "     " $0 " (" name ")"
    }
    next
}
/^error(\[|:)/             { broken = 1 }
section == "failures:" || /^(test |error|warning|  )/ { print; fflush() }

END {
    printf "%d tests ran, %d failed, %d skipped for want of a capability, %d ignored\n", \
        passed + failed - skipped, failed, skipped, ignored
    exit (failed || broken || passed + failed == 0)
}
