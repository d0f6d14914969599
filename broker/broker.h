/* The broker as one process: what every part of it may look at. Loop thread, unless said. */
#ifndef SLUIS_BROKER_BROKER_H
#define SLUIS_BROKER_BROKER_H

#include "pki/view/view.h"
#include "proto/conf/config_broker.h"

struct audit;
struct broker_half;
struct clock;
struct index;
struct key;
struct kv;
struct link_server;
struct loop;
struct mailboxes;
struct secret;
struct worker_pool;
struct writer;

/* Why nothing with an effect is served at present. */
enum gate_state {
    GATE_OPEN = 1,
    GATE_NO_SPACE,  /* the store or the disk is full */
    GATE_ROSTER,    /* roster or policy expired or missing */
    GATE_CLOCK,     /* the clock stands below its high-water mark */
    GATE_LOG,       /* the audit log cannot be written or published */
    GATE_FORKED,    /* an agent has verified a checkpoint that this log does not contain */
    GATE_RECONCILE, /* a restored store waits for its agents */
    GATE_DRAINING,
};

const char *gate_state_id(enum gate_state s);

struct broker {
    const struct config_broker *config;
    struct loop *loop;
    struct clock *clock;
    struct kv *kv;
    struct writer *writer;
    struct worker_pool *workers;
    struct link_server *link;
    struct view *view; /* in force; replaced as a whole; jobs keep a reference of their own */
    struct key *signing;
    struct audit *audit;
    struct mailboxes *mailboxes;
    struct index *index;
    enum gate_state gate;
};

/* The broker's half of a purpose and epoch, for the loop thread or (for_store) the store thread;
 * borrowed. NULL: this broker has none. */
struct broker_half *broker_half_of(struct broker *b, const struct name *purpose, uint32_t epoch,
                                   bool for_store);
/* The key under which held data of that purpose and epoch lies; borrowed, any thread. */
const struct secret *broker_held_key(const struct broker *b, const struct name *purpose,
                                     uint32_t epoch);

#endif
