#!/bin/sh
# Each header compiles alone.
set -u
n=0 bad=0
for h in $(find core io store protocols reports tests -name '*.h' -not -path 'tests/house/*' | sort); do
    n=$((n + 1))
    # shellcheck disable=SC2086  # lists of words
    echo "#include \"$h\"" | $CC $FLAGS -Wno-unused-function -fsyntax-only -x c - || { bad=$((bad + 1)); echo "not alone: $h"; }
done
[ $bad -eq 0 ] && echo "headers: $n compile alone"
