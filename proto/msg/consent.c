#include "proto/msg/consent.h"

#include "proto/base/label.h"
#include "proto/msg/check.h"
#include "proto/msg/consent.pb-c.h"
#include "proto/msg/request.h"

#define CONSENT_MAX_BYTES 8192
#define SETTLE_MAX_BYTES (RELEASE_MAX_BYTES + 65536)
#define ENCODE_ARENA_BYTES ((size_t)4 << 20)
#define TOKENS_MAX 255
#define FIELDS_MAX CONSENT_FIELDS_MAX
#define RULES_MAX 32
#define SIGNATURE_LIMITS ((struct check_limits){1, 80})

enum err consent_encode(const struct consent *v, struct buf *out)
{
    struct arena *a CLEANUP(cleanup_arena_free) = arena_new(CONSENT_MAX_BYTES);
    if (a == NULL)
        return ERR_NOMEM;
    Sluis__Consent m = SLUIS__CONSENT__INIT;
    m.label = msg_text(LABEL_CONSENT);
    m.deployment = msg_text(v->deployment.s);
    m.decision = (Sluis__Decision)v->decision;
    m.code = arena_text(a, v->code);
    m.header_digest = msg_data(digest_bytes(&v->header_digest));
    m.requester = msg_text(v->requester.oin);
    m.requester_sealing = msg_data(digest_bytes(&v->requester_sealing));
    m.rule = msg_text(v->rule.s);
    m.rule_version = v->rule_version;
    m.policy_digest = msg_data(digest_bytes(&v->policy_digest));
    m.roster_serial = v->roster_serial;
    m.purpose = msg_text(v->purpose.s);
    m.epoch = v->epoch;
    m.handle = msg_data(BYTES_OF_ARRAY(v->handle.b));
    m.record_leaf = msg_data(digest_bytes(&v->record_leaf));
    m.n_fields = v->field_count;
    m.fields = arena_array(a, v->field_count, sizeof *m.fields);
    if (m.code == NULL || m.fields == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < v->field_count; i++)
        m.fields[i] = msg_text(v->fields[i].s);
    m.staff = msg_text(v->staff.s);
    m.function = msg_text(v->function.s);
    m.signed_at_s = v->signed_at_s;
    m.not_after_s = v->not_after_s;
    m.nonce = msg_data(BYTES_OF_ARRAY(v->nonce.b));
    m.group = v->group;
    return msg_pack(&m.base, out);
}

static void consent_texts(struct check *c, const Sluis__Consent *m, struct consent *v)
{
    if (c->err == ERR_OK && !bytes_is(bytes_str(m->label), LABEL_CONSENT))
        check_fail(c, ERR_INVALID, "label", LABEL_CONSENT);
    check_name(c, "deployment", m->deployment, &v->deployment);
    check_text(c, "code", m->code, (struct check_limits){0, 64}, &v->code);
    check_oin(c, "requester", m->requester, &v->requester);
    check_name(c, "rule", m->rule, &v->rule);
    check_name(c, "purpose", m->purpose, &v->purpose);
    check_names(c, (struct msg_names_in){m->fields, m->n_fields, FIELDS_MAX, "fields"}, &v->fields,
                &v->field_count);
    check_name(c, "staff", m->staff, &v->staff);
    check_name(c, "function", m->function, &v->function);
}

static void consent_rules(struct check *c, const struct consent *v)
{
    check_u64(c, "decision", (uint64_t)v->decision, CONSENT_RELEASE, CONSENT_REFUSE);
    check_u64(c, "rule_version", v->rule_version, 1, UINT32_MAX);
    check_u64(c, "roster_serial", v->roster_serial, 1, UINT64_MAX);
    check_u64(c, "epoch", v->epoch, 1, UINT32_MAX);
    check_u64(c, "group", v->group, 0, REQUEST_GROUPS_MAX - 1);
    check_time(c, "signed_at", v->signed_at_s);
    check_time(c, "not_after", v->not_after_s);
    if (v->not_after_s < v->signed_at_s)
        check_fail(c, ERR_RANGE, "not_after", "a time not before signed_at");
    if (v->decision != CONSENT_RELEASE && v->field_count > 0)
        check_fail(c, ERR_INVALID, "fields", "none without a release");
    if (v->decision == CONSENT_RELEASE && v->field_count == 0)
        check_fail(c, ERR_INVALID, "fields", "at least one for a release");
    if ((v->decision == CONSENT_REFUSE) != (v->code.len > 0))
        check_fail(c, ERR_INVALID, "code", "a ground with a refusal, and only then");
}

