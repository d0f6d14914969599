/* Bodies that fit a filter, by the lists of log_index, without opening the others. What was
 * published since the lists were kept last is looked through. */
#include "broker/bodies.h"
#include "broker/store/log_index.h"
#include "pki/digest.h"
#include "pki/logbook/log_due.h"
#include "proto/json/bodies_fit.h"

/* An answer is made on the loop thread: what it may take there. */
#define VISITED_MAX 20000u /* entries, and places of lists, of one answer */

struct searching {
    struct bodies_gathering *g;
    struct log_search *lists; /* NULL: the filter has no term */
    struct arena *arena;      /* of one body */
    uint64_t listed;          /* entries before it stand on their lists */
    uint64_t end;             /* those at or behind it, and listed, are of after the period */
    size_t visited;
    size_t bytes; /* of the bodies that were opened */
};

/* Between which listed entries those of the period are. */
static enum err find_period(struct searching *s, uint64_t *first)
{
    const struct bodies_filter *f = s->g->read->narrow;
    const struct log_period period = {f->since_s, f->until_s};
    struct log_between span;
    const enum err e = log_index_between(s->g->broker->store, s->g->txn, &period, &span);
    if (e != ERR_OK)
        return e;
    *first = span.first < s->listed ? span.first : s->listed;
    s->end = span.end;
    return ERR_OK;
}

/* At or behind `from`, before the lists end; ERR_NOT_FOUND: none. ERR_AGAIN: no more in this answer, none before *out. */
static enum err next_listed(struct searching *s, uint64_t from, uint64_t *out)
{
    if (from >= s->listed || from >= s->end)
        return ERR_NOT_FOUND;
    *out = from;
    if (s->lists == NULL)
        return ERR_OK;
    size_t leaps = VISITED_MAX - s->visited;
    const enum err e = log_search_next(s->lists, from, &leaps, out);
    s->visited = VISITED_MAX - leaps;
    return e == ERR_OK && *out >= s->end ? ERR_NOT_FOUND : e;
}

/* Where to look next, at or behind `from`. ERR_NOT_FOUND: nowhere. ERR_AGAIN: as next_listed. */
static enum err next_candidate(struct searching *s, uint64_t from, uint64_t *out)
{
    const enum err e = next_listed(s, from, out);
    if (e != ERR_NOT_FOUND)
        return e;
    *out = from > s->listed ? from : s->listed;
    return *out < s->g->size ? ERR_OK : ERR_NOT_FOUND;
}

/* Whether the row's body fits; of one that does not open nobody knows, so it is told. */
static enum err judge(struct searching *s, const struct body_row *row, bool *fits)
{
    struct audit_body b;
    *fits = row->is_unreadable;
    if (row->body.len == 0)
        return ERR_OK;
    s->bytes += row->body.len;
    arena_reset(s->arena);
    enum err e = audit_body_parse(row->body, s->arena, &b, NULL);
    return e == ERR_OK ? bodies_fit(digest_sha256, s->g->read->narrow, &b, fits) : e;
}

/* Whether an answer may go on: it ends where much was opened for little. */
static bool may_go_on(const struct searching *s)
{
    return s->g->opened < BODIES_OPENED_MAX && s->visited < VISITED_MAX && s->bytes < s->g->read->max_bytes;
}

static enum err search(struct searching *s, size_t max, struct bodies_found *out)
{
    struct bodies_gathering *g = s->g;
    uint64_t index = 0;
    enum err e = find_period(s, &index);
    index = index > g->read->from ? index : g->read->from;
    while (e == ERR_OK && out->count < max && may_go_on(s)) {
        bool fits = false;
        const size_t room = g->room;
        e = next_candidate(s, index, &index);
        if (e == ERR_OK)
            e = bodies_read_row(g, index, &out->rows[out->count]);
        if (e == ERR_OK)
            e = judge(s, &out->rows[out->count], &fits);
        if (e != ERR_OK)
            break;
        out->count += fits;
        g->room = fits ? g->room : room;
        s->visited++;
        index++;
    }
    out->next = e == ERR_NOT_FOUND || index >= g->size ? 0 : index;
    const bool is_part = e == ERR_NOT_FOUND || e == ERR_AGAIN || (e == ERR_LIMIT && out->count > 0);
    return is_part ? ERR_OK : e;
}

enum err bodies_search(struct bodies_gathering *g, size_t max, struct bodies_found *out)
{
    CLEANUP(cleanup_log_search_free) struct log_search *lists = NULL;
    CLEANUP(cleanup_arena_free) struct arena *arena = arena_new(AUDIT_BODY_ARENA_BYTES);
    struct searching s = {.g = g, .arena = arena};
    struct log_terms terms;
    enum err e = arena == NULL ? ERR_NOMEM : log_terms_of_filter(g->read->narrow, &terms);
    if (e == ERR_OK)
        e = log_dated(&g->broker->store->log, g->txn, &s.listed);
    if (e == ERR_OK && terms.count > 0)
        e = log_search_new(g->broker->store, g->txn, &terms, &lists);
    s.lists = lists;
    return e == ERR_OK ? search(&s, max, out) : e;
}
