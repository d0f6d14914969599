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

static enum err read_note(struct work *w, struct note *note, struct checkpoint *c)
{
    struct bytes file = {NULL, 0};
    enum err e = work_read(w, w->o->head, NOTE_MAX_BYTES, &file);
    if (e == ERR_OK)
        e = note_parse(file, w->arena, note, &w->why);
    if (e == ERR_OK && (e = checkpoint_parse(note->text, c)) != ERR_OK)
        (void)errmsg_set(&w->why, e, "%s: not a head of a log", w->o->head);
    return e;
}

static enum err read_head(struct work *w, struct roster_former_origin *f)
{
    struct note note;
    struct checkpoint c;
    enum err e = read_note(w, &note, &c);
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

/* Whether the draft lists this log already; only its beginning can still be another. */
static bool is_named(const struct work *w, const struct roster *draft, struct bytes key)
{
    return bytes_is(draft->log_origin, w->o->origin) && bytes_equal(draft->log_key, key) && draft->former_origin_count > 0;
}

bool successor_is_listed(struct work *w, const struct roster *draft, struct bytes key)
{
    struct note note;
    struct checkpoint c;
    if (!is_named(w, draft, key))
        return false;
    if (w->o->head == NULL)
        return true;
    const struct roster_former_origin *last = &draft->former_origins[draft->former_origin_count - 1];
    return read_note(w, &note, &c) == ERR_OK && bytes_equal(c.origin, last->origin) && c.size == last->size &&
           digest_equal(&c.root, &last->root);
}

/* The head that was given first was not the last one. */
static enum err mend_last(struct work *w, struct roster *draft)
{
    const size_t n = draft->former_origin_count;
    const struct roster_former_origin *last = &draft->former_origins[n - 1];
    struct roster_former_origin *v = arena_array(w->arena, n, sizeof *v);
    struct roster_former_origin f = {.origin = last->origin, .keys = last->keys, .key_count = last->key_count};
    if (v == NULL)
        return ERR_NOMEM;
    const enum err e = read_head(w, &f);
    if (e == ERR_OK && f.size <= last->size)
        return errmsg_set(&w->why, ERR_CONFLICT, "--head: the roster names the end of that log at %llu already, and a head only replaces a smaller one",
                          (unsigned long long)last->size);
    if (e != ERR_OK)
        return e;
    for (size_t i = 0; i + 1 < n; i++)
        v[i] = draft->former_origins[i];
    v[n - 1] = f;
    draft->former_origins = v;
    return roster_check(draft, &w->why);
}

enum err successor_put(struct work *w, struct roster *draft, struct bytes key)
{
    const struct work_need needs[] = {{"head", w->o->head}, {NULL, NULL}};
    struct roster_former_origin f = {.origin = draft->log_origin};
    struct vkey v;
    enum err e = work_needs(w, needs);
    if (e == ERR_OK && is_named(w, draft, key))
        return mend_last(w, draft);
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
