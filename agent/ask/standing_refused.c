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

struct epoch_set {
    uint32_t v[VIEW_ACTIVE_MAX];
    size_t count;
};

static bool has(const struct epoch_set *s, uint32_t epoch)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->v[i] == epoch)
            return true;
    return false;
}

static void add(struct epoch_set *s, uint32_t epoch)
{
    if (!has(s, epoch) && s->count < ARRAY_LEN(s->v))
        s->v[s->count++] = epoch;
}

/* By what became of their headers, ascending as these are. */
struct epoch_fates {
    struct epoch_set asked;
    struct epoch_set refused;
    struct epoch_set lost;
};

/* What a restored broker lost is closed, and has a text too. */
static struct epoch_set *fate_of(struct epoch_fates *f, const struct asked_header *row)
{
    if (row->state == ASK_REFUSED)
        return &f->refused;
    return row->state == ASK_CLOSED && row->refusal.len > 0 ? &f->lost : &f->asked;
}

static enum err read_fates(struct store *s, struct kv_txn *txn, const struct request_id *request, struct epoch_fates *out)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(ASKED_MAX_BYTES * 2);
    CLEANUP(cleanup_arena_free) struct arena *each = arena_new(HEADER_ARENA_BYTES);
    struct asked asked;
    enum err bad = a != NULL && each != NULL ? asked_get(s, txn, request, a, &asked) : ERR_NOMEM;
    for (size_t i = 0; bad == ERR_OK && i < asked.holder_count; i++) {
        struct asked_header row;
        struct request_header header;
        arena_reset(each);
        bad = asked_header_get(s, txn, &asked.holders[i].header_digest, each, &row);
        if (bad == ERR_OK)
            bad = request_header_decode(row.header, each, &header, NULL);
        if (bad == ERR_OK)
            add(fate_of(out, &row), header.epoch);
    }
    return bad;
}

/* The epochs in which a header was neither refused nor lost; and those in which all were refused. */
static enum err read_epochs(struct store *s, struct kv_txn *txn, const struct request_id *request, struct standing_row *k)
{
    struct epoch_fates f = {.asked = {.count = 0}};
    enum err bad = read_fates(s, txn, request, &f);
    memcpy(k->epochs, f.asked.v, sizeof k->epochs);
    k->epoch_count = f.asked.count;
    k->refused_count = 0;
    for (size_t i = 0; i < f.refused.count; i++)
        if (!has(&f.asked, f.refused.v[i]) && !has(&f.lost, f.refused.v[i]))
            k->refused[k->refused_count++] = f.refused.v[i];
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
