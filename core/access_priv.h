/* access_priv.h — what the files of access share; for access*.c only.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CORE_ACCESS_PRIV_H
#define CORE_ACCESS_PRIV_H

#include "core/access.h"

struct account {
    struct access_user user;
    struct access_kdf kdf; /* unused with the factory password, which needs no hash */
    uint8_t hash[ACCESS_HASH_BYTES];
    bool has_tag; /* tag stands for the password that was right last */
    uint8_t tag[32];
};

struct ticket {
    struct access_token token;
    uint8_t hash[32]; /* SHA-256 of the token's text */
};

struct visit {
    struct access_session session;
    uint8_t hash[32]; /* SHA-256 of the cookie's text */
    int64_t created_ms, seen_ms;
};

struct guesses; /* access_try.c: wrong passwords of a user or an address */

struct access {
    const struct clock *clock;
    uint8_t key[32];                         /* of this process: tags and the salts of unknown users */
    struct account *users[ACCESS_USERS_MAX]; /* by name */
    size_t n_users;
    struct ticket *tokens[ACCESS_TOKENS_MAX]; /* by id */
    size_t n_tokens;
    struct visit *sessions[ACCESS_SESSIONS_MAX]; /* in the order they were opened */
    size_t n_sessions;
    uint64_t last_session;
    struct guesses *guesses;
    access_save_fn *save;
    void *save_ctx;
};

struct account *access_account(const struct access *a, const char *name);
bool access_name_is_valid(const char *name);
/* 256 random bits as text, and the SHA-256 of that text. */
void access_new_secret(char text[static ACCESS_SECRET_TEXT], uint8_t hash[static 32]);
bool access_secret_hash(const char *text, uint8_t hash[static 32]); /* false: no such text can be a secret */
void access_end_sessions(struct access *a, const char *user, uint64_t keep_session);
void access_free_sessions(struct access *a);
void access_free_guesses(struct access *a);

#endif
