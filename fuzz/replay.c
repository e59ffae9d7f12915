/* replay.c — the main() that feeds files to a fuzz target: those given, all files of folders given, or else of the target's
 * own folder, fuzz/corpus/NAME for a program named fuzz_NAME. Each input stands in an allocation of its exact size, so that
 * the address sanitizer sees one byte too far.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/str.h"

enum { PATH_BYTES = 4096, INPUT_MAX = 16 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned n_inputs;

static bool fail(const char *path, const char *what)
{
    fprintf(stderr, "%s: %s\n", path, what);
    return false;
}

static bool replay_file(const char *path, size_t size)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        return fail(path, strerror(errno));
    uint8_t *data = xmalloc(size);
    size_t n = fread(data, 1, size, f);
    bool is_read = n == size && !ferror(f);
    fclose(f);
    if (is_read) {
        LLVMFuzzerTestOneInput(data, size);
        n_inputs++;
    }
    free(data);
    return is_read || fail(path, "cannot be read");
}

static bool replay_folder(const char *path);

static bool replay(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return fail(path, strerror(errno));
    if (S_ISDIR(st.st_mode))
        return replay_folder(path);
    if (!S_ISREG(st.st_mode) || st.st_size > INPUT_MAX)
        return fail(path, "is no input");
    return replay_file(path, (size_t)st.st_size);
}

static bool replay_folder(const char *path)
{
    DIR *folder = opendir(path);
    bool ok = true;
    if (!folder)
        return fail(path, strerror(errno));
    for (const struct dirent *entry; ok && (entry = readdir(folder));) {
        char inner[PATH_BYTES];
        if (entry->d_name[0] == '.')
            continue;
        ok = str_fmt(inner, sizeof inner, "%s/%s", path, entry->d_name) && replay(inner);
    }
    closedir(folder);
    return ok;
}

int main(int argc, char **argv)
{
    char own[PATH_BYTES];
    bool ok = true;
    const char *name = strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0];
    log_set_stderr(false, LOG_LEVEL_FATAL); /* bad input is what this is about; nobody wants to read of it */
    str_fmt(own, sizeof own, "fuzz/corpus/%s", str_starts(name, "fuzz_") ? name + 5 : name);
    for (int i = 1; ok && i < argc; i++)
        ok = replay(argv[i]);
    if (argc == 1)
        ok = replay(own);
    printf("%s: %u inputs\n", name, n_inputs);
    return ok && n_inputs > 0 ? 0 : 1;
}
