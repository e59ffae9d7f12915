/* access.h — who may do what: users, roles, tokens, sessions, and how fast passwords may be guessed.
 *
 * Pure but for random bytes. Hashing a password takes 27 ms and is done elsewhere, off the loop: access_begin() says what
 * to compute, access_finish() judges the result. A password that was right once is known again at once, by its HMAC under
 * a random key of this process, until it changes.
 * Throttling: more than 10 wrong passwords of one user or from one address within a minute, and nobody of that name or
 * address gets in before that minute is over, with the right password neither.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CORE_ACCESS_H
#define CORE_ACCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/clock.h"
#include "core/base/err.h"

enum access_role { ROLE_VIEWER, ROLE_OPERATOR, ROLE_ADMIN }; /* each may do what those before it may */
const char *access_role_name(enum access_role r);            /* viewer, operator, admin */
bool access_role_parse(const char *text, enum access_role *out);

enum {
    ACCESS_NAME_MAX = 32,    /* letters, digits, . _ - @ */
    ACCESS_PEER_MAX = 45,    /* an address as text */
    ACCESS_SECRET_TEXT = 65, /* 64 hex digits of 256 random bits, and a NUL */
    ACCESS_HASH_BYTES = 32,
    ACCESS_SALT_BYTES = 16,
    ACCESS_USERS_MAX = 64,
    ACCESS_TOKENS_MAX = 256,
    ACCESS_SESSIONS_MAX = 256, /* the one unused longest goes first */
    ACCESS_IDLE_S = 30 * 60,
    ACCESS_LIFETIME_S = 12 * 3600,
};

struct access;
struct access *access_create(const struct clock *clock);
void access_free(struct access *a); /* wipes secrets */

/* --- what is kept --- */
/* Called at each change of a user or token, before it takes effect: kind is "user" or "token", data JSON text, NULL to
 * remove. An error refuses the change and is what the caller of the change gets. */
typedef enum err access_save_fn(void *ctx, const char *kind, const char *name, const char *data, size_t len);
void access_set_save(struct access *a, access_save_fn *fn, void *ctx);
/* Gives back what was saved, before anything else is asked. ERR_CORRUPT: not what we wrote; nothing was taken. */
MUST_USE enum err access_restore(struct access *a, const char *kind, const char *name, const char *data, size_t len);
/* After restoring: without a single user, makes `admin` with the factory password `admin`. */
MUST_USE enum err access_ensure_admin(struct access *a);

/* --- who is asking --- */
struct access_who {
    char name[ACCESS_NAME_MAX + 8]; /* user name, or "token:NAME"; for logs and the audit */
    enum access_role role;
    bool must_change_password; /* all but changing it is ERR_PASSWORD_CHANGE */
    uint64_t session;          /* id, 0: came without a session; changes then need no CSRF token */
    uint32_t token;            /* id, 0: no token */
};
static inline bool access_may(const struct access_who *who, enum access_role need)
{
    return who->role >= need;
}

/* How a password becomes 32 bytes: crypto_scrypt() with these. */
struct access_kdf {
    uint8_t salt[ACCESS_SALT_BYTES];
    uint8_t log2_n, r, p;
};

enum access_verdict {
    ACCESS_YES,       /* who says who it is */
    ACCESS_NO,        /* wrong name or password, which of them nobody learns: ERR_AUTH */
    ACCESS_THROTTLED, /* ERR_THROTTLED; retry_after_s is at least 1 */
    ACCESS_HASH,      /* compute the hash with kdf, then access_finish(); also for unknown users, so that times agree */
};

/* One try of a password. Self-contained: it may outlive anything but the struct access. */
struct access_try {
    struct access_who who;
    int64_t retry_after_s;
    struct access_kdf kdf;
    char user[ACCESS_NAME_MAX + 1], peer[ACCESS_PEER_MAX + 1];
    uint8_t tag[32]; /* ours: stands for name and password; equal tags are the same try */
};

/* A try that had to wait for its turn to be hashed is begun again first: by then it may be throttled, or known. */
enum access_verdict access_begin(struct access *a, const char *user, const char *password, const char *peer,
                                 struct access_try *t);
