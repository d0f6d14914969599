#include "pki/cli/pki/rotate_successor.h"

#include "pki/digest.h"
#include "pki/log_policy.h"

/* Every key under which a head or proof of the log may still come. */
static enum err list_keys(struct work *w, const struct roster *draft, struct roster_former_origin *f)
{
    struct bytes *keys = arena_array(w->arena, ROSTER_MAX_ORIGIN_KEYS, sizeof *keys);
    if (keys == NULL)
        return ERR_NOMEM;
    keys[f->key_count++] = draft->log_key;
    for (size_t i = 0; i < draft->former_log_count && f->key_count < ROSTER_MAX_ORIGIN_KEYS; i++)
        if (draft->former_logs[i].until >= w->now_s)
            keys[f->key_count++] = draft->former_logs[i].key;
    f->keys = keys;
    return ERR_OK;
}

/* The head without the lines of its witnesses, who stand in no roster. */
static enum err keep_own_lines(struct work *w, const struct note *note, struct roster_former_origin *f)
{
    struct buf text CLEANUP(buf_free) = buf_new(ROSTER_MAX_HEAD_BYTES);
    struct vkey v;
    buf_put(&text, note->text);
    buf_put_str(&text, "\n");
    for (size_t k = 0; k < f->key_count; k++) {
        enum err e = vkey_parse(digest_sha256, f->keys[k], &v);
        if (e != ERR_OK)
            return errmsg_set(&w->why, e, "draft: the key of the log cannot be read");
        for (size_t i = 0; i < note->count; i++)
            if (vkey_matches(&v, &note->sigs[i]))
                note_put_sig(&text, &note->sigs[i]);
    }
    if (buf_err(&text) != ERR_OK)
        return errmsg_set(&w->why, buf_err(&text), "%s: too long for a roster", w->o->head);
    f->head = arena_copy(w->arena, buf_bytes(&text));
    return f->head.ptr != NULL ? ERR_OK : ERR_NOMEM;
}

static enum err read_head(struct work *w, struct roster_former_origin *f)
{
    struct bytes file = {NULL, 0};
    struct note note;
    struct checkpoint c;
    enum err e = work_read(w, w->o->head, NOTE_MAX_BYTES, &file);
    if (e == ERR_OK)
        e = note_parse(file, w->arena, &note, &w->why);
    if (e == ERR_OK && (e = checkpoint_parse(note.text, &c)) != ERR_OK)
        (void)errmsg_set(&w->why, e, "%s: not a head of a log", w->o->head);
    if (e != ERR_OK)
        return e;
    f->size = c.size;
    f->root = c.root;
    e = keep_own_lines(w, &note, f);
    return e == ERR_OK ? former_origin_check(f, &w->why) : e;
}

static enum err add_former(struct work *w, struct roster *draft, const struct roster_former_origin *f)
{
    const size_t n = draft->former_origin_count;
    struct roster_former_origin *v = arena_array(w->arena, n + 1, sizeof *v);
    if (v == NULL)
        return ERR_NOMEM;
    if (n == ROSTER_MAX_FORMER_ORIGINS)
        return errmsg_set(&w->why, ERR_TOO_LARGE, "the roster names %zu logs that ended already, and no more", n);
    for (size_t i = 0; i < n; i++)
        v[i] = draft->former_origins[i];
    v[n] = *f;
    draft->former_origins = v;
    draft->former_origin_count = n + 1;
    return ERR_OK;
}

enum err successor_put(struct work *w, struct roster *draft, struct bytes key)
{
    const struct work_need needs[] = {{"head", w->o->head}, {NULL, NULL}};
    struct roster_former_origin f = {.origin = draft->log_origin};
    struct vkey v;
    enum err e = work_needs(w, needs);
    if (e == ERR_OK && bytes_is(draft->log_origin, w->o->origin))
        e = errmsg_set(&w->why, ERR_CONFIG, "--origin: the log has that origin already");
    if (e == ERR_OK &&
        (vkey_parse(digest_sha256, key, &v) != ERR_OK || v.type != VKEY_ED25519 || !bytes_is(bytes_str(w->o->origin), v.name)))
        e = errmsg_set(&w->why, ERR_MISMATCH, "request: not a log key of %s", w->o->origin);
    if (e == ERR_OK)
        e = list_keys(w, draft, &f);
    if (e == ERR_OK)
        e = read_head(w, &f);
    if (e == ERR_OK)
        e = add_former(w, draft, &f);
    if (e != ERR_OK)
        return e;
    draft->log_key = key;
    draft->log_origin = bytes_str(w->o->origin);
    draft->former_logs = NULL;
    draft->former_log_count = 0;
    return roster_check(draft, &w->why);
}
