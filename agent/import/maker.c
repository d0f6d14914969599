#include "agent/import/maker.h"

#include <stdlib.h>

#include "agent/import/gather.h"
#include "pki/random.h"
#include "proto/base/cursor.h"

struct maker {
    struct maker_params p;
    struct difference *difference;
    struct gather *gather;
    struct make_counts counts;
    struct live_digest cursor;
    bool has_cursor;
    bool ended;
    struct outs outs;
};

enum err maker_new(const struct maker_params *p, struct maker **out)
{
    CLEANUP(cleanup_maker_free) struct maker *m = calloc(1, sizeof *m);
    if (m == NULL)
        return ERR_NOMEM;
    m->p = *p;
    if (m->p.tokens_most == 0 || m->p.tokens_most > BATCH_TOKENS_MAX)
        m->p.tokens_most = BATCH_TOKENS_MAX;
    if (p->difference.after != NULL) {
        m->cursor = *p->difference.after;
        m->has_cursor = true;
    }
    enum err bad = difference_new(&p->difference, &m->difference);
    if (bad == ERR_OK)
        bad = gather_new(&m->gather);
    if (bad == ERR_OK)
        *out = take(m);
    return bad;
}

void maker_free(struct maker *m)
{
    if (m == NULL)
        return;
    difference_free(m->difference);
    gather_free(m->gather);
    free(m->outs.v);
    free(m);
}

void made_step_free(struct made_step *s)
{
    if (s == NULL)
        return;
    for (size_t i = 0; i < s->count; i++)
        made_batch_free(s->batches[i]);
    free(s->outs.v);
    free(s);
}

static enum err leave(struct maker *m, const struct live_entry *was)
{
    m->counts.withdrawn++;
    return gather_withdraw(m->gather, was);
}

/* Gone at the broker by itself, or never sent: only the note goes. */
static enum err forget(struct maker *m, const struct live_entry *was)
{
    if (live_entry_is_note(was))
        m->counts.withdrawn++;
    return gather_note(m->gather, &(struct live_entry){.key = was->key});
}

/* A protected record: noted, so that the next import counts it as any other. */
static enum err hide(struct maker *m, const struct stage_row *row)
{
    m->counts.added++;
    return gather_note(m->gather, &(struct live_entry){.key = row->key, .entered_day = 1});
}

static bool is_new_here(const struct change_item *item)
{
    return item->was == NULL || live_entry_is_note(item->was);
}

/* Another epoch makes no record younger. */
static uint32_t entered_day(const struct maker *m, const struct change_item *item)
{
    if (!is_new_here(item))
        return item->was->entered_day;
    return m->p.difference.is_copy ? item->row->row : m->p.difference.today;
}

/* What enters: a new record, or a new version of one that keeps the day on which it came. */
static enum err enter(struct maker *m, const struct change_item *item)
{
    struct bytes data;
    const bool is_new = is_new_here(item);
    const uint32_t today = m->p.difference.today;
    enum err bad = difference_data(m->difference, &data);
    if (bad != ERR_OK)
        return bad;
    struct cursor c = cursor_of(data);
    struct entering e = {.entry = {.key = item->row->key,
                                   .content = item->row->content,
                                   .tokens = item->row->tokens,
                                   .entered_day = entered_day(m, item)},
                         .content = data};
    e.rules = admit_age(m->p.admit, cursor_u32(&c), e.entry.entered_day, today,
                        &e.entry.expires_day);
    bool was_live = !is_new && item->was->expires_day > today;
    if (e.rules == 0) {
        m->counts.aged++;
        return was_live ? leave(m, item->was) : ERR_OK;
    }
    m->counts.tokens_added += e.entry.tokens;
    bad = gather_enter(m->gather, &e);
    if (is_new)
        m->counts.added++;
    else
        m->counts.replaced++;
    return bad == ERR_OK && was_live ? gather_withdraw(m->gather, item->was) : bad;
}

static enum err keep_out(struct maker *m, const struct stage_row *row)
{
    m->counts.kept_out++;
    if (!m->p.has_ended_sets)
        return ERR_OK;
    if (m->outs.v == NULL)
        m->outs.v = calloc(OUTS_MOST, sizeof *m->outs.v);
    if (m->outs.v == NULL)
        return ERR_NOMEM;
    m->outs.v[m->outs.count++] = row->key;
    return ERR_OK;
}

static enum err take_item(struct maker *m, const struct change_item *item)
{
    switch (item->change) {
    case CHANGE_ADD:
    case CHANGE_REPLACE:
        return enter(m, item);
    case CHANGE_KEEP:
        if (item->was->expires_day <= m->p.difference.today && !live_entry_is_note(item->was))
            m->counts.aged++;
        else
            m->counts.unchanged++;
        return ERR_OK;
    case CHANGE_HIDE:
        return hide(m, item->row);
    case CHANGE_WITHDRAW:
        return leave(m, item->was);
    case CHANGE_FORGET:
        return forget(m, item->was);
    case CHANGE_OUT:
        return keep_out(m, item->row);
    case CHANGE_DUPLICATE:
        m->counts.duplicates++;
        return ERR_OK;
    case CHANGE_END:
        break;
    }
    m->ended = true;
    return ERR_OK;
}

static void move_cursor(struct maker *m, const struct change_item *item)
{
    if (item->row == NULL && item->was == NULL)
        return;
    m->cursor = item->row != NULL ? item->row->key : item->was->key;
    m->has_cursor = true;
}