enum err consent_decode(struct bytes data, struct arena *a, struct consent *out,
                        struct errmsg *why)
{
    const void *raw = NULL;
    enum err e = msg_unpack(&sluis__consent__descriptor, data, CONSENT_MAX_BYTES, a, &raw, why);
    if (e != ERR_OK)
        return e;
    const Sluis__Consent *m = raw;
    struct check c = check_new("consent", a, why);
    struct consent v = {.decision = (enum consent_decision)m->decision,
                        .rule_version = m->rule_version,
                        .roster_serial = m->roster_serial,
                        .epoch = m->epoch,
                        .signed_at_s = m->signed_at_s,
                        .not_after_s = m->not_after_s,
                        .group = m->group};
    consent_texts(&c, m, &v);
    CHECK_FIXED(&c, "header_digest", m->header_digest, v.header_digest);
    CHECK_FIXED(&c, "requester_sealing", m->requester_sealing, v.requester_sealing);
    CHECK_FIXED(&c, "policy_digest", m->policy_digest, v.policy_digest);
    CHECK_FIXED(&c, "handle", m->handle, v.handle);
    CHECK_FIXED(&c, "record_leaf", m->record_leaf, v.record_leaf);
    CHECK_FIXED(&c, "nonce", m->nonce, v.nonce);
    consent_rules(&c, &v);
    if ((e = check_done(&c)) == ERR_OK)
        *out = v;
    return e;
}

static void path_out(const struct merkle_path *from, Sluis__LeafPath *m)
{
    sluis__leaf_path__init(m);
    m->index = from->index;
    m->size = from->size;
    m->hashes = msg_data(bytes_of(from->hashes, from->count * sizeof(struct digest)));
}

static void path_in(struct check *c, const char *field, const Sluis__LeafPath *m,
                    struct merkle_path *out)
{
    if (m == NULL) {
        check_fail(c, ERR_INVALID, field, "a path");
        return;
    }
    struct check_path path = {m->index, m->size, m->hashes};
    check_merkle_path(c, field, &path, out);
}

enum err settle_encode(const struct settle *s, struct buf *out)
{
    Sluis__SignedConsent items[2];
    Sluis__SignedConsent *refs[2] = {&items[0], &items[1]};
    if (s->consent_count > 2)
        return ERR_TOO_LARGE;
    for (size_t i = 0; i < s->consent_count; i++) {
        sluis__signed_consent__init(&items[i]);
        items[i].consent = msg_data(s->consents[i].consent);
        items[i].signature = msg_data(s->consents[i].signature);
        items[i].fingerprint = msg_data(digest_bytes(&s->consents[i].fingerprint));
    }
    Sluis__LeafPath path;
    path_out(&s->leaf_path, &path);
    Sluis__Settle m = SLUIS__SETTLE__INIT;
    m.n_consents = s->consent_count;
    m.consents = refs;
    m.batch_id = msg_data(BYTES_OF_ARRAY(s->batch_id.b));
    m.leaf_path = &path;
    m.release = msg_data(s->release);
    return msg_pack(&m.base, out);
}

enum err settle_decode(struct bytes data, struct arena *a, struct settle *out, struct errmsg *why)
{
    const void *raw = NULL;
    enum err e = msg_unpack(&sluis__settle__descriptor, data, SETTLE_MAX_BYTES, a, &raw, why);
    if (e != ERR_OK)
        return e;
    const Sluis__Settle *m = raw;
    struct check c = check_new("settle", a, why);
    struct settle s = {.consent_count = m->n_consents};
    check_count(&c, "consents", m->n_consents, 1, 2);
    for (size_t i = 0; c.err == ERR_OK && i < m->n_consents; i++) {
        struct signed_consent *to = &s.consents[i];
        check_bytes(&c, "consent", m->consents[i]->consent,
                    (struct check_limits){1, CONSENT_MAX_BYTES}, &to->consent);
        check_bytes(&c, "consent signature", m->consents[i]->signature, SIGNATURE_LIMITS,
                    &to->signature);
        CHECK_FIXED(&c, "consent fingerprint", m->consents[i]->fingerprint, to->fingerprint);
    }
    CHECK_FIXED(&c, "batch_id", m->batch_id, s.batch_id);
    path_in(&c, "leaf_path", m->leaf_path, &s.leaf_path);
    check_bytes(&c, "release", m->release, (struct check_limits){0, RELEASE_MAX_BYTES},
                &s.release);
    if ((e = check_done(&c)) == ERR_OK)
        *out = s;
    return e;
}

