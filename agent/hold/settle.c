/* What the broker says of a settlement. */
#include "agent/hold/hold.h"
#include "agent/hold/sweep.h"
#include "proto/base/cursor.h"
#include "proto/base/log.h"

#define SETTLE_ARENA_BYTES ((size_t)1 << 20)

/* What was decided, as a code; NULL where nothing readable was signed. */
static const char *decision_of(const struct hold_item *item, struct arena *a)
{
    struct consent c;
    return item->consent_count > 0 && consent_decode(item->consents[0].consent, a, &c, NULL) == ERR_OK
               ? consent_decision_id(c.decision)
               : NULL;
}

/* The item of a tag, settled or (code: of the refusal) failed, emptied. An item that is gone by now needs nothing. */
static enum err close_as(struct agent *a, struct kv_txn *txn, struct bytes tag, const struct bytes *code,
                         struct bytes refusal)
{
    const enum item_state state = code != NULL ? ITEM_FAILED : ITEM_SETTLED;
    struct cursor c = cursor_of(tag);
    uint64_t number = cursor_u64(&c);
    CLEANUP(cleanup_arena_free) struct arena *arena = arena_new(SETTLE_ARENA_BYTES);
    if (arena == NULL)
        return ERR_NOMEM;
    struct hold_item old;
    enum err bad = cursor_done(&c);
    if (bad == ERR_OK)
        bad = item_get(a->store, txn, number, arena, &old);
    if (bad == ERR_NOT_FOUND)
        return ERR_OK;
    if (bad != ERR_OK)
        return bad;
    struct request_header h;
    bad = request_header_decode(old.header, arena, &h, NULL);
    if (bad != ERR_OK)
        return bad;
    struct own_entry e = hold_entry_of(&h, &old.header_digest,
                                       code != NULL ? AUDIT_EVENT_CONSENT_REFUSED : AUDIT_EVENT_CONSENT_ACCEPTED, NULL);
    const struct own_touch touched = hold_touch_of(number, decision_of(&old, arena));
    e.reasons = code;
    e.reasons_count = code != NULL ? 1 : 0;
    e.touched = &touched;
    e.touched_count = 1;
    bad = own_log_append(a, txn, &e);
    if (bad != ERR_OK)
        return bad;
    struct hold_item item = old;
    item.state = state;
    item.refusal = refusal;
    return sweep_close(a, txn, &item, &old);
}

static enum err on_accepted(struct agent *a, struct kv_txn *txn, struct bytes tag,
                            const struct accepted *reply, const struct promise *promise)
{
    (void)reply;
    (void)promise;
    return close_as(a, txn, tag, NULL, bytes_of(NULL, 0));
}

static enum err on_refused(struct agent *a, struct kv_txn *txn, struct bytes tag,
                           const struct refused *reply)
{
    CLEANUP(buf_free) struct buf text = buf_new(512);
    buf_printf(&text, "%s: ", refusal_code_id(reply->code));
    buf_put(&text, reply->detail);
    enum err bad = buf_err(&text);
    log_warn("hold.settlement_refused code=%s", refusal_code_id(reply->code));
    const struct bytes code = bytes_str(refusal_code_id(reply->code));
    return bad == ERR_OK ? close_as(a, txn, tag, &code, buf_bytes(&text)) : bad;
}

const struct outbox_owner hold_settle_owner = {
    .kind = MSG_SETTLE,
    .on_accepted = on_accepted,
    .on_refused = on_refused,
};
