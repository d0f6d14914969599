/* The custodian's word on the state of each epoch of a purpose. Signed as SIGN_EPOCH_STATES; each
 * document says all of it, so that the newest is enough (decision 0901). */
#ifndef SLUIS_MSG_EPOCH_STATES_H
#define SLUIS_MSG_EPOCH_STATES_H

#include "proto/base/arena.h"
#include "proto/base/buf.h"
#include "proto/base/hash.h"
#include "proto/base/ids.h"

#define EPOCH_STATES_MAX_BYTES ((size_t)64 << 10)
#define EPOCH_STATES_ARENA_BYTES ((size_t)1 << 20)
#define EPOCH_STATES_MAX 256  /* epochs of one purpose */
#define EPOCH_ACTIVE_MAX 2    /* of them active at a time: the overlap */

enum epoch_state {
    EPOCH_NONE = 0,    /* nobody said anything that counts: nothing happens under it */
    EPOCH_DEALT,       /* keys are given out; nothing happens under it */
    EPOCH_ACTIVE,      /* batches, requests, matching */
    EPOCH_RETIRED,     /* what was asked under it goes on to its deadline */
    EPOCH_COMPROMISED, /* nothing any more */
    EPOCH_DESTROYED,   /* nothing, and its index goes */
    EPOCH_STATE_COUNT,
};

/* "active" and so on; "?" outside the set. ERR_UNKNOWN. */
const char *epoch_state_id(enum epoch_state s);
enum err epoch_state_parse(struct bytes text, enum epoch_state *out) MUST_CHECK;

/* Whether an epoch may go from one state to the other, or stay: dealt, active, retired, destroyed; any
 * but the last to compromised, which can only be destroyed; one that was never active may be destroyed
 * at once. Never backward. */
bool epoch_state_follows(enum epoch_state from, enum epoch_state to);

struct epoch_entry {
    uint32_t epoch; /* from 1 */
    enum epoch_state state;
    int64_t since_s;
    struct digest declaration; /* destroyed: of the declaration; else zero */
};

struct epoch_states {
    struct name deployment;
    struct name purpose;
    uint64_t serial; /* from 1; of the purpose, grows by one */
    int64_t issued_at;
    struct agency_id custodian;
    const struct epoch_entry *epochs; /* ascending by epoch, at least one */
    size_t epoch_count;
};

/* Reads and checks; views point into a. ERR_TOO_LARGE, ERR_NOMEM, ERR_UNKNOWN (state), ERR_RANGE (more
 * than EPOCH_ACTIVE_MAX active among them; destroyed before the first word), ERR_DUPLICATE, ERR_INVALID (a declaration where there is none to
 * be, or none where one must be), or as msg_scan. */
enum err epoch_states_decode(struct bytes document, struct arena *a, struct epoch_states *out,
                             struct errmsg *why) MUST_CHECK;

/* Appends the document after the same checks. */
enum err epoch_states_encode(const struct epoch_states *d, struct buf *out,
                             struct errmsg *why) MUST_CHECK;

/* Of which purpose and serial it says it is, of a document whose signature does not count: enough to
 * stop, never to allow. Same cap and errors; ERR_INVALID where it names none. */
struct epoch_states_claim {
    struct name purpose;
    uint64_t serial;
};
enum err epoch_states_peek(struct bytes document, struct epoch_states_claim *out) MUST_CHECK;

/* The entry of an epoch, or NULL. */
const struct epoch_entry *epoch_states_of(const struct epoch_states *d, uint32_t epoch);

/* Whether next may come after d of the same purpose: its serial is one above, each epoch stands in it
 * again, each in a state that follows, with since and declaration kept where the state is; what it destroys, it
 * destroys at its own time (issued_at). ERR_BEHIND,
 * ERR_MISMATCH; why names the epoch. */
enum err epoch_states_check_next(const struct epoch_states *d, const struct epoch_states *next,
                                 struct errmsg *why) MUST_CHECK;

#endif
