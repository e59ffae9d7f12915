# shellcheck shell=sh
# Installs the packages of package-lock.json when they are missing or older than it. Sourced by build.sh and test.sh, which
# stand in this folder and hold the lock.
if [ ! -e node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
    npm ci --no-audit --no-fund --loglevel=error
    touch node_modules/.package-lock.json
fi
