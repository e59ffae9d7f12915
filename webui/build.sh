#!/bin/sh
# Builds the web application and writes it as one C table: webui/build.sh OUT.c
# Two builds at once (plain and sanitizers) wait for each other: both use node_modules and dist.
set -eu
[ $# = 1 ] || { echo "usage: $0 OUT.c" >&2; exit 2; }
case $1 in /*) out=$1 ;; *) out=$PWD/$1 ;; esac
cd "$(dirname "$0")"
exec 9<package.json
flock 9

. ./install.sh
node_modules/.bin/tsc --noEmit
node_modules/.bin/vite build --logLevel warn
node tools/pack.mjs dist "$out"
