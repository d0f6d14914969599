/* The agent as one process: what every part of it may look at. Loop thread, unless said. */
#ifndef SLUIS_AGENT_AGENT_H
#define SLUIS_AGENT_AGENT_H

#include "pki/view/view.h"
#include "proto/conf/config_agent.h"
#include "proto/msg/hello.h"

struct agency_half;
struct agent_control;
struct agent_keys;
struct agent_part;
struct answering;
struct cert;
struct clock;
struct endings;
struct forget;
struct importer;
struct key;
struct kv;
struct loop;
struct message_ids;
struct mirror;
struct outbox;
struct own_log;
struct log_keeping;
struct log_origin;
struct protected_list;
struct receipts;
struct records;
struct rekey;
struct resend;
struct session;
struct space;
struct store;
struct successor;
struct agent_trust;
struct witness;
struct worker;
struct writer;

struct agent {
    const struct config_agent *config;
    const struct agent_part *const *parts; /* ended by NULL */
    struct loop *loop;
    const struct clock *clock;
    struct store *store; /* tables, encrypted at rest (agent/store/store.h) */
    struct kv *kv;       /* the store's, for snapshots */
    struct writer *writer;
    struct worker *workers;
    struct agent_trust *trust;
    struct view *view; /* in force, never NULL; jobs keep a reference of their own */
    struct agent_keys *keys;
    const struct key *_Atomic signing; /* of keys, those of now; a renewal changes them (agent/own_key.h) */
    const struct key *_Atomic sealing;
    struct message_ids *message_ids; /* loop thread */
    struct log_origin *log_origin; /* which log of the broker's it follows; NULL: the roster's */
    struct receipts *receipts;
    struct session *session;
    struct space *space;
    struct endings *endings; /* warnings before something ends */
    struct rekey *rekey;
    struct outbox *outbox;
    struct agent_control *control;
    struct records *records;
    struct protected_list *protected_list;
    struct importer *importer;
    struct forget *forget;
    struct resend *resend; /* of agent/import */
    void *ask; /* the part's own state */
    void *hold;
    void *renew; /* struct renewing */
    struct witness *witness;
    struct mirror *mirror; /* NULL: this agency keeps none */
    struct successor *successor; /* of a log that ended: how it goes over */
    struct own_log *own_log; /* entries; agent/log publishes them */
    struct log_keeping *log_keeping; /* of agent/log */
    struct answering *answering; /* of agent/subject */
};

/* Seconds since 1970 UTC by the agent's clock. */
int64_t agent_now_s(const struct agent *a);

/* The agency's half of a purpose and epoch; borrowed; for the loop thread or the store thread.
 * NULL: this agency has no such key. */
struct agency_half *agent_half(struct agent *a, const struct name *purpose, uint32_t epoch,
                               bool for_store);
/* The active epochs of a purpose, by the view in force, for which this agency has the key; ascending, 0 to 2. */
size_t agent_epochs(const struct agent *a, const struct name *purpose,
                    uint32_t out[static VIEW_ACTIVE_MAX]);

/* This agency's own member in the view in force; NULL where it is not on the roster now. */
const struct roster_member *agent_member(const struct agent *a);

/* The pseudonym of a staff member in the month of now_s: 16 hex digits of an HMAC under a key of the
 * agency's own. ERR_CRYPTO, ERR_NOMEM. */
enum err agent_pseudonym(const struct agent *a, const struct name *staff, int64_t now_s,
                         struct name *out) MUST_CHECK;

#endif
