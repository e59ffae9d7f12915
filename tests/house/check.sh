#!/bin/bash
# All checks, each to its end; one line a part, then the sum. `make check` runs it.
# METERGATE_CHECK="unit it" runs only these parts.
set -u
parts=${METERGATE_CHECK:-build floors headers pure unit replay it web-unit web-browser lint}
passed=0 failed=0 summary=""
logs=$BUILD/check
mkdir -p "$logs"
jobs=-j$(nproc)

run() { # name, command…
    local name=$1 began=$SECONDS
    shift
    case " $parts " in *" $name "*) ;; *) return ;; esac
    if "$@" >"$logs/$name.log" 2>&1; then
        local word=pass
    else
        local word=FAIL
        tail -80 "$logs/$name.log"
    fi
    # A part that counts its tests gives the numbers; any other counts as one.
    local ok bad
    ok=$(grep -oE '[0-9]+ passed' "$logs/$name.log" | tail -1 | grep -oE '[0-9]+') || ok=""
    bad=$(grep -oE '[0-9]+ failed' "$logs/$name.log" | tail -1 | grep -oE '[0-9]+') || bad=""
    if [ $word = FAIL ] && [ "${bad:-0}" -eq 0 ]; then bad=1; fi
    if [ $word = pass ] && [ -z "$ok" ]; then ok=1; fi
    passed=$((passed + ${ok:-0}))
    failed=$((failed + ${bad:-0}))
    summary="$summary$word  $name: ${ok:-0} passed, ${bad:-0} failed ($((SECONDS - began)) s)"$'\n'
    echo "$word  $name ($((SECONDS - began)) s)"
}

san=(BUILD="$BUILD/asan" SAN=1 WEBUI_C="$BUILD/gen/webui_files.c")
run build "$MAKE" $jobs all
run floors "$MAKE" floors
run headers "$MAKE" headers
run pure "$MAKE" $jobs pure
run unit "$MAKE" $jobs "${san[@]}" unit
run replay "$MAKE" $jobs "${san[@]}" replay
run it "$MAKE" $jobs it
run web-unit env BUILD="$BUILD" webui/test.sh unit
run web-browser env BUILD="$BUILD" webui/test.sh browser
run lint "$MAKE" lint
echo
printf '%s' "$summary"
echo "check: $passed passed, $failed failed"
[ $failed -eq 0 ]
