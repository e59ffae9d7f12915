#!/bin/bash
# Fuzzes every target with libFuzzer, FUZZ_SECONDS each (20), or those named as arguments: fuzz/run.sh cron zone
# All is built by clang with sanitizers into $BUILD/fuzz; the first crash stops the run, and its input is kept and named.
set -u
build=${BUILD:-build}/fuzz
seconds=${FUZZ_SECONDS:-20}
flags="-O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link"
libs=(services reports store io codec core base)
if [ $# -gt 0 ]; then names=("$@"); else names=($(ls fuzz/fuzz_*.c | sed 's|fuzz/fuzz_||; s|\.c$||')); fi

objects=() archives=()
for n in "${names[@]}"; do objects+=("$build/obj/fuzz/fuzz_$n.o"); done
for l in "${libs[@]}"; do archives+=("$build/lib$l.a"); done
make --no-print-directory -j"$(nproc)" BUILD="$build" CC=clang SAN=1 WARN=-w CFLAGS="$flags" \
    "${objects[@]}" "${archives[@]}" >"$build.log" 2>&1 || { tail -20 "$build.log"; exit 1; }
mkdir -p "$build/bin" "$build/crashes"

# What a target links from the archives decides which of these it needs.
system=(-levent_core -levent_extra -levent_openssl -levhtp -llmdb -lcurl -lssl -lcrypto -lmsgpackc -lmodbus -ljansson -lzstd -lz -lcsv -lm)
for n in "${names[@]}"; do
    program=$build/bin/fuzz_$n
    clang -g -fsanitize=fuzzer,address,undefined -o "$program" "$build/obj/fuzz/fuzz_$n.o" \
        -Wl,--start-group "${archives[@]}" -Wl,--end-group "${system[@]}" || exit 1
    mkdir -p "$build/corpus/$n" "fuzz/corpus/$n"
    if ! "$program" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 -close_fd_mask=1 \
        -artifact_prefix="$build/crashes/$n-" "$build/corpus/$n" "fuzz/corpus/$n" >"$build/$n.log" 2>&1; then
        tail -60 "$build/$n.log"
        echo "fuzz: $n crashed; the input is in $build/crashes/, log in $build/$n.log"
        exit 1
    fi
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$build/$n.log")
    echo "fuzz: $n ${runs:-?} runs in $seconds s, no crash"
done
