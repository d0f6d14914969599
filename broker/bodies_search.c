/* Bodies that fit a filter, by the lists beside the log (pki/logbook/log_find.h), without opening the others. What was
 * published since the lists were kept last is looked through. */
#include "broker/audit.h"
#include "broker/bodies.h"
#include "pki/digest.h"
#include "pki/logbook/log_find.h"
#include "proto/json/bodies_fit.h"

/* An answer is made on the loop thread: what it may take there. */
#define LOOKS_MAX 20000u /* entries, and places of lists, of one answer */

struct searching {
    struct bodies_gathering *g;
    struct log_find *find;
    struct arena *arena; /* of one body */
    size_t bytes;        /* of the bodies that were opened */
};

/* Of a body that does not open or was lost nobody knows whether it fits, so it is told; so is one that opens and says what
 * this program does not know, as one that cannot be read. */
static enum err judge(struct searching *s, struct body_row *row, bool *fits)
{
    const struct bodies_read *read = s->g->read;
    struct audit_body b;
    *fits = row->is_unreadable || row->is_lost;
    if (row->body.len == 0)
        return ERR_OK;
    s->bytes += row->body.len;
    arena_reset(s->arena);
    enum err e = audit_body_parse(row->body, s->arena, &b, NULL);
    if (e != ERR_OK && e != ERR_NOMEM) {
        row->body = bytes_of(NULL, 0);
        *fits = row->is_unreadable = true;
        return ERR_OK;
    }
    if (e == ERR_OK)
        e = bodies_fit(digest_sha256, read->narrow, &b, fits);
    return e == ERR_OK && *fits && read->sought != NULL ? bodies_fit_sought(digest_sha256, read->sought, &b, fits) : e;
}

/* Whether an answer may go on: it ends where much was opened for little. */
static bool may_go_on(const struct searching *s)
{
    return s->g->opened < BODIES_OPENED_MAX && log_find_may_go_on(s->find) && s->bytes < s->g->read->max_bytes;
}

/* At least one place is looked at, so that each answer comes further. */
static enum err search(struct searching *s, size_t max, struct bodies_found *out)
{
    struct bodies_gathering *g = s->g;
    uint64_t index = g->read->from;
    enum err e = ERR_OK;
    do {
        bool fits = false;
        const size_t room = g->room;
        e = log_find_next(s->find, index, &index);
        if (e == ERR_OK)
            e = bodies_read_row(g, index, &out->rows[out->count]);
        if (e == ERR_OK)
            e = judge(s, &out->rows[out->count], &fits);
        if (e != ERR_OK)
            break;
        out->count += fits;
        g->room = fits ? g->room : room;
        index++;
    } while (out->count < max && may_go_on(s));
    out->next = e == ERR_NOT_FOUND || index >= g->size ? 0 : index;
    const bool is_part = e == ERR_NOT_FOUND || e == ERR_AGAIN || (e == ERR_LIMIT && out->count > 0);
    return is_part ? ERR_OK : e;
}

enum err bodies_search(struct bodies_gathering *g, size_t max, struct bodies_found *out)
{
    CLEANUP(cleanup_log_find_free) struct log_find *find = NULL;
    CLEANUP(cleanup_arena_free) struct arena *arena = arena_new(AUDIT_BODY_ARENA_BYTES);
    const struct log_finding what = {.logbook = audit_logbook(g->broker->audit),
                                     .txn = g->txn,
                                     .filter = g->read->narrow,
                                     .sought = g->read->sought,
                                     .size = g->size,
                                     .looks = LOOKS_MAX,
                                     .until_ns = g->read->until_ns};
    const enum err e = arena == NULL ? ERR_NOMEM : log_find_new(&what, &find);
    struct searching s = {.g = g, .find = find, .arena = arena};
    return e == ERR_OK ? search(&s, max, out) : e;
}
