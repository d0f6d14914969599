#include "proto/msg/reply.h"

#include "proto/msg/check.h"
#include "proto/msg/reply.pb-c.h"

#define PROMISE_MAX_BYTES 1024
#define REPLY_MAX_BYTES 65536
#define SIGNATURE_LIMITS ((struct check_limits){0, 80})

_Static_assert(REFUSAL_CODE_COUNT - 1 == (int)SLUIS__REFUSAL_CODE__REFUSAL_SUSPENDED,
               "codes match the schema");

const char *refusal_code_id(enum refusal_code c)
{
    static const char *const ids[REFUSAL_CODE_COUNT] = {
        "?",    "malformed", "signature", "sender",    "version", "expired", "behind", "conflict",
        "policy", "key",     "chain",     "root",      "not_found", "limit", "closed", "state",
        "credit", "deadline",  "suspended",
    };
    return (unsigned)c < REFUSAL_CODE_COUNT ? ids[c] : "?";
}

enum err promise_encode(const struct promise *p, struct buf *out)
{
    char origin[256];
    struct buf text = buf_fixed(origin, sizeof origin);
    buf_put(&text, p->origin);
    Sluis__Promise m = SLUIS__PROMISE__INIT;
    m.deployment = msg_text(p->deployment.s);
    m.origin = msg_text(buf_text(&text));
    if (buf_err(&text) != ERR_OK)
        return buf_err(&text);
    m.entry = msg_data(digest_bytes(&p->entry));
    m.message_id = msg_data(BYTES_OF_ARRAY(p->message_id.b));
    m.committed_at_s = p->committed_at_s;
    m.merge_by_s = p->merge_by_s;
    return msg_pack(&m.base, out);
}

enum err promise_decode(struct bytes data, struct arena *a, struct promise *out,
                        struct errmsg *why)
{
    const void *raw = NULL;
    enum err e = msg_unpack(&sluis__promise__descriptor, data, PROMISE_MAX_BYTES, a, &raw, why);
    if (e != ERR_OK)
        return e;
    const Sluis__Promise *m = raw;
    struct check c = check_new("promise", a, why);
    struct promise p = {.committed_at_s = m->committed_at_s, .merge_by_s = m->merge_by_s};
    check_name(&c, "deployment", m->deployment, &p.deployment);
    check_text(&c, "origin", m->origin, (struct check_limits){1, 200}, &p.origin);
    CHECK_FIXED(&c, "entry", m->entry, p.entry);
    CHECK_FIXED(&c, "message_id", m->message_id, p.message_id);
    check_time(&c, "committed_at", p.committed_at_s);
    check_time(&c, "merge_by", p.merge_by_s);
    if ((e = check_done(&c)) == ERR_OK)
        *out = p;
    return e;
}

enum err accepted_encode(const struct accepted *r, struct buf *out)
{
    Sluis__Accepted m = SLUIS__ACCEPTED__INIT;
    m.promise = msg_data(r->promise);
    m.promise_signature = msg_data(r->promise_signature);
    m.credit = r->credit;
    return msg_pack(&m.base, out);
}

enum err accepted_decode(struct bytes data, struct arena *a, struct accepted *out,
                         struct errmsg *why)
{
    const void *raw = NULL;
    enum err e = msg_unpack(&sluis__accepted__descriptor, data, REPLY_MAX_BYTES, a, &raw, why);
    if (e != ERR_OK)
        return e;
    const Sluis__Accepted *m = raw;
    struct check c = check_new("accepted", a, why);
    struct accepted r = {.credit = m->credit};
    check_bytes(&c, "promise", m->promise, (struct check_limits){1, PROMISE_MAX_BYTES}, &r.promise);
    check_bytes(&c, "promise_signature", m->promise_signature, (struct check_limits){1, 80},
                &r.promise_signature);
    if ((e = check_done(&c)) == ERR_OK)
        *out = r;
    return e;
}

