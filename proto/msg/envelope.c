#include "proto/msg/envelope.h"

#include "proto/msg/check.h"
#include "proto/msg/envelope.pb-c.h"

#define SIGNATURE_MAX_BYTES 80

_Static_assert(MSG_KIND_COUNT - 1 == (int)SLUIS__KIND__KIND_AGENCY_HEAD_REPLY, "kinds match the schema");

const char *msg_kind_id(enum msg_kind k)
{
    static const char *const ids[MSG_KIND_COUNT] = {
        "?",    "hello",    "hello_reply", "fetch",        "fetch_reply", "batch",  "batch_chunk",
        "request", "settle", "mail",       "mail_ack",     "bodies",      "bodies_reply",
        "accepted", "refused", "renewal", "cosign", "cosign_reply", "entries", "entries_reply", "exported",
        "agency_head", "agency_head_reply",
    };
    return (unsigned)k < MSG_KIND_COUNT ? ids[k] : "?";
}

enum err frame_encode(const struct frame *f, struct buf *out)
{
    Sluis__Frame m = SLUIS__FRAME__INIT;
    m.envelope = msg_data(f->envelope);
    m.signature = msg_data(f->signature);
    return msg_pack(&m.base, out);
}

enum err frame_decode(struct bytes data, struct arena *a, struct frame *out, struct errmsg *why)
{
    const void *raw = NULL;
    enum err e = msg_unpack(&sluis__frame__descriptor, data, FRAME_MAX_BYTES, a, &raw, why);
    if (e != ERR_OK)
        return e;
    const Sluis__Frame *m = raw;
    struct check c = check_new("frame", a, why);
    struct frame f = {0};
    check_bytes(&c, "envelope", m->envelope, (struct check_limits){1, FRAME_MAX_BYTES},
                &f.envelope);
    check_bytes(&c, "signature", m->signature, (struct check_limits){1, SIGNATURE_MAX_BYTES},
                &f.signature);
    if ((e = check_done(&c)) == ERR_OK)
        *out = f;
    return e;
}

enum err envelope_encode(const struct envelope *v, struct buf *out)
{
    Sluis__Envelope m = SLUIS__ENVELOPE__INIT;
    m.deployment = msg_text(v->deployment.s);
    m.version = v->version;
    m.sender = msg_text(v->sender.oin);
    m.recipient = msg_text(v->recipient.oin);
    m.kind = (Sluis__Kind)v->kind;
    m.message_id = msg_data(BYTES_OF_ARRAY(v->id.b));
    if (v->is_reply)
        m.in_reply_to = msg_data(BYTES_OF_ARRAY(v->in_reply_to.b));
    m.sent_at_s = v->sent_at_s;
    m.expires_at_s = v->expires_at_s;
    m.roster_serial = v->roster_serial;
    m.policy_serial = v->policy_serial;
    m.body = msg_data(v->body);
    return msg_pack(&m.base, out);
}

static void check_life(struct check *c, const struct envelope *v)
{
    check_time(c, "sent_at", v->sent_at_s);
    check_time(c, "expires_at", v->expires_at_s);
    if (c->err == ERR_OK && (v->expires_at_s <= v->sent_at_s ||
                             v->expires_at_s - v->sent_at_s > MESSAGE_LIFE_MAX_S))
        check_fail(c, ERR_RANGE, "expires_at", "after sent_at, by at most seven days");
}

enum err envelope_decode(struct bytes data, struct arena *a, struct envelope *out,
                         struct errmsg *why)
{
    const void *raw = NULL;
    enum err e = msg_unpack(&sluis__envelope__descriptor, data, FRAME_MAX_BYTES, a, &raw, why);
    if (e != ERR_OK)
        return e;
    const Sluis__Envelope *m = raw;
    if (m->version != WIRE_VERSION)
        return errmsg_set(why, ERR_VERSION, "envelope: version %u, expected %u",
                          (unsigned)m->version, WIRE_VERSION);
    struct check c = check_new("envelope", a, why);
    struct envelope v = {.version = m->version,
                         .kind = (enum msg_kind)m->kind,
                         .is_reply = m->in_reply_to.len > 0,
                         .sent_at_s = m->sent_at_s,
                         .expires_at_s = m->expires_at_s,
                         .roster_serial = m->roster_serial,
                         .policy_serial = m->policy_serial,
                         .body = msg_bytes(m->body)};
    check_name(&c, "deployment", m->deployment, &v.deployment);
    check_oin(&c, "sender", m->sender, &v.sender);
    check_oin(&c, "recipient", m->recipient, &v.recipient);
    check_u64(&c, "kind", (uint64_t)m->kind, 1, MSG_KIND_COUNT - 1);
    CHECK_FIXED(&c, "message_id", m->message_id, v.id);
    if (v.is_reply)
        CHECK_FIXED(&c, "in_reply_to", m->in_reply_to, v.in_reply_to);
    check_life(&c, &v);
    if ((e = check_done(&c)) == ERR_OK)
        *out = v;
    return e;
}
