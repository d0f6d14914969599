#include "agent/ask/verify.h"

#include "pki/digest.h"
#include "pki/seal.h"
#include "pki/sign.h"
#include "proto/policy/authority.h"
#include "proto/policy/process.h"

#define CONSENT_MAX 8192

/* One settlement under verification. */
struct work {
    const struct verify *v;
    struct arena *arena;
    struct errmsg *why;
    struct request_header header;
    const struct policy *policy; /* that the header names */
    const struct rule *rule;
    const struct consent_terms *terms;
    const struct roster_officer *officers[2];
    struct digest digests[2]; /* of the consents */
    const struct verify_own *own; /* to which it is sealed */
    struct verified out;
};

static enum err refuse(struct work *w, enum err e, const char *what)
{
    return errmsg_set(w->why, e, "%s", what);
}

/* The header is ours and open, and its rule is still what it was. */
static enum err open_header(struct work *w)
{
    const struct asked_header *open = w->v->open;
    enum err bad = request_header_decode(open->header, w->arena, &w->header, w->why);
    if (bad != ERR_OK)
        return bad;
    if (open->state == ASK_CLOSED && !w->v->has_waited)
        return refuse(w, ERR_CLOSED, "the request was closed before this came");
    if (open->state == ASK_REFUSED)
        return refuse(w, ERR_STATE, "the broker had refused the request");
    const enum epoch_state epoch =
        view_epoch_state(w->v->view, &w->header.purpose, w->header.epoch);
    if (view_epochs_suspended(w->v->view, &w->header.purpose) != NULL)
        return refuse(w, ERR_AGAIN, "its purpose is suspended here; it is judged once the custodian's word is "
                                    "in place");
    if (epoch != EPOCH_ACTIVE && epoch != EPOCH_RETIRED)
        return refuse(w, ERR_PERMISSION, "its epoch is compromised or destroyed, or not known");
    const struct view_asked asked = {&w->header.policy_digest, &w->header.rule,
                                     w->header.issued_at_s};
    bad = view_policy_for(w->v->view, &asked, &w->policy, w->why);
    if (bad != ERR_OK)
        return bad;
    const struct party *holder = policy_party(w->policy, &w->header.holder);
    w->rule = policy_rule(w->policy, &w->header.rule);
    if (w->rule == NULL || w->rule->version != w->header.rule_version ||
        w->rule->status != RULE_STATUS_ADOPTED || w->rule->outcome == NULL)
        return refuse(w, ERR_BEHIND, "the policy that it names has not this version of the rule");
    if (view_adoption_under(w->v->view, &asked, &w->header.holder) != ADOPTION_ADOPTED)
        return refuse(w, ERR_PERMISSION, "the holder has not adopted the rule, or withdrew it");
    w->terms = holder != NULL ? rule_consent(w->rule, holder) : NULL;
    return w->terms != NULL ? ERR_OK
                            : refuse(w, ERR_NOT_FOUND, "the rule has no consent by this holder");
}

static bool may_decide(const struct work *w, const struct consent *c,
                       const struct roster_officer *officer)
{
    const struct authority q = {w->policy, w->terms, w->header.issued_at_s, w->header.deadline_s};
    return authority_admits(&q, &c->function, c->signed_at_s) &&
           roster_officer_is(officer, &c->function);
}

static enum err check_signer(struct work *w, const struct signed_consent *s, size_t i)
{
    const struct consent *c = &w->out.consents[i];
    const struct key *key = view_officer_key(w->v->view, &s->fingerprint);
    const struct roster_officer *o =
        view_officer(w->v->view, &s->fingerprint, &w->header.holder, c->signed_at_s);
    if (o == NULL || key == NULL)
        return refuse(w, ERR_NOT_FOUND, "a consent is by nobody on the roster of the holder");
    enum err bad = sign_verify(SIGN_CONSENT, key, s->consent, s->signature);
    if (bad != ERR_OK)
        return refuse(w, bad, "the signature of a consent does not verify");
    if (!may_decide(w, c, o))
        return refuse(w, ERR_PERMISSION, "who consented has not the function that the rule names");
    w->officers[i] = o;
    return ERR_OK;
}

