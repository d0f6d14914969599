#include "proto/msg/entries.h"

#include "proto/msg/check.h"
#include "proto/msg/entries.pb-c.h"

#define ENTRY_BYTES sizeof(struct digest)
#define ASK_MAX_BYTES 16
#define REPLY_MAX_BYTES (ENTRIES_MAX_CHECKPOINT_BYTES + ENTRIES_MAX * ENTRY_BYTES + 64)

enum err entries_encode(const struct entries *m, struct buf *out)
{
    Sluis__Entries p = SLUIS__ENTRIES__INIT;
    p.from = m->from;
    return msg_pack(&p.base, out);
}

enum err entries_decode(struct bytes data, struct arena *a, struct entries *out, struct errmsg *why)
{
    const void *raw = NULL;
    enum err e = msg_unpack(&sluis__entries__descriptor, data, ASK_MAX_BYTES, a, &raw, why);
    if (e != ERR_OK)
        return e;
    const Sluis__Entries *m = raw;
    struct check c = check_new("entries", a, why);
    check_u64(&c, "from", m->from, 0, INT64_MAX);
    if ((e = check_done(&c)) == ERR_OK)
        *out = (struct entries){m->from};
    return e;
}

enum err entries_reply_encode(const struct entries_reply *r, struct buf *out)
{
    Sluis__EntriesReply m = SLUIS__ENTRIES_REPLY__INIT;
    m.checkpoint = msg_data(r->checkpoint);
    m.from = r->from;
    m.entries = msg_data(r->entries);
    return msg_pack(&m.base, out);
}

enum err entries_reply_decode(struct bytes data, struct arena *a, struct entries_reply *out,
                              struct errmsg *why)
{
    const void *raw = NULL;
    enum err e = msg_unpack(&sluis__entries_reply__descriptor, data, REPLY_MAX_BYTES, a, &raw, why);
    if (e != ERR_OK)
        return e;
    const Sluis__EntriesReply *m = raw;
    struct check c = check_new("entries reply", a, why);
    struct entries_reply r = {.from = m->from};
    const size_t most = m->checkpoint.len > 0 ? ENTRIES_MAX * ENTRY_BYTES : 0;
    check_u64(&c, "from", m->from, 0, INT64_MAX);
    check_bytes(&c, "checkpoint", m->checkpoint, (struct check_limits){0, ENTRIES_MAX_CHECKPOINT_BYTES}, &r.checkpoint);
    check_bytes(&c, "entries", m->entries, (struct check_limits){0, most}, &r.entries);
    if (m->entries.len % ENTRY_BYTES != 0)
        check_fail(&c, ERR_INVALID, "entries", "32 bytes each");
    if ((e = check_done(&c)) == ERR_OK)
        *out = r;
    return e;
}
