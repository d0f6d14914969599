#include "agent/import/difference.h"

#include <stdlib.h>

struct difference {
    struct difference_params p;
    struct stage_merge *rows;
    struct live_reader *live;
    const struct live_entry *entry; /* the next of live, NULL at its end */
    struct live_entry used;         /* copy of the entry of the item at hand */
    struct live_digest last;        /* key of the row before */
    bool has_last;
    const struct stage_row *row; /* the next, where has_row; NULL at the end */
    bool has_row;
};

bool live_entry_is_note(const struct live_entry *e)
{
    return e->place.batch == 0;
}

enum err difference_new(const struct difference_params *p, struct difference **out)
{
    CLEANUP(cleanup_difference_free) struct difference *d = calloc(1, sizeof *d);
    if (d == NULL)
        return ERR_NOMEM;
    d->p = *p;
    enum err bad = stage_merge_new(p->store, p->leg, p->runs, p->after, &d->rows);
    if (bad == ERR_OK)
        bad = live_reader_new(p->store, p->data_set, p->after, &d->live);
    if (bad == ERR_OK)
        bad = live_reader_next(d->live, &d->entry);
    d->p.after = NULL;
    if (bad == ERR_OK)
        *out = take(d);
    return bad;
}

void difference_free(struct difference *d)
{
    if (d == NULL)
        return;
    stage_merge_free(d->rows);
    live_reader_free(d->live);
    free(d);
}

static bool is_contributed(const struct difference *d, const struct live_entry *e)
{
    return !live_entry_is_note(e) && e->expires_day > d->p.today;
}

/* A row whose key has no entry. */
static enum change change_of_new(const struct stage_row *row)
{
    switch (row->mark) {
    case STAGE_TAKEN:
        return CHANGE_ADD;
    case STAGE_PROTECTED:
        return CHANGE_HIDE;
    case STAGE_OUT:
        break;
    }
    return CHANGE_OUT;
}

/* A row whose key has one. What became protected stays until it expires; a note of it counts as the
 * record does. */
static enum change change_of_known(const struct difference *d, const struct stage_row *row,
                                   const struct live_entry *was)
{
    if (d->p.is_copy && !live_entry_is_note(was))
        return CHANGE_KEEP;
    switch (row->mark) {
    case STAGE_TAKEN:
        if (live_entry_is_note(was))
            return CHANGE_ADD;
        return live_digest_cmp(&row->content, &was->content) == 0 ? CHANGE_KEEP : CHANGE_REPLACE;
    case STAGE_PROTECTED:
        return CHANGE_KEEP;
    case STAGE_OUT:
        break;
    }
    return is_contributed(d, was) ? CHANGE_WITHDRAW : CHANGE_FORGET;
}

/* Steps over the entry at hand and keeps a copy. */
static enum err use_entry(struct difference *d, const struct live_entry **was)
{
    d->used = *d->entry;
    *was = &d->used;
    return live_reader_next(d->live, &d->entry);
}

/* An entry that the source lacks. */
static enum err lacking(struct difference *d, struct change_item *out)
{
    const struct live_entry *was = NULL;
    enum err bad = use_entry(d, &was);
    if (bad != ERR_OK)
        return bad;
    enum change change = is_contributed(d, was) ? CHANGE_WITHDRAW : CHANGE_FORGET;
    *out = (struct change_item){change, NULL, was};
    return ERR_OK;
}

static enum err pair(struct difference *d, const struct stage_row *row, struct change_item *out)
{
    if (d->has_last && live_digest_cmp(&row->key, &d->last) == 0) {
        *out = (struct change_item){CHANGE_DUPLICATE, row, NULL};
        return ERR_OK;
    }
    d->last = row->key;
    d->has_last = true;
    if (d->entry == NULL || live_digest_cmp(&d->entry->key, &row->key) != 0) {
        *out = (struct change_item){change_of_new(row), row, NULL};
        return ERR_OK;
    }
    const struct live_entry *was = NULL;
    enum err bad = use_entry(d, &was);
    if (bad == ERR_OK)
        *out = (struct change_item){change_of_known(d, row, was), row, was};
    return bad;
}

/* The row that comes next, without using it up: entries below it come first. */
static enum err peek_row(struct difference *d, const struct stage_row **out)
{
    if (!d->has_row) {
        enum err bad = stage_merge_next(d->rows, &d->row);
        if (bad != ERR_OK)
            return bad;
        d->has_row = true;
    }
    *out = d->row;
    return ERR_OK;
}

enum err difference_next(struct difference *d, struct change_item *out)
{
    const struct stage_row *row = NULL;
    enum err bad = peek_row(d, &row);
    while (bad == ERR_OK && d->entry != NULL &&
           (row == NULL || live_digest_cmp(&d->entry->key, &row->key) < 0)) {
        if (d->p.is_full)
            return lacking(d, out);
        bad = live_reader_next(d->live, &d->entry);
    }
    if (bad != ERR_OK)
        return bad;
    if (row == NULL) {
        *out = (struct change_item){CHANGE_END, NULL, NULL};
        return ERR_OK;
    }
    d->has_row = false;
    return pair(d, row, out);
}

enum err difference_data(struct difference *d, struct bytes *out)
{
    return stage_merge_data(d->rows, out);
}