static bool same_rule(const struct consent *c, const struct request_header *h)
{
    return name_equal(&c->rule, &h->rule) && c->rule_version == h->rule_version &&
           digest_equal(&c->policy_digest, &h->policy_digest) &&
           c->roster_serial == h->roster_serial && name_equal(&c->purpose, &h->purpose) &&
           c->epoch == h->epoch;
}

/* The key and certificate of ours that it is sealed to: of now, or a former one (decision 0903). Both of two
 * consents name the same. */
static bool choose_own(struct work *w, const struct digest *fingerprint)
{
    for (size_t i = 0; w->own == NULL && i < w->v->own_count; i++)
        if (digest_equal(cert_fingerprint(w->v->own[i].cert), fingerprint))
            w->own = &w->v->own[i];
    return w->own != NULL && digest_equal(cert_fingerprint(w->own->cert), fingerprint);
}

/* The consent names this question, this receiver, and a time in between. */
static enum err check_consent(struct work *w, const struct consent *c)
{
    const struct request_header *h = &w->header;
    if (!name_equal(&c->deployment, &h->deployment))
        return refuse(w, ERR_MISMATCH, "a consent is of another deployment");
    if (!digest_equal(&c->header_digest, &w->v->header_digest))
        return refuse(w, ERR_MISMATCH, "a consent is for another request");
    if (!agency_id_equal(&c->requester, &w->v->self))
        return refuse(w, ERR_MISMATCH, "a consent is for another requester");
    if (!choose_own(w, &c->requester_sealing))
        return refuse(w, ERR_MISMATCH, "a consent is for another sealing certificate");
    if (!same_rule(c, h))
        return refuse(w, ERR_MISMATCH,
                      "a consent is under another rule, policy, roster or purpose");
    if (c->group >= w->v->asked->subject_count)
        return refuse(w, ERR_RANGE, "a consent is about a subject that was not asked");
    if (c->not_after_s != h->deadline_s || c->signed_at_s > h->deadline_s ||
        c->signed_at_s < h->issued_at_s - VERIFY_SKEW_S ||
        c->signed_at_s > w->v->now_s + VERIFY_SKEW_S)
        return refuse(w, ERR_EXPIRED, "a consent is of another time than the request");
    if (c->signed_at_s >= w->policy->valid.until_s || c->signed_at_s >= w->rule->valid.until_s)
        return refuse(w, ERR_EXPIRED, "a consent is of a time at which the rule had ended");
    return ERR_OK;
}

static enum err read_consent(struct work *w, const struct signed_consent *s, size_t i)
{
    struct consent *c = &w->out.consents[i];
    enum err bad = consent_decode(s->consent, w->arena, c, w->why);
    if (bad == ERR_OK)
        bad = digest_sha256(&s->consent, 1, &w->digests[i]);
    if (bad == ERR_OK)
        bad = check_consent(w, c);
    return bad == ERR_OK ? check_signer(w, s, i) : bad;
}

/* Two consents are equal in everything but person, function and time. */
static enum err check_pair(struct work *w)
{
    CLEANUP(buf_free) struct buf first = buf_new(CONSENT_MAX);
    CLEANUP(buf_free) struct buf second = buf_new(CONSENT_MAX);
    const struct consent *one = &w->out.consents[0];
    struct consent two = w->out.consents[1];
    two.staff = one->staff;
    two.function = one->function;
    two.signed_at_s = one->signed_at_s;
    enum err bad = consent_encode(one, &first);
    if (bad == ERR_OK)
        bad = consent_encode(&two, &second);
    if (bad != ERR_OK)
        return bad;
    if (!bytes_equal(buf_bytes(&first), buf_bytes(&second)))
        return refuse(w, ERR_MISMATCH, "the two consents are not about the same");
    if (name_equal(&w->officers[0]->person, &w->officers[1]->person))
        return refuse(w, ERR_PERMISSION, "both consents are by one person");
    if (!authority_pairs(w->terms, &one->function, &w->out.consents[1].function))
        return refuse(w, ERR_PERMISSION, "the rule wants an officer and the prosecutor");
    return ERR_OK;
}

