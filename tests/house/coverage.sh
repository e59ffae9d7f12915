#!/bin/sh
# Line coverage of the unit tests, as text and as pages in build/coverage.
set -eu
$MAKE BUILD="$BUILD/cov" COV=1 -j"$(nproc)" unit
mkdir -p "$BUILD/coverage"
gcovr --root . --object-directory "$BUILD/cov" --filter '(core|io|store|protocols|reports)/' --exclude '.*_main.c' \
    --html-details "$BUILD/coverage/index.html" --txt "$BUILD/coverage/coverage.txt"
tail -5 "$BUILD/coverage/coverage.txt"
