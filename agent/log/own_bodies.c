/* The verbs `own_bodies`, `own_exported` and `own_filler_key`: this agency's own log for those of its people who read logs.
 * Each answer is an entry of that log before it is shown. */
#include "agent/log/own_bodies.h"

#include "agent/log/keeping.h"
#include "agent/own_log.h"
#include "pki/digest.h"
#include "pki/filler.h"
#include "pki/logbook/bodies_facts.h"
#include "pki/logbook/log_find.h"
#include "proto/host/clock.h"
#include "proto/base/log.h"
#include "proto/json/bodies_args.h"
#include "proto/json/bodies_fit.h"
#include "proto/log/entry.h"

#define FACTS_ARENA_BYTES ((size_t)64 << 10)
#define ANSWER_BYTES ((size_t)4 << 20) /* of bodies in one answer */
/* A narrowed answer is made on the loop thread: what it may take there. */
#define LOOKS_MAX 20000u /* entries, and places of lists */
#define OPENED_MAX 256u  /* bodies, fitting or not */
#define ANSWER_NS INT64_C(25000000)

/* One answer while it is gathered. */
struct gathering {
    const struct bodies_query *query;
    struct log_keeping *keeping;
    const struct log_tables *tables;
    struct logbook *book;
    struct kv_txn *txn;
    struct doc *rows;
    uint64_t size; /* of the published log */
    uint64_t next; /* index of the next row */
    bool is_end;   /* what fits nothing goes on behind it */
    size_t bytes;
    size_t opened;
};

/* An entry's row. */
struct own_row {
    struct digest entry;
    struct buf body;   /* an empty one: a filler, or state says what became of it */
    const char *state; /* NULL: nothing */
};

/* Named once each; what comes after so many is in the rows. */
static void saw_damage(struct log_keeping *k, uint64_t index, enum err e)
{
    for (size_t i = 0; i < k->damaged_count; i++)
        if (k->damaged[i] == index)
            return;
    if (k->damaged_count == LOG_DAMAGED_MAX)
        return;
    k->damaged[k->damaged_count++] = index;
    log_err("own_log.body_unreadable index=%llu error=\"%s\"", (unsigned long long)index, err_text(e));
}

enum err own_bodies_alarms(const struct log_keeping *k, struct doc *lines)
{
    char room[300];
    struct buf line = buf_fixed(room, sizeof room);
    if (k->damaged_count == 0)
        return ERR_OK;
    buf_printf(&line,
               "the body of entry %llu of this agency's own log does not open, one of %zu seen since the start: the store is damaged, "
               "or a storage key was taken away",
               (unsigned long long)k->damaged[k->damaged_count - 1], k->damaged_count);
    return buf_err(&line) == ERR_OK ? doc_append(lines, doc_new_text(buf_bytes(&line))) : ERR_TOO_LARGE;
}

/* The body of an entry, or what became of it. */
static enum err open_body(struct gathering *g, struct own_row *r)
{
    struct log_row row;
    enum err bad = log_get_row(g->tables, g->txn, &r->entry, &row);
    if (bad != ERR_OK)
        return bad == ERR_NOT_FOUND ? ERR_OK : bad; /* a filler */
    bad = logbook_open_body(g->book, g->txn, &r->entry, &r->body);
    g->opened++;
    if (bad == ERR_NOT_FOUND)
        r->state = row.is_lost ? "lost" : "erased";
    if (logbook_is_damage(bad)) {
        r->state = "unreadable";
        buf_reset(&r->body);
        saw_damage(g->keeping, g->next, bad);
    }
    return r->state != NULL ? ERR_OK : bad;
}

static enum err read_row(struct gathering *g, struct own_row *r)
{
    const enum err bad = log_entry_at(g->tables, g->txn, g->next, &r->entry);
    return bad == ERR_OK ? open_body(g, r) : bad;
}

/* The row goes into the answer. */
static enum err put_row(struct gathering *g, const struct own_row *r)
{
    struct doc *d = doc_new_object();
    struct doc_build b = doc_build_of(d);
    doc_put_int(&b, "index", (int64_t)g->next);
    doc_put_hex(&b, "entry", digest_bytes(&r->entry));
    if (r->body.len > 0)
        doc_put_text(&b, "body", buf_bytes(&r->body));
    else if (r->state != NULL)
        doc_put_str(&b, "state", r->state);
    const enum err bad = doc_build_done(&b);
    if (bad != ERR_OK) {
        doc_free(d);
        return bad;
    }
    g->bytes += r->body.len;
    return doc_append(g->rows, d);
}

static enum err add_row(struct gathering *g)
{
    struct own_row r = {.body = buf_new(ENTRY_BODY_MAX)};
    enum err bad = read_row(g, &r);
    if (bad == ERR_OK)
        bad = put_row(g, &r);
    buf_free(&r.body);
    g->next += bad == ERR_OK;
    return bad;
}