static enum err read_consents(struct work *w, const struct settled *s)
{
    enum err bad = ERR_OK;
    w->out.consent_count = s->consent_count;
    for (size_t i = 0; i < s->consent_count && bad == ERR_OK; i++)
        bad = read_consent(w, &s->consents[i], i);
    if (bad == ERR_OK && s->consent_count == 2)
        bad = check_pair(w);
    if (bad == ERR_OK && s->consent_count != 2 &&
        authority_needs_two(w->terms, w->out.consents[0].decision))
        return refuse(w, ERR_PERMISSION, "the rule wants two persons and there is one");
    w->out.consent_digest = w->digests[0];
    return bad;
}

/* A decision that the rule's outcome lets a requester see. */
static enum err check_outcome(struct work *w, const struct settled *s)
{
    const struct consent *c = &w->out.consents[0];
    switch (c->decision) {
    case CONSENT_RELEASE:
        w->out.kind = RESULT_RELEASED;
        return s->release.len > 0 && process_has_fields(w->rule->process)
                   ? ERR_OK
                   : refuse(w, ERR_INVALID, "a release without its content, or under another rule");
    case CONSENT_KNOWN:
        w->out.kind = RESULT_KNOWN;
        return s->release.len == 0 && w->rule->outcome->kind == OUTCOME_HIT_NO_HIT
                   ? ERR_OK
                   : refuse(w, ERR_INVALID, "'known' under a rule that does not tell it");
    case CONSENT_REFUSE:
        w->out.kind = RESULT_REFUSED;
        return s->release.len == 0 && w->rule->outcome->kind == OUTCOME_REASONED &&
                       rule_tells_ground(w->rule, c->code)
                   ? ERR_OK
                   : refuse(w, ERR_INVALID,
                            "a refusal that the rule does not tell, or of no ground "
                            "of its own");
    case CONSENT_NONE:
        break;
    }
    return refuse(w, ERR_INVALID, "no decision");
}

/* Opens the CMS as signed by this certificate of the holder. ERR_SIGNATURE: by another. */
static enum err open_signed_by(struct work *w, struct bytes der, struct bytes sealed)
{
    CLEANUP(cleanup_cert_free) struct cert *signer = NULL;
    CLEANUP(buf_free) struct buf content = buf_new(RELEASE_MAX_BYTES);
    if (w->v->half == NULL)
        return refuse(w, ERR_AGAIN, "this agency has no key of its purpose and epoch; it is judged once the "
                                    "key file is back");
    enum err bad = cert_parse(der, CERT_SIGNING, &signer, w->why);
    const struct seal_open_params p = {w->own->key, w->own->cert, signer};
    if (bad == ERR_OK)
        bad = seal_open(&p, sealed, &content, w->why);
    if (bad == ERR_OK) {
        w->out.content = arena_copy(w->arena, buf_bytes(&content));
        bad = w->out.content.ptr != NULL ? ERR_OK : ERR_NOMEM;
    }
    secret_wipe(content.ptr, content.len);
    return bad;
}

/* By the holder's certificate of now, or by one that counted when it was released. */
static enum err open_release(struct work *w, struct bytes sealed)
{
    enum err bad = ERR_SIGNATURE;
    struct bytes der;
    struct view_signer by = {.from_s = 0};
    if (view_member(w->v->view, &w->header.holder, w->v->now_s) == NULL)
        return refuse(w, ERR_NOT_FOUND, "the holder is not on the roster");
    for (size_t i = 0; bad == ERR_SIGNATURE &&
                       view_signing_cert_at(w->v->view, &w->header.holder, i, &der, &by); i++)
        bad = open_signed_by(w, der, sealed);
    if (bad == ERR_OK)
        bad = release_content_decode(w->out.content, w->arena, &w->out.release, w->why);
    if (bad == ERR_OK && !view_signer_counts(&by, w->out.release.released_at_s))
        return refuse(w, ERR_EXPIRED, "the content is signed with a certificate that was over then");
    return bad;
}

