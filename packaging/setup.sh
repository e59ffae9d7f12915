#!/bin/sh
# Installs the Debian packages that Metergate needs: packaging/setup.sh run|build|test
#   run    what the built programs need at run time, and `make demo`
#   build  compilers and development packages (with run)
#   test   what `make check` needs (with build)
# Does nothing when all is there. Without root it says the exact command and ends with 1.
set -eu

run_packages="ca-certificates tzdata python3"
build_packages="gcc make pkg-config libc6-dev libevent-dev libevhtp-dev libonig-dev liblmdb-dev libcurl4-openssl-dev libssl-dev
    libmsgpack-dev libmodbus-dev libjansson-dev libzstd-dev zlib1g-dev uthash-dev libcsv-dev"
test_packages="libcmocka-dev python3-pytest clang clang-format clang-tidy libclang-rt-14-dev cppcheck valgrind openssl
    chromium fonts-inter universal-ctags man-db gcovr"

case "${1:-}" in
run) wanted="$run_packages $build_packages" ;;
build) wanted="$run_packages $build_packages" ;;
test) wanted="$run_packages $build_packages $test_packages" ;;
*)
    echo "usage: $0 run|build|test" >&2
    exit 2
    ;;
esac

missing=""
for p in $wanted; do
    # shellcheck disable=SC2016  # the format is dpkg's, not the shell's
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null)" = installed ] || missing="$missing $p"
done
# Node.js from wherever it comes; Debian's own (18) will do.
command -v node >/dev/null 2>&1 || missing="$missing nodejs"
command -v npm >/dev/null 2>&1 || missing="$missing npm"

[ -n "$missing" ] || exit 0
command="apt-get install -y --no-install-recommends$missing"
if [ "$(id -u)" != 0 ]; then
    echo "Packages are missing. Please run as root:" >&2
    echo "    $command" >&2
    exit 1
fi
echo "Installing:$missing"
export DEBIAN_FRONTEND=noninteractive
# Service packages must not start their daemons here.
if [ ! -e /usr/sbin/policy-rc.d ]; then
    printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
    chmod +x /usr/sbin/policy-rc.d
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
fi
# shellcheck disable=SC2086  # a list of words
$command >/dev/null 2>&1 || { apt-get update -qq && $command; }
