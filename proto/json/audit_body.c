#include "proto/json/audit_body.h"

#include "proto/base/text.h"
#include "proto/base/when.h"
#include "proto/json/json_writer.h"

static const char *const decision_ids[AUDIT_DECISION_COUNT] = {
    [AUDIT_DECISION_NONE] = "none",
    [AUDIT_DECISION_PERMIT] = "permit",
    [AUDIT_DECISION_DENY] = "deny",
};

const char *audit_decision_id(enum audit_decision d)
{
    return (unsigned)d < AUDIT_DECISION_COUNT ? decision_ids[d] : "?";
}

struct audit_fact audit_fact_digest(const char *name, const struct digest *d, struct audit_hex *room)
{
    struct buf hex = buf_fixed(room->text, sizeof room->text);
    text_put_hex(&hex, digest_bytes(d));
    return audit_fact_text(name, buf_bytes(&hex));
}

static enum err check_fact(const struct audit_fact *f)
{
    struct name name;
    if (f->list_count > AUDIT_BODY_MAX_LIST)
        return ERR_RANGE;
    if (f->kind < FACT_VALUE_TEXT || f->kind > FACT_VALUE_LIST)
        return ERR_INVALID;
    /* Names of facts have '_' where names have '-': both are names. */
    return name_parse(f->name, &name);
}

/* What JSON could carry but a reader would refuse. */
static enum err check(const struct audit_body *b)
{
    struct name name;
    if (b->reasons_count > AUDIT_BODY_MAX_REASONS || b->facts_count > AUDIT_BODY_MAX_FACTS)
        return ERR_RANGE;
    if ((unsigned)b->event == 0 || (unsigned)b->event >= AUDIT_EVENT_COUNT ||
        (unsigned)b->decision >= AUDIT_DECISION_COUNT)
        return ERR_INVALID;
    enum err e = ERR_OK;
    for (size_t i = 0; i < b->reasons_count && e == ERR_OK; i++)
        e = name_parse(b->reasons[i], &name);
    for (size_t i = 0; i < b->facts_count && e == ERR_OK; i++)
        e = check_fact(&b->facts[i]);
    if (e == ERR_OK && b->rule.s[0] != '\0')
        e = name_parse(name_bytes(&b->rule), &name);
    return e;
}

static void put_value(struct json_writer *w, const char *key, const struct audit_fact *f)
{
    switch (f->kind) {
    case FACT_VALUE_TEXT:
        json_put_text(w, key, f->text);
        break;
    case FACT_VALUE_INT:
        json_put_int(w, key, f->number);
        break;
    case FACT_VALUE_BOOL:
        json_put_bool(w, key, f->number != 0);
        break;
    case FACT_VALUE_LIST:
        json_put_array(w, key);
        for (size_t i = 0; i < f->list_count; i++)
            json_put_text(w, NULL, f->list[i]);
        json_put_end(w);
        break;
    }
}

static void put_facts(struct json_writer *w, const struct audit_body *b)
{
    json_put_object(w, "facts");
    for (size_t i = 0; i < b->facts_count; i++) {
        const struct audit_fact *f = &b->facts[i];
        struct name name = {0};
        if (name_parse(f->name, &name) != ERR_OK)
            continue; /* refused by check() before */
        if (f->by == PROVENANCE_UNKNOWN) {
            put_value(w, name.s, f);
            continue;
        }
        json_put_object(w, name.s);
        json_put_str(w, "by", provenance_id(f->by));
        put_value(w, "value", f);
        json_put_end(w);
    }
    json_put_end(w);
}

static void put_who(struct json_writer *w, const struct audit_body *b)
{
    if (b->actor.oin[0] != '\0') {
        json_put_object(w, "actor");
        json_put_str(w, "oin", b->actor.oin);
        if (b->staff.len > 0)
            json_put_text(w, "staff", b->staff);
        json_put_end(w);
    }
    if (b->peer.oin[0] != '\0')
        json_put_str(w, "peer", b->peer.oin);
}

static void put_decision(struct json_writer *w, const struct audit_body *b)
{
    if (b->rule.s[0] != '\0')
        json_put_str(w, "rule", b->rule.s);
    if (b->rule_version != 0)
        json_put_uint(w, "rule_version", b->rule_version);
    if (b->has_policy_digest)
        json_put_hex(w, "policy_digest", digest_bytes(&b->policy_digest));
    if (b->decision != AUDIT_DECISION_NONE)
        json_put_str(w, "decision", audit_decision_id(b->decision));
    if (b->reasons_count > 0) {
        json_put_array(w, "reasons");
        for (size_t i = 0; i < b->reasons_count; i++)
            json_put_text(w, NULL, b->reasons[i]);
        json_put_end(w);
    }
    if (b->facts_count > 0)
        put_facts(w, b);
}

