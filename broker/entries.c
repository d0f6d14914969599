/* entries: an agency that mirrors the log is given the entries behind those that it has, of the checkpoint that everybody is
 * shown. They are public to all members; so it has no effect and no entry, and is paced. */
#include "broker/cosigners.h"
#include "broker/paced.h"
#include "broker/store/store.h"
#include "broker/turn.h"
#include "proto/log/checkpoint.h"
#include "proto/log/note.h"
#include "proto/msg/entries.h"

_Static_assert(ENTRIES_MAX_CHECKPOINT_BYTES == NOTE_MAX_BYTES, "a checkpoint is a note");

/* The checkpoint that is shown, in the arena, and its size; empty and 0: none yet. */
static enum err find_shown(struct turn *t, struct kv_txn *txn, struct bytes *note, uint64_t *size)
{
    const struct cosigners *cosigners = t->broker->cosigners;
    struct log_published published;
    struct note parsed;
    struct checkpoint c;
    *note = (struct bytes){NULL, 0};
    *size = 0;
    enum err e = log_get_published(&t->broker->store->log, txn, &published);
    if (e != ERR_OK)
        return e;
    const struct bytes shown = cosigners_wanted(cosigners) ? cosigners_shown(cosigners) : published.note;
    if (shown.len == 0)
        return ERR_OK;
    *note = arena_copy(t->arena, shown);
    if (note->ptr == NULL)
        return ERR_NOMEM;
    e = note_parse(*note, t->arena, &parsed, NULL);
    if (e == ERR_OK)
        e = checkpoint_parse(parsed.text, &c);
    if (e == ERR_OK)
        *size = c.size < published.size ? c.size : published.size;
    return e;
}

static enum err answer(struct turn *t)
{
    const uint64_t from = *(const uint64_t *)t->decoded;
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    CLEANUP(buf_free) struct buf entries = buf_new(ENTRIES_MAX * sizeof(struct digest));
    CLEANUP(buf_free) struct buf body = buf_new(FRAME_MAX_BYTES);
    struct entries_reply r = {.from = from};
    uint64_t size = 0;
    enum err e = kv_read_begin(t->broker->kv, &txn);
    if (e == ERR_OK)
        e = find_shown(t, txn, &r.checkpoint, &size);
    for (uint64_t i = from; e == ERR_OK && i < size && i - from < ENTRIES_MAX; i++) {
        struct digest entry;
        e = log_entry_at(&t->broker->store->log, txn, i, &entry);
        buf_put(&entries, digest_bytes(&entry));
    }
    r.entries = buf_bytes(&entries);
    if (e == ERR_OK)
        e = buf_err(&entries);
    if (e == ERR_OK)
        e = entries_reply_encode(&r, &body);
    if (e != ERR_OK)
        return e;
    t->reply_kind = MSG_ENTRIES_REPLY;
    t->reply_body = arena_copy(t->arena, buf_bytes(&body));
    return t->reply_body.ptr == NULL ? ERR_NOMEM : ERR_OK;
}

static enum err prepare(struct turn *t, struct errmsg *why)
{
    struct entries ask;
    const enum err e = entries_decode(t->envelope.body, t->arena, &ask, why);
    if (e == ERR_NOMEM)
        return e;
    if (e != ERR_OK)
        return turn_refuse(t, REFUSED_MALFORMED, "entries: %s", why->text);
    uint64_t *from = arena_array(t->arena, 1, sizeof *from);
    if (from == NULL)
        return ERR_NOMEM;
    *from = ask.from;
    t->decoded = from;
    return paced_answer(t->broker->mirrors, t, answer);
}

static enum err start(struct broker *b, struct errmsg *why)
{
    const enum err e = paced_new(b->loop, &b->mirrors);
    return e == ERR_OK ? e : errmsg_set(why, e, "%s", err_text(e));
}

static void stop(struct broker *b)
{
    paced_free(b->mirrors);
    b->mirrors = NULL;
}

const struct broker_part entries_part = {.name = "entries", .start = start, .stop = stop};

const struct turn_handler entries_handler = {
    .kind = MSG_ENTRIES,
    .prepare = prepare,
    .in_repair = true,
};
