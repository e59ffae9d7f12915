/* http_auth.c — who is asking: a session's cookie, a bearer token, or name and password.
 *
 * Knows: the fields that carry credentials, how refusals look to browsers and to programs.
 * Does not know: what the caller wants; who may do it is http_admit()'s.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "protocols/http_call.h"

#include <string.h>
#include <strings.h>

#include "core/base/log.h"
#include "core/base/str.h"
#include "core/crypto.h"
#include "core/password.h"

/* A browser would ask for a name and password in a window of its own; its pages have a form for that. */
static void refuse(struct http_call *c, enum err e, int64_t retry_after_s, const char *why)
{
    struct err_at at = { 0 };
    if (e == ERR_THROTTLED || e == ERR_BUSY) {
        call_throttled(c, e, retry_after_s);
        return;
    }
    if (e == ERR_AUTH) {
        bool is_browser = http_head_field(&c->rq->head, "Sec-Fetch-Mode") != NULL;
        http_field(c->rq, "WWW-Authenticate",
                   is_browser ? "Bearer realm=\"Metergate\"" : "Basic realm=\"Metergate\", charset=\"UTF-8\"");
    }
    e = err_say(&at, e, "%s", why ? why : err_text(e));
    call_fail(c, e, &at);
}

static void on_tried(void *ctx, enum err e, const struct access_try *t)
{
    struct http_call *c = ctx;
    c->hashing = NULL;
    if (e == ERR_OK) {
        c->who = t->who;
        http_admit(c);
        return;
    }
    if (e == ERR_AUTH)
        log_warn("web", "wrong name or password from %s", t->peer);
    refuse(c, e, t->retry_after_s, NULL);
}

/* "user:password" in base64; false: not that. */
static bool read_basic(const char *text, char *user, size_t user_size, char *password, size_t password_size)
{
    char both[ACCESS_NAME_MAX + PASSWORD_MAX + 8];
    size_t len;
    if (crypto_from_base64(text, (uint8_t *)both, sizeof both - 1, &len) != ERR_OK || !str_is_utf8(both, len))
        return false;
    both[len] = 0;
    char *colon = strchr(both, ':');
    bool is_good = colon && str_copy_n(user, user_size, both, (size_t)(colon - both)) &&
                   str_copy(password, password_size, colon + 1);
    bytes_wipe(both, sizeof both);
    return is_good;
}

static void try_basic(struct http_call *c, const char *text)
{
    char user[ACCESS_NAME_MAX + 1], password[PASSWORD_MAX + 1];
    struct access_try t;
    if (!read_basic(text, user, sizeof user, password, sizeof password)) {
        refuse(c, ERR_AUTH, 0, "the credentials are not user:password in base64");
        return;
    }
    enum err e = hash_try(c->http->hashes, user, password, c->rq->peer, &t, on_tried, c, &c->hashing);
    bytes_wipe(password, sizeof password);
    if (e != ERR_BUSY)
        on_tried(c, e, &t);
}

static void try_bearer(struct http_call *c, const char *text)
{
    enum err e = access_token_check(c->http->access, text, &c->who);
    if (e == ERR_OK)
        http_admit(c);
    else
        refuse(c, e, 0, "this token is unknown or has expired");
}

/* The value of our cookie, or false. */
static bool read_cookie(const char *cookies, char out[static ACCESS_SECRET_TEXT])
{
    static const char name[] = "metergate=";
    while (cookies && *cookies) {
        cookies += strspn(cookies, " ;");
        size_t len = strcspn(cookies, ";");
        if (str_starts(cookies, name))
            return str_copy_n(out, ACCESS_SECRET_TEXT, cookies + sizeof name - 1, len - (sizeof name - 1));
        cookies += len;
    }
    return false;
}

static void try_cookie(struct http_call *c)
{
    char cookie[ACCESS_SECRET_TEXT];
    if (!read_cookie(http_head_field(&c->rq->head, "Cookie"), cookie)) {
        refuse(c, ERR_AUTH, 0, "this call needs a user's name and password, a token or a session");
        return;
    }
    if (access_session_check(c->http->access, cookie, &c->who) != ERR_OK) {
        refuse(c, ERR_AUTH, 0, "this session has ended; log in again");
        return;
    }
    bool is_change = c->route->method != HTTP_GET;
    if (is_change && !access_csrf_is_right(c->http->access, &c->who, http_head_field(&c->rq->head, "X-CSRF-Token")))
        http_send_error(c->rq, 403, "csrf", "Changes from a page need its X-CSRF-Token.", NULL, 0);
    else
        http_admit(c);
}

void http_authenticate(struct http_call *c)
{
    const char *sent = http_head_field(&c->rq->head, "Authorization");
    if (!sent)
        try_cookie(c);
    else if (strncasecmp(sent, "Basic ", 6) == 0)
        try_basic(c, sent + 6 + strspn(sent + 6, " "));
    else if (strncasecmp(sent, "Bearer ", 7) == 0)
        try_bearer(c, sent + 7 + strspn(sent + 7, " "));
    else
        refuse(c, ERR_AUTH, 0, "Authorization is Basic or Bearer");
}
