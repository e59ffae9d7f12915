/* meter.h — the meter list in memory: who is installed, how reached, how the last readout went.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CORE_METER_H
#define CORE_METER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/reading.h"

enum addressing { ADDRESSING_PRIMARY, ADDRESSING_SECONDARY, ADDRESSING_ESECONDARY };
const char *addressing_name(enum addressing a);                /* primary, secondary, esecondary */
bool addressing_parse(const char *text, enum addressing *out); /* any case */

enum meter_state { METER_ACTIVE, METER_PASSIVE };
const char *meter_state_name(enum meter_state s);
bool meter_state_parse(const char *text, enum meter_state *out); /* any case */

enum { POSITION_MAX = 100, BUS_N = 16, METERS_MAX = 4096 };
#define METER_NO_IDENT UINT32_C(0xFFFFFFFF) /* only the primary address is known */

struct meter {
    uint32_t id;                     /* from 1, never given again */
    char position[POSITION_MAX + 1]; /* MOID, UTF-8; may be empty */
    uint32_t ident;                  /* secondary address: 8 hex digits, or METER_NO_IDENT */
    uint16_t maker;                  /* 0 until known: then version and medium are unknown, too */
    uint8_t version, medium;
    bool is_known; /* maker, version, medium are known */
    enum addressing addressing;
    int16_t primary; /* 0…255, -1: none */
    bool has_enhanced;
    uint32_t enhanced; /* 8 hex digits */
    uint32_t baud;
    uint8_t bus; /* 1…BUS_N */
    enum meter_state state;
    bool multi_telegram;          /* false: only the first telegram is read */
    uint8_t multi_telegram_limit; /* 0: the setting of the gateway */
    int64_t installed_utc;
    /* the last readout that was stored; who stores it notes it here */
    int64_t last_utc; /* 0: never */
    enum readout_status last_status;
    /* since start */
    uint32_t n_readouts, n_failed;
};

struct meters;
struct meters *meters_create(void);
void meters_free(struct meters *ms);

size_t meters_count(const struct meters *ms);
size_t meters_count_state(const struct meters *ms, enum meter_state s);
/* In the order of installation (id order). Borrowed until this meter is removed. */
struct meter *meters_at(struct meters *ms, size_t i);
struct meter *meters_find(struct meters *ms, uint32_t id);
/* The first meter after id, for cursors; NULL at the end. */
struct meter *meters_after(struct meters *ms, uint32_t id);
/* Takes a copy; id 0 gets the next free number. ERR_EXISTS: same bus and address (and maker, version, medium as far
 * as both know them); ERR_TOO_MANY at METERS_MAX. */
MUST_USE enum err meters_add(struct meters *ms, const struct meter *m, struct meter **out, struct err_at *at);
/* Replaces the fields of the meter with m->id; refuses what meters_add() would. */
MUST_USE enum err meters_update(struct meters *ms, const struct meter *m, struct err_at *at);
MUST_USE enum err meters_remove(struct meters *ms, uint32_t id);
void meters_set_next_id(struct meters *ms, uint32_t next); /* after loading: numbers of removed meters stay used */
uint32_t meters_next_id(const struct meters *ms);
/* On one bus and of one address, as far as both are known. */
bool meter_same_address(const struct meter *a, const struct meter *b);
struct meter *meters_find_same(struct meters *ms, const struct meter *m); /* another one than m->id; NULL: none */
MUST_USE enum err meter_check(const struct meter *m, struct err_at *at);  /* ranges and what the mode needs */
bool meter_baud_is_valid(uint32_t baud); /* 300, 600, 1200, 2400, 4800, 9600, 19200, 38400 */

#endif
