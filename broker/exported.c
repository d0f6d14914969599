/* What an officer took out of the log, told before the file gets its name: nothing is changed by
 * it, and the entry is all that it is for (docs/protocol.md, "Bodies"). */
#include "broker/bodies.h"
#include "broker/turn.h"
#include "pki/logbook/bodies_facts.h"

static enum err prepare(struct turn *t, struct errmsg *why)
{
    struct bodies m;
    struct bodies_exported x;
    enum err e = bodies_decode(t->envelope.body, t->arena, &m, why);
    if (e == ERR_OK)
        e = bodies_exported_decode(m.document, t->arena, &x, why);
    if (e == ERR_NOMEM)
        return e;
    if (e != ERR_OK)
        return turn_refuse(t, REFUSED_MALFORMED, "exported: %s", why->text);
    const struct bodies_signed by = {SIGN_EXPORT, &m, &x.deployment, &x.reader, x.issued_at_s};
    t->audit.event = AUDIT_EVENT_BODIES_EXPORTED;
    t->audit.staff = x.staff;
    bool is_auditor = false;
    e = bodies_check_signed(t, &by, &is_auditor);
    if (e != ERR_OK || t->refusal.code != REFUSED_NONE)
        return e;
    if (!bodies_filter_is_known(&x.filter))
        return turn_refuse(t, REFUSED_MALFORMED, "exported: filter: no such event or decision");
    return bodies_facts_of_export(t->view, &x, t->arena, &t->audit.more, &t->audit.more_count);
}

static enum err apply(struct turn *t, struct kv_txn *txn)
{
    (void)t;
    (void)txn;
    return ERR_OK;
}

const struct turn_handler exported_handler = {
    .kind = MSG_EXPORTED,
    .prepare = prepare,
    .apply = apply,
};
