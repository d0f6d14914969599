#include "broker/reply.h"

#include "broker/own_keys.h"
#include "pki/random.h"
#include "pki/sign.h"
#include "proto/host/clock.h"

#define REPLY_LIFE_S 86400

static enum err make_envelope(const struct broker *b, const struct reply_to *to,
                              enum msg_kind kind, struct bytes body, struct buf *out)
{
    const int64_t now_s = clock_now_s(b->clock);
    struct envelope e = {
        .deployment = b->config->deployment,
        .version = WIRE_VERSION,
        .sender = b->config->oin,
        .recipient = *to->agency,
        .kind = kind,
        .is_reply = to->in_reply_to != NULL,
        .sent_at_s = now_s,
        .expires_at_s = now_s + REPLY_LIFE_S,
        .roster_serial = view_roster(b->view)->serial,
        .policy_serial = view_policy(b->view)->serial,
        .body = body,
    };
    if (to->in_reply_to != NULL)
        e.in_reply_to = *to->in_reply_to;
    enum err err = random_fill(e.id.b, sizeof e.id.b);
    return err == ERR_OK ? envelope_encode(&e, out) : err;
}

enum err reply_seal(const struct broker *b, const struct reply_to *to, enum msg_kind kind,
                    struct bytes body, struct buf *frame)
{
    CLEANUP(buf_free) struct buf envelope = buf_new(FRAME_MAX_BYTES);
    enum err e = make_envelope(b, to, kind, body, &envelope);
    const struct own_keys keys = {b->keys, b->view};
    const struct key *by = own_signing_for(&keys, to->known_roster);
    struct signature s;
    if (e == ERR_OK)
        e = by == NULL ? ERR_STATE : sign_document(SIGN_ENVELOPE, by, buf_bytes(&envelope), &s);
    if (e != ERR_OK)
        return e;
    const struct frame f = {.envelope = buf_bytes(&envelope), .signature = signature_bytes(&s)};
    return frame_encode(&f, frame);
}
