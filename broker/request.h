/* A question on its way in (docs/protocol.md, "Ask"): what request.c and its tests share. The
 * handler itself is request_handler in turn.h. */
#ifndef SLUIS_BROKER_REQUEST_H
#define SLUIS_BROKER_REQUEST_H

#include "broker/gate.h"
#include "broker/store/asks.h"
#include "broker/turn.h"

#define REQUEST_SKEW_S 300 /* issued_at may lie so far ahead of the broker's clock; or back, and count */

/* The decoded message and what prepare made of it; lives in the turn's arena. */
struct request_turn {
    struct request_message message;
    struct request_header header;
    struct digest id; /* of the header */
    struct ask_key key;
    const struct roster_member *holder;
    const struct roster_officer *worker;
    const struct key *worker_key;
    struct bytes *subjects; /* type and token of each identifier, all different */
    size_t subject_count;
    struct bytes held; /* sealed */
    struct gate_counts counts;
    struct facts facts;
    struct decision decision;
};

#endif
