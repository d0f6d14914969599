#include "proto/base/text.h"
#include "proto/base/when.h"
#include "proto/json/audit_body.h"
#include "proto/json/doc.h"

#define TEXT_MAX 512u

struct reader {
    struct arena *arena;
    struct audit_body *body;
    struct errmsg *why;
};

typedef enum err (*read_fn)(struct reader *r, const struct doc *v);

/* Text of a value, copied into the arena. */
static enum err keep_text(struct reader *r, const struct doc *v, struct bytes *out)
{
    struct bytes view;
    enum err e = doc_text_of(v, TEXT_MAX, &view);
    if (e != ERR_OK)
        return e;
    struct bytes copy = arena_copy(r->arena, view);
    if (copy.ptr == NULL)
        return ERR_NOMEM;
    *out = copy;
    return ERR_OK;
}

static enum err get_hex(const struct doc *v, uint8_t *out, size_t n)
{
    struct bytes text;
    enum err e = doc_text_of(v, 2 * n, &text);
    return e == ERR_OK ? text_get_hex(text, out, n) : e;
}

static enum err get_uint(const struct doc *v, uint64_t max, uint64_t *out)
{
    int64_t n;
    enum err e = doc_int_of(v, 0, max > INT64_MAX ? INT64_MAX : (int64_t)max, &n);
    if (e == ERR_OK)
        *out = (uint64_t)n;
    return e;
}

static enum err get_u32(const struct doc *v, uint32_t *out)
{
    uint64_t n;
    enum err e = get_uint(v, UINT32_MAX, &n);
    if (e == ERR_OK && n == 0)
        e = ERR_RANGE; /* absent is how nothing is said */
    if (e == ERR_OK)
        *out = (uint32_t)n;
    return e;
}

static enum err read_schema(struct reader *r, const struct doc *v)
{
    (void)r;
    struct bytes text;
    enum err e = doc_text_of(v, TEXT_MAX, &text);
    if (e == ERR_OK && !bytes_is(text, AUDIT_BODY_SCHEMA))
        e = ERR_VERSION;
    return e;
}

static enum err read_ts(struct reader *r, const struct doc *v)
{
    struct bytes text;
    enum err e = doc_text_of(v, TEXT_MAX, &text);
    if (e == ERR_OK && text.len != strlen("2026-11-23T22:20:00Z"))
        e = ERR_INVALID;
    return e == ERR_OK ? when_parse(text, &r->body->ts) : e;
}

static enum err read_event(struct reader *r, const struct doc *v)
{
    struct bytes text;
    enum err e = doc_text_of(v, TEXT_MAX, &text);
    return e == ERR_OK ? audit_event_parse(text, &r->body->event) : e;
}

static enum err get_oin(const struct doc *v, struct agency_id *out)
{
    struct bytes text;
    enum err e = doc_text_of(v, OIN_CHARS, &text);
    return e == ERR_OK ? agency_id_parse(text, out) : e;
}

static enum err read_actor(struct reader *r, const struct doc *v)
{
    void *iter = NULL;
    const char *key;
    const struct doc *member;
    if (!doc_is_object(v))
        return ERR_INVALID;
    while (doc_next(v, &iter, &key, &member)) {
        enum err e = ERR_UNKNOWN;
        if (strcmp(key, "oin") == 0)
            e = get_oin(member, &r->body->actor);
        else if (strcmp(key, "staff") == 0)
            e = keep_text(r, member, &r->body->staff);
        if (e != ERR_OK)
            return e;
    }
    return r->body->actor.oin[0] == '\0' ? ERR_INVALID : ERR_OK;
}

static enum err read_peer(struct reader *r, const struct doc *v)
{
    return get_oin(v, &r->body->peer);
}

static enum err read_rule(struct reader *r, const struct doc *v)
{
    struct bytes text;
    enum err e = doc_text_of(v, NAME_MAX_BYTES, &text);
    return e == ERR_OK ? name_parse(text, &r->body->rule) : e;
}

static enum err read_rule_version(struct reader *r, const struct doc *v)
{
    return get_u32(v, &r->body->rule_version);
}

