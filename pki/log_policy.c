#include "pki/log_policy.h"

#include <string.h>

#include "pki/digest.h"

static void put_log(struct buf *text, struct bytes vkey)
{
    if (vkey.len == 0)
        return;
    buf_put_str(text, "log ");
    buf_put(text, vkey);
    buf_put_str(text, "\n");
}

static void put_logs(const struct log_policy_of *of, struct buf *text)
{
    const struct roster *r = of->roster;
    put_log(text, r->log_key);
    put_log(text, r->next_log_key);
    for (size_t i = 0; of->with_former && i < r->former_log_count; i++)
        if (r->former_logs[i].until >= of->now_s)
            put_log(text, r->former_logs[i].key);
}

/* The file with its lines of logs empty, so that a line keeps its number less those above. */
static void put_witnesses(struct bytes file, struct buf *text)
{
    const struct bytes log = bytes_str("log ");
    for (size_t at = 0; at < file.len;) {
        const uint8_t *end = memchr(file.ptr + at, '\n', file.len - at);
        const size_t len = end != NULL ? (size_t)(end - file.ptr) - at : file.len - at;
        const struct bytes line = bytes_of(file.ptr + at, len);
        if (len < log.len || !bytes_equal(bytes_of(line.ptr, log.len), log))
            buf_put(text, line);
        buf_put_str(text, "\n");
        at += len + 1;
    }
}

enum err log_policy_make(const struct log_policy_of *of, struct audit_policy **out, struct errmsg *why)
{
    CLEANUP(buf_free) struct buf text = buf_new(AUDIT_POLICY_MAX_BYTES);
    put_logs(of, &text);
    if (of->file.len > 0)
        put_witnesses(of->file, &text);
    else
        buf_put_str(&text, "quorum none\n");
    const enum err e = buf_err(&text);
    return e == ERR_OK ? audit_policy_parse(digest_sha256, buf_bytes(&text), out, why) : e;
}

enum err former_origin_policy(const struct roster_former_origin *f, struct audit_policy **out, struct errmsg *why)
{
    CLEANUP(buf_free) struct buf text = buf_new(AUDIT_POLICY_MAX_BYTES);
    for (size_t i = 0; i < f->key_count; i++)
        put_log(&text, f->keys[i]);
    buf_put_str(&text, "quorum none\n");
    const enum err e = buf_err(&text);
    return e == ERR_OK ? audit_policy_parse(digest_sha256, buf_bytes(&text), out, why) : e;
}

enum err former_origin_check(const struct roster_former_origin *f, struct errmsg *why)
{
    CLEANUP(cleanup_audit_policy_free) struct audit_policy *policy = NULL;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(NOTE_ARENA_BYTES);
    struct head head;
    enum err e = a != NULL ? former_origin_policy(f, &policy, why) : ERR_NOMEM;
    if (e == ERR_OK)
        e = head_verify(policy, f->head, a, &head, why);
    if (e != ERR_OK)
        return e;
    const struct checkpoint *c = &head.checkpoint;
    if (bytes_equal(c->origin, f->origin) && c->size == f->size && digest_equal(&c->root, &f->root))
        return ERR_OK;
    return errmsg_set(why, ERR_MISMATCH, "the last head of %.*s is another than the roster names", (int)f->origin.len,
                      (const char *)f->origin.ptr);
}

static bool is_met_since(const struct audit_policy *policy, const struct head *head, uint64_t time_s)
{
    bool since[AUDIT_POLICY_MAX_WITNESSES];
    for (size_t i = 0; i < audit_policy_witnesses(policy); i++)
        since[i] = head->cosigned[i] && head->cosigned_at[i] >= time_s;
    return audit_policy_quorum_met(policy, since);
}

uint64_t log_policy_quorum_time(const struct audit_policy *policy, const struct head *head)
{
    uint64_t latest = 0;
    for (size_t i = 0; i < audit_policy_witnesses(policy); i++) {
        const uint64_t at = head->cosigned[i] ? head->cosigned_at[i] : 0;
        if (at > latest && is_met_since(policy, head, at))
            latest = at;
    }
    return latest;
}

enum quorum_age quorum_age_at(int64_t cosigned_s, int64_t now_s)
{
    if (now_s - cosigned_s >= QUORUM_STOPPED_S)
        return QUORUM_STOPPED;
    return now_s - cosigned_s >= QUORUM_LATE_S ? QUORUM_LATE : QUORUM_FRESH;
}

const char *quorum_age_id(enum quorum_age age)
{
    static const char *const ids[] = {"fresh", "late", "stopped"};
    return (size_t)age < ARRAY_LEN(ids) ? ids[age] : "?";
}
