#include "agent/import/reading.h"

#include <stdlib.h>

#include "proto/conf/mapping.h"

#define ARENA_BYTES ((size_t)1 << 20)
#define CONTENT_MAX ((size_t)8 << 20)

static void on_reject(void *ctx, const struct reject *reject)
{
    reading_reject(ctx, reject);
}

void reading_reject(struct reading *r, const struct reject *reject)
{
    if (r->rejects.len + 512 > READING_REJECTS_MAX) {
        r->rejects_cut = true;
        return;
    }
    reject_report_line(&r->rejects, reject);
}

static int by_name(const void *a, const void *b)
{
    const struct mapping_field *const *x = a;
    const struct mapping_field *const *y = b;
    return strcmp((*x)->name.s, (*y)->name.s);
}

/* The mapping's fields in ascending order of their names. */
static enum err sort_fields(struct reading *r)
{
    const struct mapping *m = r->p.mapping;
    const struct mapping_field *order[RECORD_FIELDS_MAX];
    struct name *names = arena_array(r->arena, m->fields_count, sizeof *names);
    if (names == NULL)
        return ERR_NOMEM;
    for (uint32_t i = 0; i < m->fields_count; i++)
        order[i] = &m->fields[i];
    if (m->fields_count > 0)
        qsort(order, m->fields_count, sizeof *order, by_name);
    for (uint32_t i = 0; i < m->fields_count; i++) {
        names[i] = order[i]->name;
        r->field_order[i] = (size_t)(order[i] - m->fields);
    }
    r->fields = (struct name_list){names, m->fields_count};
    return ERR_OK;
}

static enum err list_categories(struct reading *r)
{
    const struct mapping_category *c = &r->p.mapping->category;
    size_t room = c->column == NULL ? 1 : c->values_count;
    struct name *v = arena_array(r->arena, room, sizeof *v);
    if (v == NULL)
        return ERR_NOMEM;
    size_t count = 0;
    for (size_t i = 0; i < room; i++) {
        const struct name *name = c->column == NULL ? &c->constant : &c->values[i].category;
        if (!name_list_has((struct name_list){v, count}, name_bytes(name)))
            v[count++] = *name;
    }
    r->categories = (struct name_list){v, count};
    return count <= UINT8_MAX ? ERR_OK : ERR_LIMIT;
}

static enum err open_reader(struct reading *r, struct errmsg *why)
{
    if (r->p.mapping->fields_count > RECORD_FIELDS_MAX)
        return errmsg_set(why, ERR_LIMIT, "mapping: at most %u fields", RECORD_FIELDS_MAX);
    enum err bad = sort_fields(r);
    if (bad == ERR_OK)
        bad = list_categories(r);
    if (bad != ERR_OK)
        return errmsg_set(why, bad, "mapping: too many categories, or no memory");
    /* The difference finds duplicate keys; a set of all keys would not fit in memory. */
    const struct row_reader_params p = {
        .mapping = r->p.mapping, .sha256 = NULL, .reject = on_reject, .ctx = r};
    r->reader = row_reader_new(&p);
    reject_report_header(&r->rejects);
    return r->reader != NULL ? ERR_OK : ERR_NOMEM;
}

enum err reading_new(const struct reading_params *p, struct reading **out, struct errmsg *why)
{
    CLEANUP(cleanup_reading_free) struct reading *r = calloc(1, sizeof *r);
    if (r == NULL) {
        mapping_free(p->mapping);
        return ERR_NOMEM;
    }
    r->p = *p;
    r->chunk = buf_new(READING_CHUNK_MAX);
    r->content = buf_new(CONTENT_MAX);
    r->masked = buf_new(CONTENT_MAX);
    r->rejects = buf_new(READING_REJECTS_MAX);
    r->arena = arena_new(ARENA_BYTES);
    if (r->arena == NULL)
        return ERR_NOMEM;
    enum err bad = open_reader(r, why);
    if (bad == ERR_OK)
        *out = take(r);
    return bad;
}

static void wipe(struct buf *b)
{
    if (b->ptr != NULL)
        secret_wipe(b->ptr, b->len);
    buf_free(b);
}

