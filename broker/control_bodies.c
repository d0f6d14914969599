/* Bodies and the filler key, for an auditor at the broker's own host. The kernel says who asks;
 * nothing is signed here. What is read or exported becomes an entry first, and is answered once
 * that is committed. */
#include <stdlib.h>
#include <sysexits.h>

#include "broker/audit.h"
#include "broker/bodies.h"
#include "broker/control_internal.h"
#include "pki/digest.h"
#include "pki/filler.h"
#include "pki/logbook/bodies_facts.h"
#include "pki/logbook/logbook.h"
#include "proto/host/clock.h"
#include "proto/host/control.h"
#include "proto/host/kv.h"
#include "proto/host/writer.h"
#include "proto/json/bodies_args.h"
#include "proto/json/bodies_fit.h"

#define BODIES_MAX_BYTES ((size_t)8 << 20)
#define BODIES_ARENA_BYTES ((size_t)16 << 20)
#define FACTS_ARENA_BYTES ((size_t)64 << 10)

/* The auditor whom the configuration maps to this user and the roster names, at whichever member;
 * NULL: none. */
static const struct roster_officer *auditor_of(const struct broker *b, uid_t uid)
{
    const struct name *staff = control_staff(b, uid);
    const struct roster *r = view_roster(b->view);
    const int64_t now_s = clock_now_s(b->clock);
    for (size_t i = 0; staff != NULL && i < r->officer_count; i++) {
        const struct roster_officer *o = &r->officers[i];
        if (name_equal(&o->staff, staff) && roster_officer_has(o, FUNCTION_AUDITOR) &&
            view_officer(b->view, &o->cert.fingerprint, &o->agency, now_s) != NULL)
            return o;
    }
    return NULL;
}

static const struct roster_officer *need_auditor(struct call *c)
{
    const struct roster_officer *o = auditor_of(c->broker, c->uid);
    if (o == NULL)
        control_fail(c, ERR_PERMISSION, EX_NOPERM,
                     "only for an auditor on the roster whom `staff` maps to this user");
    return o;
}

/* An answer that waits for its entry. */
struct waiting {
    struct broker *broker;
    struct control_conn *conn; /* NULL: it is gone */
    struct doc *ok;
    struct arena *arena; /* of the facts */
    struct turn_audit what;
};

static void waiting_free(struct waiting *w)
{
    if (w == NULL)
        return;
    doc_free(w->ok);
    arena_free(w->arena);
    free(w);
}
DEFINE_CLEANUP(struct waiting, waiting_free)

static enum err entry_job(struct kv_txn *txn, void *arg)
{
    struct waiting *w = arg;
    struct digest entry;
    return audit_append(w->broker->audit, txn, &w->what, NULL, NULL, clock_now_s(w->broker->clock),
                        &entry);
}

static void entry_done(enum err result, void *arg)
{
    struct waiting *w = arg;
    broker_saw(w->broker, result);
    if (w->conn != NULL) {
        struct call c = {.broker = w->broker, .conn = w->conn, .ok = take(w->ok)};
        if (result != ERR_OK)
            control_fail(&c, result, EX_TEMPFAIL, "nothing is shown without an entry of the log");
        control_conn_set_data(w->conn, NULL);
        control_conn_pause(w->conn, false);
        control_answer(w->conn, &c);
    }
    waiting_free(w);
}

void control_gone(struct control_conn *conn)
{
    struct waiting *w = control_conn_data(conn);
    if (w != NULL)
        w->conn = NULL;
}

/* The answer in c->ok goes out once the entry stands. Takes c->ok and w. */
static void answer_after_entry(struct call *c, struct waiting *taken)
{
    CLEANUP(cleanup_waiting_free) struct waiting *w = taken;
    const enum err e =
        writer_submit(c->broker->writer, WRITER_INTERACTIVE, entry_job, entry_done, w);
    if (e != ERR_OK) {
        control_fail(c, e, EX_TEMPFAIL, err_text(e));
        return;
    }
    w->ok = take(c->ok);
    control_conn_set_data(c->conn, w);
    control_conn_pause(c->conn, true);
    c->is_later = true;
    w = NULL;
}

