#!/bin/bash
# Clang's path-sensitive analyzer over the product. Not part of make check: it takes minutes, and a few of its findings are loops of
# uthash that it cannot follow.
set -u
FLAGS=$(echo "$FLAGS" | sed 's/-DMETERGATE_VERSION=[^ ]*/-DMETERGATE_VERSION=""/')
checks=-*,clang-analyzer-*,-clang-analyzer-unix.Malloc,-clang-analyzer-valist.Uninitialized
checks=$checks,-clang-analyzer-security.insecureAPI.DeprecatedOrUnsafeBufferHandling
# shellcheck disable=SC2086
find core io store protocols reports tests/sim -name '*.c' | sort |
    xargs -P "$(nproc)" -I{} clang-tidy --quiet "--checks=$checks" "--warnings-as-errors=*" {} -- $FLAGS 2>/dev/null
