/* The verb `bodies`: an officer signs a query, the broker answers what that officer may read. */
#include <stdlib.h>
#include <sysexits.h>

#include "agent/core.h"
#include "agent/own_key.h"
#include "agent/session.h"
#include "pki/random.h"
#include "proto/msg/bodies.h"
#include "proto/msg/reply.h"

#define WAIT_S 30
#define ANSWER_ARENA_BYTES ((size_t)16 << 20)

struct asking_bodies {
    struct call *call;
    struct buf query;
    struct digest fingerprint;
};

static void asking_free(struct asking_bodies *b)
{
    buf_free(&b->query);
    free(b);
}

static void fail(struct asking_bodies *b, enum err e, int exit_code, const char *text)
{
    call_fail(b->call, e, exit_code, "%s", text);
    asking_free(b);
}

static struct doc *row_doc(const struct body_row *row)
{
    struct doc *d = doc_new_object();
    struct doc_build b = doc_build_of(d);
    doc_put_int(&b, "index", (int64_t)row->index);
    doc_put_hex(&b, "entry", digest_bytes(&row->entry));
    if (row->body.len > 0)
        doc_put_text(&b, "body", row->body);
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

static void show_rows(struct asking_bodies *b, struct bytes body)
{
    struct errmsg why = {""};
    struct bodies_reply r;
    struct doc *d = NULL;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(ANSWER_ARENA_BYTES);
    enum err bad = a != NULL ? bodies_reply_decode(body, a, &r, &why) : ERR_NOMEM;
    if (bad == ERR_OK)
        bad = answer_doc(&r, &d);
    if (bad != ERR_OK) {
        fail(b, bad, EX_PROTOCOL, "the broker's answer cannot be read");
        return;
    }
    call_ok(b->call, d);
    asking_free(b);
}

static void show_refusal(struct asking_bodies *b, struct bytes body)
{
    struct refused r;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)1 << 20);
    if (a == NULL || refused_decode(body, a, &r, NULL) != ERR_OK) {
        fail(b, ERR_INVALID, EX_PROTOCOL, "the broker's refusal cannot be read");
        return;
    }
    call_fail(b->call, ERR_PERMISSION, EX_NOPERM, "the broker refused: %s %.*s",
              refusal_code_id(r.code), (int)r.detail.len,
              r.detail.len > 0 ? (const char *)r.detail.ptr : "");
    asking_free(b);
}

static void on_reply(void *arg, const struct message_id *id, enum msg_kind kind, struct bytes body)
{
    struct asking_bodies *b = arg;
    (void)id;
    if (kind == MSG_BODIES_REPLY)
        show_rows(b, body);
    else if (kind == MSG_REFUSED)
        show_refusal(b, body);
    else
        fail(b, ERR_UNREACHABLE, EX_UNAVAILABLE,
             "the broker did not answer; sluis status tells how it is reached");
}

static enum err send_query(struct asking_bodies *b, struct bytes signature)
{
    struct agent *a = call_agent(b->call);
    const struct bodies message = {buf_bytes(&b->query), signature, b->fingerprint};
    CLEANUP(buf_free) struct buf body = buf_new(8192);
    enum err bad = bodies_encode(&message, &body);
    const struct session_ask ask = {MSG_BODIES, buf_bytes(&body), WAIT_S, on_reply, b};
    return bad == ERR_OK ? session_ask(a->session, &ask, NULL) : bad;
}

static void on_signed(struct call *c, void *arg, const struct bytes *signatures, size_t count)
{
    struct asking_bodies *b = arg;
    struct agent *a = call_agent(c);
    if (count != 1) {
        fail(b, ERR_CANCELLED, EX_NOPERM, "nothing was signed, so nothing was asked");
        return;
    }
    const struct officer_signed by = {SIGN_BODIES, call_staff(c), buf_bytes(&b->query),
                                      signatures[0]};
    if (agent_officer_signed(a, a->view, &by, &b->fingerprint) != ERR_OK) {
        fail(b, ERR_SIGNATURE, EX_NOPERM,
             "the signature is not by the key of the caller's certificate on the roster");
        return;
    }
    enum err bad = send_query(b, signatures[0]);
    if (bad == ERR_STATE)
        fail(b, ERR_UNREACHABLE, EX_UNAVAILABLE,
             "there is no open session with the broker; sluis status tells why");
    else if (bad != ERR_OK)
        fail(b, bad, EX_TEMPFAIL, err_text(bad));
}

static enum err make_query(const struct call *c, const struct doc *args, struct asking_bodies *b,
                           struct errmsg *why)
{
    const struct agent *a = call_agent(c);
    int64_t from = 0;
    int64_t max = 0;
    struct bodies_query q = {.deployment = a->config->deployment, .reader = a->config->oin};
    enum err bad = doc_get_int(args, "from", 0, INT64_MAX, &from, why);
    if (bad == ERR_OK)
        bad = doc_get_int(args, "max", 1, BODIES_ROWS_MAX, &max, why);
    if (bad == ERR_OK)
        bad = agent_pseudonym(a, call_staff(c), agent_now_s(a), &q.staff);
    const char *function = officer_function_id(call_has(c, FUNCTION_AUDITOR)
                                                   ? FUNCTION_AUDITOR
                                                   : FUNCTION_PRIVACY_OFFICER);
    if (bad == ERR_OK)
        bad = name_parse(bytes_str(function), &q.function);
    if (bad == ERR_OK)
        bad = random_fill(q.nonce.b, sizeof q.nonce.b);
    q.from_index = (uint64_t)from;
    q.max_rows = (uint32_t)max;
    q.issued_at_s = agent_now_s(a);
    return bad == ERR_OK ? bodies_query_encode(&q, &b->query) : bad;
}

void core_bodies(struct call *c, const struct doc *args)
{
    struct asking_bodies *b = calloc(1, sizeof *b);
    if (b == NULL) {
        call_error(c, ERR_NOMEM, NULL);
        return;
    }
    struct errmsg why = {""};
    b->call = c;
    b->query = buf_new(4096);
    enum err bad = make_query(c, args, b, &why);
    if (bad != ERR_OK) {
        asking_free(b);
        call_error(c, bad, &why);
        return;
    }
    const struct call_document document = {.kind = "bodies", .document = buf_bytes(&b->query)};
    call_sign(c, &document, 1, on_signed, b);
}
