#include "agent/ask/standing_refused.h"

#include "agent/ask/asked.h"
#include "agent/ask/standing_end.h"
#include "proto/msg/request.h"

#define ROW_ARENA_BYTES ((size_t)1 << 16)
#define HEADER_ARENA_BYTES ((size_t)1 << 20)

/* The row of which this is the last asking. ERR_NOT_FOUND: there is none. */
static enum err find(struct store *s, struct kv_txn *txn, const struct request_id *request, struct arena *a,
                     struct standing_row *out)
{
    struct standing_walk walk = {.store = s, .txn = txn};
    enum err bad;
    while ((bad = standing_row_next(&walk, a, out)) == ERR_OK)
        if (bytes_equal(BYTES_OF_ARRAY(out->request.b), BYTES_OF_ARRAY(request->b)))
            break;
    return bad;
}

static void add_epoch(struct standing_row *k, uint32_t epoch)
{
    for (size_t i = 0; i < k->epoch_count; i++)
        if (k->epochs[i] == epoch)
            return;
    if (k->epoch_count < VIEW_ACTIVE_MAX)
        k->epochs[k->epoch_count++] = epoch;
}

/* What a restored broker lost is closed, and has a text too. */
static bool is_asked(const struct asked_header *row)
{
    return row->state != ASK_REFUSED && (row->state != ASK_CLOSED || row->refusal.len == 0);
}

/* The epochs in which a header was neither refused nor lost, ascending as the headers are. */
static enum err read_epochs(struct store *s, struct kv_txn *txn, const struct request_id *request,
                            struct standing_row *k)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(ASKED_MAX_BYTES * 2);
    CLEANUP(cleanup_arena_free) struct arena *each = arena_new(HEADER_ARENA_BYTES);
    struct asked asked;
    enum err bad = a != NULL && each != NULL ? asked_get(s, txn, request, a, &asked) : ERR_NOMEM;
    k->epoch_count = 0;
    for (size_t i = 0; bad == ERR_OK && i < asked.holder_count; i++) {
        struct asked_header row;
        struct request_header header;
        arena_reset(each);
        bad = asked_header_get(s, txn, &asked.holders[i].header_digest, each, &row);
        if (bad == ERR_OK && is_asked(&row)) {
            bad = request_header_decode(row.header, each, &header, NULL);
            if (bad == ERR_OK)
                add_epoch(k, header.epoch);
        }
    }
    return bad;
}

static enum err take_back(struct agent *a, struct kv_txn *txn, const struct request_id *request, bool is_lost)
{
    CLEANUP(cleanup_arena_free) struct arena *arena = arena_new(ROW_ARENA_BYTES);
    struct standing_row k;
    enum err bad = arena != NULL ? find(a->store, txn, request, arena, &k) : ERR_NOMEM;
    if (bad != ERR_OK)
        return bad == ERR_NOT_FOUND ? ERR_OK : bad;
    const size_t before = k.epoch_count;
    bad = read_epochs(a->store, txn, request, &k);
    if (bad != ERR_OK || k.epoch_count == before)
        return bad;
    if (k.epoch_count > 0 || k.askings > 1 || is_lost)
        return standing_row_put(a->store, txn, &k);
    const struct standing_ending e = {a, NULL, STANDING_END_REFUSED, NULL};
    return standing_end(&e, txn, &k);
}

enum err standing_refused(struct agent *a, struct kv_txn *txn, const struct request_id *request)
{
    return take_back(a, txn, request, false);
}

enum err standing_lost(struct agent *a, struct kv_txn *txn, const struct request_id *request)
{
    return take_back(a, txn, request, true);
}
