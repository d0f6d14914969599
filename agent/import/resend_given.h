/* Chains that could not be sent again: each is tried once, until what it was judged by has changed. No I/O. */
#ifndef SLUIS_IMPORT_RESEND_GIVEN_H
#define SLUIS_IMPORT_RESEND_GIVEN_H

#include "proto/base/err.h"
#include "proto/msg/hello.h"

#define RESEND_GIVEN_FOR_MS (INT64_C(3600) * 1000)

/* What the broker and this agent judge a batch by. */
struct resend_by {
    uint64_t roster_serial;
    struct digest policy;
    struct digest states; /* of epochs */
};

struct resend_given {
    struct given_chain {
        struct hello_chain end; /* the broker's, when it was given up */
        struct resend_by by;
        int64_t at_ms;
        struct errmsg why;
    } v[HELLO_CHAINS_MAX];
    size_t count;
};

/* Notes that the batch behind this end cannot be sent; now_ms of a clock that only goes forward. Where there is no room the
 * oldest note goes. */
void resend_give(struct resend_given *g, const struct hello_chain *end, const struct resend_by *by, int64_t now_ms,
                 const struct errmsg *why);

/* Why it was given up, where that still holds: the end, the roster, the policy and the words on epochs are the same, and less
 * than an hour has passed. NULL: it may be tried (again). */
const struct errmsg *resend_given_why(const struct resend_given *g, const struct hello_chain *end, const struct resend_by *by,
                                      int64_t now_ms);

#endif