static enum err read_policy_digest(struct reader *r, const struct doc *v)
{
    r->body->has_policy_digest = true;
    return get_hex(v, r->body->policy_digest.b, sizeof r->body->policy_digest.b);
}

static enum err read_decision(struct reader *r, const struct doc *v)
{
    struct bytes text;
    enum err e = doc_text_of(v, TEXT_MAX, &text);
    if (e != ERR_OK)
        return e;
    for (unsigned d = AUDIT_DECISION_PERMIT; d < AUDIT_DECISION_COUNT; d++) {
        if (bytes_is(text, audit_decision_id((enum audit_decision)d))) {
            r->body->decision = (enum audit_decision)d;
            return ERR_OK;
        }
    }
    return ERR_UNKNOWN;
}

/* A list of texts of at most max. */
static enum err get_list(struct reader *r, const struct doc *v, size_t max,
                         const struct bytes **out, size_t *count)
{
    if (!doc_is_array(v))
        return ERR_INVALID;
    size_t n = doc_count(v);
    if (n > max)
        return ERR_RANGE;
    struct bytes *list = arena_array(r->arena, n, sizeof *list);
    if (list == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < n; i++) {
        enum err e = keep_text(r, doc_at(v, i), &list[i]);
        if (e != ERR_OK)
            return e;
    }
    *out = list;
    *count = n;
    return ERR_OK;
}

static enum err read_reasons(struct reader *r, const struct doc *v)
{
    struct name name;
    struct audit_body *b = r->body;
    enum err e = get_list(r, v, AUDIT_BODY_MAX_REASONS, &b->reasons, &b->reasons_count);
    if (e == ERR_OK && b->reasons_count == 0)
        e = ERR_RANGE;
    for (size_t i = 0; i < b->reasons_count && e == ERR_OK; i++)
        e = name_parse(b->reasons[i], &name);
    return e;
}

static enum err get_value(struct reader *r, const struct doc *v, struct audit_fact *f)
{
    bool flag;
    if (doc_is_array(v)) {
        f->kind = FACT_VALUE_LIST;
        return get_list(r, v, AUDIT_BODY_MAX_LIST, &f->list, &f->list_count);
    }
    if (doc_bool_of(v, &flag) == ERR_OK) {
        f->kind = FACT_VALUE_BOOL;
        f->number = flag;
        return ERR_OK;
    }
    if (doc_int_of(v, INT64_MIN, INT64_MAX, &f->number) == ERR_OK) {
        f->kind = FACT_VALUE_INT;
        return ERR_OK;
    }
    f->kind = FACT_VALUE_TEXT;
    return keep_text(r, v, &f->text);
}

/* {"by": …, "value": …} */
static enum err get_judged(struct reader *r, const struct doc *v, struct audit_fact *f)
{
    void *iter = NULL;
    const char *key;
    const struct doc *member;
    struct bytes by;
    bool has_value = false;
    while (doc_next(v, &iter, &key, &member)) {
        enum err e = ERR_UNKNOWN;
        if (strcmp(key, "by") == 0) {
            e = doc_text_of(member, TEXT_MAX, &by);
            if (e == ERR_OK)
                e = provenance_parse(by, &f->by);
        } else if (strcmp(key, "value") == 0) {
            e = get_value(r, member, f);
            has_value = true;
        }
        if (e != ERR_OK)
            return e;
    }
    return has_value && f->by != PROVENANCE_UNKNOWN ? ERR_OK : ERR_INVALID;
}

static size_t members_of(const struct doc *v)
{
    void *iter = NULL;
    const char *key;
    const struct doc *member;
    size_t n = 0;
    while (doc_next(v, &iter, &key, &member))
        n++;
    return n;
}