void reading_free(struct reading *r)
{
    if (r == NULL)
        return;
    for (size_t i = 0; i < r->leg_count; i++) {
        admit_free(r->legs[i].admit);
        live_hash_free(r->legs[i].hash);
        stage_window_free(r->legs[i].window);
        stage_window_free(r->legs[i].handed);
        stage_window_free(r->legs[i].spare);
    }
    row_reader_free(r->reader);
    mapping_free(r->p.mapping);
    wipe(&r->chunk);
    wipe(&r->content);
    wipe(&r->masked);
    buf_free(&r->rejects);
    arena_free(r->arena);
    free(r);
}

static enum err set_masks(const struct reading *r, struct reading_leg *leg,
                          const struct field_terms *terms, struct errmsg *why)
{
    enum err bad = ERR_OK;
    for (size_t i = 0; bad == ERR_OK && i < r->fields.count; i++)
        bad = field_terms_masking(terms, &r->p.mapping->fields[r->field_order[i]], &leg->masks[i],
                                  why);
    return bad;
}

enum err reading_add_leg(struct reading *r, struct admit *admit, struct live_hash *hash,
                         const struct field_terms *terms, struct errmsg *why)
{
    struct stage_window *w = r->leg_count < READING_LEGS_MAX ? stage_window_new() : NULL;
    if (w == NULL) {
        admit_free(admit);
        live_hash_free(hash);
        return r->leg_count < READING_LEGS_MAX ? ERR_NOMEM : ERR_LIMIT;
    }
    struct reading_leg *leg = &r->legs[r->leg_count++];
    *leg = (struct reading_leg){.admit = admit, .hash = hash, .window = w};
    return set_masks(r, leg, terms, why);
}

enum err reading_feed(struct reading *r, struct bytes data)
{
    if (data.len == 0) {
        r->is_finished = true;
        row_reader_finish(r->reader);
        return ERR_OK;
    }
    buf_reset(&r->chunk);
    buf_put(&r->chunk, data);
    enum err bad = buf_err(&r->chunk);
    if (bad == ERR_OK)
        row_reader_feed(r->reader, buf_bytes(&r->chunk));
    return bad;
}

/* ---- one row ---- */

static bool is_protected(const struct reading *r, struct kv_txn *txn, const struct row_record *rec)
{
    if (txn == NULL)
        return false;
    for (size_t i = 0; i < rec->identifiers_count; i++)
        if (protected_list_has(r->p.protected_list, txn, &rec->identifiers[i]))
            return true;
    return false;
}

static uint8_t category_of(const struct reading *r, const struct name *category)
{
    size_t i = 0;
    while (i + 1 < r->categories.count && !name_equal(&r->categories.v[i], category))
        i++;
    return (uint8_t)i;
}

/* The values as the leg's rules let them be kept. The buffer may move while it grows: views come
 * last. */
static enum err mask_fields(struct reading *r, const struct reading_leg *leg,
                            const struct row_record *rec, struct bytes *fields)
{
    UNINIT size_t ends[RECORD_FIELDS_MAX];
    buf_reset(&r->masked);
    for (size_t i = 0; i < r->fields.count; i++) {
        fields[i] = rec->fields[r->field_order[i]];
        if (leg->masks[i] != MASKING_NONE)
            masking_apply(leg->masks[i], fields[i], &r->masked);
        ends[i] = r->masked.len;
    }
    size_t from = 0;
    for (size_t i = 0; i < r->fields.count; i++) {
        if (leg->masks[i] != MASKING_NONE)
            fields[i] = bytes_of(r->masked.ptr + from, ends[i] - from);
        from = ends[i];
    }
    return buf_err(&r->masked);
}

static enum err encode(struct reading *r, const struct reading_leg *leg,
                       const struct row_record *rec, uint32_t rules)
{
    UNINIT struct bytes fields[RECORD_FIELDS_MAX];
    enum err bad = mask_fields(r, leg, rec, fields);
    if (bad != ERR_OK)
        return bad;
    const struct record_content c = {.rules = rules,
                                     .category = category_of(r, rec->category),
                                     .fields = fields,
                                     .identifiers = rec->identifiers,
                                     .identifier_count = rec->identifiers_count};
    buf_reset(&r->content);
    content_encode(&c, r->fields.count, &r->content);
    return buf_err(&r->content);
}

