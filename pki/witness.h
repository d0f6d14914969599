/* A witness's judgement of a log's new head (C2SP tlog-witness, add-checkpoint). Pure: whoever keeps the
 * state reads it, judges and commits the new one in one transaction, and hands out the cosignature
 * (note_cosign over text) only after that. A cosignature says: this log has only ever grown, as far as
 * this witness saw. */
#ifndef SLUIS_PKI_WITNESS_H
#define SLUIS_PKI_WITNESS_H

#include "proto/base/arena.h"
#include "proto/base/hash.h"
#include "proto/log/vkey.h"
#include "proto/log/witness_request.h"

/* The newest head of one log that this witness cosigned. size 0: it never cosigned one. */
struct witness_state {
    uint64_t size;
    struct digest root;
};

/* The answers, with the numbers that the protocol gives them on HTTP. */
enum witness_status {
    WITNESS_COSIGN = 200,
    WITNESS_MALFORMED = 400,   /* not a request, or its old size is above its head's */
    WITNESS_UNSIGNED = 403,    /* no trusted key signed it, or the line of one does not verify */
    WITNESS_UNKNOWN = 404,     /* another log than this witness watches */
    WITNESS_CONFLICT = 409,    /* old size is not the witness's, or one size has two roots */
    WITNESS_INCONSISTENT = 422 /* the proof does not show that the log only grew */
};

struct witness_verdict {
    enum witness_status status;
    struct witness_state next; /* to commit where status is WITNESS_COSIGN; else as it was */
    struct bytes text;         /* the head to cosign: a view of the request; empty unless WITNESS_COSIGN */
    struct bytes note;         /* the same with the log's signatures */
    bool is_fork;              /* the log's own key signed what contradicts the state: keep the request */
};

/* keys: the keys of the log that this witness watches, all under the log's origin as their name. Needs at most
 * NOTE_ARENA_BYTES (pki/note.h) of arena. ERR_NOMEM, ERR_CRYPTO: nothing was judged. why: one line for people
 * where it is not cosigned. */
struct witness_log {
    const struct vkey *keys;
    size_t key_count;
};
enum err witness_judge(const struct witness_log *log, const struct witness_state *state,
                       struct bytes request, struct arena *arena, struct witness_verdict *out,
                       struct errmsg *why) MUST_CHECK;

#endif
