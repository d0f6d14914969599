/* Between outbox.c (entries, from the store to the wire) and outbox_answer.c (what comes back). */
#ifndef SLUIS_AGENT_OUTBOX_INTERNAL_H
#define SLUIS_AGENT_OUTBOX_INTERNAL_H

#include <stdatomic.h>

#include "agent/agent.h"
#include "agent/outbox_rows.h"
#include "agent/outbox_run.h"
#include "proto/host/loop.h"

enum entry_state {
    ENTRY_WAITING = 1, /* to be wrapped or sent */
    ENTRY_WRAPPING,    /* its frame is on the way into the store */
    ENTRY_SENT,        /* no answer yet */
    ENTRY_SETTLING,    /* the answer is on the way into the store */
};

struct entry {
    struct outbox_head head;
    enum entry_state state;
    bool is_stale;      /* the next send needs a new envelope */
    bool was_sent;
    bool is_suspended;  /* its purpose is, at the broker: waits for the next hello that opens */
    int64_t due_ms;     /* monotonic; not before */
    int64_t pause_ms;
    struct entry *next; /* ascending by id */
};

struct outbox {
    struct agent *agent;
    struct loop_timer *tick;
    struct loop_task look; /* posted by the store thread */
    atomic_bool is_posted;
    bool is_looking;
    bool is_stopped;
    struct entry *first;
    size_t loaded;
    size_t suspended; /* of these */
    struct outbox_id last; /* highest id that was loaded */
    bool has_more;
    struct outbox_info info;
};

/* Who put entries of this kind; NULL: nobody. */
const struct outbox_owner *outbox_owner_of(const struct outbox *o, enum msg_kind kind);
/* Sends what may be sent now, oldest first. */
void outbox_pump(struct outbox *o);
/* Not before a while that grows. */
void outbox_back_off(struct outbox *o, struct entry *e);
/* Frees an entry that is through. */
void outbox_forget(struct outbox *o, struct entry *gone);

#endif
