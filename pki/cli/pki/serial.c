#include "pki/cli/pki/serial.h"

#include "pki/cli/pki/draft.h"
#include "proto/base/text.h"

#define SERIAL_MAX_TEXT 32

enum err serial_last(struct work *w, uint64_t *out)
{
    char path[WORK_PATH_MAX];
    struct bytes text = {NULL, 0};
    uint64_t last = 0;
    enum err e = work_path(w, path, "roster.serial", "");
    if (e == ERR_OK && file_exists(path)) {
        e = work_read(w, path, SERIAL_MAX_TEXT, &text);
        if (e == ERR_OK)
            e = text_get_u64(text, UINT64_MAX - 1, &last);
    }
    if (e != ERR_OK)
        return errmsg_set(&w->why, e, "%s: not a number", path);
    *out = last;
    return ERR_OK;
}

enum err serial_keep(struct work *w, uint64_t serial)
{
    struct buf b CLEANUP(buf_free) = buf_new(SERIAL_MAX_TEXT);
    buf_printf(&b, "%llu", (unsigned long long)serial);
    return work_write_in(w, "roster.serial", buf_bytes(&b), 0600);
}

/* A roster by a key that was lost, stolen or retired has no say but for its serial, which parties have seen. */
static enum err check_former(struct work *w, const char *path, const struct roster *draft)
{
    struct trust *t CLEANUP(cleanup_trust_free) = NULL;
    enum err e = draft_trust_former(w, path, &t);
    if (e == ERR_OK && trust_roster(t)->serial >= draft->serial)
        e = errmsg_set(&w->why, ERR_BEHIND, "%s: serial %llu by a former key; give it to rotate --lost --seen",
                       path, (unsigned long long)trust_roster(t)->serial);
    return e;
}

/* One roster that is out. A file that another register signed tells nothing of this one. */
static enum err check_one(struct work *w, const char *path, const struct roster *draft)
{
    struct trust *t CLEANUP(cleanup_trust_free) = NULL;
    if (path == NULL || !file_exists(path))
        return ERR_OK;
    enum err e = draft_trust(w, path, &t);
    if (e == ERR_MISMATCH)
        return check_former(w, path, draft);
    if (e == ERR_OK)
        e = roster_follows(trust_roster(t), draft, &w->why);
    if (e != ERR_BEHIND)
        return e == ERR_OK ? e : errmsg_wrap(&w->why, e, "%s", path);
    return errmsg_wrap(&w->why, e, "this folder is behind %s; see: sluis-pki roster recover", path);
}

enum err serial_raise(struct work *w, const char *path)
{
    struct trust *t CLEANUP(cleanup_trust_free) = NULL;
    uint64_t last = 0;
    enum err e = draft_trust_former(w, path, &t);
    if (e == ERR_OK)
        e = serial_last(w, &last);
    if (e != ERR_OK || trust_roster(t)->serial <= last)
        return e;
    return serial_keep(w, trust_roster(t)->serial);
}

enum err serial_check_seen(struct work *w, const struct roster *draft)
{
    char own[WORK_PATH_MAX];
    enum err e = work_path(w, own, "roster.signed", "");
    if (e == ERR_OK && w->o->seen != NULL && !file_exists(w->o->seen))
        return errmsg_set(&w->why, ERR_NOT_FOUND, "--seen %s: is not there", w->o->seen);
    if (e == ERR_OK)
        e = check_one(w, own, draft);
    if (e == ERR_OK)
        e = check_one(w, w->o->out, draft);
    return e != ERR_OK ? e : check_one(w, w->o->seen, draft);
}
