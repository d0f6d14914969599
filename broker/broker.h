/* The broker as one process: what every part of it may look at. Loop thread, unless said. */
#ifndef SLUIS_BROKER_BROKER_H
#define SLUIS_BROKER_BROKER_H

#include "pki/view/view.h"
#include "proto/conf/config_broker.h"

struct agency_heads;
struct audit;
struct broker;
struct aside;
struct broker_half;
struct broker_keys;
struct clock;
struct contribute;
struct cosigners;
struct endings;
struct epoch_end;
struct former_log;
struct index;
struct kv;
struct loop;
struct mailboxes;
struct matcher;
struct paced;
struct publisher;
struct reconcile;
struct rekey;
struct secret;
struct sessions;
struct store;
struct turns;
struct vaults;
struct wire;
struct worker;
struct writer;

/* Why nothing with an effect is served at present. */
enum gate_state {
    GATE_NONE = 0,
    GATE_NO_SPACE,  /* the store or the disk is full */
    GATE_ROSTER,    /* roster or policy expired or missing */
    GATE_CLOCK,     /* the clock stands below its high-water mark */
    GATE_LOG,       /* the audit log cannot be written or published */
    GATE_FORKED,    /* an agent has verified a checkpoint that this log does not contain */
    GATE_RECONCILE, /* a restored store waits for its agents */
    GATE_RETIRED,   /* the log has ended: nothing but its last head is shown */
    GATE_DRAINING,
    GATE_STATE_COUNT,
};

const char *gate_state_id(enum gate_state s);

/* Of trusted.c, loop thread. */
struct broker_acceptance {
    bool is_under_way; /* one view at a time goes through the store */
    void (*again)(struct broker *b, bool is_new); /* a reload that waits for it; NULL: none */
    int64_t retry_s; /* not before: the switch to an announced policy that failed */
    struct errmsg files_trouble;  /* why the files on disk do not count; "": they do */
    struct errmsg switch_trouble; /* why the announced policy does not come in force */
};

struct broker {
    const struct config_broker *config;
    const struct clock *clock;
    struct loop *loop;
    struct kv *kv;
    struct writer *writer;
    struct worker *workers;
    struct broker_keys *keys;
    struct store *store; /* the tables of broker/store */
    struct vaults *vaults; /* what is sealed at rest */
    struct view *view;   /* in force; replaced as a whole; jobs keep a reference of their own */
    struct broker_acceptance acceptance;
    struct audit *audit;
    struct mailboxes *mailboxes;
    struct aside *aside;           /* mail of purposes that are suspended */
    struct turns *turns;
    struct sessions *sessions;
    struct wire *wire;
    struct publisher *publisher;
    struct log_copy *log_copy;   /* of bodies, for the auditors; NULL: none is kept */
    struct cosigners *cosigners; /* the witnesses of the log */
    struct former_log *former_log; /* the log before it; NULL: none is at hand */
    struct index *index;
    struct contribute *contribute; /* batches under way */
    struct reconcile *reconcile;   /* NULL but in a restored store */
    struct matcher *matcher;       /* requests, matches, settlements */
    struct epoch_end *epoch_end;   /* what goes with an epoch that is over */
    struct endings *endings;       /* warnings before something ends */
    struct rekey *rekey;           /* the versions of the storage key */
    struct log_retention *log_retention; /* bodies whose time is over */
    struct agency_heads *agency_heads;   /* the agencies' own logs, as their witness */
    struct paced *mirrors;         /* the pace of entries for mirrors */
    uint64_t damage_told[64]; /* entries that were named since the start because their bodies do not open */
    size_t damage_count;
    struct errmsg unreadable; /* the last body of the log that did not open; "": none since the start */
    uint32_t credit; /* batches that one agency may have under way; the index lowers it */
    unsigned closed; /* bits 1 << enum gate_state: why the gate is closed; 0: open */
};

/* A part of the broker with state or timers of its own. The table is in parts.c; parts start in its
 * order, after store, keys and view, and stop in the reverse. */
struct broker_part {
    const char *name;
    enum err (*start)(struct broker *b, struct errmsg *why); /* the writer runs already */
    void (*stop)(struct broker *b); /* also where start failed; the writer has drained */
};

/* The versions of the storage key; the parts that others bring: the index and batches under way, requests and
 * matching. */
extern const struct broker_part agency_heads_part, aside_part, contribute_part, endings_part, entries_part, epoch_end_part,
    log_retention_part, matcher_part, rekey_part;

/* The P-256 key that signs under the view in force what the broker says by itself (closed); borrowed, any thread.
 * own_keys.h has those of a turn. */
const struct key *broker_signing_key(const struct broker *b);

/* Loop thread. Closes the gate for a reason, or takes the reason away; a log line where that changes
 * something. While any reason stands no message with an effect is served and nothing is matched. */
void broker_close_gate(struct broker *b, enum gate_state why);
void broker_clear_gate(struct broker *b, enum gate_state why);
/* The gravest reason that stands; GATE_NONE: open. */
enum gate_state broker_gate(const struct broker *b);
/* Whether an entry could be written and shown: a refusal is logged whatever else keeps the gate closed. */
bool broker_can_log(const struct broker *b);
static inline bool broker_is_open(const struct broker *b)
{
    return b->closed == 0;
}

/* Loop thread: each done function of a writer job says what came of it, so that a full disk closes
 * the gate; health.h opens it. */
void broker_saw(struct broker *b, enum err result);

/* The broker's half of a purpose and epoch, for the loop thread or (for_store) the store thread;
 * borrowed. NULL: this broker has none, or its epoch is stopped or its purpose suspended. */
struct broker_half *broker_half_of(struct broker *b, const struct name *purpose, uint32_t epoch,
                                   bool for_store);
/* The key under which held data of that purpose and epoch lies; borrowed, any thread. NULL: none, or the
 * epoch is stopped. */
const struct secret *broker_held_key(const struct broker *b, const struct name *purpose,
                                     uint32_t epoch);

#endif
