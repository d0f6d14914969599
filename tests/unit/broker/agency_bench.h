/* An agency offers heads of its own log to a broker on a table: what the tests of the broker as its witness share. */
#ifndef SLUIS_TEST_BROKER_AGENCY_BENCH_H
#define SLUIS_TEST_BROKER_AGENCY_BENCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "broker/agency_heads.h"
#include "broker/turn.h"
#include "tests/support/grown_log.h"
#include "tests/unit/broker/bench.h"

#define OK(expression) assert_int_equal((expression), ERR_OK)
#define ORIGIN "demo/log/00000099000000002000"
#define WITNESS "demo/witness/00000099000000001000"

extern struct bench bench;
extern struct grown_log grown;
extern struct key *log_key, *next_key, *third_key;

/* For setup and teardown of each test. */
int agency_bench_open(void **state);
int agency_bench_close(void **state);
/* The broker again, on the same store. */
void restart(void);

/* One offer: the log grew from `from` to `to`, as one of two histories. */
struct offer {
    uint64_t from, to;
    size_t history;
    const char *origin;                                /* NULL: the agency's */
    const struct key *signers[AGENCY_HEAD_MAX_KEYS];   /* NULL: log_key, and no second */
    const struct key *names[AGENCY_HEAD_MAX_KEYS];     /* likewise: the keys that it names; NULL: the signers */
    enum bench_member from_member;                     /* 0: ALFA */
    struct bytes vouch;                                /* an officer's signed word; empty: none */
};

/* The verifier key, as text in the arena. */
struct bytes line_of(const struct key *key, const char *origin, struct arena *a);
struct bytes request_of(const struct offer *o, const char *origin, struct arena *a);
/* What was answered; MSG_NONE: nothing. */
enum msg_kind send_body(struct bytes body, enum bench_member from, struct arena *a, struct agency_head_reply *out);
enum msg_kind send_offer(const struct offer *o, struct arena *a, struct agency_head_reply *out);
uint32_t status_of(const struct offer *o);
#define OFFER(...) status_of(&(struct offer){__VA_ARGS__})

/* Entries of an event that wait, whose body has that text. */
size_t entries(const char *event, const char *with);
/* The kept size; 0: none. */
uint64_t kept(struct digest *root);
bool has_alarm(const char *text);
bool status_says(const char *text);
/* Whether the log may be signed with it, by what status says. */
bool knows(const struct key *key);

#endif
