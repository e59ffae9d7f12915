#!/bin/sh
# Runs unit test programs one after the other; prints what fails, then one line with the sums.
set -u
passed=0 failed=0
out=$(mktemp)
trap 'rm -f "$out"' EXIT
for program in "$@"; do
    CMOCKA_MESSAGE_OUTPUT=stdout timeout 60 "$program" >"$out" 2>&1
    status=$?
    ok=$(grep -c '^\[       OK \]' "$out")
    bad=$(grep -c '^\[  FAILED  \] [^0-9]' "$out")
    passed=$((passed + ok))
    if [ $status -ne 0 ]; then
        [ "$bad" -gt 0 ] || bad=1
        failed=$((failed + bad))
        echo "FAIL $program (exit $status)"
        tail -60 "$out"
    elif [ "$ok" -eq 0 ]; then
        failed=$((failed + 1))
        echo "FAIL $program ran no test"
    fi
done
echo "unit: $passed passed, $failed failed"
[ $failed -eq 0 ]