/* ---- only what fits ---- */

/* Of a body that does not open or was lost nobody knows whether it fits, so it is told; so is one that opens and says what
 * this program does not know, as one that cannot be read. */
static enum err judge(const struct bodies_query *q, struct own_row *r, struct arena *arena, bool *fits)
{
    struct audit_body b;
    *fits = r->state != NULL && strcmp(r->state, "erased") != 0;
    if (r->body.len == 0)
        return ERR_OK;
    arena_reset(arena);
    enum err bad = audit_body_parse(buf_bytes(&r->body), arena, &b, NULL);
    if (bad != ERR_OK && bad != ERR_NOMEM) {
        buf_reset(&r->body);
        r->state = "unreadable";
        *fits = true;
        return ERR_OK;
    }
    if (bad == ERR_OK)
        bad = bodies_fit(digest_sha256, &q->filter, &b, fits);
    return bad == ERR_OK && *fits ? bodies_fit_sought(digest_sha256, &q->sought, &b, fits) : bad;
}

/* The row at g->next, where it fits. */
static enum err add_fitting(struct gathering *g, struct arena *arena)
{
    bool fits = false;
    struct own_row r = {.body = buf_new(ENTRY_BODY_MAX)};
    enum err bad = read_row(g, &r);
    if (bad == ERR_OK)
        bad = judge(g->query, &r, arena, &fits);
    if (bad == ERR_OK && fits)
        bad = put_row(g, &r);
    buf_free(&r.body);
    g->next += bad == ERR_OK;
    return bad;
}

/* At least one place is looked at, so that each answer comes further. */
static enum err find_rows(struct gathering *g, size_t max, struct log_find *find)
{
    CLEANUP(cleanup_arena_free) struct arena *arena = arena_new(AUDIT_BODY_ARENA_BYTES);
    enum err bad = arena != NULL ? ERR_OK : ERR_NOMEM;
    if (bad != ERR_OK)
        return bad;
    do {
        bad = log_find_next(find, g->next, &g->next);
        if (bad == ERR_OK)
            bad = add_fitting(g, arena);
    } while (bad == ERR_OK && doc_count(g->rows) < max && g->opened < OPENED_MAX && g->bytes < ANSWER_BYTES &&
             log_find_may_go_on(find));
    g->is_end = bad == ERR_NOT_FOUND;
    return g->is_end || bad == ERR_AGAIN ? ERR_OK : bad;
}

static enum err gather_fitting(struct gathering *g, size_t max)
{
    CLEANUP(cleanup_log_find_free) struct log_find *find = NULL;
    const struct log_finding what = {.logbook = g->book,
                                     .txn = g->txn,
                                     .filter = &g->query->filter,
                                     .sought = &g->query->sought,
                                     .size = g->size,
                                     .looks = LOOKS_MAX,
                                     .until_ns = clock_mono_ns() + ANSWER_NS};
    const enum err bad = log_find_new(&what, &find);
    return bad == ERR_OK ? find_rows(g, max, find) : bad;
}

/* ---- the answer ---- */

static enum err gather_all(struct gathering *g, size_t max)
{
    enum err bad = ERR_OK;
    for (size_t n = 0; bad == ERR_OK && n < max && g->next < g->size && g->bytes < ANSWER_BYTES; n++)
        bad = add_row(g);
    return bad;
}

static enum err gather(struct agent *a, struct gathering *g, size_t max)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    struct log_published published;
    g->keeping = a->log_keeping;
    g->book = own_log_book(a->own_log);
    g->tables = logbook_tables(g->book);
    enum err bad = kv_read_begin(a->kv, &txn);
    if (bad == ERR_OK)
        bad = log_get_published(g->tables, txn, &published);
    if (bad != ERR_OK)
        return bad;
    g->txn = txn;
    g->size = published.size;
    return g->query->narrow ? gather_fitting(g, max) : gather_all(g, max);
}

/* What is narrowed, and the names behind the filter's digests. */
static enum err read_narrow(const struct doc *args, struct bodies_query *q, struct errmsg *why)
{
    enum err bad = doc_has(args, "narrow") ? doc_get_bool(args, "narrow", &q->narrow, why) : ERR_OK;
    if (bad == ERR_OK)
        bad = bodies_sought_read(args, &q->sought, why);
    if (bad == ERR_OK)
        bad = bodies_sought_check(digest_sha256, &q->filter, &q->sought);
    return bad == ERR_MISMATCH ? errmsg_set(why, bad, "sought: not what the filter has a digest of") : bad;
}

