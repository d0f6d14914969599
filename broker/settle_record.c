/* A consent against what the broker matched itself, and against the record as it stands now. */
#include "broker/gate.h"
#include "broker/index/index.h"
#include "broker/settle.h"
#include "pki/digest.h"
#include "proto/base/when.h"
#include "proto/log/merkle.h"
#include "proto/msg/batch.h"

static enum err open_match(struct turn *t, struct settle_turn *s, struct bytes sealed)
{
    const struct request_header *h = &s->asked.header;
    const struct held_place at = {
        .key = broker_held_key(t->broker, &h->purpose, h->epoch),
        .epoch = h->epoch,
        .header = &s->key.id,
        .handle = &s->key.handle,
        .group = s->key.group,
    };
    uint8_t *room = arena_alloc(t->arena, sealed.len);
    if (room == NULL)
        return ERR_NOMEM;
    struct buf plain = buf_fixed(room, sealed.len);
    enum err e = at.key == NULL ? ERR_NOT_FOUND : held_open(&at, sealed, &plain);
    return e == ERR_OK ? held_match_decode(buf_bytes(&plain), t->arena, &s->match) : e;
}

enum err settle_check_match(struct turn *t, struct kv_txn *txn, struct settle_turn *s)
{
    struct match_row row;
    enum err e = match_row_get(t->broker->store, txn, &s->key, &row);
    if (e == ERR_OK)
        e = open_match(t, s, row.sealed);
    if (e == ERR_NOT_FOUND)
        return turn_refuse(t, REFUSED_NOT_FOUND,
                           "consent: handle, group: this request did not meet that record");
    return e;
}

static enum err check_batch_header(struct turn *t, const struct settle_turn *s,
                                   const struct batch_header *b)
{
    const struct request_header *h = &s->asked.header;
    if (!agency_id_equal(&b->agency, &h->holder) || !name_equal(&b->purpose, &h->purpose) ||
        b->epoch != h->epoch || b->kind != BATCH_ADD)
        return turn_refuse(t, REFUSED_ROOT, "batch_id: no batch of the holder in this epoch");
    enum err e = merkle_path_verify(digest_sha256, &s->consents[0].record_leaf,
                                    &s->settle.leaf_path, &b->root);
    if (e == ERR_INVALID || e == ERR_MISMATCH)
        return turn_refuse(t, REFUSED_ROOT,
                           "leaf_path: it does not lead from record_leaf to the batch's root");
    return e;
}

enum err settle_check_batch(struct turn *t, struct kv_txn *txn, struct settle_turn *s)
{
    if (memcmp(s->settle.batch_id.b, s->match.batch.b, sizeof s->match.batch.b) != 0)
        return turn_refuse(t, REFUSED_ROOT, "batch_id: not the batch under which the record came");
    struct index_batch kept;
    struct batch_header header;
    struct errmsg why = {""};
    enum err e = index_batch(t->broker->index, txn, &s->settle.batch_id, &kept);
    if (e == ERR_NOT_FOUND)
        return turn_refuse(t, REFUSED_NOT_FOUND, "batch_id: no such batch");
    if (e == ERR_OK)
        e = batch_header_decode(kept.header, t->arena, &header, &why);
    return e == ERR_OK ? check_batch_header(t, s, &header) : e;
}

struct looking {
    struct turn *turn;
    struct kv_txn *txn;
    const struct settle_turn *settle;
    struct index_query where;
};

/* The types of the matched tokens that a record of the holder carries now. */
static enum err types_in(const struct looking *l, const struct handle *handle, uint32_t *types)
{
    const struct held_match *m = &l->settle->match;
    *types = 0;
    for (size_t i = 0; i < m->token_count; i++) {
        struct index_hit hit;
        enum err e = index_live(l->turn->broker->index, l->txn, &l->where, m->tokens[i].type,
                                &m->tokens[i].token, handle, &hit);
        if (e == ERR_OK)
            *types |= 1u << (unsigned)m->tokens[i].type;
        else if (e != ERR_NOT_FOUND)
            return e;
    }
    return ERR_OK;
}

static bool was_there(const struct held_token *t, const struct handle *handle)
{
    for (size_t i = 0; i < t->seen_count; i++)
        if (memcmp(t->seen[i].b, handle->b, sizeof handle->b) == 0)
            return true;
    return t->seen_count == HELD_SEEN_MAX; /* there were more than were noted */
}

/* Whether a record that came after the match meets in the place of the one that is gone. */
static enum err is_replaced(const struct looking *l, const struct held_token *t, bool *out)
{
    struct index_hit now[HELD_SEEN_MAX];
    size_t n = 0;
    enum err e = index_find(l->turn->broker->index, l->txn, &l->where, t->type, &t->token, now,
                            HELD_SEEN_MAX, &n);
    for (size_t i = 0; e == ERR_OK && i < n && !*out; i++) {
        uint32_t types = 0;
        if (was_there(t, &now[i].handle))
            continue;
        e = types_in(l, &now[i].handle, &types);
        *out = e == ERR_OK && gate_types_hit(l->settle->rule, types);
    }
    return e;
}

enum err settle_check_awaited(struct turn *t, struct kv_txn *txn, struct settle_turn *s)
{
    const struct request_header *h = &s->asked.header;
    const struct index_query q = {
        .purpose = h->purpose, .epoch = h->epoch, .holder = h->holder, .today = (uint32_t)when_day(t->now_s)};
    bool awaited = false;
    enum err e = index_is_awaited(t->broker->index, txn, &q, &awaited);
    if (e != ERR_OK || !awaited)
        return e;
    return turn_refuse(t, REFUSED_SUSPENDED, "the broker was restored: batches of this holder in %s epoch %u come again first",
                       h->purpose.s, h->epoch);
}

enum err settle_check_live(struct turn *t, struct kv_txn *txn, struct settle_turn *s)
{
    const struct request_header *h = &s->asked.header;
    const struct looking l = {
        .turn = t,
        .txn = txn,
        .settle = s,
        .where = {.purpose = h->purpose,
                  .epoch = h->epoch,
                  .holder = h->holder,
                  .today = (uint32_t)when_day(t->now_s)},
    };
    uint32_t types = 0;
    enum err e = types_in(&l, &s->key.handle, &types);
    bool stands = e == ERR_OK && gate_types_hit(s->rule, types);
    for (size_t i = 0; e == ERR_OK && !stands && i < s->match.token_count; i++)
        e = is_replaced(&l, &s->match.tokens[i], &stands);
    if (e != ERR_OK || stands)
        return e;
    return turn_refuse(t, REFUSED_NOT_FOUND,
                       "consent: handle: the record was withdrawn or has expired");
}
