/* access_session.c — sessions of the web page: opened after a right password, found by a cookie, over in time.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>
#include <string.h>

#include "core/access_priv.h"
#include "core/base/bug.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/crypto.h"

static void drop(struct access *a, size_t i)
{
    bytes_wipe(a->sessions[i], sizeof *a->sessions[i]);
    free(a->sessions[i]);
    for (a->n_sessions--; i < a->n_sessions; i++)
        a->sessions[i] = a->sessions[i + 1];
}

void access_free_sessions(struct access *a)
{
    while (a->n_sessions > 0)
        drop(a, a->n_sessions - 1);
}

void access_end_sessions(struct access *a, const char *user, uint64_t keep_session)
{
    for (size_t i = a->n_sessions; i-- > 0;) {
        const struct access_session *s = &a->sessions[i]->session;
        if (str_eq(s->user, user) && s->id != keep_session)
            drop(a, i);
    }
}

static void drop_old(struct access *a)
{
    int64_t now_ms = clock_mono_ms(a->clock);
    for (size_t i = a->n_sessions; i-- > 0;) {
        const struct visit *v = a->sessions[i];
        if (now_ms - v->seen_ms >= INT64_C(1000) * ACCESS_IDLE_S ||
            now_ms - v->created_ms >= INT64_C(1000) * ACCESS_LIFETIME_S)
            drop(a, i);
    }
}

static void drop_unused_longest(struct access *a)
{
    size_t oldest = 0;
    for (size_t i = 1; i < a->n_sessions; i++) {
        if (a->sessions[i]->seen_ms < a->sessions[oldest]->seen_ms)
            oldest = i;
    }
    drop(a, oldest);
}

const struct access_session *access_session_open(struct access *a, const struct access_try *t,
                                                 char cookie[static ACCESS_SECRET_TEXT])
{
    uint8_t unused[32];
    BUG_IF(t->who.name[0] == 0);
    drop_old(a);
    if (a->n_sessions == ACCESS_SESSIONS_MAX)
        drop_unused_longest(a);
    struct visit *v = xcalloc(1, sizeof *v);
    v->session.id = ++a->last_session;
    str_copy(v->session.user, sizeof v->session.user, t->who.name);
    str_copy(v->session.peer, sizeof v->session.peer, t->peer);
    v->session.created_utc = v->session.seen_utc = clock_utc(a->clock);
    v->created_ms = v->seen_ms = clock_mono_ms(a->clock);
    access_new_secret(v->session.csrf, unused);
    access_new_secret(cookie, v->hash);
    a->sessions[a->n_sessions++] = v;
    return &v->session;
}

enum err access_session_check(struct access *a, const char *cookie, struct access_who *who)
{
    uint8_t hash[32];
    if (!access_secret_hash(cookie, hash))
        return ERR_AUTH;
    drop_old(a);
    for (size_t i = 0; i < a->n_sessions; i++) {
        struct visit *v = a->sessions[i];
        if (!bytes_equal_secret(v->hash, hash, sizeof hash))
            continue;
        const struct account *u = access_account(a, v->session.user);
        if (!u)
            return ERR_AUTH;
        v->seen_ms = clock_mono_ms(a->clock);
        v->session.seen_utc = clock_utc(a->clock);
        *who = (struct access_who){ .role = u->user.role,
                                    .must_change_password = u->user.has_factory_password,
                                    .session = v->session.id };
        str_copy(who->name, sizeof who->name, u->user.name);
        return ERR_OK;
    }
    return ERR_AUTH;
}

bool access_csrf_is_right(const struct access *a, const struct access_who *who, const char *csrf)
{
    for (size_t i = 0; i < a->n_sessions; i++) {
        const struct access_session *s = &a->sessions[i]->session;
        if (s->id == who->session)
            return csrf && strlen(csrf) == sizeof s->csrf - 1 && bytes_equal_secret(csrf, s->csrf, sizeof s->csrf - 1);
    }
    return false;
}

size_t access_sessions(struct access *a)
{
    drop_old(a);
    return a->n_sessions;
}

const struct access_session *access_session_at(const struct access *a, size_t i)
{
    BUG_IF(i >= a->n_sessions);
    return &a->sessions[i]->session;
}

enum err access_session_close(struct access *a, uint64_t id)
{
    for (size_t i = 0; i < a->n_sessions; i++) {
        if (a->sessions[i]->session.id == id) {
            drop(a, i);
            return ERR_OK;
        }
    }
    return ERR_NOT_FOUND;
}
