/* The verb `exported`: an officer signs what was taken out of the log, the broker writes it there,
 * and only then the caller may give the file its name. The broker's promise is kept, so that its
 * proof is waited for. */
#include <stdlib.h>
#include <sysexits.h>

#include "agent/bodies_ask.h"
#include "agent/core.h"
#include "agent/receipts.h"
#include "proto/host/writer.h"
#include "proto/json/bodies_args.h"

#define ANSWER_ARENA_BYTES ((size_t)64 << 10)

/* A promise on its way into the store. */
struct promised {
    struct call *call;
    struct arena *arena;
    struct promise_bytes bytes;
    struct promise promise;
};

static void promised_free(struct promised *p)
{
    if (p == NULL)
        return;
    arena_free(p->arena);
    free(p);
}
DEFINE_CLEANUP(struct promised, promised_free)

static enum err keep_job(struct kv_txn *txn, void *arg)
{
    const struct promised *p = arg;
    return receipts_put(call_agent(p->call)->receipts, txn, &p->bytes, &p->promise);
}

static void kept(enum err result, void *arg)
{
    CLEANUP(cleanup_promised_free) struct promised *p = arg;
    struct doc *d = doc_new_object();
    struct doc_build b = doc_build_of(d);
    doc_put_hex(&b, "entry", digest_bytes(&p->promise.entry));
    const enum err bad = result == ERR_OK ? doc_build_done(&b) : result;
    if (bad == ERR_OK) {
        call_ok(p->call, d);
        return;
    }
    doc_free(d);
    call_error(p->call, bad, NULL);
}

static enum err read_promise(struct promised *p, const struct message_id *id, struct bytes body,
                             struct errmsg *why)
{
    struct accepted r;
    enum err bad = p->arena != NULL ? accepted_decode(body, p->arena, &r, why) : ERR_NOMEM;
    if (bad != ERR_OK)
        return bad;
    p->bytes.promise = arena_copy(p->arena, r.promise);
    p->bytes.signature = arena_copy(p->arena, r.promise_signature);
    if (p->bytes.promise.ptr == NULL || p->bytes.signature.ptr == NULL)
        return ERR_NOMEM;
    bad = receipts_check(call_agent(p->call)->view, &p->bytes, p->arena, &p->promise, why);
    if (bad == ERR_OK) /* it was made just now */
        bad = receipts_check_log(call_agent(p->call)->receipts, &p->promise, agent_now_s(call_agent(p->call)), why);
    if (bad == ERR_OK &&
        !bytes_equal(BYTES_OF_ARRAY(p->promise.message_id.b), BYTES_OF_ARRAY(id->b)))
        bad = errmsg_set(why, ERR_MISMATCH, "promise: for another message");
    return bad;
}

static void show_entry(struct call *c, const struct message_id *id, struct bytes body)
{
    struct errmsg why = {""};
    CLEANUP(cleanup_promised_free) struct promised *p = calloc(1, sizeof *p);
    if (p == NULL) {
        call_error(c, ERR_NOMEM, NULL);
        return;
    }
    p->call = c;
    p->arena = arena_new(ANSWER_ARENA_BYTES);
    enum err bad = read_promise(p, id, body, &why);
    if (bad == ERR_OK)
        bad = writer_submit(call_agent(c)->writer, WRITER_INTERACTIVE, keep_job, kept, p);
    if (bad == ERR_OK)
        p = NULL;
    else
        call_error(c, bad, &why);
}

static enum err make_document(const struct call *c, const struct doc *args, struct buf *out,
                              struct errmsg *why)
{
    const struct agent *a = call_agent(c);
    struct bodies_head head;
    struct bodies_exported x = {.deployment = a->config->deployment, .reader = a->config->oin};
    enum err bad = exported_args_read(args, &x, why);
    if (bad == ERR_OK)
        bad = bodies_head_of(c, &head);
    if (bad != ERR_OK)
        return bad;
    x.staff = head.staff;
    x.function = head.function;
    x.issued_at_s = head.issued_at_s;
    x.nonce = head.nonce;
    return bodies_exported_encode(&x, out);
}

void core_exported(struct call *c, const struct doc *args)
{
    static const struct bodies_ask ask = {SIGN_EXPORT, MSG_EXPORTED, MSG_ACCEPTED, show_entry};
    CLEANUP(buf_free) struct buf document = buf_new(4096);
    struct errmsg why = {""};
    const enum err bad = make_document(c, args, &document, &why);
    if (bad != ERR_OK)
        call_error(c, bad, &why);
    else
        bodies_ask(c, &ask, buf_bytes(&document));
}
