#include "agent/import/resend_find.h"

#include "agent/import/data_set.h"
#include "agent/records/batch_row.h"
#include "pki/digest.h"
#include "pki/view/view.h"
#include "proto/msg/batch.h"
#include "proto/msg/reply.h"

#define ARENA_BYTES ((size_t)16 << 20)

/* Which epochs come first, where not all fit. */
enum rank { RANK_ACTIVE, RANK_RETIRED, RANK_OTHER, RANK_COUNT };

static enum rank rank_of(const struct view *v, const struct chain_id *id)
{
    const enum epoch_state state = view_epoch_state(v, &id->purpose, id->epoch);
    if (state == EPOCH_ACTIVE)
        return RANK_ACTIVE;
    return state == EPOCH_RETIRED ? RANK_RETIRED : RANK_OTHER;
}

static void add_end(struct resend_ends *ends, const struct chain_id *id, const struct chain_head *head)
{
    if (ends->count < ends->max)
        ends->v[ends->count++] = (struct hello_chain){id->purpose, id->epoch, head->sequence, head->digest};
    else
        ends->left_out++;
}

enum err resend_ends(struct store *s, struct kv_txn *txn, const struct view *view, struct resend_ends *out)
{
    enum err bad = ERR_NOT_FOUND;
    out->count = out->left_out = 0;
    for (int rank = RANK_ACTIVE; bad == ERR_NOT_FOUND && rank < RANK_COUNT; rank++) {
        struct chain_id at = {.epoch = 0};
        struct chain_id before;
        struct chain_head head;
        bad = chain_head_next(s, txn, NULL, &at, &head);
        while (bad == ERR_OK) {
            if (rank_of(view, &at) == (enum rank)rank)
                add_end(out, &at, &head);
            before = at;
            bad = chain_head_next(s, txn, &before, &at, &head);
        }
    }
    return bad == ERR_NOT_FOUND ? ERR_OK : bad;
}

struct search {
    struct store *store;
    struct kv_txn *txn;
    struct arena *arena; /* of one row */
    const struct hello_chain *end;
    struct batch_row row;
    struct batch_header header;
    bool is_known; /* what the next one, or the end of the chain, says of its header */
    struct digest digest;
    bool is_damaged; /* some row, of whichever chain */
};

/* Whether it is the batch of the chain that many behind the end. */
static bool follows(const struct search *f, uint64_t by)
{
    const enum batch_state state = f->row.state;
    return (state == BATCH_ACCEPTED || state == BATCH_APPLIED || state == BATCH_VOID) && f->header.epoch == f->end->epoch &&
           name_equal(&f->header.purpose, &f->end->purpose) && f->header.sequence == f->end->sequence + by;
}

static void know(struct search *f, const struct digest *digest)
{
    f->is_known = true;
    f->digest = *digest;
}

/* ERR_NOT_FOUND: there is no such number (any more), or nothing is left of it but what the source said. */
static enum err read_row(struct search *f, uint32_t no)
{
    arena_reset(f->arena);
    const enum err bad = batch_row_get(f->store, f->txn, no, f->arena, &f->row);
    if (bad != ERR_OK)
        return bad;
    return batch_row_is_bare(&f->row) ? ERR_NOT_FOUND : batch_header_decode(f->row.header, f->arena, &f->header, NULL);
}

/* From the newest back: what a copy of yesterday lacks is not far. A row that does not open keeps no other from being found. */
static enum err find_row(struct search *f, uint32_t *no)
{
    uint64_t at = 0;
    enum err bad = store_get_number(f->store, f->txn, "batches", &at);
    for (; bad == ERR_OK && at > 0; at--) {
        bad = read_row(f, (uint32_t)at);
        if (bad == ERR_OK && follows(f, 1)) {
            *no = (uint32_t)at;
            return ERR_OK;
        }
        if (bad == ERR_OK && follows(f, 2))
            know(f, &f->header.previous_digest);
        if (resend_may_pass(bad))
            return bad;
        f->is_damaged |= bad != ERR_OK && bad != ERR_NOT_FOUND;
        bad = ERR_OK;
    }
    return bad == ERR_OK ? ERR_NOT_FOUND : bad;
}

/* Whether there is anything to find: ERR_OK; ERR_NOT_FOUND: the broker has all. */
static enum err compare_ends(struct search *f, struct errmsg *why)
{
    const struct chain_id id = {f->end->purpose, f->end->epoch};
    struct chain_head own;
    const enum err bad = chain_head_get(f->store, f->txn, &id, &own);
    if (bad == ERR_OK && own.sequence == f->end->sequence + 1)
        know(f, &own.digest);
    if (bad != ERR_OK || own.sequence > f->end->sequence)
        return bad;
    if (own.sequence == f->end->sequence && digest_equal(&own.digest, &f->end->digest))
        return ERR_NOT_FOUND;
    return errmsg_set(why, ERR_MISMATCH, "the broker's batch %llu is none of this agency's", (unsigned long long)f->end->sequence);
}

#define MARK_MAX (NAME_MAX_BYTES + 32)