/* Owns the pointers that protobuf-c wants around the conditions of one refusal. */
struct condition_list {
    Sluis__Condition items[REPLY_CONDITIONS_MAX];
    Sluis__Condition *refs[REPLY_CONDITIONS_MAX];
};

/* Fills list with NUL-terminated copies in a. */
static enum err list_conditions(const struct refused *r, struct arena *a,
                                struct condition_list *list)
{
    for (size_t i = 0; i < r->condition_count; i++) {
        const struct refused_condition *from = &r->conditions[i];
        sluis__condition__init(&list->items[i]);
        list->items[i].code = arena_text(a, from->code);
        list->items[i].parameter = arena_text(a, from->parameter);
        list->items[i].citation = arena_text(a, from->citation);
        list->refs[i] = &list->items[i];
        if (list->items[i].code == NULL || list->items[i].parameter == NULL ||
            list->items[i].citation == NULL)
            return ERR_NOMEM;
    }
    return ERR_OK;
}

enum err refused_encode(const struct refused *r, struct buf *out)
{
    if (r->condition_count > REPLY_CONDITIONS_MAX)
        return ERR_TOO_LARGE;
    struct arena *a CLEANUP(cleanup_arena_free) = arena_new(REPLY_MAX_BYTES);
    if (a == NULL)
        return ERR_NOMEM;
    struct condition_list list;
    enum err e = list_conditions(r, a, &list);
    if (e != ERR_OK)
        return e;
    Sluis__Refused m = SLUIS__REFUSED__INIT;
    m.code = (Sluis__RefusalCode)r->code;
    m.detail = arena_text(a, r->detail);
    if (m.detail == NULL)
        return ERR_NOMEM;
    m.n_conditions = r->condition_count;
    m.conditions = list.refs;
    m.roster_serial = r->roster_serial;
    m.policy_serial = r->policy_serial;
    m.promise = msg_data(r->promise);
    m.promise_signature = msg_data(r->promise_signature);
    return msg_pack(&m.base, out);
}

static void decode_conditions(struct check *c, const Sluis__Refused *m, struct refused *r)
{
    check_count(c, "conditions", m->n_conditions, 0, REPLY_CONDITIONS_MAX);
    if (c->err != ERR_OK)
        return;
    struct refused_condition *list = check_array(c, m->n_conditions, sizeof *list);
    for (size_t i = 0; c->err == ERR_OK && i < m->n_conditions; i++) {
        const Sluis__Condition *from = m->conditions[i];
        check_text(c, "condition code", from->code, (struct check_limits){1, 64}, &list[i].code);
        check_text(c, "condition parameter", from->parameter, (struct check_limits){0, 200},
                   &list[i].parameter);
        check_text(c, "condition citation", from->citation, (struct check_limits){0, 200},
                   &list[i].citation);
    }
    r->conditions = list;
    r->condition_count = m->n_conditions;
}

enum err refused_decode(struct bytes data, struct arena *a, struct refused *out,
                        struct errmsg *why)
{
    const void *raw = NULL;
    enum err e = msg_unpack(&sluis__refused__descriptor, data, REPLY_MAX_BYTES, a, &raw, why);
    if (e != ERR_OK)
        return e;
    const Sluis__Refused *m = raw;
    struct check c = check_new("refused", a, why);
    struct refused r = {.code = (enum refusal_code)m->code,
                        .roster_serial = m->roster_serial,
                        .policy_serial = m->policy_serial};
    check_u64(&c, "code", (uint64_t)m->code, 1, REFUSAL_CODE_COUNT - 1);
    check_text(&c, "detail", m->detail, (struct check_limits){0, 320}, &r.detail);
    decode_conditions(&c, m, &r);
    check_bytes(&c, "promise", m->promise, (struct check_limits){0, PROMISE_MAX_BYTES},
                &r.promise);
    check_bytes(&c, "promise_signature", m->promise_signature, SIGNATURE_LIMITS,
                &r.promise_signature);
    if ((e = check_done(&c)) == ERR_OK)
        *out = r;
    return e;
}
