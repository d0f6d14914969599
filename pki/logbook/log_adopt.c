#include "pki/logbook/log_adopt.h"

#include "pki/digest.h"
#include "proto/log/merkle.h"

#define BUNDLE_BYTES (TILE_WIDTH * (2u + sizeof(struct digest)))
#define PENDING_EACH 256u

/* The work: the tree as far as it was built. */
struct adopting {
    const struct log_adoption *of;
    struct kv_txn *txn;
    struct range range;
    uint64_t lost;
};

static enum err keep_node(void *ctx, struct node_id id, const struct digest *hash)
{
    const struct adopting *a = ctx;
    if (id.level % TILE_HEIGHT != 0)
        return ERR_OK;
    return log_put_node(a->of->tables, a->txn, (struct node_id){id.level / TILE_HEIGHT, id.index}, hash);
}

/* What this store never had: a filler, or an entry whose body is lost, which gets a row that says so. */
static enum err judge_unknown(struct adopting *a, const struct digest *entry, bool *is_filler)
{
    struct digest filler;
    const enum err e = a->of->fillers.filler(a->of->fillers.ctx, a->range.size, &filler);
    if (e != ERR_OK)
        return e;
    *is_filler = digest_equal(&filler, entry);
    if (*is_filler)
        return ERR_OK;
    a->lost++;
    return log_add_lost(a->of->tables, a->txn, entry);
}

static enum err add_entry(struct adopting *a, struct bytes data)
{
    const struct log_tables *t = a->of->tables;
    const struct range_sink sink = {keep_node, a};
    struct digest entry;
    struct digest leaf;
    struct log_row row;
    if (data.len != sizeof entry.b)
        return ERR_INVALID;
    memcpy(entry.b, data.ptr, data.len);
    const enum err found = log_get_row(t, a->txn, &entry, &row);
    if (found != ERR_OK && found != ERR_NOT_FOUND)
        return found;
    struct log_place place = {a->range.size, &entry, false};
    enum err e = found == ERR_NOT_FOUND ? judge_unknown(a, &entry, &place.is_filler) : ERR_OK;
    if (e == ERR_OK)
        e = log_set_place(t, a->txn, &place);
    if (e == ERR_OK)
        e = merkle_leaf(digest_sha256, data, &leaf);
    return e == ERR_OK ? range_append(digest_sha256, &a->range, &leaf, &sink) : e;
}

/* The rest of the bundle in which the next entry stands. */
static enum err add_bundle(struct adopting *a)
{
    const uint64_t size = a->of->to->size;
    const uint64_t index = a->range.size / TILE_WIDTH;
    const struct tile_id id = {TILE_ENTRIES, 0, index, tile_width(0, index, size)};
    struct bytes entries[TILE_WIDTH];
    CLEANUP(buf_free) struct buf bundle = buf_new(BUNDLE_BYTES);
    enum err e = a->of->files.read(a->of->files.ctx, &id, &bundle);
    if (e == ERR_OK)
        e = bundle_parse(buf_bytes(&bundle), id.width, entries);
    for (size_t i = a->range.size % TILE_WIDTH; e == ERR_OK && i < id.width; i++)
        e = add_entry(a, entries[i]);
    return e;
}

/* Whether the first entry that waits has got a place; nothing waits: no. */
static enum err is_placed(const struct adopting *a, const struct digest *entry, bool *out)
{
    struct log_row row;
    const enum err e = log_get_row(a->of->tables, a->txn, entry, &row);
    *out = e == ERR_OK && row.index != LOG_NOT_PLACED;
    return e;
}

/* Entries leave the queue in its order, so that those that were placed stand in front. */
static enum err drop_placed(const struct adopting *a)
{
    struct digest waiting[PENDING_EACH];
    size_t n = 0;
    size_t placed = PENDING_EACH;
    enum err e = ERR_OK;
    while (e == ERR_OK && placed == PENDING_EACH) {
        bool is_one = true;
        placed = 0;
        e = log_pending(a->of->tables, a->txn, waiting, PENDING_EACH, &n);
        while (e == ERR_OK && placed < n && is_one) {
            e = is_placed(a, &waiting[placed], &is_one);
            placed += is_one;
        }
        if (e == ERR_OK && placed > 0)
            e = log_drop_pending(a->of->tables, a->txn, placed);
    }
    return e;
}

static enum err finish(struct adopting *a)
{
    struct log_head head = {.size = a->range.size, .range = a->range};
    enum err e = range_root(digest_sha256, &a->range, &head.root);
    if (e == ERR_OK && !digest_equal(&head.root, &a->of->to->root))
        e = ERR_MISMATCH;
    if (e == ERR_OK)
        e = drop_placed(a);
    return e == ERR_OK ? log_put_head(a->of->tables, a->txn, &head) : e;
}

enum err log_adopt(const struct log_adoption *of, struct kv_txn *txn, uint64_t *lost)
{
    struct log_head head;
    enum err e = log_get_head(of->tables, txn, &head);
    if (e != ERR_OK)
        return e;
    if (of->to->size <= head.size || of->to->size > RANGE_MAX_SIZE)
        return ERR_RANGE;
    struct adopting a = {.of = of, .txn = txn, .range = head.range};
    while (e == ERR_OK && a.range.size < of->to->size)
        e = add_bundle(&a);
    if (e == ERR_OK)
        e = finish(&a);
    if (e == ERR_OK)
        *lost = a.lost;
    return e;
}

const char *log_adopt_words(enum err e)
{
    if (e == ERR_RANGE)
        return "the store has all of it";
    if (e == ERR_NOT_FOUND)
        return "its tiles do not go as far as that head";
    if (e == ERR_MISMATCH)
        return "the log of the store is no beginning of it, or an entry was changed";
    return err_text(e);
}