/* Under which names it is kept how far a chain was sent again, and for which restore. */
struct mark {
    char sent[MARK_MAX];
    char restore[MARK_MAX];
};

static enum err mark_of(const struct hello_chain *end, struct mark *out)
{
    struct buf sent = buf_fixed(out->sent, sizeof out->sent);
    struct buf restore = buf_fixed(out->restore, sizeof out->restore);
    buf_printf(&sent, "resent/%s/%u", end->purpose.s, end->epoch);
    buf_put_u8(&sent, 0);
    buf_printf(&restore, "resent_for/%s/%u", end->purpose.s, end->epoch);
    buf_put_u8(&restore, 0);
    const enum err bad = buf_err(&sent);
    return bad == ERR_OK ? buf_err(&restore) : bad;
}

enum err resend_note_sent(struct store *s, struct kv_txn *txn, const struct hello_chain *end)
{
    struct mark m;
    uint64_t heard = 0;
    enum err bad = mark_of(end, &m);
    if (bad == ERR_OK)
        bad = store_get_number(s, txn, STORE_RESTORED_HEARD, &heard);
    if (bad == ERR_OK)
        bad = store_put_number(s, txn, m.restore, heard);
    return bad == ERR_OK ? store_put_number(s, txn, m.sent, end->sequence + 1) : bad;
}

static enum err check_first(const struct search *f, struct errmsg *why)
{
    struct mark m;
    uint64_t heard = 0;
    uint64_t restore = 0;
    uint64_t sent = 0;
    enum err bad = mark_of(f->end, &m);
    if (bad == ERR_OK)
        bad = store_get_number(f->store, f->txn, STORE_RESTORED_HEARD, &heard);
    if (bad == ERR_OK)
        bad = store_get_number(f->store, f->txn, m.restore, &restore);
    if (bad == ERR_OK)
        bad = store_get_number(f->store, f->txn, m.sent, &sent);
    if (bad != ERR_OK || restore != heard || f->end->sequence >= sent)
        return bad;
    return errmsg_set(why, ERR_STATE, "it was sent again before, and the broker has not said since that it was restored");
}

/* A batch of before agents kept what their withdrawals named cannot be made again. */
static enum err check_whole(const struct search *f, uint32_t no, struct errmsg *why)
{
    uint8_t key[BATCH_KEY_BYTES];
    if (f->row.kind != BATCH_WITHDRAW)
        return ERR_OK;
    const enum err bad = store_has(f->store, f->txn, STORE_BATCH_ITEMS, batch_key(no, key));
    return bad == ERR_NOT_FOUND ? errmsg_set(why, ERR_STATE, "what that withdrawal named was not kept") : bad;
}

/* By the broker's own word, where its promise is kept. */
static int64_t first_accepted_s(const struct search *f)
{
    struct promise p;
    const bool is_known = f->row.promise.len > 0 && promise_decode(f->row.promise, f->arena, &p, NULL) == ERR_OK;
    return is_known ? p.committed_at_s : 0;
}

/* Whether its header is the one that went. */
static enum err check_digest(const struct search *f, const struct digest *digest, struct errmsg *why)
{
    return f->is_known && !digest_equal(digest, &f->digest) ? errmsg_set(why, ERR_STATE, "%s", RESEND_DAMAGED) : ERR_OK;
}

static enum err take_row(const struct search *f, uint32_t no, struct resend_batch *out, struct buf *body)
{
    const struct batch_message m = {f->row.header, f->row.signature, f->row.chunks};
    const int64_t accepted_s = first_accepted_s(f);
    out->no = no;
    out->sent_s = accepted_s > f->header.issued_at_s ? accepted_s : f->header.issued_at_s;
    return batch_message_encode(&m, body);
}

enum err resend_find(struct store *s, struct kv_txn *txn, const struct hello_chain *end, struct resend_batch *out,
                     struct buf *body, struct errmsg *why)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(ARENA_BYTES);
    struct search f = {.store = s, .txn = txn, .arena = a, .end = end};
    uint32_t no = 0;
    if (a == NULL)
        return ERR_NOMEM;
    enum err bad = compare_ends(&f, why);
    if (bad != ERR_OK)
        return bad;
    bad = check_first(&f, why);
    if (bad == ERR_OK)
        bad = find_row(&f, &no);
    if (bad == ERR_NOT_FOUND)
        return errmsg_set(why, ERR_STATE, "%s", f.is_damaged ? RESEND_DAMAGED : "it is not here any more");
    if (bad == ERR_OK && !digest_equal(&f.header.previous_digest, &end->digest))
        return errmsg_set(why, ERR_MISMATCH, "the broker's batch %llu is none of this agency's", (unsigned long long)end->sequence);
    if (bad == ERR_OK)
        bad = check_whole(&f, no, why);
    if (bad == ERR_OK)
        bad = digest_sha256(&f.row.header, 1, &out->digest);
    if (bad == ERR_OK)
        bad = check_digest(&f, &out->digest, why);
    return bad == ERR_OK ? take_row(&f, no, out, body) : bad;
}
