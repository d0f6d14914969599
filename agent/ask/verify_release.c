/* What is released is what was contributed: openings into the record, the record into its batch, the
 * batch signed by the holder and promised by the broker. */
#include "agent/ask/verify.h"

#include "pki/agency_half.h"
#include "pki/digest.h"
#include "pki/sign.h"
#include "proto/base/when.h"
#include "proto/log/merkle.h"
#include "proto/msg/leaf.h"
#include "proto/policy/masking.h"

struct release_work {
    const struct verify *v;
    const struct request_header *header;
    const struct consent *consent;
    const struct release_content *r;
    struct arena *arena;
    struct errmsg *why;
};

static enum err refuse(const struct release_work *w, enum err e, const char *what)
{
    return errmsg_set(w->why, e, "%s", what);
}

static bool list_has(const struct name *list, size_t count, const struct name *n)
{
    return name_list_has((struct name_list){list, count}, name_bytes(n));
}

/* Exactly the fields that the officer named, all of them asked and allowed. */
static enum err check_fields(const struct release_work *w)
{
    const struct release_content *r = w->r;
    const struct policy *policy = w->v->policy;
    const struct rule *rule = policy_rule(policy, &w->header->rule);
    const struct party *holder = policy_party(policy, &w->header->holder);
    if (r->field_count != w->consent->field_count)
        return refuse(w, ERR_MISMATCH, "other fields than consented");
    for (size_t i = 0; i < r->field_count; i++) {
        const struct field_opening *f = &r->fields[i];
        struct digest leaf;
        if (!name_equal(&f->name, &w->consent->fields[i]))
            return refuse(w, ERR_MISMATCH, "other fields than consented");
        if (!list_has(w->header->fields, w->header->field_count, &f->name))
            return refuse(w, ERR_MISMATCH, "a field that was not asked");
        if (rule == NULL || holder == NULL || !rule_field_allowed(rule, &f->name, holder))
            return refuse(w, ERR_PERMISSION, "a field that the rule does not let this holder release");
        if (!masking_holds(rule_field(rule, &f->name)->masking, f->value))
            return refuse(w, ERR_MISMATCH, "a field is not masked as the rule says");
        enum err bad = leaf_field(digest_sha256, &f->salt, &f->name, f->value, &leaf);
        if (bad == ERR_OK)
            bad = merkle_path_verify(digest_sha256, &leaf, &f->path, &r->field_root);
        if (bad != ERR_OK)
            return refuse(w, bad, "the value of a field is not what was contributed");
    }
    return ERR_OK;
}

/* Whether one of our own identifiers of the subject opens this token. */
static enum err opens(const struct release_work *w, const struct asked_identifier *id,
                      const struct token_opening *t)
{
    struct inner inner;
    struct digest leaf;
    const struct agency_half_input in = {id->type, ident_norm_version(id->type), id->value};
    enum err bad = agency_half_inner(w->v->half, &in, &inner);
    if (bad == ERR_OK)
        bad = leaf_token(digest_sha256, &t->salt, t->type, &inner, &leaf);
    if (bad == ERR_OK)
        bad = merkle_path_verify(digest_sha256, &leaf, &t->path, &w->r->token_root);
    secret_wipe(&inner, sizeof inner);
    return bad;
}

static enum err check_token(const struct release_work *w, const struct asked_subject *s,
                            const struct token_opening *t)
{
    enum err bad = ERR_MISMATCH;
    for (size_t i = 0; i < s->identifier_count && bad != ERR_OK; i++) {
        if (s->identifiers[i].type == t->type)
            bad = opens(w, &s->identifiers[i], t);
        if (bad == ERR_NOMEM || bad == ERR_CRYPTO)
            return bad;
    }
    return bad == ERR_OK ? ERR_OK
                         : refuse(w, bad, "the record does not carry an identifier that was asked");
}

/* One exact identifier, or two of different types, of the subject that the consent names. */
static enum err check_tokens(const struct release_work *w)
{
    const struct release_content *r = w->r;
    const struct rule *rule = policy_rule(w->v->policy, &w->header->rule);
    const struct asked_subject *s = &w->v->asked->subjects[r->group];
    bool exact = false;
    bool two_types = false;
    if (r->token_count == 0)
        return refuse(w, ERR_INVALID, "no identifier is opened");
    for (size_t i = 0; i < r->token_count; i++) {
        enum err bad = check_token(w, s, &r->tokens[i]);
        if (bad != ERR_OK)
            return bad;
        const struct rule_identifier *id =
            rule != NULL ? rule_identifier(rule, r->tokens[i].type) : NULL;
        exact |= id != NULL && id->strength == STRENGTH_EXACT;
        two_types |= r->tokens[i].type != r->tokens[0].type;
    }
    return exact || two_types ? ERR_OK
                              : refuse(w, ERR_INVALID, "only one weak identifier is opened");
}