static enum err stage(struct reading *r, struct reading_leg *leg, const struct row_record *rec,
                      bool hidden)
{
    const struct admit_record ask = {rec->category, rec->identifiers, rec->identifiers_count};
    struct stage_row row = {.row = rec->row < UINT32_MAX ? (uint32_t)rec->row : UINT32_MAX,
                            .mark = hidden ? STAGE_PROTECTED : STAGE_TAKEN,
                            .tokens = (uint8_t)rec->identifiers_count};
    uint32_t rules = 0;
    enum condition reason = CONDITION_NONE;
    enum err bad = admit_ask(leg->admit, &ask, &rules, &reason);
    if (bad == ERR_OK && rules == 0) {
        row.mark = STAGE_OUT;
        leg->kept_out[reason]++;
    }
    buf_reset(&r->content);
    if (bad == ERR_OK && row.mark == STAGE_TAKEN)
        bad = encode(r, leg, rec, rules);
    return bad == ERR_OK ? stage_window_add(leg->window, &row, rec->key, buf_bytes(&r->content))
                         : bad;
}

static bool any_full(const struct reading *r)
{
    for (size_t i = 0; i < r->leg_count; i++)
        if (stage_window_is_full(r->legs[i].window))
            return true;
    return false;
}

static enum err one_row(struct reading *r, struct kv_txn *txn, enum reading_step *out)
{
    struct row_record rec;
    enum row_event event;
    enum err bad = row_reader_next(r->reader, &event, &rec, &r->why);
    if (bad != ERR_OK)
        return bad;
    switch (event) {
    case ROW_MORE:
        *out = READING_MORE;
        return ERR_OK;
    case ROW_END:
        r->is_ended = true;
        *out = READING_END;
        return ERR_OK;
    case ROW_RECORD:
        break;
    }
    bool hidden = is_protected(r, txn, &rec);
    for (size_t i = 0; bad == ERR_OK && i < r->leg_count; i++)
        bad = stage(r, &r->legs[i], &rec, hidden);
    if (bad == ERR_OK && any_full(r))
        *out = READING_FULL;
    return bad;
}

/* A snapshot only where there is a list to look at. */
static enum err open_list(const struct reading *r, struct kv_txn **txn)
{
    uint64_t count = 0;
    if (r->p.protected_list == NULL)
        return ERR_OK;
    enum err bad = kv_read_begin(store_kv(r->p.store), txn);
    if (bad == ERR_OK)
        bad = protected_list_count(r->p.protected_list, *txn, &count);
    if (bad == ERR_OK && count == 0) {
        kv_read_end(*txn);
        *txn = NULL;
    }
    return bad;
}

enum err reading_run(struct reading *r, enum reading_step *out)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    enum reading_step step = (enum reading_step)0;
    enum err bad = open_list(r, &txn);
    while (bad == ERR_OK && step == (enum reading_step)0)
        bad = one_row(r, txn, &step);
    if (bad == ERR_OK)
        *out = step;
    return bad;
}

/* At the end every window goes, before it only those that are full. */
static bool is_due(const struct reading *r, const struct reading_leg *leg)
{
    return r->is_ended ? !stage_window_is_empty(leg->window) : stage_window_is_full(leg->window);
}

enum err reading_hand_over(struct reading *r)
{
    for (size_t i = 0; i < r->leg_count; i++) {
        struct reading_leg *leg = &r->legs[i];
        if (!is_due(r, leg))
            continue;
        if (leg->spare == NULL)
            leg->spare = stage_window_new();
        if (leg->spare == NULL)
            return ERR_NOMEM;
        leg->handed = leg->window;
        leg->window = take(leg->spare);
    }
    return ERR_OK;
}

enum err reading_digest(struct reading *r)
{
    enum err bad = ERR_OK;
    for (size_t i = 0; bad == ERR_OK && i < r->leg_count; i++)
        if (r->legs[i].handed != NULL)
            bad = stage_window_digest(r->legs[i].handed, r->legs[i].hash);
    return bad;
}

enum err reading_write(const struct reading *r, struct kv_txn *txn)
{
    enum err bad = ERR_OK;
    for (uint32_t i = 0; bad == ERR_OK && i < r->leg_count; i++) {
        const struct reading_leg *leg = &r->legs[i];
        if (leg->handed != NULL)
            bad =
                stage_window_write(leg->handed, r->p.store, txn, (struct stage_run){i, leg->runs});
    }
    return bad;
}

void reading_wrote(struct reading *r)
{
    for (size_t i = 0; i < r->leg_count; i++) {
        struct reading_leg *leg = &r->legs[i];
        if (leg->handed == NULL)
            continue;
        leg->runs++;
        stage_window_reset(leg->handed);
        leg->spare = take(leg->handed);
    }
}
