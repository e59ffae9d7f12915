#!/bin/bash
# clang-format (check only), clang-tidy and cppcheck. A file is looked at again only when it or a header changed.
set -u
bad=0
FLAGS=$(echo "$FLAGS" | sed 's/-DMETERGATE_VERSION=[^ ]*/-DMETERGATE_VERSION=""/')
stamps=$BUILD/lint
mkdir -p "$stamps"

sources=$(find core io store protocols reports tests fuzz -name '*.c' -not -path '*/node_modules/*' | sort)
headers=$(find core io store protocols reports tests -name '*.h' -not -path 'tests/house/*' | sort)
# shellcheck disable=SC2086
unformatted=$(clang-format --dry-run $sources $headers 2>&1 | grep -o '^[^:]*:' | sort | uniq -c)
if [ -n "$unformatted" ]; then
    echo "lint: not formatted (make format mends it):"
    echo "$unformatted"
    bad=1
fi

product=$(find core io store protocols reports tests/sim -name '*.c' | sort)
headers_sum=$(cat $headers .clang-tidy | sha256sum | cut -c1-16)
tidy_one() {
    local f=$1 sum
    sum=$(sha256sum <"$f" | cut -c1-16)-$headers_sum
    local stamp=$stamps/${f//\//_}
    [ "$(cat "$stamp" 2>/dev/null)" = "$sum" ] && return 0
    # shellcheck disable=SC2086
    if clang-tidy --quiet "$f" -- $FLAGS >"$stamp.out" 2>/dev/null; then
        echo "$sum" >"$stamp"
    else
        cat "$stamp.out"
        return 1
    fi
}
export -f tidy_one
export stamps headers_sum FLAGS
# shellcheck disable=SC2086
printf '%s\n' $product | xargs -P "$(nproc)" -I{} bash -c 'tidy_one {}' || { echo "lint: clang-tidy found something"; bad=1; }

# shellcheck disable=SC2086
cppcheck --quiet --std=c11 --enable=warning,performance,portability --inline-suppr --error-exitcode=1 -j "$(nproc)" \
    --include=tests/house/uthash_for_cppcheck.h \
    --suppress=shiftTooManyBitsSigned --suppress=missingIncludeSystem --suppress=uninitvar --suppress=ctuuninitvar --suppress=normalCheckLevelMaxBranches --library=posix \
    --cppcheck-build-dir="$stamps" -I. -D_GNU_SOURCE $product || { echo "lint: cppcheck found something"; bad=1; }
[ $bad -eq 0 ] && echo "lint: $(echo "$product" | wc -l) files clean"
exit $bad