static enum err check_record(const struct release_work *w)
{
    const struct release_content *r = w->r;
    const struct rule_set rules = {r->rules, r->rule_count};
    const struct record_leaf_parts parts = {r->handle,      &rules,        r->category,
                                            r->expires_day, r->field_root, r->token_root};
    struct digest leaf;
    enum err bad = leaf_record(digest_sha256, &parts, &leaf);
    if (bad == ERR_OK && !digest_equal(&leaf, &w->consent->record_leaf))
        bad = ERR_MISMATCH;
    if (bad != ERR_OK)
        return refuse(w, bad, "the record is not the one that the officer saw");
    if ((int64_t)r->expires_day <= when_day(r->released_at_s))
        return refuse(w, ERR_EXPIRED, "the record had expired");
    return ERR_OK;
}

/* The broker's word for when it took the batch, by which the holder's certificate is judged. */
static enum err check_promise(const struct release_work *w, int64_t *at_s)
{
    const struct roster_member *broker = view_broker(w->v->view);
    struct view_signer by;
    struct promise p;
    if (broker == NULL)
        return refuse(w, ERR_NOT_FOUND, "the roster names no broker");
    const struct view_signed s = {SIGN_PROMISE, &broker->id, w->r->batch_promise,
                                  w->r->batch_promise_signature};
    enum err bad = view_verify(w->v->view, &s, &by);
    if (bad != ERR_OK)
        return refuse(w, bad, "the promise for the batch is not signed by the broker");
    bad = promise_decode(w->r->batch_promise, w->arena, &p, w->why);
    if (bad == ERR_OK && !name_equal(&p.deployment, &w->header->deployment))
        return refuse(w, ERR_MISMATCH, "the promise for the batch is of another deployment");
    if (bad == ERR_OK && !view_signer_counts(&by, p.committed_at_s))
        return refuse(w, ERR_CERT, "the broker had no such certificate when it promised");
    if (bad == ERR_OK)
        *at_s = p.committed_at_s;
    return bad;
}

static enum err check_batch(const struct release_work *w)
{
    struct batch_header b;
    int64_t at_s = 0;
    enum err bad = check_promise(w, &at_s);
    if (bad == ERR_OK)
        bad = batch_header_decode(w->r->batch_header, w->arena, &b, w->why);
    if (bad != ERR_OK)
        return bad;
    if (!name_equal(&b.deployment, &w->header->deployment) ||
        !agency_id_equal(&b.agency, &w->header->holder) ||
        !name_equal(&b.purpose, &w->header->purpose) || b.epoch != w->header->epoch ||
        b.suite != w->header->suite || b.kind != BATCH_ADD)
        return refuse(w, ERR_MISMATCH, "the batch is of another holder, purpose or epoch");
    const struct view_signed s = {SIGN_BATCH, &w->header->holder, w->r->batch_header,
                                  w->r->batch_signature};
    struct view_signer by;
    bad = view_verify(w->v->view, &s, &by);
    if (bad != ERR_OK)
        return refuse(w, bad, "the batch is not signed by the holder");
    if (!view_signer_counts(&by, at_s))
        return refuse(w, ERR_CERT, "the holder had no valid certificate when it contributed");
    if (w->r->leaf_path.size != b.record_count)
        return refuse(w, ERR_MISMATCH, "the path is not of this batch");
    bad = merkle_path_verify(digest_sha256, &w->r->record_leaf, &w->r->leaf_path, &b.root);
    return bad == ERR_OK ? ERR_OK : refuse(w, bad, "the record was not contributed in this batch");
}

enum err verify_release(const struct verify *v, const struct request_header *header,
                        const struct consent *consent, const struct release_content *r,
                        struct arena *a, struct errmsg *why)
{
    const struct release_work w = {v, header, consent, r, a, why};
    enum err bad = check_fields(&w);
    if (bad == ERR_OK)
        bad = check_tokens(&w);
    if (bad == ERR_OK)
        bad = check_record(&w);
    return bad == ERR_OK ? check_batch(&w) : bad;
}
