#!/bin/sh
# End-to-end tests: the programs in $BUILD (default: build) as a user runs them; IT_PLAIN=1 passes sanitizers over. Further arguments go to pytest.
set -eu
cd "$(dirname "$0")/../.."
BUILD=${BUILD:-build}
# With sanitizers where they are built, so that every test also looks for leaks and bad memory.
if [ -z "${IT_PLAIN:-}" ] && [ -x "$BUILD/asan/metergated" ]; then BUILD=$BUILD/asan; fi
for program in metergated mbus-sim mbus-decode; do
    [ -x "$BUILD/$program" ] || { echo "tests/it: $BUILD/$program is missing, run make first" >&2; exit 2; }
done
export BUILD PYTHONDONTWRITEBYTECODE=1
exec /usr/bin/python3 -m pytest -q -p no:cacheprovider "${@:-tests/it}"