/* The content names the sender, the receiver, the question and the consents that came with it. */
static enum err check_content(struct work *w)
{
    const struct release_content *r = &w->out.release;
    const struct consent *c = &w->out.consents[0];
    if (!name_equal(&r->deployment, &w->header.deployment) ||
        !agency_id_equal(&r->holder, &w->header.holder))
        return refuse(w, ERR_MISMATCH, "the content is of another deployment or holder");
    if (!agency_id_equal(&r->recipient, &w->v->self) ||
        !digest_equal(&r->recipient_sealing, cert_fingerprint(w->own->cert)))
        return refuse(w, ERR_MISMATCH, "the content is for another receiver");
    if (!digest_equal(&r->header_digest, &w->v->header_digest))
        return refuse(w, ERR_MISMATCH, "the content is for another request");
    if (r->consent_count != w->out.consent_count)
        return refuse(w, ERR_MISMATCH, "the content names other consents");
    for (size_t i = 0; i < r->consent_count; i++)
        if (!digest_equal(&r->consent_digests[i], &w->digests[i]))
            return refuse(w, ERR_MISMATCH, "the content names other consents");
    if (memcmp(r->handle.b, c->handle.b, sizeof c->handle.b) != 0 ||
        !digest_equal(&r->record_leaf, &c->record_leaf) || r->group != c->group)
        return refuse(w, ERR_MISMATCH, "the content is of another record or subject");
    if (r->released_at_s < c->signed_at_s - VERIFY_SKEW_S ||
        r->released_at_s > w->v->now_s + VERIFY_SKEW_S)
        return refuse(w, ERR_EXPIRED, "the content is of another time than the consent");
    return ERR_OK;
}

enum err verify_settled(const struct verify *v, const struct settled *settled, struct arena *a,
                        struct verified *out, struct errmsg *why)
{
    struct work *w = arena_alloc(a, sizeof *w);
    if (w == NULL)
        return ERR_NOMEM;
    *w = (struct work){.v = v, .arena = a, .why = why};
    if (!digest_equal(&settled->header_digest, &v->header_digest))
        return refuse(w, ERR_MISMATCH, "the settlement names another request");
    enum err bad = open_header(w);
    if (bad == ERR_OK)
        bad = read_consents(w, settled);
    if (bad == ERR_OK)
        bad = check_outcome(w, settled);
    if (bad == ERR_OK && w->out.kind == RESULT_RELEASED) {
        bad = open_release(w, settled->release);
        if (bad == ERR_OK)
            bad = check_content(w);
        struct verify own = *v;
        own.policy = w->policy;
        if (bad == ERR_OK)
            bad = verify_release(&own, &w->header, &w->out.consents[0], &w->out.release, a, why);
    }
    if (bad == ERR_OK)
        *out = w->out;
    return bad;
}

enum err verify_closed(const struct verify *v, const struct signed_closed *in, struct arena *a,
                       struct closed *out, struct errmsg *why)
{
    struct closed c;
    struct request_header h;
    const struct roster_member *broker = view_broker(v->view);
    struct view_signer by;
    if (broker == NULL)
        return errmsg_set(why, ERR_NOT_FOUND, "the roster names no broker");
    const struct view_signed of = {SIGN_CLOSED, &broker->id, in->closed, in->signature};
    enum err bad = view_verify(v->view, &of, &by);
    if (bad != ERR_OK)
        return errmsg_set(why, bad, "'closed' is not signed by the broker");
    bad = closed_decode(in->closed, a, &c, why);
    if (bad == ERR_OK && !view_signer_counts(&by, c.closed_at_s))
        return errmsg_set(why, ERR_EXPIRED, "'closed' is signed with a certificate that was over then");
    if (bad == ERR_OK)
        bad = request_header_decode(v->open->header, a, &h, why);
    if (bad != ERR_OK)
        return bad;
    if (!name_equal(&c.deployment, &h.deployment) || !agency_id_equal(&c.holder, &h.holder) ||
        memcmp(c.request_id.b, h.request_id.b, sizeof h.request_id.b) != 0)
        return errmsg_set(why, ERR_MISMATCH, "'closed' is about another request");
    const enum epoch_state epoch = view_epoch_state(v->view, &h.purpose, h.epoch);
    if (c.closed_at_s < h.deadline_s && epoch != EPOCH_COMPROMISED && epoch != EPOCH_DESTROYED)
        return errmsg_set(why, ERR_MISMATCH, "'closed' came before the deadline");
    if (c.closed_at_s > v->now_s + VERIFY_SKEW_S)
        return errmsg_set(why, ERR_MISMATCH, "'closed' is of a time that has not come");
    *out = c;
    return ERR_OK;
}
