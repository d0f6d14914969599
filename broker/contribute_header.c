/* What is judged of a batch when it is announced: whose it is, its key, its policy. */
#include "broker/contribute.h"
#include "broker/epochs.h"
#include "pki/sign.h"

static enum err check_key(struct turn *t, const struct batch_header *h)
{
    static const enum epoch_use uses[] = {[BATCH_ADD] = EPOCH_USE_ADD,
                                          [BATCH_WITHDRAW] = EPOCH_USE_WITHDRAW,
                                          [BATCH_END] = EPOCH_USE_END};
    const struct epochs_ask ask = {&h->purpose, h->epoch, uses[h->kind]};
    const struct deal *deal = view_deal(t->view, &h->purpose, h->epoch);
    epochs_check(t, &ask);
    if (t->refusal.code != REFUSED_NONE)
        return ERR_OK;
    if (deal == NULL)
        return turn_refuse(t, REFUSED_KEY, "epoch: no statement of its custodian is in force");
    if (broker_half_of(t->broker, &h->purpose, h->epoch, false) == NULL)
        return epochs_refuse_no_half(t, &h->purpose, h->epoch);
    if (deal_participant_of(deal, &t->sender->id) == NULL)
        return turn_refuse(t, REFUSED_KEY, "purpose, epoch: not dealt to the sender");
    if (deal->suite != h->suite)
        return turn_refuse(t, REFUSED_KEY, "suite: not that of the key");
    for (int type = 1; type < IDENT_TYPE_COUNT; type++) {
        if (h->norm_versions[type] != 0 && h->norm_versions[type] != deal->norms[type])
            return turn_refuse(t, REFUSED_KEY, "norm_versions: %s is %u, the key's is %u",
                               ident_type_id((enum ident_type)type), h->norm_versions[type],
                               deal->norms[type]);
    }
    return ERR_OK;
}

/* A withdrawal and an end need no policy: what is to go may always go. What is sent again was made under the policy of its
 * time; the policy in force judges it. */
static bool policy_counts(const struct turn *t, const struct batch_turn *b)
{
    const struct digest *named = &b->header.policy_digest;
    return b->header.kind != BATCH_ADD || digest_equal(named, view_policy_digest(t->view)) ||
           (b->is_again && view_known_policy(t->view, named) != NULL);
}

enum err contribute_check_header(struct turn *t, const struct batch_turn *b)
{
    const struct batch_header *h = &b->header;
    if (h->issued_at_s > t->now_s + (int64_t)(t->broker->config->trust.max_clock_skew_ms / 1000))
        return turn_refuse(t, REFUSED_MALFORMED, "issued_at: ahead of the broker's clock");
    if ((h->kind == BATCH_END) != (b->message.chunks == 0))
        return turn_refuse(t, REFUSED_MALFORMED, "chunks: not what this kind of batch has");
    if (!policy_counts(t, b))
        return turn_refuse(t, REFUSED_POLICY, "policy_digest: not the policy in force");
    return check_key(t, h);
}

enum err contribute_check_signature(struct turn *t, const struct batch_turn *b)
{
    if (!name_equal(&b->header.deployment, &t->broker->config->deployment) ||
        !agency_id_equal(&b->header.agency, &t->sender->id))
        return turn_refuse(t, REFUSED_SENDER, "deployment, agency: not those of the envelope");
    const struct view_signed s = {SIGN_BATCH, &t->sender->id, b->message.header, b->message.signature};
    struct view_signer by;
    if (view_verify(t->view, &s, &by) != ERR_OK || !view_signer_counts(&by, t->now_s))
        return turn_refuse(t, REFUSED_SIGNATURE, "signature: not the sender's over this header");
    return ERR_OK;
}
