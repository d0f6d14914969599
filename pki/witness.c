#include "pki/witness.h"

#include "pki/digest.h"
#include "pki/note.h"

/* One request on its way through the checks, which come in the order of the protocol. */
struct judging {
    const struct witness_log *log;
    const struct witness_state *state;
    struct witness_request request;
    struct note note;
    struct checkpoint head;
    struct witness_verdict *out;
    struct errmsg *why;
};

static bool refuse(struct judging *j, enum witness_status status, enum err e, const char *reason)
{
    j->out->status = status;
    (void)errmsg_set(j->why, e, "%s", reason);
    return false;
}

static bool is_ours(const struct judging *j)
{
    for (size_t i = 0; i < j->log->key_count; i++)
        if (bytes_is(j->head.origin, j->log->keys[i].name))
            return true;
    return false;
}

/* ERR_OK where a trusted key signed it and no line of one fails. */
static enum err check_signatures(const struct judging *j)
{
    enum err found = ERR_NOT_FOUND;
    for (size_t i = 0; i < j->log->key_count; i++) {
        const enum err e = note_verify(&j->note, &j->log->keys[i]);
        if (e != ERR_OK && e != ERR_NOT_FOUND)
            return e;
        if (e == ERR_OK)
            found = ERR_OK;
    }
    return found == ERR_OK ? ERR_OK : ERR_SIGNATURE;
}

static enum err parse(struct judging *j, struct bytes data, struct arena *arena)
{
    enum err e = witness_request_parse(data, &j->request);
    if (e == ERR_OK)
        e = note_parse(j->request.checkpoint, arena, &j->note, NULL);
    if (e == ERR_OK)
        e = checkpoint_parse(j->note.text, &j->head);
    return e;
}

static bool fork_found(struct judging *j, enum witness_status status, const char *reason)
{
    j->out->is_fork = true;
    return refuse(j, status, ERR_MISMATCH, reason);
}

/* Nothing was cosigned before, or nothing was added since: the proof has nothing to say. */
static bool is_plain(const struct judging *j)
{
    return j->request.old_size == 0 || j->request.old_size == j->head.size;
}

static enum err check_growth(struct judging *j, bool *good)
{
    const struct merkle_consistency proof = {.old_size = j->request.old_size,
                                             .new_size = j->head.size,
                                             .hashes = j->request.proof.h,
                                             .count = j->request.proof.count};
    const enum err e =
        merkle_consistency_verify(digest_sha256, &proof, &j->state->root, &j->head.root);
    if (e == ERR_CRYPTO)
        return e;
    *good = e == ERR_OK ||
            fork_found(j, WITNESS_INCONSISTENT, "the proof does not show that the log only grew");
    return ERR_OK;
}

static enum err check_plain(struct judging *j, bool *good)
{
    struct digest root = j->state->root;
    enum err e = ERR_OK;
    if (j->head.size == 0)
        e = merkle_empty(digest_sha256, &root);
    if (e != ERR_OK)
        return e;
    const bool is_same = j->head.size != j->request.old_size || digest_equal(&root, &j->head.root);
    if (j->request.proof.count != 0)
        *good = refuse(j, WITNESS_INCONSISTENT, ERR_INVALID, "a proof where none can be");
    else
        *good = is_same || fork_found(j, WITNESS_CONFLICT, "two heads of one size");
    return ERR_OK;
}

static bool check_sizes(struct judging *j)
{
    if (j->request.old_size > j->head.size)
        return refuse(j, WITNESS_MALFORMED, ERR_RANGE, "the old size is above the head's");
    if (j->request.old_size != j->state->size)
        return refuse(j, WITNESS_CONFLICT, ERR_CONFLICT, "the old size is not this witness's");
    return true;
}

/* False: refused, and said why. */
static enum err check_all(struct judging *j, bool *good)
{
    *good = false;
    enum err e = ERR_OK;
    if (!is_ours(j))
        (void)refuse(j, WITNESS_UNKNOWN, ERR_NOT_FOUND, "this witness does not watch that log");
    else if ((e = check_signatures(j)) == ERR_NOMEM || e == ERR_CRYPTO)
        return e;
    else if (e != ERR_OK)
        (void)refuse(j, WITNESS_UNSIGNED, ERR_SIGNATURE, "no trusted key of the log signed this head");
    else if (check_sizes(j))
        return is_plain(j) ? check_plain(j, good) : check_growth(j, good);
    return ERR_OK;
}

enum err witness_judge(const struct witness_log *log, const struct witness_state *state,
                       struct bytes request, struct arena *arena, struct witness_verdict *out,
                       struct errmsg *why)
{
    *out = (struct witness_verdict){.status = WITNESS_MALFORMED, .next = *state};
    struct judging j = {.log = log, .state = state, .out = out, .why = why};
    bool good = false;
    enum err e = parse(&j, request, arena);
    if (e == ERR_NOMEM || e == ERR_CRYPTO)
        return e;
    if (e != ERR_OK) {
        (void)refuse(&j, WITNESS_MALFORMED, e, "not a request of the add-checkpoint form");
        return ERR_OK;
    }
    e = check_all(&j, &good);
    if (e != ERR_OK || !good)
        return e;
    *out = (struct witness_verdict){.status = WITNESS_COSIGN,
                                    .next = {.size = j.head.size, .root = j.head.root},
                                    .text = j.note.text,
                                    .note = j.request.checkpoint};
    return ERR_OK;
}
