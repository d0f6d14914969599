#include "agent/hold/hit.h"

#include "agent/hold/epoch.h"
#include "agent/hold/question.h"
#include "pki/digest.h"
#include "pki/seal.h"
#include "pki/sign.h"
#include "proto/log/merkle.h"
#include "proto/msg/leaf.h"

static enum err sha(struct bytes data, struct digest *out)
{
    return digest_sha256(&data, 1, out);
}

/* That the question is one to this agency, now, under the policy in force or one that it may finish under. */
static enum err check_address(const struct hit_params *p, struct hit *h, struct errmsg *why)
{
    const struct request_header *r = &h->header;
    if (!name_equal(&r->deployment, &view_roster(p->view)->deployment))
        return errmsg_set(why, ERR_MISMATCH, "of another deployment");
    if (!agency_id_equal(&r->holder, p->self))
        return errmsg_set(why, ERR_MISMATCH, "for another holder");
    const struct view_asked asked = {&r->policy_digest, &r->rule, r->issued_at_s};
    enum err bad = view_policy_for(p->view, &asked, &h->policy, why);
    if (bad != ERR_OK)
        return bad;
    h->rule = policy_rule(h->policy, &r->rule);
    if (h->rule == NULL || h->rule->version != r->rule_version)
        return errmsg_set(why, ERR_NOT_FOUND, "its rule is not in the policy");
    if (!name_equal(&h->rule->purpose, &r->purpose))
        return errmsg_set(why, ERR_MISMATCH, "its purpose is not the rule's");
    return ERR_OK;
}

static enum err check_people(const struct hit_params *p, struct hit *h, struct errmsg *why)
{
    const struct request_header *r = &h->header;
    const struct roster_member *m = view_member(p->view, &r->requester, p->now_s);
    if (m == NULL || !name_list_has(m->purposes, name_bytes(&r->purpose)))
        return errmsg_set(why, ERR_PERMISSION, "its requester is no member of the purpose");
    const struct roster_officer *o =
        view_officer(p->view, &h->notice.worker_fingerprint, &r->requester, r->issued_at_s);
    if (o == NULL || question_function(h->rule, o, &h->function) != ERR_OK)
        return errmsg_set(why, ERR_PERMISSION, "its case worker may not ask under the rule");
    return ERR_OK;
}

static enum err check_signatures(const struct hit_params *p, const struct hit *h,
                                 struct errmsg *why)
{
    const struct hit_notice *n = &h->notice;
    const struct request_header *r = &h->header;
    const struct key *worker = view_officer_key(p->view, &n->worker_fingerprint);
    const struct view_signed s = {SIGN_REQUEST, &r->requester, n->header, n->agency_signature};
    struct view_signer by;
    if (worker == NULL)
        return errmsg_set(why, ERR_NOT_FOUND, "the key of its case worker is not on the roster");
    enum err bad = view_verify(p->view, &s, &by);
    if (bad == ERR_OK && !view_signer_counts(&by, r->issued_at_s))
        bad = ERR_SIGNATURE;
    if (bad != ERR_OK)
        return errmsg_set(why, bad, "the requester did not sign it");
    bad = sign_verify(SIGN_REQUEST, worker, n->header, n->worker_signature);
    return bad == ERR_OK ? ERR_OK : errmsg_set(why, bad, "the case worker did not sign it");
}

enum err hit_open(const struct hit_params *p, struct bytes content, struct hit *out,
                  struct errmsg *why)
{
    struct hit h = {.rule = NULL};
    out->is_late = false;
    enum err bad = hit_notice_decode(content, p->arena, &h.notice, why);
    if (bad == ERR_OK)
        bad = request_header_decode(h.notice.header, p->arena, &h.header, why);
    if (bad == ERR_OK)
        bad = check_address(p, &h, why);
    if (bad == ERR_OK)
        bad = check_people(p, &h, why);
    if (bad == ERR_OK)
        bad = check_signatures(p, &h, why);
    if (bad == ERR_OK && h.header.deadline_s <= p->now_s) {
        out->is_late = true;
        return errmsg_set(why, ERR_EXPIRED, "its deadline has passed");
    }
    if (bad == ERR_OK)
        bad = sha(h.notice.header, &h.header_digest);
    if (bad == ERR_OK)
        bad = sha(h.notice.sealed_part, &h.sealed_digest);
    if (bad == ERR_OK)
        bad = epoch_serves(p->view, &h.header.purpose, h.header.epoch, why);
    const bool waits = bad == ERR_AGAIN;
    if (bad == ERR_OK)
        bad = epoch_could_be_asked(p->view, &h.header, why);
    if (bad == ERR_OK || waits)
        *out = h;
    return bad;
}

