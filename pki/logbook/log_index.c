#include "pki/logbook/log_index.h"

#include <stdlib.h>

#include "proto/base/cursor.h"
#include "proto/base/log.h"

#define ROW_LISTED "log/listed"
#define KEY_BYTES (LOG_TERM_BYTES + sizeof(uint64_t))

static struct bytes key_of(const struct log_term *t, uint64_t index, uint8_t room[static KEY_BYTES])
{
    struct buf b = buf_fixed(room, KEY_BYTES);
    buf_put(&b, BYTES_OF_ARRAY(t->b));
    buf_put_u64(&b, index);
    return buf_bytes(&b);
}

static enum err put_all(const struct log_tables *t, struct kv_txn *txn, uint64_t index, const struct log_terms *of)
{
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < of->count; i++) {
        uint8_t room[KEY_BYTES];
        e = kv_put(txn, t->index, key_of(&of->v[i], index, room), bytes_str(""));
    }
    return e;
}

static enum err drop_all(const struct log_tables *t, struct kv_txn *txn, uint64_t index, const struct log_terms *of)
{
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < of->count; i++) {
        uint8_t room[KEY_BYTES];
        e = kv_del(txn, t->index, key_of(&of->v[i], index, room));
        if (e == ERR_NOT_FOUND)
            e = ERR_OK;
    }
    return e;
}

enum err log_index_drop(const struct log_tables *t, struct kv_txn *txn, uint64_t index, const struct log_terms *of)
{
    struct log_terms pairs;
    log_terms_pairs(of, &pairs);
    const enum err e = drop_all(t, txn, index, of);
    return e == ERR_OK ? drop_all(t, txn, index, &pairs) : e;
}

/* ---- which entries have lists ---- */

/* Of a store that was written before lists of pairs and names were kept. */
static enum err marks_of_before(const struct log_tables *t, struct kv_txn *txn, struct log_listed *out)
{
    struct kv_table_stats stats;
    const enum err e = kv_table_stats(txn, t->index, &stats);
    *out = (struct log_listed){.words_from = stats.entries > 0 ? 0 : UINT64_MAX, .all_from = UINT64_MAX};
    return e;
}

static enum err read_marks(const struct log_tables *t, struct kv_txn *txn, struct log_listed *out)
{
    struct bytes row;
    const enum err e = log_get_state(t, txn, ROW_LISTED, &row);
    if (e != ERR_OK)
        return e == ERR_NOT_FOUND ? marks_of_before(t, txn, out) : e;
    struct cursor c = cursor_of(row);
    out->words_from = cursor_u64(&c);
    out->all_from = cursor_u64(&c);
    return cursor_done(&c) == ERR_OK ? ERR_OK : ERR_INVALID;
}

enum err log_index_put_listed(const struct log_tables *t, struct kv_txn *txn, const struct log_listed *listed)
{
    uint8_t room[2 * sizeof(uint64_t)];
    struct buf b = buf_fixed(room, sizeof room);
    buf_put_u64(&b, listed->words_from);
    buf_put_u64(&b, listed->all_from);
    return log_put_state(t, txn, ROW_LISTED, buf_bytes(&b));
}

/* A damaged row says nothing: then no entry of before is taken for listed. */
enum err log_index_listed(const struct log_tables *t, struct kv_txn *txn, struct log_listed *out)
{
    const enum err e = read_marks(t, txn, out);
    if (e == ERR_INVALID)
        *out = (struct log_listed){.words_from = UINT64_MAX, .all_from = UINT64_MAX};
    return e == ERR_INVALID ? ERR_OK : e;
}

/* Behind whatever waits, which its next blocks take first. */
enum err log_index_begin(const struct log_tables *t, struct kv_txn *txn)
{
    struct log_listed listed;
    struct log_head head;
    struct kv_table_stats waiting;
    enum err e = log_index_listed(t, txn, &listed);
    if (e == ERR_OK)
        e = log_get_head(t, txn, &head);
    if (e == ERR_OK)
        e = kv_table_stats(txn, t->pending, &waiting);
    if (e != ERR_OK)
        return e;
    const uint64_t blocks = (waiting.entries + LOG_BLOCK_ENTRIES - 1) / LOG_BLOCK_ENTRIES;
    listed.all_from = head.size + blocks * LOG_BLOCK_MOST;
    if (listed.words_from > listed.all_from)
        listed.words_from = listed.all_from;
    return log_index_put_listed(t, txn, &listed);
}

enum err log_index_ensure(const struct log_tables *t, struct kv_txn *txn)
{
    struct log_listed listed;
    struct bytes row;
    enum err e = log_get_state(t, txn, ROW_LISTED, &row);
    if (e == ERR_OK)
        e = read_marks(t, txn, &listed);
    if (e == ERR_INVALID)
        log_err("log_index.marks_damaged what=\"the lists begin anew\"");
    return e == ERR_NOT_FOUND || e == ERR_INVALID ? log_index_begin(t, txn) : e;
}

