/* A broker on a table: real store, store thread, audit log and mailboxes under a scratch folder, keys
 * of its own, a clock that a test sets, and a wire that is a list. */
#ifndef SLUIS_TEST_BROKER_BENCH_H
#define SLUIS_TEST_BROKER_BENCH_H

#include "broker/sessions.h"
#include "broker/turns.h"
#include "proto/host/clock.h"
#include "tests/unit/broker/fake_view.h"
#include "tests/unit/host/host_tmp.h"


#define BENCH_NOW_S INT64_C(1795000000)
#define BENCH_ANSWERS 32

enum bench_member { BENCH_BROKER, BENCH_ALFA, BENCH_BRAVO, BENCH_REGISTRAR };

struct bench_answer {
    struct peer_route to;
    struct buf frame;
};

#define BENCH_VKEY_MAX 256

struct bench {
    struct host_tmp tmp;
    struct broker broker;
    struct config_broker config;
    struct clock clock;
    struct view view;
    int64_t now_ms;
    const struct turn_handler *const *handlers;
    size_t handler_count;
    struct bench_answer answers[BENCH_ANSWERS];
    size_t answer_count;
    void (*on_answer)(void *arg); /* an answer leaves; may be NULL */
    void *on_answer_arg;
    uint64_t message_ids; /* the last one given out */
    char log_key[BENCH_VKEY_MAX];
};

/* handlers outlive the bench. Fails the test where anything does. */
void bench_open(struct bench *b, const struct turn_handler *const *handlers, size_t count);
void bench_close(struct bench *b);

/* Ends and starts everything again on the same folder, as after a crash or a stop. */
void bench_restart(struct bench *b);
/* The two halves of it: between them nothing is open. */
void bench_stop(struct bench *b);
void bench_start(struct bench *b);

/* Runs loop and store thread until nothing is under way. */
void bench_settle(struct bench *b);

/* One round of the log: what waits is in a block that is signed and shown. */
void bench_publish(struct bench *b);

/* A message that a member would send now: valid in every element, for a test to spoil. */
struct bench_message {
    struct envelope envelope;
    enum bench_member signer;
    enum bench_member peer; /* whose CURVE key the link proved */
    struct peer_route route;
    bool bad_signature;
};
struct bench_message bench_message(struct bench *b, enum bench_member from, enum msg_kind kind,
                                   struct bytes body);

/* Encodes, signs and hands it in; what was answered is in b->answers afterwards. */
void bench_send(struct bench *b, const struct bench_message *m);
void bench_send_raw(struct bench *b, enum bench_member peer, struct bytes data);

/* The last answer, verified and decoded into the arena; its envelope. Fails where there is none. */
void bench_answer(struct bench *b, struct arena *a, struct envelope *out);

/* A session in this state for a member, on the route that bench_message uses. */
void bench_session(struct bench *b, enum bench_member m, enum session_state state);

/* The verifier key of a log key, as a roster has it. */
struct bytes bench_vkey(const struct bench *b, const struct key *log, char room[static BENCH_VKEY_MAX]);

/* Entries that wait for the next block. */
size_t bench_pending(struct bench *b);
/* Of them, how many have this event and this text in their body. */
size_t bench_entries(struct bench *b, const char *event, const char *with);

#endif
