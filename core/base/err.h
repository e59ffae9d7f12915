/* err.h — every way an operation can end, as one enum with one table.
 *
 * A function that can fail returns enum err and leaves its out parameters untouched on failure. The table in err.c
 * gives each error a name (for logs and JSON), a sentence for people and whose fault it is; retry, HTTP status and
 * Modbus exception follow from those. Add a row to ERR_LIST, nothing else.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CORE_BASE_ERR_H
#define CORE_BASE_ERR_H

#include <stdbool.h>
#include <stddef.h>

#define MUST_USE                     __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt_at, args_at) __attribute__((format(printf, fmt_at, args_at)))

enum err_blame {
    BLAME_NONE,
    BLAME_PEER, /* a meter, client or server sent it, or did not answer */
    BLAME_USER, /* a person can mend it: setting, file, request, password */
    BLAME_HOST, /* disk, memory, kernel, network of this machine */
    BLAME_BUG,  /* ours */
};

/* X(enumerator, "name", blame, "text") */
#define ERR_LIST(X)                                                                                                    \
    X(ERR_OK, "ok", BLAME_NONE, "no error")                                                                            \
    X(ERR_NO_ANSWER, "no_answer", BLAME_PEER, "no answer")                                                             \
    X(ERR_COLLISION, "collision", BLAME_PEER, "several answered at once")                                              \
    X(ERR_GARBLED, "garbled", BLAME_PEER, "the answer was garbled")                                                    \
    X(ERR_CHECKSUM, "checksum", BLAME_PEER, "wrong checksum")                                                          \
    X(ERR_SHORT, "short", BLAME_PEER, "ends too early")                                                                \
    X(ERR_MALFORMED, "malformed", BLAME_PEER, "breaks the rules of its format")                                        \
    X(ERR_UNSUPPORTED, "unsupported", BLAME_PEER, "not supported")                                                     \
    X(ERR_WRONG_METER, "wrong_meter", BLAME_PEER, "another meter answered")                                            \
    X(ERR_UNDECODABLE, "undecodable", BLAME_PEER, "the telegram cannot be decoded")                                    \
    X(ERR_NO_KEY, "no_key", BLAME_USER, "no key opens the telegram")                                                   \
    X(ERR_NO_FORMAT, "no_format", BLAME_PEER, "the full frame of this compact frame was not seen yet")                 \
    X(ERR_TIMEOUT, "timeout", BLAME_PEER, "took too long")                                                             \
    X(ERR_CLOSED, "closed", BLAME_PEER, "the connection was closed")                                                   \
    X(ERR_REFUSED, "refused", BLAME_PEER, "refused by the other side")                                                 \
    X(ERR_NAME, "name_unknown", BLAME_HOST, "the host name cannot be resolved")                                        \
    X(ERR_TLS, "tls", BLAME_PEER, "TLS failed")                                                                        \
    X(ERR_SYNTAX, "syntax", BLAME_USER, "cannot be understood")                                                        \
    X(ERR_RANGE, "out_of_range", BLAME_USER, "out of range")                                                           \
    X(ERR_UNKNOWN_KEY, "unknown_key", BLAME_USER, "there is no such setting")                                          \
    X(ERR_INVALID, "invalid", BLAME_USER, "not valid")                                                                 \
    X(ERR_EXISTS, "exists", BLAME_USER, "exists already")                                                              \
    X(ERR_NOT_FOUND, "not_found", BLAME_USER, "not found")                                                             \
    X(ERR_CONFLICT, "conflict", BLAME_USER, "conflicts with the present state")                                        \
    X(ERR_TOO_BIG, "too_big", BLAME_USER, "too large")                                                                 \
    X(ERR_TOO_MANY, "too_many", BLAME_USER, "too many")                                                                \
    X(ERR_AUTH, "unauthorized", BLAME_USER, "wrong user name or password")                                             \
    X(ERR_DENIED, "forbidden", BLAME_USER, "not allowed for this user")                                                \
    X(ERR_PASSWORD_CHANGE, "password_change_required", BLAME_USER, "the factory password must be changed first")       \
    X(ERR_PASSWORD_WEAK, "password_weak", BLAME_USER, "the password is too weak")                                      \
    X(ERR_THROTTLED, "too_many_attempts", BLAME_USER, "too many wrong passwords, try again later")                     \
    X(ERR_BUSY, "busy", BLAME_HOST, "busy, try again")                                                                 \
    X(ERR_CANCELLED, "cancelled", BLAME_USER, "cancelled")                                                             \
    X(ERR_PORT_DOWN, "interface_down", BLAME_HOST, "the interface is down")                                            \
    X(ERR_IO, "io", BLAME_HOST, "input or output failed")                                                              \
    X(ERR_DISK_FULL, "disk_full", BLAME_HOST, "the disk is full")                                                      \
    X(ERR_CORRUPT, "corrupt", BLAME_HOST, "stored data is damaged")                                                    \
    X(ERR_LOCKED, "locked", BLAME_USER, "in use by another process")                                                   \
    X(ERR_PERMISSION, "permission", BLAME_HOST, "the system denies it")                                                \
    X(ERR_DELIVERY, "delivery", BLAME_PEER, "the server did not take it")                                              \
    X(ERR_INTERNAL, "internal", BLAME_BUG, "internal error")

#define ERR_ENUMERATOR(id, name, blame, text) id,
enum err { ERR_LIST(ERR_ENUMERATOR) ERR_N };

const char *err_name(enum err e); /* "no_answer" */
const char *err_text(enum err e); /* "no answer" */
enum err_blame err_blame(enum err e);
enum err err_from_errno(int errno_value); /* ENOSPC -> ERR_DISK_FULL, ENOENT -> ERR_NOT_FOUND, … */

/* Where and what, for a refusal that a person reads. Zero line, column or offset: not known. */
struct err_at {
    size_t offset; /* byte, counts from 0; meaningful with has_offset */
    bool has_offset;
    unsigned line, column; /* count from 1 */
    char field[48];        /* column heading, setting key, JSON member; may be empty */
    char text[200];        /* a whole sentence or its end, without the place */
};

/* Fill *at (may be NULL) and return e, so that a parser can `return err_say(at, ERR_RANGE, "…", …);`. Places that
 * are known to the caller only (line, field) are set by the caller and left alone here. */
enum err err_say(struct err_at *at, enum err e, const char *fmt, ...) PRINTF_LIKE(3, 4);
enum err err_say_offset(struct err_at *at, enum err e, size_t offset, const char *fmt, ...) PRINTF_LIKE(4, 5);

#endif