/* Openings as protobuf-c wants them, all in the arena. */
static enum err fields_out(struct arena *a, const struct release_content *r,
                           Sluis__ReleaseContent *m)
{
    Sluis__FieldOpening *items = arena_array(a, r->field_count, sizeof *items);
    Sluis__LeafPath *paths = arena_array(a, r->field_count, sizeof *paths);
    m->fields = arena_array(a, r->field_count, sizeof *m->fields);
    if (items == NULL || paths == NULL || m->fields == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < r->field_count; i++) {
        const struct field_opening *from = &r->fields[i];
        sluis__field_opening__init(&items[i]);
        path_out(&from->path, &paths[i]);
        items[i].name = msg_text(from->name.s);
        items[i].salt = msg_data(BYTES_OF_ARRAY(from->salt.b));
        items[i].value = arena_text(a, from->value);
        items[i].path = &paths[i];
        if (items[i].value == NULL)
            return ERR_NOMEM;
        m->fields[i] = &items[i];
    }
    m->n_fields = r->field_count;
    return ERR_OK;
}

static enum err tokens_out(struct arena *a, const struct release_content *r,
                           Sluis__ReleaseContent *m)
{
    Sluis__TokenOpening *items = arena_array(a, r->token_count, sizeof *items);
    Sluis__LeafPath *paths = arena_array(a, r->token_count, sizeof *paths);
    m->tokens = arena_array(a, r->token_count, sizeof *m->tokens);
    if (items == NULL || paths == NULL || m->tokens == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < r->token_count; i++) {
        sluis__token_opening__init(&items[i]);
        path_out(&r->tokens[i].path, &paths[i]);
        items[i].type = (uint32_t)r->tokens[i].type;
        items[i].salt = msg_data(BYTES_OF_ARRAY(r->tokens[i].salt.b));
        items[i].path = &paths[i];
        m->tokens[i] = &items[i];
    }
    m->n_tokens = r->token_count;
    return ERR_OK;
}

static enum err lists_out(struct arena *a, const struct release_content *r,
                          Sluis__ReleaseContent *m)
{
    m->rules = arena_array(a, r->rule_count, sizeof *m->rules);
    m->consent_digests = arena_array(a, r->consent_count, sizeof *m->consent_digests);
    m->handling = arena_text(a, r->handling);
    if (m->rules == NULL || m->consent_digests == NULL || m->handling == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < r->rule_count; i++)
        m->rules[i] = msg_text(r->rules[i].s);
    for (size_t i = 0; i < r->consent_count; i++)
        m->consent_digests[i] = msg_data(digest_bytes(&r->consent_digests[i]));
    m->n_rules = r->rule_count;
    m->n_consent_digests = r->consent_count;
    enum err e = fields_out(a, r, m);
    return e != ERR_OK ? e : tokens_out(a, r, m);
}

enum err release_content_encode(const struct release_content *r, struct buf *out)
{
    struct arena *a CLEANUP(cleanup_arena_free) = arena_new(ENCODE_ARENA_BYTES);
    if (a == NULL)
        return ERR_NOMEM;
    Sluis__ReleaseContent m = SLUIS__RELEASE_CONTENT__INIT;
    enum err e = lists_out(a, r, &m);
    if (e != ERR_OK)
        return e;
    Sluis__LeafPath path;
    path_out(&r->leaf_path, &path);
    m.deployment = msg_text(r->deployment.s);
    m.holder = msg_text(r->holder.oin);
    m.recipient = msg_text(r->recipient.oin);
    m.recipient_sealing = msg_data(digest_bytes(&r->recipient_sealing));
    m.header_digest = msg_data(digest_bytes(&r->header_digest));
    m.handle = msg_data(BYTES_OF_ARRAY(r->handle.b));
    m.record_leaf = msg_data(digest_bytes(&r->record_leaf));
    m.group = r->group;
    m.released_at_s = r->released_at_s;
    m.category = msg_text(r->category.s);
    m.expires_day = r->expires_day;
    m.field_root = msg_data(digest_bytes(&r->field_root));
    m.token_root = msg_data(digest_bytes(&r->token_root));
    m.batch_header = msg_data(r->batch_header);
    m.batch_signature = msg_data(r->batch_signature);
    m.batch_promise = msg_data(r->batch_promise);
    m.batch_promise_signature = msg_data(r->batch_promise_signature);
    m.leaf_path = &path;
    return msg_pack(&m.base, out);
}

