/* The verb `bodies`: an officer signs a query, the broker answers what that officer may read. */
#include <sysexits.h>

#include "agent/bodies_ask.h"
#include "agent/core.h"
#include "agent/own_log.h"
#include "proto/json/bodies_args.h"

#define ANSWER_ARENA_BYTES ((size_t)16 << 20)

static struct doc *row_doc(const struct body_row *row)
{
    struct doc *d = doc_new_object();
    struct doc_build b = doc_build_of(d);
    doc_put_int(&b, "index", (int64_t)row->index);
    doc_put_hex(&b, "entry", digest_bytes(&row->entry));
    if (row->body.len > 0)
        doc_put_text(&b, "body", row->body);
    else if (row->is_erased)
        doc_put_str(&b, "state", "erased");
    else if (row->is_unreadable)
        doc_put_str(&b, "state", "unreadable");
    else if (row->is_lost)
        doc_put_str(&b, "state", "lost");
    if (doc_build_done(&b) == ERR_OK)
        return d;
    doc_free(d);
    return NULL;
}

static enum err answer_doc(const struct bodies_reply *r, struct doc **out)
{
    CLEANUP(cleanup_doc_free) struct doc *d = doc_new_object();
    struct doc *rows = doc_new_array();
    enum err bad = rows != NULL ? ERR_OK : ERR_NOMEM;
    for (size_t i = 0; i < r->row_count && bad == ERR_OK; i++)
        bad = doc_append(rows, row_doc(&r->rows[i]));
    struct doc_build b = doc_build_of(d);
    doc_put_int(&b, "size", (int64_t)r->size);
    doc_put_int(&b, "next", (int64_t)r->next_index);
    doc_put_doc(&b, "rows", rows);
    if (bad == ERR_OK)
        bad = doc_build_done(&b);
    if (bad == ERR_OK)
        *out = take(d);
    return bad;
}

static void show_rows(struct call *c, const struct message_id *id, struct bytes body)
{
    struct errmsg why = {""};
    struct bodies_reply r;
    struct doc *d = NULL;
    (void)id;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(ANSWER_ARENA_BYTES);
    enum err bad = a != NULL ? bodies_reply_decode(body, a, &r, &why) : ERR_NOMEM;
    if (bad == ERR_OK)
        bad = answer_doc(&r, &d);
    /* how much an auditor was shown may tell what others may not see */
    const struct own_entry look = {.event = AUDIT_EVENT_BODIES_READ,
                                   .staff = call_staff(c),
                                   .count = bad == ERR_OK && !call_has(c, FUNCTION_AUDITOR) ? r.row_count : 0};
    if (bad == ERR_OK)
        own_log_show(c, &look, d);
    else
        call_fail(c, bad, EX_PROTOCOL, "the broker's answer cannot be read");
}

/* Only an answer to an auditor is narrowed: of anybody else the broker is told no name. */
static enum err read_sought(const struct call *c, const struct doc *args, struct bodies_query *q, struct errmsg *why)
{
    const enum err bad = bodies_sought_read(args, &q->sought, why);
    if (bad == ERR_OK && (!q->narrow || !call_has(c, FUNCTION_AUDITOR)))
        q->sought = (struct bodies_sought){.has_case = false};
    return bad;
}

static enum err make_query(const struct call *c, const struct doc *args, struct buf *out,
                           struct errmsg *why)
{
    const struct agent *a = call_agent(c);
    int64_t from = 0;
    int64_t max = 0;
    struct bodies_head head;
    struct bodies_query q = {.deployment = a->config->deployment, .reader = a->config->oin};
    enum err bad = doc_get_int(args, "from", 0, INT64_MAX, &from, why);
    if (bad == ERR_OK)
        bad = doc_get_int(args, "max", 1, BODIES_ROWS_MAX, &max, why);
    if (bad == ERR_OK)
        bad = bodies_args_read(args, &q.purpose, &q.filter, why);
    if (bad == ERR_OK && doc_has(args, "narrow"))
        bad = doc_get_bool(args, "narrow", &q.narrow, why);
    if (bad == ERR_OK)
        bad = read_sought(c, args, &q, why);
    if (bad == ERR_OK)
        bad = bodies_head_of(c, &head);
    if (bad != ERR_OK)
        return bad;
    q.staff = head.staff;
    q.function = head.function;
    q.issued_at_s = head.issued_at_s;
    q.nonce = head.nonce;
    q.from_index = (uint64_t)from;
    q.max_rows = (uint32_t)max;
    return bodies_query_encode(&q, out);
}

void core_bodies(struct call *c, const struct doc *args)
{
    static const struct bodies_ask ask = {SIGN_BODIES, MSG_BODIES, MSG_BODIES_REPLY, show_rows};
    CLEANUP(buf_free) struct buf query = buf_new(4096);
    struct errmsg why = {""};
    const enum err bad = make_query(c, args, &query, &why);
    if (bad != ERR_OK)
        call_error(c, bad, &why);
    else
        bodies_ask(c, &ask, buf_bytes(&query));
}
