/* test_event.c — delivery: order, queueing, leaving.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/base/str.h"
#include "core/event.h"

/* Each subscriber writes its letter and the meter's number. */
struct trace {
    struct events *events;
    char text[128];
};
struct one {
    struct trace *trace;
    char letter;
    int publishes; /* EV_METER with this id, once */
    struct one *unsubscribes;
};

static void note(void *ctx, const struct event *ev)
{
    struct one *o = ctx;
    size_t len = strlen(o->trace->text);
    str_fmt(o->trace->text + len, sizeof o->trace->text - len, "%c%u ", o->letter, ev->u.meter.id);
    if (o->publishes) {
        struct event next = { .type = EV_METER, .u.meter.id = (uint32_t)o->publishes };
        o->publishes = 0;
        events_publish(o->trace->events, &next);
    }
    if (o->unsubscribes)
        events_unsubscribe(o->trace->events, note, o->unsubscribes);
}

static void publish(struct trace *t, uint32_t id)
{
    events_publish(t->events, &(struct event){ .type = EV_METER, .u.meter.id = id });
}

static void subscribers_hear_in_their_order_what_they_asked_for(void **state)
{
    struct trace t = { .events = events_create() };
    struct one a = { &t, 'a', 0, NULL }, b = { &t, 'b', 0, NULL }, c = { &t, 'c', 0, NULL };
    (void)state;
    events_subscribe(t.events, EV_BIT(EV_METER), note, &a);
    events_subscribe(t.events, EV_BIT(EV_JOB), note, &b);
    events_subscribe(t.events, EV_BIT(EV_METER) | EV_BIT(EV_JOB), note, &c);
    publish(&t, 1);
    assert_string_equal(t.text, "a1 c1 ");
    events_unsubscribe(t.events, note, &a);
    publish(&t, 2);
    assert_string_equal(t.text, "a1 c1 c2 ");
    events_free(t.events);
}

static void what_is_published_inside_comes_after(void **state)
{
    struct trace t = { .events = events_create() };
    struct one a = { &t, 'a', 5, NULL }, b = { &t, 'b', 6, NULL };
    (void)state;
    events_subscribe(t.events, EV_BIT(EV_METER), note, &a);
    events_subscribe(t.events, EV_BIT(EV_METER), note, &b);
    publish(&t, 1);
    assert_string_equal(t.text, "a1 b1 a5 b5 a6 b6 ");
    events_free(t.events);
}

static void one_may_leave_or_be_sent_away_during_a_delivery(void **state)
{
    struct trace t = { .events = events_create() };
    struct one a = { &t, 'a', 0, NULL }, b = { &t, 'b', 0, NULL }, c = { &t, 'c', 0, NULL };
    (void)state;
    a.unsubscribes = &b; /* which comes later */
    c.unsubscribes = &c;
    events_subscribe(t.events, EV_BIT(EV_METER), note, &a);
    events_subscribe(t.events, EV_BIT(EV_METER), note, &b);
    events_subscribe(t.events, EV_BIT(EV_METER), note, &c);
    publish(&t, 1);
    publish(&t, 2);
    assert_string_equal(t.text, "a1 c1 a2 ");
    events_free(t.events);
    events_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(subscribers_hear_in_their_order_what_they_asked_for),
        cmocka_unit_test(what_is_published_inside_comes_after),
        cmocka_unit_test(one_may_leave_or_be_sent_away_during_a_delivery),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
