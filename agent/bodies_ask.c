#include "agent/bodies_ask.h"

#include <stdlib.h>
#include <sysexits.h>

#include "agent/core.h"
#include "agent/own_key.h"
#include "agent/pseudonym.h"
#include "agent/session.h"
#include "pki/random.h"
#include "proto/msg/reply.h"

#define WAIT_S 30

struct asking {
    struct call *call;
    const struct bodies_ask *ask;
    struct buf document;
    struct digest fingerprint;
};

static void asking_free(struct asking *b)
{
    buf_free(&b->document);
    free(b);
}

static void fail(struct asking *b, enum err e, int exit_code, const char *text)
{
    call_fail(b->call, e, exit_code, "%s", text);
    asking_free(b);
}

static void show_refusal(struct asking *b, struct bytes body)
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
    struct asking *b = arg;
    if (kind == b->ask->reply) {
        b->ask->show(b->call, id, body);
        asking_free(b);
    } else if (kind == MSG_REFUSED)
        show_refusal(b, body);
    else
        fail(b, ERR_UNREACHABLE, EX_UNAVAILABLE,
             "the broker did not answer; sluis status tells how it is reached");
}

static enum err send_signed(struct asking *b, struct bytes signature)
{
    struct agent *a = call_agent(b->call);
    const struct bodies message = {buf_bytes(&b->document), signature, b->fingerprint};
    CLEANUP(buf_free) struct buf body = buf_new(8192);
    enum err bad = bodies_encode(&message, &body);
    const struct session_ask ask = {b->ask->message, buf_bytes(&body), WAIT_S, on_reply, b};
    return bad == ERR_OK ? session_ask(a->session, &ask, NULL) : bad;
}

static void on_signed(struct call *c, void *arg, const struct bytes *signatures, size_t count)
{
    struct asking *b = arg;
    struct agent *a = call_agent(c);
    if (count != 1) {
        fail(b, ERR_CANCELLED, EX_NOPERM, "nothing was signed, so nothing was asked");
        return;
    }
    const struct officer_signed by = {b->ask->kind, call_staff(c), buf_bytes(&b->document),
                                      signatures[0]};
    if (agent_officer_signed(a, a->view, &by, &b->fingerprint) != ERR_OK) {
        fail(b, ERR_SIGNATURE, EX_NOPERM,
             "the signature is not by the key of the caller's certificate on the roster");
        return;
    }
    enum err bad = send_signed(b, signatures[0]);
    if (bad == ERR_STATE)
        fail(b, ERR_UNREACHABLE, EX_UNAVAILABLE,
             "there is no open session with the broker; sluis status tells why");
    else if (bad != ERR_OK)
        fail(b, bad, EX_TEMPFAIL, err_text(bad));
}

/* Under which function the caller reads: the one that reads most. */
static enum officer_function function_of(const struct call *c)
{
    if (call_has(c, FUNCTION_AUDITOR))
        return FUNCTION_AUDITOR;
    return call_has(c, FUNCTION_COMPLIANCE_OFFICER) ? FUNCTION_COMPLIANCE_OFFICER : FUNCTION_PRIVACY_OFFICER;
}

enum err bodies_head_of(const struct call *c, struct bodies_head *out)
{
    const struct agent *a = call_agent(c);
    struct bodies_head h = {.issued_at_s = agent_now_s(a)};
    const char *function = officer_function_id(function_of(c));
    enum err bad = agent_pseudonym(a, call_staff(c), h.issued_at_s, &h.staff);
    if (bad == ERR_OK)
        bad = name_parse(bytes_str(function), &h.function);
    if (bad == ERR_OK)
        bad = random_fill(h.nonce.b, sizeof h.nonce.b);
    if (bad == ERR_OK)
        *out = h;
    return bad;
}

void bodies_ask(struct call *c, const struct bodies_ask *ask, struct bytes document)
{
    struct asking *b = calloc(1, sizeof *b);
    if (b == NULL) {
        call_error(c, ERR_NOMEM, NULL);
        return;
    }
    b->call = c;
    b->ask = ask;
    b->document = buf_new(4096);
    buf_put(&b->document, document);
    if (buf_err(&b->document) != ERR_OK) {
        asking_free(b);
        call_error(c, ERR_NOMEM, NULL);
        return;
    }
    const struct call_document question = {.kind = word_of_sign_kind(ask->kind),
                                           .document = buf_bytes(&b->document)};
    call_sign(c, &question, 1, on_signed, b);
}
