/* The broker's word that a question is over: its items close at once. */
#include "agent/hold/hold.h"
#include "agent/hold/question.h"
#include "agent/hold/sweep.h"
#include "pki/sign.h"
#include "proto/base/log.h"

#define ENDED_ARENA_BYTES ((size_t)1 << 20)
#define CLOCK_SLACK_S 300

static enum err verify(const struct mail_turn *t, struct closed *out, struct errmsg *why)
{
    struct signed_closed doc;
    enum err bad = signed_closed_decode(t->content, t->arena, &doc, why);
    const struct roster_member *broker = view_broker(t->view);
    struct view_signer by;
    if (bad == ERR_OK && broker == NULL)
        return errmsg_set(why, ERR_NOT_FOUND, "the roster has no key of the broker");
    if (bad != ERR_OK)
        return bad;
    const struct view_signed s = {SIGN_CLOSED, &broker->id, doc.closed, doc.signature};
    bad = view_verify(t->view, &s, &by);
    if (bad == ERR_OK)
        bad = closed_decode(doc.closed, t->arena, out, why);
    if (bad != ERR_OK)
        return bad;
    if (!name_equal(&out->deployment, &view_roster(t->view)->deployment) ||
        !agency_id_equal(&out->holder, &t->agent->config->oin))
        return errmsg_set(why, ERR_MISMATCH, "of another deployment or holder");
    if (!view_signer_counts(&by, out->closed_at_s))
        return errmsg_set(why, ERR_EXPIRED, "signed with a certificate that was over then");
    if (out->closed_at_s > t->now_s + CLOCK_SLACK_S)
        return errmsg_set(why, ERR_MISMATCH, "of a time that has not come");
    return ERR_OK;
}

static enum err prepare(struct mail_turn *t, struct errmsg *why)
{
    struct closed *c = arena_alloc(t->arena, sizeof *c);
    if (c == NULL)
        return ERR_NOMEM;
    enum err bad = verify(t, c, why);
    t->decoded = c;
    if (bad == ERR_OK || hold_is_trouble(bad))
        return bad;
    t->dropped = true;
    log_warn("ended.dropped sequence=%llu why=\"%s\"", (unsigned long long)t->sequence,
             why->text[0] != '\0' ? why->text : err_text(bad));
    return ERR_OK;
}

/* An item that is on its way, or decided already, keeps its state. */
static enum err end_item(const struct mail_turn *t, struct kv_txn *txn, uint64_t number)
{
    const struct closed *c = t->decoded;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(ENDED_ARENA_BYTES);
    if (a == NULL)
        return ERR_NOMEM;
    struct hold_item old;
    enum err bad = item_get(t->agent->store, txn, number, a, &old);
    if (bad != ERR_OK)
        return bad;
    if (old.emptied || !digest_equal(&old.header_digest, &c->header_digest))
        return ERR_OK;
    struct request_header h;
    bad = request_header_decode(old.header, a, &h, NULL);
    if (bad != ERR_OK)
        return bad;
    if (c->closed_at_s < h.deadline_s) {
        log_warn("ended.early item=%llu: its deadline had not come; it stays",
                 (unsigned long long)number);
        return ERR_OK;
    }
    struct hold_item item = old;
    if (old.state == ITEM_OPEN || old.state == ITEM_DECIDED) {
        struct own_entry e = hold_entry_of(&h, &old.header_digest, AUDIT_EVENT_ITEM_CLOSED, NULL);
        const struct audit_fact late[] = {audit_fact_count(
            "overdue", old.state == ITEM_OPEN && question_is_overdue(t->view, &old, &h, t->now_s))};
        item.state = ITEM_ENDED;
        const struct own_touch touched = hold_touch_of(number, NULL);
        e.count = 1;
        e.facts = late;
        e.facts_count = ARRAY_LEN(late);
        e.touched = &touched;
        e.touched_count = 1;
        bad = own_log_append(t->agent, txn, &e);
    }
    if (bad != ERR_OK)
        return bad;
    return sweep_close(t->agent, txn, &item, &old);
}

static enum err apply(struct mail_turn *t, struct kv_txn *txn)
{
    const struct closed *c = t->decoded;
    struct item_iter it = {.rows = NULL};
    uint64_t number = 0;
    enum err bad = item_iter_request(t->agent->store, txn, &c->request_id, &it);
    while (bad == ERR_OK && (bad = item_iter_next(&it, &number)) == ERR_OK)
        bad = hold_pass_over(number, end_item(t, txn, number));
    item_iter_end(&it);
    return bad == ERR_NOT_FOUND ? ERR_OK : bad;
}

const struct mail_owner hold_ended_owner = {
    .kind = MAIL_ENDED,
    .prepare = prepare,
    .apply = apply,
};
