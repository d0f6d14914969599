/* The agent as one process: what every part of it may look at. Loop thread, unless said. */
#ifndef SLUIS_AGENT_AGENT_H
#define SLUIS_AGENT_AGENT_H

#include "pki/view/view.h"
#include "proto/conf/config_agent.h"
#include "proto/msg/hello.h"

struct agency_half;
struct agent_control;
struct clock;
struct key;
struct kv;
struct kv_txn;
struct loop;
struct outbox;
struct protected_list;
struct records;
struct secret;
struct session;
struct store_key;
struct worker_pool;
struct writer;

struct agent {
    const struct config_agent *config;
    struct loop *loop;
    struct clock *clock;
    struct kv *kv;
    struct writer *writer;
    struct worker_pool *workers;
    struct view *view; /* in force; jobs keep a reference of their own */
    struct key *signing;
    struct key *sealing;
    struct store_key *store_key; /* encrypts values at rest */
    struct session *session;
    struct outbox *outbox;
    struct records *records;
    struct protected_list *protected_list;
    struct agent_control *control;
};

/* The agency's half of a purpose and epoch; borrowed; for the loop thread or the store thread.
 * NULL: this agency has no such key. */
struct agency_half *agent_half(struct agent *a, const struct name *purpose, uint32_t epoch,
                               bool for_store);
/* The newest epoch of a purpose for which this agency has the key; 0: none. */
uint32_t agent_epoch(const struct agent *a, const struct name *purpose);

/* The pseudonym of a staff member in the month of now_s: 16 hex digits of an HMAC under a key of the
 * agency's own. */
enum err agent_pseudonym(const struct agent *a, const struct name *staff, int64_t now_s,
                         struct name *out) MUST_CHECK;

#endif