enum err hit_place_of(struct bytes content, struct arena *a, struct hit_place *out)
{
    struct hit_notice notice;
    struct request_header header;
    enum err bad = hit_notice_decode(content, a, &notice, NULL);
    if (bad == ERR_OK)
        bad = request_header_decode(notice.header, a, &header, NULL);
    if (bad == ERR_OK)
        *out = (struct hit_place){header.purpose, header.epoch, header.deadline_s};
    return bad;
}

enum err hit_inners(const struct record *record, struct agency_half *half, struct arena *a,
                    const struct inner **out)
{
    struct inner *inners = arena_array(a, record->identifier_count, sizeof *inners);
    if (inners == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < record->identifier_count; i++) {
        const struct norm_ident *id = &record->identifiers[i].ident;
        const struct agency_half_input in = {id->type, ident_norm_version(id->type),
                                             ident_value(id)};
        enum err bad = agency_half_inner(half, &in, &inners[i]);
        if (bad != ERR_OK)
            return bad;
    }
    *out = inners;
    return ERR_OK;
}

/* Whether the leaf of this identifier proves: ERR_OK, or ERR_MISMATCH, ERR_INVALID. */
static enum err prove_one(const struct hit *h, const struct matched_identifier *m,
                          const struct inner *inner)
{
    const struct subject_leaf_parts parts = {
        .salt = m->salt,
        .group = h->notice.group,
        .type = m->type,
        .inner = *inner,
        .sealed_digest = h->sealed_digest,
    };
    struct digest leaf;
    enum err bad = leaf_subject(digest_sha256, &parts, &leaf);
    return bad == ERR_OK
               ? merkle_path_verify(digest_sha256, &leaf, &m->path, &h->header.subject_root)
               : bad;
}

/* Adds the place in order; ERR_DUPLICATE. */
static enum err add_place(struct hold_item *item, struct matched_place place)
{
    size_t at = item->matched_count;
    while (at > 0 && item->matched[at - 1].place > place.place)
        at--;
    if (item->matched_count == ITEM_MATCHED_MAX ||
        (at > 0 && item->matched[at - 1].place == place.place))
        return ERR_DUPLICATE;
    memmove(&item->matched[at + 1], &item->matched[at],
            (item->matched_count - at) * sizeof item->matched[0]);
    item->matched[at] = place;
    item->matched_count++;
    return ERR_OK;
}

static enum err find_one(const struct hit *h, const struct record *record,
                         const struct inner *inners, const struct matched_identifier *m,
                         struct hold_item *item)
{
    for (size_t i = 0; i < record->identifier_count && i <= UINT8_MAX; i++) {
        if (record->identifiers[i].ident.type != m->type)
            continue;
        enum err bad = prove_one(h, m, &inners[i]);
        if (bad == ERR_OK)
            return add_place(item, (struct matched_place){(uint8_t)i, m->type});
        if (bad != ERR_MISMATCH)
            return bad;
    }
    return ERR_MISMATCH;
}

enum err hit_prove(const struct hit *h, const struct record *record, const struct inner *inners,
                   struct hold_item *item, struct errmsg *why)
{
    item->matched_count = 0;
    for (size_t i = 0; i < h->notice.matched_count; i++) {
        enum err bad = find_one(h, record, inners, &h->notice.matched[i], item);
        if (bad != ERR_OK)
            return errmsg_set(why, bad, "an identifier that it names does not prove");
    }
    if (!question_is_strong(h->rule, item->matched, item->matched_count))
        return errmsg_set(why, ERR_MISMATCH, "what it proves is too weak for a hit");
    return ERR_OK;
}

enum err hit_unseal(const struct hit *h, const struct hit_keys *keys, struct arena *a,
                    struct bytes *exact, struct sealed_part *out, struct errmsg *why)
{
    CLEANUP(buf_free) struct buf plain = buf_new(SEALED_PART_MAX_BYTES);
    const struct seal_open_params p = {keys->sealing, keys->own, keys->signer};
    enum err bad = seal_open(&p, h->notice.sealed_part, &plain, why);
    if (bad != ERR_OK)
        return errmsg_set(why, bad, "its sealed part does not open");
    struct bytes copy = arena_copy(a, buf_bytes(&plain));
    if (copy.ptr == NULL)
        return ERR_NOMEM;
    struct sealed_part part;
    bad = sealed_part_decode(copy, a, &part, why);
    if (bad != ERR_OK)
        return bad;
    const struct request_header *r = &h->header;
    if (!name_equal(&part.deployment, &r->deployment) ||
        !agency_id_equal(&part.holder, &r->holder) || part.group != h->notice.group ||
        !bytes_equal(BYTES_OF_ARRAY(part.request_id.b), BYTES_OF_ARRAY(r->request_id.b)))
        return errmsg_set(why, ERR_MISMATCH, "its sealed part belongs to another question");
    *exact = copy;
    *out = part;
    return ERR_OK;
}
