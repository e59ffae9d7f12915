#!/bin/sh
# Tests of the web application: webui/test.sh unit|browser
#   unit     the pure parts, in Node
#   browser  the pages in headless Chromium: against the mock, then against the gateway in $BUILD (build) where it is built
set -eu
build=${BUILD:-build}
case $build in /*) ;; *) build=$PWD/$build ;; esac
cd "$(dirname "$0")"
exec 9<package.json
flock 9
. ./install.sh
flock -u 9

case ${1:-} in
unit) exec node_modules/.bin/vitest run ;;
browser) BUILD_DIR=$build exec node e2e/run.mjs ;;
*)
    echo "usage: $0 unit|browser" >&2
    exit 2
    ;;
esac
