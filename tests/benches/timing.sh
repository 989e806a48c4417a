# Sourced by the benchmarks: time a command, medians, ratios. Times are seconds.

# timed COMMAND… prints "WALL CPU"; the command's output goes to the file $out. Ends the benchmark when it fails, unless it
# exits with $allowed.
timed() {
    local status=0 times
    TIMEFORMAT='%R %U %S'
    times=$({ time "$@" >"$out" 2>&1; } 2>&1) || status=$?
    if [ "$status" != 0 ] && [ "$status" != "${allowed:-0}" ]; then
        printf '%s ended with %d:\n' "$*" "$status" >&2
        tail -n 20 "$out" >&2
        exit 1
    fi
    awk '{ printf "%.3f %.3f\n", $1, $2 + $3 }' <<<"$times"
}

# The median of column $1 of standard input.
median() { awk -v c="$1" '{ print $c }' | sort -n | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

# ratio A B WANTED: A / B, and whether it is at most what was wanted.
ratio() { awk -v a="$1" -v b="$2" -v w="$3" 'BEGIN { printf "%.3f (%s, wanted at most %.3g)", a / b, (a / b <= w ? "met" : "MISSED"), w }'; }
