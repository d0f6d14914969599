/* A notice of a hit in a purpose that is suspended holds up nobody: it steps aside, and comes back behind what
 * waits then, under a number of its own, once the purpose is served again. What is mailed is always numbered
 * above all that is still to be mailed, so that an acknowledgement never reaches an item that was not sent
 * (docs/protocol.md, "Mailboxes"). */
#ifndef SLUIS_BROKER_ASIDE_H
#define SLUIS_BROKER_ASIDE_H

#include "broker/broker.h"

struct arena;
struct kv_txn;

enum aside_way {
    ASIDE_OUT = 1, /* what waits steps aside */
    ASIDE_BACK,    /* what no longer waits comes back; what can never be opened goes */
};

/* All mailboxes, one after another; begins with {.way = …}. */
struct aside_walk {
    enum aside_way way;
    struct agency_id to;
    bool has_to;    /* this mailbox is not through */
    bool has_begun; /* `to` was one */
    uint64_t after;
    bool is_done;
    size_t moved;
};

/* Store thread: the next few items. The arena (of 16 MiB) is reset. Errors of the store; an item
 * that does not open stays where it is, with a line in the log. */
enum err aside_slice(struct broker *b, struct kv_txn *txn, struct arena *a,
                     struct aside_walk *w) MUST_CHECK;

#endif