static void put_refs(struct json_writer *w, const struct audit_body *b)
{
    if (b->has_message_id)
        json_put_hex(w, "message_id", BYTES_OF_ARRAY(b->message_id.b));
    if (b->key_version != 0)
        json_put_uint(w, "key_version", b->key_version);
    if (b->has_request_ref)
        json_put_hex(w, "request", digest_bytes(&b->request_ref));
    if (b->has_case_ref)
        json_put_hex(w, "case", digest_bytes(&b->case_ref));
    if (b->has_message_ref)
        json_put_hex(w, "message", digest_bytes(&b->message_ref));
    if (b->has_count)
        json_put_uint(w, "count", b->count);
    json_put_hex(w, "salt", BYTES_OF_ARRAY(b->salt.b));
}

enum err audit_body_write(const struct audit_body *b, struct buf *out)
{
    enum err e = check(b);
    if (e != ERR_OK)
        return e;
    char ts[WHEN_TEXT_SIZE];
    when_text(b->ts, ts);
    struct json_writer w = json_writer_of(out);
    json_put_object(&w, NULL);
    json_put_str(&w, "schema", AUDIT_BODY_SCHEMA);
    json_put_str(&w, "ts", ts);
    json_put_str(&w, "event", audit_event_id(b->event));
    put_who(&w, b);
    put_decision(&w, b);
    put_refs(&w, b);
    json_put_end(&w);
    return json_writer_done(&w);
}

/* The views of one pair; its storage stays the caller's. */
static enum err fact_of_pair(const struct fact_pair *p, struct arena *arena, struct audit_fact *out)
{
    struct audit_fact f = {
        .name = bytes_str(p->name),
        .by = p->by,
        .kind = p->kind,
        .number = p->number,
        .text = bytes_str(p->text),
    };
    struct bytes *list = arena_array(arena, p->list_count, sizeof *list);
    if (list == NULL)
        return ERR_NOMEM;
    for (uint32_t i = 0; i < p->list_count; i++)
        list[i] = bytes_str(p->list[i]);
    f.list = list;
    f.list_count = p->list_count;
    *out = f;
    return ERR_OK;
}

enum err audit_body_set_facts(struct audit_body *b, const struct fact_pairs *pairs, size_t extra,
                              struct arena *arena)
{
    if (extra > AUDIT_BODY_MAX_FACTS)
        return ERR_NOMEM;
    struct audit_fact *facts = arena_array(arena, pairs->count + extra, sizeof *facts);
    if (facts == NULL)
        return ERR_NOMEM;
    for (uint32_t i = 0; i < pairs->count; i++) {
        enum err e = fact_of_pair(&pairs->pair[i], arena, &facts[i]);
        if (e != ERR_OK)
            return e;
    }
    b->facts = facts;
    b->facts_count = pairs->count;
    return ERR_OK;
}

enum err audit_body_set_decision(struct audit_body *b, const struct decision *d,
                                 struct arena *arena)
{
    struct bytes *reasons = arena_array(arena, d->failures_count, sizeof *reasons);
    if (reasons == NULL)
        return ERR_NOMEM;
    for (uint32_t i = 0; i < d->failures_count; i++)
        reasons[i] = bytes_str(condition_id(d->failures[i].condition));
    b->decision = d->permit ? AUDIT_DECISION_PERMIT : AUDIT_DECISION_DENY;
    b->reasons = reasons;
    b->reasons_count = d->failures_count;
    return ERR_OK;
}

/* Text into the fixed field of a pair. */
static enum err copy_text(struct bytes from, char out[static FACT_TEXT_SIZE])
{
    if (from.len >= FACT_TEXT_SIZE)
        return ERR_TOO_LARGE;
    memset(out, 0, FACT_TEXT_SIZE);
    if (from.len > 0)
        memcpy(out, from.ptr, from.len);
    return ERR_OK;
}

static enum err get_fact(const struct audit_fact *f, struct facts *out, struct errmsg *why)
{
    char list[AUDIT_BODY_MAX_LIST][FACT_TEXT_SIZE];
    struct name name = {0};
    enum fact_id known;
    enum err e = name_parse(f->name, &name);
    if (e == ERR_OK)
        e = fact_parse(f->name, &known);
    struct fact_pair p = {
        .name = name.s,
        .by = f->by,
        .kind = f->kind,
        .number = f->number,
        .list = list,
        .list_count = (uint32_t)f->list_count,
    };
    if (e == ERR_OK && f->list_count > AUDIT_BODY_MAX_LIST)
        e = ERR_RANGE;
    if (e == ERR_OK)
        e = copy_text(f->text, p.text);
    for (size_t i = 0; i < f->list_count && e == ERR_OK; i++)
        e = copy_text(f->list[i], list[i]);
    return e == ERR_OK ? facts_from_pair(out, &p, why)
                       : errmsg_set(why, e, "fact: %s", err_text(e));
}

enum err audit_body_get_facts(const struct audit_body *b, struct facts *out, struct errmsg *why)
{
    struct facts f = {0};
    for (size_t i = 0; i < b->facts_count; i++) {
        if (b->facts[i].by == PROVENANCE_UNKNOWN)
            continue;
        enum err e = get_fact(&b->facts[i], &f, why);
        if (e != ERR_OK)
            return e;
    }
    *out = f;
    return ERR_OK;
}
