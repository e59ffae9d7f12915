#!/bin/sh
# Runs fuzz targets over their kept inputs, from the root of the tree; prints what fails, then one line with the sums.
set -u
passed=0 failed=0
out=$(mktemp)
trap 'rm -f "$out"' EXIT
for program in "$@"; do
    if timeout 120 "$program" >"$out" 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL $program"
        tail -40 "$out"
    fi
done
echo "replay: $passed passed, $failed failed"
[ $failed -eq 0 ]