static enum err read_args(const struct doc *args, struct gathering *g, int64_t *max, struct bodies_query *q,
                          struct errmsg *why)
{
    int64_t from = 0;
    enum err bad = doc_get_int(args, "from", 0, INT64_MAX, &from, why);
    if (bad == ERR_OK)
        bad = doc_get_int(args, "max", 1, BODIES_ROWS_MAX, max, why);
    if (bad == ERR_OK)
        bad = bodies_args_read(args, &q->purpose, &q->filter, why);
    if (bad == ERR_OK && !bodies_filter_is_known(&q->filter))
        bad = errmsg_set(why, ERR_UNKNOWN, "filter: no such event or decision");
    if (bad == ERR_OK)
        bad = read_narrow(args, q, why);
    g->next = q->from_index = (uint64_t)from;
    return bad;
}

static struct doc *answer_of(const struct gathering *g, struct doc *rows)
{
    struct doc *d = doc_new_object();
    struct doc_build b = doc_build_of(d);
    doc_put_int(&b, "size", (int64_t)g->size);
    doc_put_int(&b, "next", !g->is_end && g->next < g->size ? (int64_t)g->next : 0);
    doc_put_doc(&b, "rows", rows);
    if (doc_build_done(&b) == ERR_OK)
        return d;
    doc_free(d);
    return NULL;
}

/* The entry of a reading, with what it was for. ok is taken. */
static void show(struct call *c, const struct bodies_query *q, uint64_t rows, struct doc *ok)
{
    const struct agent *a = call_agent(c);
    CLEANUP(cleanup_arena_free) struct arena *arena = arena_new(FACTS_ARENA_BYTES);
    struct own_entry look = {.event = AUDIT_EVENT_BODIES_READ, .staff = call_staff(c), .count = rows};
    enum err bad = arena != NULL ? bodies_facts_of_query(a->view, q, arena, &look.facts, &look.facts_count) : ERR_NOMEM;
    if (bad == ERR_OK) {
        own_log_show(c, &look, ok);
        return;
    }
    doc_free(ok);
    call_error(c, bad, NULL);
}

void own_bodies_verb(struct call *c, const struct doc *args)
{
    struct errmsg why = {""};
    struct bodies_query q = {.from_index = 0};
    struct gathering g = {.query = &q, .rows = doc_new_array()};
    int64_t max = 0;
    enum err bad = g.rows != NULL ? read_args(args, &g, &max, &q, &why) : ERR_NOMEM;
    if (bad == ERR_OK)
        bad = gather(call_agent(c), &g, (size_t)max);
    if (bad != ERR_OK) {
        doc_free(g.rows);
        call_error(c, bad, &why);
        return;
    }
    const uint64_t rows = doc_count(g.rows);
    show(c, &q, rows, answer_of(&g, g.rows));
}

/* What was taken out stands in the log before the caller gives the file its name. */
void own_exported_verb(struct call *c, const struct doc *args)
{
    const struct agent *a = call_agent(c);
    CLEANUP(cleanup_arena_free) struct arena *arena = arena_new(FACTS_ARENA_BYTES);
    struct own_entry e = {.event = AUDIT_EVENT_BODIES_EXPORTED, .staff = call_staff(c)};
    struct bodies_exported x = {.rows = 0};
    struct errmsg why = {""};
    enum err bad = arena != NULL ? exported_args_read(args, &x, &why) : ERR_NOMEM;
    if (bad == ERR_OK && !bodies_filter_is_known(&x.filter))
        bad = errmsg_set(&why, ERR_UNKNOWN, "filter: no such event or decision");
    if (bad == ERR_OK)
        bad = bodies_facts_of_export(a->view, &x, arena, &e.facts, &e.facts_count);
    e.count = x.rows;
    if (bad == ERR_OK)
        own_log_record(c, &e);
    else
        call_error(c, bad, &why);
}

/* With it an auditor tells fillers from lost bodies. */
void own_filler_key_verb(struct call *c, const struct doc *args)
{
    (void)args;
    struct agent *a = call_agent(c);
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    char room[2 * FILLER_KEY_BYTES];
    struct buf hex = buf_fixed(room, sizeof room);
    enum err bad = kv_read_begin(a->kv, &txn);
    if (bad == ERR_OK)
        bad = logbook_put_filler_hex(own_log_book(a->own_log), txn, &hex);
    struct doc *d = bad == ERR_OK ? doc_new_object() : NULL;
    struct doc_build b = doc_build_of(d);
    if (bad == ERR_OK) {
        doc_put_text(&b, "filler_key", buf_bytes(&hex));
        bad = doc_build_done(&b);
    }
    secret_wipe(room, sizeof room);
    CLEANUP(cleanup_arena_free) struct arena *arena = arena_new(FACTS_ARENA_BYTES);
    struct own_entry look = {.event = AUDIT_EVENT_BODIES_READ, .staff = call_staff(c)};
    if (bad == ERR_OK)
        bad = arena != NULL ? bodies_facts_of_filler_key(arena, &look.facts, &look.facts_count) : ERR_NOMEM;
    if (bad == ERR_OK) {
        own_log_show(c, &look, d);
        return;
    }
    doc_free(d);
    call_error(c, bad, NULL);
}
