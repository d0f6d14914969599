#include "agent/ask/keep.h"

#include "proto/base/cursor.h"
#include "proto/base/join.h"

#define FORMAT 1u
#define ROW_MAX 2048

static enum err put(struct store *s, struct kv_txn *txn, const struct request_id *id,
                    const struct keep *k)
{
    CLEANUP(buf_free) struct buf out = buf_new(ROW_MAX);
    buf_put_u32(&out, FORMAT);
    buf_put_u32(&out, k->days);
    buf_put_u64(&out, (uint64_t)k->at_s);
    join_part(&out, k->reason);
    join_part(&out, name_bytes(&k->first));
    join_part(&out, name_bytes(&k->first_person));
    join_part(&out, name_bytes(&k->second));
    enum err bad = buf_err(&out);
    return bad != ERR_OK
               ? bad
               : store_put(s, txn, STORE_ASK_KEEP, BYTES_OF_ARRAY(id->b), buf_bytes(&out));
}

static void get_name(struct cursor *c, struct name *out)
{
    const struct bytes text = cursor_part(c, NAME_MAX_BYTES);
    if (text.len > 0)
        cursor_fail(c, name_parse(text, out));
}

enum err keep_get(struct store *s, struct kv_txn *txn, const struct request_id *id, struct arena *a,
                  struct keep *out)
{
    struct bytes row;
    enum err bad = store_get(s, txn, STORE_ASK_KEEP, BYTES_OF_ARRAY(id->b), a, &row);
    if (bad != ERR_OK)
        return bad;
    struct cursor c = cursor_of(row);
    struct keep k = {0};
    if (cursor_u32(&c) != FORMAT)
        cursor_fail(&c, ERR_VERSION);
    k.days = cursor_u32(&c);
    k.at_s = (int64_t)cursor_u64(&c);
    k.reason = cursor_part(&c, KEEP_REASON_MAX);
    get_name(&c, &k.first);
    get_name(&c, &k.first_person);
    get_name(&c, &k.second);
    bad = cursor_done(&c);
    if (bad == ERR_OK)
        *out = k;
    return bad;
}

enum err keep_delete(struct store *s, struct kv_txn *txn, const struct request_id *id)
{
    enum err bad = store_del(s, txn, STORE_ASK_KEEP, BYTES_OF_ARRAY(id->b));
    return bad == ERR_NOT_FOUND ? ERR_OK : bad;
}

static enum err check_days(const struct asked *asked, const struct keep_word *w, struct errmsg *why)
{
    if (w->days == 0)
        return errmsg_set(why, ERR_RANGE, "say for how many days");
    if (asked->keep_days >= w->most_days || w->days > w->most_days - asked->keep_days)
        return errmsg_set(why, ERR_RANGE,
                          "the rule lets it be kept %u days in all, and it is kept %u already",
                          w->most_days, asked->keep_days);
    return ERR_OK;
}

static enum err propose(const struct keep_word *w, struct keep *out, struct errmsg *why)
{
    if (w->reason.len == 0)
        return errmsg_set(why, ERR_INVALID, "say why it must be kept longer");
    *out = (struct keep){.days = w->days,
                         .reason = w->reason,
                         .first = w->staff,
                         .first_person = w->person,
                         .at_s = w->now_s};
    return ERR_OK;
}

static enum err confirm(const struct keep_word *w, struct keep *k, struct errmsg *why)
{
    if (name_equal(&k->first_person, &w->person))
        return errmsg_set(why, ERR_PERMISSION, "another person than who proposed it confirms");
    if (k->days != w->days)
        return errmsg_set(why, ERR_MISMATCH, "%u days were proposed, not %u", k->days, w->days);
    k->second = w->staff;
    k->at_s = w->now_s;
    return ERR_OK;
}

enum err keep_say(struct store *s, struct kv_txn *txn, struct asked *asked,
                  const struct keep_word *word, struct arena *a, struct keep *out,
                  struct errmsg *why)
{
    enum err bad = keep_get(s, txn, &asked->id, a, out);
    if (bad != ERR_OK && bad != ERR_NOT_FOUND)
        return bad;
    if (bad == ERR_OK && keep_is_confirmed(out))
        return errmsg_set(why, ERR_STATE, "it was extended already, and only once");
    const bool confirms = bad == ERR_OK && word->reason.len == 0;
    bad = confirms ? confirm(word, out, why) : ERR_OK;
    if (bad == ERR_OK)
        bad = check_days(asked, word, why);
    if (bad == ERR_OK && !confirms)
        bad = propose(word, out, why);
    if (bad == ERR_OK)
        bad = put(s, txn, &asked->id, out);
    if (bad != ERR_OK || !confirms)
        return bad;
    asked->keep_days += word->days;
    return asked_put(s, txn, asked);
}
