/* A witness that no agent is (C2SP tlog-witness, add-checkpoint over HTTP): somebody at the broker's host carries what it is
 * asked and what it answers, as files. Which head it cosigned last is known to it alone: whoever carries says from which size
 * it is asked, and a 409 tells where that was wrong. Its lines count as those that agents bring, and like them leave no
 * entry. What it says in words is never read. Loop thread. */
#ifndef SLUIS_BROKER_OUTSIDE_H
#define SLUIS_BROKER_OUTSIDE_H

#include "proto/base/arena.h"
#include "proto/base/bytes.h"
#include "proto/base/err.h"

#define OUTSIDE_MAX_BODY_BYTES ((size_t)16 << 10)

struct cosigners;

struct outside_request {
    uint64_t size;        /* of the head that is asked about */
    struct bytes request; /* in the arena; empty: nothing to ask now */
};

/* What the witness of this name in the audit policy is asked next where its newest head has the size old; 0: none. Nothing
 * where it has cosigned the head that is asked about. Where it has that size already and its line did not arrive, it is asked for
 * another one. A size that this log never had is of another log, or wrong: it is asked as one that has none, and its 409 tells.
 * ERR_NOT_FOUND (no such witness), ERR_IO, ERR_NOMEM, ERR_CRYPTO; why tells. */
enum err outside_request(struct cosigners *c, struct bytes witness, uint64_t old, struct arena *a,
                         struct outside_request *out, struct errmsg *why) MUST_CHECK;

/* What came of a request. */
struct outside_answer {
    struct bytes witness;
    uint64_t old;      /* from which size it was asked */
    uint64_t size;     /* about which head */
    int64_t number;    /* of HTTP */
    struct bytes body; /* at most OUTSIDE_MAX_BODY_BYTES; of other numbers than 200 and 409 it is not looked at */
};

struct outside_taken {
    uint64_t old;    /* from which size it is asked next */
    bool is_counted; /* its line stands for the head that is asked about */
};

/* Takes an answer. Lines of a 200 over a head that is not asked about any more are left: nobody can verify them, and the
 * witness is asked from there. ERR_NOT_FOUND (no such witness), ERR_SIGNATURE (no line by its key, or one that fails),
 * ERR_INVALID, ERR_TRUNCATED, ERR_TOO_LARGE, ERR_RANGE (a body that is none), ERR_CONFLICT (a 409 that contradicts the log, or a
 * refusal by the witness), ERR_AGAIN (it cannot answer now), ERR_NOMEM, ERR_CRYPTO; why tells. */
enum err outside_take(struct cosigners *c, const struct outside_answer *from, struct arena *a,
                      struct outside_taken *out, struct errmsg *why) MUST_CHECK;

#endif
