#include "broker/audit.h"
#include "broker/log_copy_internal.h"
#include "pki/filler.h"
#include "pki/logbook/logbook.h"
#include "proto/base/log.h"

_Static_assert(FILLER_KEY_BYTES == BODY_COPY_KEY_BYTES, "a filler key lies in the envelope of a segment's");

static enum err write_filler(struct log_copy *c, const struct secret *filler, struct errmsg *why)
{
    struct digest commitment;
    struct body_copy_name name;
    const enum err e = filler_commitment(filler, &commitment);
    if (e != ERR_OK)
        return e;
    body_copy_filler_name(&commitment, &name);
    return log_copy_write_key(c, &name, filler, why);
}

enum err log_copy_filler(struct log_copy *c, struct kv_txn *txn, struct errmsg *why)
{
    CLEANUP(cleanup_secret_free) struct secret *filler = NULL;
    if (digest_equal(&c->filler_for, &c->readers.digest) && c->filler_taken == c->keys_taken)
        return ERR_OK;
    enum err e = logbook_get_filler(audit_logbook(c->broker->audit), txn, &filler);
    const bool is_open = !logbook_is_damage(e);
    if (!is_open)
        log_warn("log_copy filler_key=unreadable error=\"%s\"", err_text(e));
    else if (e == ERR_OK)
        e = write_filler(c, filler, why);
    if (is_open && e != ERR_OK)
        return e;
    c->filler_for = c->readers.digest;
    c->filler_taken = c->keys_taken;
    return ERR_OK;
}