void filled_step_free(struct filled_step *f)
{
    if (f == NULL)
        return;
    gather_free(f->gather);
    free(f->outs.v);
    free(f);
}

/* Gathers until a batch is full. The most that one record adds must still fit. */
static enum err fill(struct maker *m)
{
    while (!m->ended && !gather_is_full(m->gather, m->p.tokens_most) && m->outs.count < OUTS_MOST) {
        struct change_item item;
        enum err bad = difference_next(m->difference, &item);
        if (bad == ERR_OK)
            bad = take_item(m, &item);
        if (bad != ERR_OK)
            return bad;
        move_cursor(m, &item);
    }
    return ERR_OK;
}

static bool has_end(const struct maker *m, bool ended)
{
    return ended && m->p.header.mode == IMPORT_MODE_FULL;
}

enum err maker_fill(struct maker *m, struct filled_step **out)
{
    CLEANUP(cleanup_gather_free) struct gather *next = NULL;
    CLEANUP(cleanup_filled_step_free) struct filled_step *f = calloc(1, sizeof *f);
    if (f == NULL)
        return ERR_NOMEM;
    enum err bad = fill(m);
    if (bad == ERR_OK)
        bad = gather_prepare(m->gather, &m->p.shape);
    if (bad == ERR_OK)
        bad = gather_new(&next);
    if (bad != ERR_OK)
        return bad;
    if (!gather_has_entering(m->gather) && !has_end(m, m->ended))
        gather_pass_notes(m->gather, next);
    f->ended = m->ended;
    f->cursor = m->cursor;
    f->has_cursor = m->has_cursor;
    f->counts = m->counts;
    f->outs = m->outs;
    m->outs = (struct outs){NULL, 0};
    f->gather = m->gather;
    m->gather = take(next);
    *out = take(f);
    return ERR_OK;
}

/* A batch in the making. */
struct batching {
    struct maker *m;
    struct gather *gather;
    struct made_step *step;
};

static enum err add_batch(const struct batching *at, enum batch_kind kind)
{
    struct maker *m = at->m;
    struct made_batch *b = made_batch_new();
    if (b == NULL)
        return ERR_NOMEM;
    at->step->batches[at->step->count++] = b;
    b->no = m->p.next_batch++;
    b->kind = kind;
    b->data_set = m->p.difference.data_set;
    b->header = m->p.header;
    b->shape = m->p.shape;
    const struct wire_source source = {m->p.difference.store, m->p.half, m->p.handles};
    enum err bad = random_fill(b->header.batch_id.b, sizeof b->header.batch_id.b);
    if (bad == ERR_OK)
        bad = gather_make(at->gather, &source, b);
    return bad == ERR_OK ? made_batch_sign(b, m->p.signing, &m->p.head) : bad;
}

enum err maker_make(struct maker *m, struct filled_step *filled, struct made_step **out)
{
    CLEANUP(cleanup_filled_step_free) struct filled_step *f = filled;
    CLEANUP(cleanup_made_step_free) struct made_step *s = calloc(1, sizeof *s);
    if (s == NULL)
        return ERR_NOMEM;
    const struct batching at = {m, f->gather, s};
    enum err bad = ERR_OK;
    if (gather_has_entering(f->gather))
        bad = add_batch(&at, BATCH_ADD);
    if (bad == ERR_OK && gather_has_withdrawn(f->gather))
        bad = add_batch(&at, BATCH_WITHDRAW);
    if (bad == ERR_OK && has_end(m, f->ended))
        bad = add_batch(&at, BATCH_END);
    if (bad != ERR_OK)
        return bad;
    s->ended = f->ended;
    s->cursor = f->cursor;
    s->has_cursor = f->has_cursor;
    s->counts = f->counts;
    s->head = m->p.head;
    s->next_batch = m->p.next_batch;
    s->outs = f->outs;
    f->outs = (struct outs){NULL, 0};
    *out = take(s);
    return ERR_OK;
}

/* ---- counting ---- */

static void count_item(const struct count_params *p, const struct change_item *item,
                       struct make_totals *t)
{
    const uint32_t today = p->difference.today;
    if (item->was != NULL && item->was->expires_day > today)
        t->stock++;
    switch (item->change) {
    case CHANGE_ADD:
        t->counts.tokens_added += item->row->tokens;
        t->counts.added++;
        break;
    case CHANGE_HIDE:
        t->counts.added++;
        break;
    case CHANGE_REPLACE:
        t->counts.tokens_added += item->row->tokens;
        t->counts.replaced++;
        break;
    case CHANGE_KEEP:
        t->counts.unchanged++;
        break;
    case CHANGE_WITHDRAW:
        t->counts.withdrawn++;
        break;
    case CHANGE_OUT:
        t->counts.kept_out++;
        break;
    case CHANGE_DUPLICATE:
        t->counts.duplicates++;
        if (p->duplicate != NULL)
            p->duplicate(p->ctx, item->row->row);
        break;
    case CHANGE_FORGET:
    case CHANGE_END:
        break;
    }
}

enum err maker_count(const struct count_params *p, struct make_totals *out)
{
    CLEANUP(cleanup_difference_free) struct difference *d = NULL;
    struct make_totals t = {0};
    struct change_item item = {.change = CHANGE_ADD};
    enum err bad = difference_new(&p->difference, &d);
    while (bad == ERR_OK && item.change != CHANGE_END) {
        bad = difference_next(d, &item);
        if (bad == ERR_OK)
            count_item(p, &item, &t);
    }
    if (bad == ERR_OK)
        *out = t;
    return bad;
}