static void openings_in(struct check *c, const Sluis__ReleaseContent *m, struct release_content *r)
{
    check_count(c, "fields", m->n_fields, 1, FIELDS_MAX);
    check_count(c, "tokens", m->n_tokens, 1, TOKENS_MAX);
    struct field_opening *fields = check_array(c, m->n_fields, sizeof *fields);
    struct token_opening *tokens = check_array(c, m->n_tokens, sizeof *tokens);
    for (size_t i = 0; c->err == ERR_OK && i < m->n_fields; i++) {
        const Sluis__FieldOpening *from = m->fields[i];
        check_name(c, "field name", from->name, &fields[i].name);
        if (c->err == ERR_OK && i > 0 && strcmp(fields[i - 1].name.s, fields[i].name.s) >= 0)
            check_fail(c, ERR_DUPLICATE, "field name", "ascending names");
        CHECK_FIXED(c, "field salt", from->salt, fields[i].salt);
        fields[i].value = bytes_str(from->value);
        path_in(c, "field path", from->path, &fields[i].path);
    }
    for (size_t i = 0; c->err == ERR_OK && i < m->n_tokens; i++) {
        check_ident_type(c, "token type", m->tokens[i]->type, &tokens[i].type);
        CHECK_FIXED(c, "token salt", m->tokens[i]->salt, tokens[i].salt);
        path_in(c, "token path", m->tokens[i]->path, &tokens[i].path);
    }
    r->fields = fields;
    r->field_count = m->n_fields;
    r->tokens = tokens;
    r->token_count = m->n_tokens;
}

static void record_in(struct check *c, const Sluis__ReleaseContent *m, struct release_content *r)
{
    CHECK_FIXED(c, "handle", m->handle, r->handle);
    CHECK_FIXED(c, "record_leaf", m->record_leaf, r->record_leaf);
    check_count(c, "rules", m->n_rules, 1, RULES_MAX);
    check_names(c, (struct msg_names_in){m->rules, m->n_rules, RULES_MAX, "rules"}, &r->rules,
                &r->rule_count);
    check_name(c, "category", m->category, &r->category);
    CHECK_FIXED(c, "field_root", m->field_root, r->field_root);
    CHECK_FIXED(c, "token_root", m->token_root, r->token_root);
    check_bytes(c, "batch_header", m->batch_header, (struct check_limits){1, 4096},
                &r->batch_header);
    check_bytes(c, "batch_signature", m->batch_signature, SIGNATURE_LIMITS, &r->batch_signature);
    check_bytes(c, "batch_promise", m->batch_promise, (struct check_limits){1, 1024},
                &r->batch_promise);
    check_bytes(c, "batch_promise_signature", m->batch_promise_signature, SIGNATURE_LIMITS,
                &r->batch_promise_signature);
    path_in(c, "leaf_path", m->leaf_path, &r->leaf_path);
}

enum err release_content_decode(struct bytes data, struct arena *a, struct release_content *out,
                                struct errmsg *why)
{
    const void *raw = NULL;
    enum err e =
        msg_unpack(&sluis__release_content__descriptor, data, RELEASE_MAX_BYTES, a, &raw, why);
    if (e != ERR_OK)
        return e;
    const Sluis__ReleaseContent *m = raw;
    struct check c = check_new("release", a, why);
    struct release_content r = {.group = m->group,
                                .consent_count = m->n_consent_digests,
                                .released_at_s = m->released_at_s,
                                .expires_day = m->expires_day};
    check_name(&c, "deployment", m->deployment, &r.deployment);
    check_oin(&c, "holder", m->holder, &r.holder);
    check_oin(&c, "recipient", m->recipient, &r.recipient);
    CHECK_FIXED(&c, "recipient_sealing", m->recipient_sealing, r.recipient_sealing);
    CHECK_FIXED(&c, "header_digest", m->header_digest, r.header_digest);
    check_count(&c, "consent_digests", m->n_consent_digests, 1, 2);
    for (size_t i = 0; c.err == ERR_OK && i < m->n_consent_digests; i++)
        CHECK_FIXED(&c, "consent_digests", m->consent_digests[i], r.consent_digests[i]);
    check_time(&c, "released_at", m->released_at_s);
    check_text(&c, "handling", m->handling, (struct check_limits){0, 200}, &r.handling);
    record_in(&c, m, &r);
    openings_in(&c, m, &r);
    if ((e = check_done(&c)) == ERR_OK)
        *out = r;
    return e;
}
