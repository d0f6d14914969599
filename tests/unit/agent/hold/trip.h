/* A question from asking to its settlement: the holder of the world releases, and what its requester remembers
 * stands beside it. For tests of what a requester believes. */
#ifndef SLUIS_TEST_HOLD_TRIP_H
#define SLUIS_TEST_HOLD_TRIP_H

#include "tests/unit/agent/hold/world.h"

#include "agent/ask/verify.h"

/* A settlement as the broker forwards it, beside what the requester remembers of its question. */
struct trip {
    struct world w;
    struct question q;
    struct arena *arena;
    struct buf header;
    struct asked_identifier identifiers[1];
    struct asked_subject subjects[2];
    struct asked asked;
    struct asked_header open;
    struct verify_own own;
    struct verify v;
    struct settled settled;
    struct buf changed; /* room for a test */
};

/* Two officers of the holder release soort_uitkering and werkgever. */
void trip_new(struct trip *t);
/* The same under an edited policy, signed by these two. */
void trip_new_by(struct trip *t, const struct policy_edit *edits, int first, int second);
/* From here on the agent of the world is the requester's, with the question in its store. */
void trip_become_requester(struct trip *t);
void trip_free(struct trip *t);

#endif