static struct waiting *waiting_new(const struct call *c, enum audit_event event,
                                   const struct roster_officer *o)
{
    struct waiting *w = calloc(1, sizeof *w);
    if (w == NULL)
        return NULL;
    w->broker = c->broker;
    w->conn = c->conn;
    w->what = (struct turn_audit){.event = event, .peer = o->agency, .hidden_from_peer = true};
    w->arena = arena_new(FACTS_ARENA_BYTES);
    if (w->arena != NULL)
        return w;
    waiting_free(w);
    return NULL;
}

static struct doc *row_doc(const struct body_row *row)
{
    struct doc *one = doc_new_object();
    struct doc_build d = doc_build_of(one);
    doc_put_int(&d, "index", (int64_t)row->index);
    doc_put_hex(&d, "entry", digest_bytes(&row->entry));
    if (row->body.len > 0)
        doc_put_text(&d, "body", row->body);
    else if (row->is_erased)
        doc_put_str(&d, "state", "erased");
    else if (row->is_unreadable)
        doc_put_str(&d, "state", "unreadable");
    else if (row->is_lost)
        doc_put_str(&d, "state", "lost");
    if (doc_build_done(&d) == ERR_OK)
        return one;
    doc_free(one);
    return NULL;
}

static struct doc *rows_doc(const struct bodies_reply *reply)
{
    struct doc *rows = doc_new_array();
    for (size_t i = 0; rows != NULL && i < reply->row_count; i++)
        if (doc_append(rows, row_doc(&reply->rows[i])) != ERR_OK) {
            doc_free(rows);
            return NULL;
        }
    return rows;
}

static enum err check_sought(struct call *c, const struct bodies_query *q)
{
    const enum err e = bodies_sought_check(digest_sha256, &q->filter, &q->sought);
    return e == ERR_MISMATCH ? errmsg_set(&c->why, e, "sought: not what the filter has a digest of") : e;
}

static enum err check_filter(struct call *c, const struct bodies_filter *f)
{
    if (!bodies_filter_is_known(f))
        return errmsg_set(&c->why, ERR_UNKNOWN, "filter: no such event or decision");
    return ERR_OK;
}

/* The arguments as the query that an officer would sign. */
static enum err read_args(struct call *c, struct bodies_query *q)
{
    int64_t from = 0;
    int64_t max = BODIES_ROWS_MAX;
    c->exit_code = EX_USAGE;
    c->err = c->args != NULL ? bodies_args_read(c->args, &q->purpose, &q->filter, &c->why)
                             : errmsg_set(&c->why, ERR_INVALID, "args: purpose and filter");
    if (c->err == ERR_OK && doc_has(c->args, "from"))
        c->err = doc_get_int(c->args, "from", 0, INT64_MAX, &from, &c->why);
    if (c->err == ERR_OK && doc_has(c->args, "max"))
        c->err = doc_get_int(c->args, "max", 1, BODIES_ROWS_MAX, &max, &c->why);
    if (c->err == ERR_OK && doc_has(c->args, "narrow"))
        c->err = doc_get_bool(c->args, "narrow", &q->narrow, &c->why);
    if (c->err == ERR_OK)
        c->err = check_filter(c, &q->filter);
    if (c->err == ERR_OK)
        c->err = bodies_sought_read(c->args, &q->sought, &c->why);
    if (c->err == ERR_OK)
        c->err = check_sought(c, q);
    q->from_index = (uint64_t)from;
    q->max_rows = (uint32_t)max;
    return c->err;
}

