/* mbus_master_parts.h — private to the M-Bus master: its settings, its lanes (one for each bus), its jobs.
 *
 * A lane takes errands: lists of meters of its bus to be read for somebody. It reads one meter a turn, publishes what
 * came, and tells the errand's owner of each meter and of the end. Manual errands pass scheduled ones at the next turn.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PROTOCOLS_MBUS_MASTER_PARTS_H
#define PROTOCOLS_MBUS_MASTER_PARTS_H

#include "core/job.h"
#include "core/meter.h"
#include "core/service.h"
#include "io/bus.h"
#include "io/loop.h"
#include "protocols/codec/mbus/keyring.h"
#include "protocols/codec/mbus/readout.h"
#include "protocols/codec/mbus/telegram.h"
#include "protocols/codec/mbus/to_reading.h"

/* --- settings --- */

struct mbus_cfg {
    uint32_t response_timeout_ms, readout_retries, selection_retries;
    uint32_t init_idle_ms, collision_idle_ms, request_idle_ms, network_margin_ms;
    int multi_telegram; /* MULTI_… */
    uint32_t multi_telegram_limit;
    int status_log; /* STATUS_LOG_… */
};
enum { MULTI_AUTO, MULTI_OFF };
enum { STATUS_LOG_ALWAYS, STATUS_LOG_NEVER, STATUS_LOG_CHANGE, STATUS_LOG_ERROR };
struct bus_cfg {
    bool enabled;
    char port[256];
    int baud; /* index into the choices */
};
struct readout_cfg {
    bool enabled;
    char cron[256];
};
struct continuous_cfg {
    bool enabled;
};
extern const struct setting_table *const mbus_master_tables[];

/* --- lanes --- */

struct errand;
struct errand_owner {
    /* text: why it is not READOUT_OK, for people. */
    void (*on_meter)(void *ctx, const struct meter *m, enum readout_status status, const char *text);
    /* The errand is over and the lane has let go of it. why: NULL, or the bus is down and n_left meters were not read. */
    void (*on_end)(void *ctx, struct errand *e, size_t n_left, const char *why);
};
struct errand {
    enum reading_source source; /* SOURCE_MANUAL or SOURCE_SCHEDULED */
    const struct errand_owner *owner;
    void *ctx;
    uint32_t *meters; /* ids; owned by the owner */
    size_t n, at;     /* meters[at] is the next */
    bool is_over;
    struct errand *prev, *next;
};

enum { LANE_SOURCES = SOURCE_CONTINUOUS + 1 };
enum lane_state {
    LANE_IDLE,     /* nobody's turn, or waiting for one */
    LANE_READING,  /* holds a turn and reads a meter */
    LANE_SETTLING, /* the meter is silent, but our bytes have not got through to the converter either */
};

struct master;
struct lane;
struct lane_turn {
    struct lane *lane;
    enum reading_source source;
    struct bus_turn turn;
    struct errand *errands; /* in the order of their arrival; none for SOURCE_CONTINUOUS */
};
struct lane {
    struct master *master;
    unsigned number;
    char name[16]; /* "bus1" */
    struct bus *bus;
    struct lane_turn turns[LANE_SOURCES];

    enum lane_state state;
    struct lane_turn *now;          /* whose turn it is; NULL while idle */
    uint32_t meter;                 /* that is read, while not idle */
    uint32_t last_continuous;       /* meter that continuous mode has read last */
    int64_t began_utc, settling_us; /* settling since then */
    struct readout readout;
    struct to_reading *gathered; /* the telegrams of this readout; made at the first one */
    enum err decode_err;         /* of the telegram that could not be decoded */
    struct err_at decode_why;
    struct timer timer;
    unsigned n_lost; /* turns lost or stalled in a row, with no meter read in between */

    uint64_t n_readouts, n_errors; /* meters attempted; of these not READOUT_OK */
};

void lane_init(struct lane *l, struct master *m, unsigned number);
void lane_fini(struct lane *l); /* ends its errands */
void lane_add(struct lane *l, struct errand *e);
void lane_withdraw(struct lane *l, struct errand *e); /* no further meter; on_end comes now or after the present one */
bool lane_has(const struct lane *l, enum reading_source source);
void lane_wake(struct lane *l); /* continuous mode may have something to do now */

/* --- the service --- */

struct seen_status;
struct search_job;

struct master {
    struct app *app;
    struct job_kind kind;
    struct lane lanes[BUS_N];
    struct bus *buses[BUS_N]; /* of the lanes, for others who share them */
    uint32_t *learnt;         /* ids of meters to be written to the store together */
    size_t n_learnt;
    struct timer learnt_timer;
    struct seen_status *statuses; /* last status byte of each meter, for the log */
    struct search_job *searches;  /* under way */
    bool is_draining;
    /* what a new key opens of earlier readouts: */
    struct to_reading *reopened;
    struct timer reopen_timer;
    uint32_t reopened_last; /* meter that was looked at last */
};

/* What a reading tells about its meter: maker, version, medium, secondary address; and the status byte for the log. */
void master_learn(struct master *m, uint32_t meter, const struct telegram_head *head);
void master_note_status(struct master *m, uint32_t meter, uint8_t status, const char *origin);

/* What decodes a telegram of this meter; *who must live as long as it is used. */
struct telegram_env master_env(const struct master *m, uint32_t meter, struct keyring_search *who);
void master_keys_init(struct master *m);
void master_keys_fini(struct master *m);

void readout_job_register(struct master *m);
/* Job kind "search"; arguments as POST /searches takes them, checked before. Runs on each of its buses side by side. */
void search_job_register(struct master *m);
void search_jobs_stop(struct master *m);
void meter_title(char *out, size_t size, const struct meter *m); /* "meter 13001651", "meter at address 5 of bus1" */

#endif
