/* The verb `own_ldv`: the lines of the view Logboek Dataverwerkingen, some subjects at a time; only
 * the agent can make them, since only it has the keys. Each answer is an entry of the own log
 * before it is shown. */
#include "agent/own_log.h"
#include "agent/subject/ldv_page.h"
#include "agent/subject/subject_part.h"
#include "pki/logbook/bodies_facts.h"
#include "proto/base/cursor.h"
#include "proto/base/text.h"
#include "proto/json/bodies_args.h"

#define FACTS_ARENA_BYTES ((size_t)64 << 10)
#define LINES_MOST 1024u /* of one answer, and those of one subject more */
#define CURSOR_BYTES                                                                               \
    61 /* u8 role, 16 id, u32 group; where it goes on within a thread u64 time, 32 entry */
#define CURSOR_THREAD_BYTES 21

static enum err read_place(const struct doc *args, struct ldv_place *out, struct errmsg *why)
{
    uint8_t raw[CURSOR_BYTES];
    struct bytes text;
    if (!doc_has(args, "after"))
        return ERR_OK;
    enum err bad = doc_get_text(args, "after", 2 * sizeof raw, &text, why);
    const bool is_within = bad == ERR_OK && text.len == 2 * sizeof raw;
    const size_t n = is_within ? CURSOR_BYTES : CURSOR_THREAD_BYTES;
    if (bad == ERR_OK)
        bad = text_get_hex(text, raw, n);
    if (bad != ERR_OK || (raw[0] != TOUCH_ASKED && raw[0] != TOUCH_HELD))
        return errmsg_set(why, ERR_INVALID, "'after' is not what an answer gave as 'next'");
    struct cursor c = cursor_of(bytes_of(raw, n));
    *out = (struct ldv_place){.is_set = true, .from.is_behind = is_within};
    out->from.thread.role = (enum touch_role)cursor_u8(&c);
    cursor_copy(&c, out->from.thread.id, sizeof out->from.thread.id);
    out->group = cursor_u32(&c);
    if (is_within) {
        out->from.at_s = (int64_t)cursor_u64(&c);
        cursor_copy(&c, out->from.entry.b, sizeof out->from.entry.b);
    }
    return cursor_done(&c);
}

static void put_place(const struct ldv_place *p, struct doc_build *b)
{
    uint8_t raw[CURSOR_BYTES];
    struct buf text = buf_fixed(raw, sizeof raw);
    buf_put_u8(&text, (uint8_t)p->from.thread.role);
    buf_put(&text, BYTES_OF_ARRAY(p->from.thread.id));
    buf_put_u32(&text, p->group);
    if (p->from.is_behind) {
        buf_put_u64(&text, (uint64_t)p->from.at_s);
        buf_put(&text, digest_bytes(&p->from.entry));
    }
    doc_put_hex(b, "next", buf_bytes(&text));
}

/* What a line has nothing of cannot narrow it. */
static enum err read_args(const struct doc *args, struct ldv_page *p, struct bodies_query *q,
                          struct errmsg *why)
{
    struct bodies_filter *f = &q->filter;
    q->purpose = BODIES_FOR_EXPORT;
    enum err bad = read_place(args, &p->at, why);
    if (bad == ERR_OK)
        bad = bodies_filter_read(args, f, why);
    if (bad == ERR_OK && !bodies_filter_is_known(f))
        bad = errmsg_set(why, ERR_UNKNOWN, "filter: no such event or decision");
    if (bad == ERR_OK &&
        (f->decision.s[0] != '\0' || f->has_officer || f->has_request || f->has_case))
        bad = errmsg_set(why, ERR_INVALID,
                         "this view is narrowed by time, agency, rule and event alone");
    return bad;
}

/* The entry of the reading, with what it was narrowed by, and then the answer. */
static void show(struct call *c, struct ldv_page *p, const struct bodies_query *q)
{
    CLEANUP(cleanup_arena_free) struct arena *arena = arena_new(FACTS_ARENA_BYTES);
    struct own_entry look = {
        .event = AUDIT_EVENT_BODIES_READ, .staff = &p->staff, .count = doc_count(p->lines)};
    CLEANUP(cleanup_doc_free) struct doc *ok = doc_new_object();
    struct doc_build b = doc_build_of(ok);
    doc_put_doc(&b, "lines", take(p->lines));
    if (!p->is_over)
        put_place(&p->at, &b);
    enum err bad = doc_build_done(&b);
    if (bad == ERR_OK)
        bad = arena != NULL
                  ? bodies_facts_of_query(p->agent->view, q, arena, &look.facts, &look.facts_count)
                  : ERR_NOMEM;
    if (bad == ERR_OK)
        own_log_show(c, &look, take(ok));
    else
        call_error(c, bad, NULL);
}

static enum err read_page(struct agent *a, struct ldv_page *p)
{
    CLEANUP(cleanup_touch_walk_free) struct touch_walk *walk = NULL;
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    enum err bad = touch_walk_new(a->store, &walk);
    p->walk = walk;
    if (bad == ERR_OK)
        bad = kv_read_begin(a->kv, &txn);
    return bad == ERR_OK ? ldv_page_read(p, txn) : bad;
}

void ldv_verb(struct call *c, const struct doc *args)
{
    struct agent *a = call_agent(c);
    struct bodies_query query = {.from_index = 0};
    struct ldv_page p = {.agent = a,
                         .staff = *call_staff(c),
                         .filter = &query.filter,
                         .most = LINES_MOST,
                         .lines = doc_new_array()};
    struct errmsg why = {""};
    enum err bad = p.lines != NULL ? read_args(args, &p, &query, &why) : ERR_NOMEM;
    if (bad == ERR_OK)
        bad = read_page(a, &p);
    if (bad == ERR_OK) {
        show(c, &p, &query);
        return;
    }
    doc_free(p.lines);
    call_error(c, bad, &why);
}