static enum err put_rows(struct call *c, const struct bodies_query *q, struct turn_audit *what)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(BODIES_ARENA_BYTES);
    const struct bodies_read r = {.is_auditor = true,
                                  .from = q->from_index,
                                  .max_rows = q->max_rows,
                                  .max_bytes = BODIES_MAX_BYTES,
                                  .narrow = q->narrow ? &q->filter : NULL,
                                  .sought = &q->sought,
                                  .until_ns = clock_mono_ns() + BODIES_ANSWER_NS};
    struct bodies_reply reply;
    enum err e = a == NULL ? ERR_NOMEM : bodies_answer(c->broker, &r, a, &reply);
    if (e != ERR_OK)
        return e;
    struct doc_build d = doc_build_of(c->ok);
    doc_put_int(&d, "size", (int64_t)reply.size);
    doc_put_int(&d, "next", (int64_t)reply.next_index);
    doc_put_doc(&d, "rows", rows_doc(&reply));
    what->count = (uint32_t)reply.row_count;
    return doc_build_done(&d);
}

void control_bodies(struct call *c)
{
    struct bodies_query q = {0};
    const struct roster_officer *o = need_auditor(c);
    if (o == NULL || read_args(c, &q) != ERR_OK)
        return;
    CLEANUP(cleanup_waiting_free) struct waiting *w = waiting_new(c, AUDIT_EVENT_BODIES_READ, o);
    enum err e = w == NULL ? ERR_NOMEM : put_rows(c, &q, &w->what);
    if (e == ERR_OK)
        e = bodies_facts_of_query(c->broker->view, &q, w->arena, &w->what.more,
                                  &w->what.more_count);
    if (e != ERR_OK)
        control_fail(c, e, EX_OSERR, err_text(e));
    else
        answer_after_entry(c, take(w));
}

void control_exported(struct call *c)
{
    struct bodies_exported x = {0};
    const struct roster_officer *o = need_auditor(c);
    if (o == NULL)
        return;
    c->exit_code = EX_USAGE;
    c->err = c->args != NULL
                 ? exported_args_read(c->args, &x, &c->why)
                 : errmsg_set(&c->why, ERR_INVALID, "args: format, rows, sha256, filter");
    if (c->err == ERR_OK)
        c->err = check_filter(c, &x.filter);
    if (c->err != ERR_OK)
        return;
    CLEANUP(cleanup_waiting_free)
    struct waiting *w = waiting_new(c, AUDIT_EVENT_BODIES_EXPORTED, o);
    const enum err e =
        w == NULL ? ERR_NOMEM : bodies_facts_of_export(c->broker->view, &x, w->arena, &w->what.more,
                                  &w->what.more_count);
    if (e != ERR_OK)
        control_fail(c, e, EX_OSERR, err_text(e));
    else
        answer_after_entry(c, take(w));
}

static enum err put_filler_key(struct call *c)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    char storage[2 * FILLER_KEY_BYTES];
    struct buf hex = buf_fixed(storage, sizeof storage);
    enum err e = kv_read_begin(c->broker->kv, &txn);
    if (e == ERR_OK)
        e = logbook_put_filler_hex(audit_logbook(c->broker->audit), txn, &hex);
    struct doc_build d = doc_build_of(c->ok);
    if (e == ERR_OK) {
        doc_put_text(&d, "filler_key", buf_bytes(&hex));
        e = doc_build_done(&d);
    }
    secret_wipe(storage, sizeof storage);
    return e;
}

void control_filler_key(struct call *c)
{
    const struct roster_officer *o = need_auditor(c);
    if (o == NULL)
        return;
    CLEANUP(cleanup_waiting_free) struct waiting *w = waiting_new(c, AUDIT_EVENT_BODIES_READ, o);
    enum err e = w == NULL ? ERR_NOMEM : bodies_facts_of_filler_key(w->arena, &w->what.more, &w->what.more_count);
    if (e == ERR_OK)
        e = put_filler_key(c);
    if (e != ERR_OK)
        control_fail(c, e, EX_OSERR, err_text(e));
    else
        answer_after_entry(c, take(w));
}