/* ---- listing ---- */

/* Hours that are damaged tell of no period. What was listed so far is read through, and the lists begin here. */
static enum err begin_anew(const struct log_tables *t, struct kv_txn *txn, const struct log_listing *l)
{
    struct log_listed listed;
    log_err("log_index.hours_damaged what=\"the lists begin anew\"");
    enum err e = log_hours_forget(t, txn);
    if (e == ERR_OK)
        e = log_index_listed(t, txn, &listed);
    if (e != ERR_OK)
        return e;
    listed.words_from = l->index;
    if (listed.all_from < l->index)
        listed.all_from = l->index;
    e = log_index_put_listed(t, txn, &listed);
    return e == ERR_OK ? log_hours_note(t, txn, l->index, l->at_s) : e;
}

enum err log_index_put(const struct log_tables *t, struct kv_txn *txn, const struct log_listing *l)
{
    struct log_terms pairs;
    log_terms_pairs(l->of, &pairs);
    enum err e = l->at_s != 0 ? log_hours_note(t, txn, l->index, l->at_s) : ERR_OK;
    if (e == ERR_INVALID)
        e = begin_anew(t, txn, l);
    if (e == ERR_OK)
        e = put_all(t, txn, l->index, l->of);
    return e == ERR_OK ? put_all(t, txn, l->index, &pairs) : e;
}

/* ---- searching ---- */

/* A list, and where the last look at it ended. */
struct looked_at {
    struct kv_iter *it;
    bool is_known;
    uint64_t from, at; /* between the two there is none */
};

struct log_search {
    struct log_terms terms;
    struct looked_at lists[LOG_TERMS_MAX];
};

void log_search_free(struct log_search *q)
{
    if (q == NULL)
        return;
    for (size_t i = 0; i < q->terms.count; i++)
        kv_iter_free(q->lists[i].it);
    free(q);
}

enum err log_search_new(const struct log_tables *t, struct kv_txn *txn, const struct log_terms *terms,
                        struct log_search **out)
{
    CLEANUP(cleanup_log_search_free) struct log_search *q = calloc(1, sizeof *q);
    if (q == NULL)
        return ERR_NOMEM;
    q->terms = *terms;
    enum err e = terms->count > 0 ? ERR_OK : ERR_RANGE;
    for (size_t i = 0; e == ERR_OK && i < terms->count; i++)
        e = kv_iter_new(txn, t->index, BYTES_OF_ARRAY(terms->v[i].b), &q->lists[i].it);
    if (e == ERR_OK)
        *out = take(q);
    return e;
}

/* The next place of a list, in the order of the list. */
static enum err step(struct looked_at *l)
{
    struct bytes key;
    l->is_known = false;
    const enum err e = kv_iter_next(l->it, &key, NULL);
    if (e != ERR_OK)
        return e;
    struct cursor c = cursor_of(key);
    (void)cursor_bytes(&c, LOG_TERM_BYTES);
    l->at = cursor_u64(&c);
    l->is_known = cursor_done(&c) == ERR_OK;
    return l->is_known ? ERR_OK : ERR_INVALID;
}

/* The first place of a list at or behind from: often the next one, else by a leap. */
static enum err seek(struct log_search *q, size_t i, uint64_t from, uint64_t *out)
{
    struct looked_at *l = &q->lists[i];
    uint8_t room[KEY_BYTES];
    const bool is_near = l->is_known && l->at < from;
    enum err e = ERR_OK;
    if (l->is_known && l->from <= from && from <= l->at) {
        *out = l->at;
        return ERR_OK;
    }
    if (is_near)
        e = step(l);
    if (e == ERR_OK && (!is_near || l->at < from)) {
        e = kv_iter_seek(l->it, key_of(&q->terms.v[i], from, room));
        if (e == ERR_OK)
            e = step(l);
    }
    l->from = from;
    *out = l->at;
    return e;
}

/* Each list in turn leaps to where the last one stands, until all stand at the same place. */
enum err log_search_next(struct log_search *q, uint64_t from, size_t *leaps, uint64_t *index)
{
    uint64_t at = from;
    size_t agreed = 0;
    for (size_t i = 0; agreed < q->terms.count; i = (i + 1) % q->terms.count) {
        uint64_t found = 0;
        if (*leaps == 0) {
            *index = at;
            return ERR_AGAIN;
        }
        (*leaps)--;
        const enum err e = seek(q, i, at, &found);
        if (e != ERR_OK)
            return e;
        agreed = found == at ? agreed + 1 : 1;
        at = found;
    }
    *index = at;
    return ERR_OK;
}