/* Right or wrong by the hash: YES, NO, or THROTTLED when this wrong one was one too many. */
enum access_verdict access_finish(struct access *a, struct access_try *t, const uint8_t hash[ACCESS_HASH_BYTES]);
/* For code that may not try at all, such as before a body is read. 0: go on, else seconds to wait. */
int64_t access_throttled_s(struct access *a, const char *user, const char *peer);

/* --- users --- */
struct access_user {
    char name[ACCESS_NAME_MAX + 1];
    enum access_role role;
    bool has_factory_password;
    int64_t created_utc, password_utc; /* password_utc: when it was last changed */
};
size_t access_users(const struct access *a);
const struct access_user *access_user_at(const struct access *a, size_t i); /* by name; borrowed until a change */
const struct access_user *access_user_find(const struct access *a, const char *name);

struct access_kdf access_new_kdf(void); /* fresh salt, N = 2^14, r = 8, p = 1 */
/* The caller has held the password against password.h and hashed it with kdf. ERR_EXISTS, ERR_INVALID (name), ERR_TOO_MANY. */
MUST_USE enum err access_user_add(struct access *a, const char *name, enum access_role role,
                                  const struct access_kdf *kdf, const uint8_t hash[ACCESS_HASH_BYTES],
                                  struct err_at *at);
/* ERR_CONFLICT: the last administrator stays one. Running sessions have the new role at once. */
MUST_USE enum err access_user_set_role(struct access *a, const char *name, enum access_role role, struct err_at *at);
/* Ends all sessions of the user but `keep_session` (0: all). Takes the factory flag off. */
MUST_USE enum err access_user_set_password(struct access *a, const char *name, const struct access_kdf *kdf,
                                           const uint8_t hash[ACCESS_HASH_BYTES], uint64_t keep_session,
                                           struct err_at *at);
/* Ends its sessions, too. ERR_CONFLICT for the last administrator. */
MUST_USE enum err access_user_remove(struct access *a, const char *name, struct err_at *at);

/* --- tokens: Authorization: Bearer … --- */
struct access_token {
    uint32_t id; /* random, so that none is given twice */
    char name[ACCESS_NAME_MAX + 1], by[ACCESS_NAME_MAX + 8];
    enum access_role role;
    int64_t created_utc, expires_utc; /* expires_utc 0: never */
    int64_t used_utc;                 /* since start; 0: not yet */
};
size_t access_tokens(const struct access *a);
const struct access_token *access_token_at(const struct access *a, size_t i); /* by id; borrowed until a change */
/* `text` is shown once; only its SHA-256 is kept. ERR_INVALID: bad name, or expired already; ERR_TOO_MANY. */
MUST_USE enum err access_token_add(struct access *a, const char *name, enum access_role role, int64_t expires_utc,
                                   const char *by, char text[static ACCESS_SECRET_TEXT], uint32_t *id,
                                   struct err_at *at);
MUST_USE enum err access_token_remove(struct access *a, uint32_t id);
MUST_USE enum err access_token_check(struct access *a, const char *text, struct access_who *who); /* ERR_AUTH */

/* --- sessions of the web page; they end with the process --- */
struct access_session {
    uint64_t id;
    char user[ACCESS_NAME_MAX + 1], peer[ACCESS_PEER_MAX + 1];
    char csrf[ACCESS_SECRET_TEXT];
    int64_t created_utc, seen_utc;
};
/* For a try that ended in ACCESS_YES. `cookie` gets the secret of the cookie; the session is borrowed until the next call. */
const struct access_session *access_session_open(struct access *a, const struct access_try *t,
                                                 char cookie[static ACCESS_SECRET_TEXT]);
/* ERR_AUTH: none, over, or its user is gone. Counts as use. */
MUST_USE enum err access_session_check(struct access *a, const char *cookie, struct access_who *who);
/* Of a call that changes something: is the X-CSRF-Token (may be NULL) the session's? In constant time. */
bool access_csrf_is_right(const struct access *a, const struct access_who *who, const char *csrf);
size_t access_sessions(struct access *a); /* that are not over */
const struct access_session *access_session_at(const struct access *a, size_t i);
MUST_USE enum err access_session_close(struct access *a, uint64_t id); /* ERR_NOT_FOUND */

#endif
