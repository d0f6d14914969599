/* cosign: a witness of the log brings the line over the newest head that it cosigned, and is asked for the next. It has
 * no effect on any store and no entry: what came of it stands under the checkpoint, for everybody. That it will be away is
 * kept (aways.h). Or it asks how a log that has ended grew to its last head (former_log.h). */
#include "broker/cosigners.h"
#include "broker/former_log.h"
#include "broker/turn.h"

_Static_assert(COSIGN_MAX_WITNESS_BYTES == NOTE_MAX_NAME, "a witness has a name of a note");
_Static_assert(COSIGN_MAX_NOTE_BYTES == NOTE_MAX_BYTES, "a checkpoint is a note");

static enum err request_of(struct turn *t, const struct cosign *from, struct cosign_reply *r)
{
    struct cosigners *c = t->broker->cosigners;
    if (from->former.len > 0)
        return former_log_request(t, from, &r->request);
    r->cosigned = cosigners_shown(c);
    return cosigners_request(c, from->size, t->arena, &r->request);
}

static enum err answer(struct turn *t, const struct cosign *from)
{
    struct cosign_reply r = {.cosigned = bytes_of(NULL, 0)};
    CLEANUP(buf_free) struct buf body = buf_new(COSIGN_MAX_REQUEST_BYTES + COSIGN_MAX_NOTE_BYTES + 64);
    enum err e = request_of(t, from, &r);
    if (e == ERR_OK)
        e = cosign_reply_encode(&r, &body);
    if (e != ERR_OK)
        return e;
    t->reply_kind = MSG_COSIGN_REPLY;
    t->reply_body = arena_copy(t->arena, buf_bytes(&body));
    return t->reply_body.ptr == NULL ? ERR_NOMEM : ERR_OK;
}

static enum err prepare(struct turn *t, struct errmsg *why)
{
    struct cosign from;
    enum err e = cosign_decode(t->envelope.body, t->arena, &from, why);
    if (e == ERR_OK && from.former.len == 0)
        e = cosigners_take(t->broker->cosigners, &from, t->arena, why);
    if (e == ERR_SIGNATURE)
        return turn_refuse(t, REFUSED_SIGNATURE, "cosign: %s", why->text);
    if (e == ERR_NOMEM || e == ERR_CRYPTO)
        return e;
    if (e != ERR_OK)
        return turn_refuse(t, REFUSED_MALFORMED, "cosign: %s", why->text);
    if (from.former.len == 0)
        cosigners_heard(t->broker->cosigners, &t->sender->id, &from);
    return answer(t, &from);
}

const struct turn_handler cosign_handler = {
    .kind = MSG_COSIGN,
    .prepare = prepare,
    .in_repair = true,
};