static enum err read_facts(struct reader *r, const struct doc *v)
{
    void *iter = NULL;
    const char *key;
    const struct doc *member;
    struct name name;
    if (!doc_is_object(v))
        return ERR_INVALID;
    size_t count = members_of(v);
    if (count == 0 || count > AUDIT_BODY_MAX_FACTS)
        return ERR_RANGE;
    struct audit_fact *facts = arena_array(r->arena, count, sizeof *facts);
    if (facts == NULL)
        return ERR_NOMEM;
    size_t i = 0;
    while (doc_next(v, &iter, &key, &member) && i < count) {
        struct audit_fact *f = &facts[i++];
        f->name = arena_copy(r->arena, bytes_str(key));
        enum err e = f->name.ptr == NULL ? ERR_NOMEM : name_parse(f->name, &name);
        if (e == ERR_OK)
            e = doc_is_object(member) ? get_judged(r, member, f) : get_value(r, member, f);
        if (e != ERR_OK)
            return e;
    }
    r->body->facts = facts;
    r->body->facts_count = count;
    return ERR_OK;
}

static enum err read_message_id(struct reader *r, const struct doc *v)
{
    r->body->has_message_id = true;
    return get_hex(v, r->body->message_id.b, sizeof r->body->message_id.b);
}

static enum err read_key_version(struct reader *r, const struct doc *v)
{
    return get_u32(v, &r->body->key_version);
}

static enum err read_request(struct reader *r, const struct doc *v)
{
    r->body->has_request_ref = true;
    return get_hex(v, r->body->request_ref.b, sizeof r->body->request_ref.b);
}

static enum err read_case(struct reader *r, const struct doc *v)
{
    r->body->has_case_ref = true;
    return get_hex(v, r->body->case_ref.b, sizeof r->body->case_ref.b);
}

static enum err read_message(struct reader *r, const struct doc *v)
{
    r->body->has_message_ref = true;
    return get_hex(v, r->body->message_ref.b, sizeof r->body->message_ref.b);
}

static enum err read_count(struct reader *r, const struct doc *v)
{
    r->body->has_count = true;
    return get_uint(v, INT64_MAX, &r->body->count);
}

static enum err read_salt(struct reader *r, const struct doc *v)
{
    return get_hex(v, r->body->salt.b, sizeof r->body->salt.b);
}

static const struct member {
    const char *key;
    read_fn read;
    bool required;
} members[] = {
    {"schema", read_schema, true},
    {"ts", read_ts, true},
    {"event", read_event, true},
    {"actor", read_actor, false},
    {"peer", read_peer, false},
    {"rule", read_rule, false},
    {"rule_version", read_rule_version, false},
    {"policy_digest", read_policy_digest, false},
    {"decision", read_decision, false},
    {"reasons", read_reasons, false},
    {"facts", read_facts, false},
    {"message_id", read_message_id, false},
    {"key_version", read_key_version, false},
    {"request", read_request, false},
    {"case", read_case, false},
    {"message", read_message, false},
    {"count", read_count, false},
    {"salt", read_salt, true},
};

static const struct member *find_member(const char *key)
{
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        if (strcmp(key, members[i].key) == 0)
            return &members[i];
    }
    return NULL;
}

static enum err read_members(struct reader *r, const struct doc *root)
{
    void *iter = NULL;
    const char *key;
    const struct doc *value;
    while (doc_next(root, &iter, &key, &value)) {
        const struct member *m = find_member(key);
        if (m == NULL)
            return errmsg_set(r->why, ERR_UNKNOWN, "an audit body has no such member");
        enum err e = m->read(r, value);
        if (e != ERR_OK)
            return errmsg_set(r->why, e, "member %s: %s", m->key, err_text(e));
    }
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        if (members[i].required && !doc_has(root, members[i].key))
            return errmsg_set(r->why, ERR_INVALID, "member %s is missing", members[i].key);
    }
    return ERR_OK;
}

enum err audit_body_parse(struct bytes json, struct arena *arena, struct audit_body *out,
                          struct errmsg *why)
{
    struct doc *root CLEANUP(cleanup_doc_free) = NULL;
    enum err e = doc_parse(json, AUDIT_BODY_MAX, &root, why);
    if (e != ERR_OK)
        return e;
    if (!doc_is_object(root))
        return errmsg_set(why, ERR_INVALID, "an audit body is a JSON object");
    struct audit_body body = {0};
    struct reader r = {.arena = arena, .body = &body, .why = why};
    e = read_members(&r, root);
    if (e == ERR_OK)
        *out = body;
    return e;
}
