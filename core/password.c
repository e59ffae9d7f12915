/* password.c — which passwords are good enough.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/password.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"

/* Those with letters and digits among the ones that everybody tries first; the others fail by the plain rules. */
static const char *const common[] = {
    "1q2w3e4r",   "1q2w3e4r5t", "1qaz2wsx",   "a1234567",   "a12345678",  "aa123456",    "abc12345",     "abc123456",
    "abcd1234",   "admin123",   "admin1234",  "admin2024",  "admin2025",  "admin2026",   "asdf1234",     "changeme1",
    "gateway1",   "gateway123", "hello123",   "iloveyou1",  "letmein1",   "letmein123",  "master123",    "metergate1",
    "mbus1234",   "passw0rd",   "passw0rd1",  "password1",  "password12", "password123", "password1234", "p4ssw0rd",
    "pa55word",   "q1w2e3r4",   "q1w2e3r4t5", "qwer1234",   "qwerty12",   "qwerty123",   "qwerty1234",   "root1234",
    "secret123",  "service1",   "summer2025", "summer2026", "test1234",   "user1234",    "welcome1",     "welcome123",
    "winter2025", "winter2026", "zaq12wsx",
};

static enum err weak(struct err_at *at, const char *text)
{
    return err_say(at, ERR_PASSWORD_WEAK, "%s", text);
}

static size_t characters(const char *text)
{
    size_t n = 0;
    for (; *text; text++)
        n += ((unsigned char)*text & 0xC0) != 0x80;
    return n;
}

static bool has_letter(const char *text)
{
    for (; *text; text++) {
        if ((*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z') || ((unsigned char)*text & 0x80))
            return true;
    }
    return false;
}

enum err password_check(const char *user, const char *password, struct err_at *at)
{
    size_t len = strlen(password);
    if (len > PASSWORD_MAX)
        return weak(at, "The password is longer than 128 bytes.");
    if (!str_is_utf8(password, len))
        return weak(at, "The password is not valid UTF-8.");
    if (characters(password) < PASSWORD_MIN)
        return weak(at, "The password is shorter than 8 characters.");
    if (!strpbrk(password, "0123456789") || !has_letter(password))
        return weak(at, "The password needs letters and digits.");
    if (user && str_eq_nocase(user, password))
        return weak(at, "The password is the user name.");
    for (size_t i = 0; i < COUNT_OF(common); i++) {
        if (str_eq_nocase(common[i], password))
            return weak(at, "The password is one of those that everybody tries first.");
    }
    return ERR_OK;
}
