/* renewal: an agency asks the registrar for new certificates. What it signed goes into the registrar's mailbox as
 * it came, in the transaction of its audit entry and answer; who may renew what is the registrar's to judge. */
#include "broker/mailboxes.h"
#include "broker/store/renewals.h"
#include "broker/turn.h"
#include "pki/digest.h"
#include "proto/host/crash.h"

#define WAITING_MAX 64 /* of one sender, in the registrar's mailbox */

struct renewal_turn {
    struct renewal_ask ask;
    struct renewal_key key;
    uint64_t mail;
};

/* The same renewal took effect before: it gets the same answer. */
static enum err look_for_repeated(struct turn *t, struct kv_txn *txn, const struct renewal_turn *r)
{
    struct renewal_row row;
    enum err e = renewal_row_get(t->broker->store, txn, &r->key, &row);
    if (e != ERR_OK)
        return e == ERR_NOT_FOUND ? ERR_OK : e;
    return turn_repeat(t, row.promise, row.promise_signature);
}

static enum err prepare(struct turn *t, struct errmsg *why)
{
    struct renewal_turn *r = arena_alloc(t->arena, sizeof *r);
    const struct roster_member *registrar = roster_registrar(view_roster(t->view));
    if (r == NULL)
        return ERR_NOMEM;
    *r = (struct renewal_turn){.key = {.sender = t->sender->id}};
    t->decoded = r;
    t->audit.event = AUDIT_EVENT_RENEWAL_ASKED;
    enum err e = renewal_ask_decode(t->envelope.body, t->arena, &r->ask, why);
    if (e == ERR_NOMEM)
        return e;
    if (e != ERR_OK)
        return turn_refuse(t, REFUSED_MALFORMED, "%s", why->text);
    if (registrar == NULL || !agency_id_equal(&registrar->id, &r->ask.registrar))
        return turn_refuse(t, REFUSED_NOT_FOUND, "registrar: not one with a mailbox on the roster");
    t->audit.peer = registrar->id;
    return digest_sha256(&r->ask.renewal, 1, &r->key.renewal);
}

/* Whether one more of this sender may wait. */
static enum err check_waiting(struct turn *t, struct kv_txn *txn, const struct renewal_turn *r)
{
    struct renewal_count c = {&t->sender->id, t->now_s, 0};
    size_t waiting = 0;
    enum err e = mailbox_acked(t->broker->mailboxes, txn, &r->ask.registrar, &c.acked);
    if (e == ERR_OK)
        e = renewal_rows_sweep(t->broker->store, txn, &c, &waiting);
    if (e == ERR_OK && waiting >= WAITING_MAX)
        e = turn_refuse(t, REFUSED_LIMIT, "renewal: %zu of this agency wait for the registrar already",
                        waiting);
    return e;
}

static enum err apply(struct turn *t, struct kv_txn *txn)
{
    struct renewal_turn *r = t->decoded;
    enum err e = look_for_repeated(t, txn, r);
    if (e == ERR_OK && !t->repeated)
        e = check_waiting(t, txn, r);
    if (e != ERR_OK || t->repeated || t->refusal.code != REFUSED_NONE)
        return e;
    e = mailbox_put(t->broker->mailboxes, txn, &r->ask.registrar, MAIL_RENEWAL, r->ask.renewal, &r->mail);
    if (e == ERR_LIMIT)
        return turn_refuse(t, REFUSED_LIMIT, "renewal: the registrar's mailbox is full");
    crash_point("renewal.mailed");
    return e;
}

static enum err record(struct turn *t, struct kv_txn *txn)
{
    const struct renewal_turn *r = t->decoded;
    const struct renewal_row row = {.at_s = t->now_s,
                                    .mail = r->mail,
                                    .promise = t->promise,
                                    .promise_signature = t->promise_signature};
    return renewal_row_put(t->broker->store, txn, &r->key, &row);
}

const struct turn_handler renewal_handler = {
    .kind = MSG_RENEWAL,
    .prepare = prepare,
    .apply = apply,
    .record = record,
};
