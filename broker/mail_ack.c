/* mail_ack: the agency has committed what was in its mailbox up to a sequence; it is forgotten here. */
#include "broker/mailboxes.h"
#include "broker/turn.h"

static enum err prepare(struct turn *t, struct errmsg *why)
{
    struct mail_ack *a = arena_alloc(t->arena, sizeof *a);
    if (a == NULL)
        return ERR_NOMEM;
    if (mail_ack_decode(t->envelope.body, t->arena, a, why) != ERR_OK)
        return turn_refuse(t, REFUSED_MALFORMED, "mail_ack: %s", why->text);
    t->decoded = a;
    return ERR_OK;
}

static enum err apply(struct turn *t, struct kv_txn *txn)
{
    const struct mail_ack *a = t->decoded;
    return mailbox_ack(t->broker->mailboxes, txn, &t->sender->id, a->up_to);
}

const struct turn_handler mail_ack_handler = {
    .kind = MSG_MAIL_ACK,
    .prepare = prepare,
    .apply = apply,
    .senders = TURN_BY_REGISTRAR,
    .recorded = TURN_QUIET,
};
