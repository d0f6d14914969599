/* rotate --key own-log: the key with which an agency signs its own log (decision 0415). The next one lies in
 * keys/log.next.key; the agent takes it at a reload and signs with both, until --switch puts it in the place of the old one.
 * That is refused before the broker, which is the witness of this log, has cosigned a head under it. With --lost a new key
 * takes the place of the old one at once, and a security officer vouches for it (decision 0419). */
#include "pki/cli/pki/log_line.h"
#include "pki/cli/pki/next_key.h"
#include "pki/cli/pki/renewing.h"
#include "pki/cli/pki/rotate.h"
#include "pki/cli/pki/store_row.h"
#include "pki/digest.h"
#include "pki/own_log_keys.h"
#include "proto/json/json_writer.h"

#define ID "log"
#define NEXT_ID ID ".next"
#define REPLACED "keys/" ID ".replaced" /* the line of the key that --lost put in its place last */

static const struct log_line line = {ID, VKEY_ED25519};

/* What folder and store say. */
struct change {
    struct work *w;
    bool has_next;
    struct buf text; /* the line of the next key, or of the only one */
    struct digest old; /* of the line of the key in use */
    struct digest next; /* likewise */
    struct own_log_keys in_use; /* as the agent has them; count 0: it never ran with this program */
};

static void free_change(struct change *c)
{
    buf_free(&c->text);
}

static enum err load_line(struct work *w, const char *id, struct buf *text, struct digest *d)
{
    struct key *key CLEANUP(cleanup_key_free) = NULL;
    buf_reset(text);
    enum err e = work_load_key(w, id, KEY_TYPE_ED25519, &key);
    if (e == ERR_OK)
        e = log_line_put(w, &line, key, text);
    const struct bytes whole = buf_bytes(text);
    return e == ERR_OK ? digest_sha256(&whole, 1, d) : e;
}

static enum err load_lines(struct change *c)
{
    struct work *w = c->w;
    c->has_next = next_key_has(w, NEXT_ID);
    enum err e = load_line(w, ID, &c->text, &c->old);
    c->next = c->old;
    return e == ERR_OK && c->has_next ? load_line(w, NEXT_ID, &c->text, &c->next) : e;
}

static enum err read_keys(struct change *c)
{
    struct work *w = c->w;
    char store[WORK_PATH_MAX];
    CLEANUP(buf_free) struct buf row = buf_new(OWN_LOG_KEYS_ROW_MAX);
    enum err e = store_row_place(w, store);
    if (e == ERR_OK)
        e = store_row_read(w, &(struct store_row){store, OWN_LOG_KEYS_ROW}, &row);
    if (e == ERR_OK)
        e = own_log_keys_decode(buf_bytes(&row), &c->in_use);
    else if (e == ERR_NOT_FOUND && w->why.text[0] == '\0')
        return ERR_OK;
    return e == ERR_OK || w->why.text[0] != '\0'
               ? e
               : errmsg_set(&w->why, e, "%s: the row of the keys of the own log: %s", store, err_text(e));
}

static enum err look(struct change *c)
{
    const enum err e = load_lines(c);
    return e == ERR_OK ? read_keys(c) : e;
}

/* ---- what comes next ---- */

enum stage {
    STAGE_ONE,        /* the folder has one key, and the agent works with it */
    STAGE_LEFT_OVER,  /* the agent still works with one that the folder has no more */
    STAGE_MADE,       /* the agent does not sign with the next one yet */
    STAGE_SIGNS,      /* it does; the broker has not cosigned that */
    STAGE_NO_WITNESS, /* it does; the broker never cosigned this log */
    STAGE_WITNESSED,  /* the old one may go */
};

static enum stage stage_of(const struct change *c)
{
    const struct own_log_key *next = own_log_keys_find(&c->in_use, &c->next);
    if (!c->has_next)
        return next == NULL || c->in_use.count > 1 ? STAGE_LEFT_OVER : STAGE_ONE;
    if (next == NULL)
        return STAGE_MADE;
    if (next->is_witnessed)
        return STAGE_WITNESSED;
    return own_log_keys_has_witness(&c->in_use) ? STAGE_SIGNS : STAGE_NO_WITNESS;
}

static const char *step_of(enum stage s)
{
    switch (s) {
    case STAGE_ONE: return "nothing remains";
    case STAGE_LEFT_OVER: return "reload the agent (SIGHUP): it does not work with this key alone yet";
    case STAGE_MADE:
        return "give every reader of this log this line beside the old one, then reload the agent (SIGHUP), which signs with both";
    case STAGE_SIGNS: return "wait until the broker has cosigned a head under the new key: a minute or two; sluis status says how it is";
    case STAGE_NO_WITNESS:
        return "the broker never cosigned this log: once every reader has the line, rotate --key own-log --switch --now";
    case STAGE_WITNESSED: return "once every reader has the line: rotate --key own-log --switch";
    }
    return "?";
}

static enum err tell(struct change *c, const char *next)
{
    struct work *w = c->w;
    const struct own_log_key *key = own_log_keys_find(&c->in_use, &c->next);
    if (!w->o->json) {
        buf_printf(&w->out, "%s\nnext: %s\n", buf_text(&c->text), next);
        return buf_err(&w->out);
    }
    struct json_writer j = json_writer_of(&w->out);
    json_put_object(&j, NULL);
    json_put_str(&j, "key", "own-log");
    json_put_text(&j, "vkey", buf_bytes(&c->text));
    json_put_bool(&j, "made", c->has_next);
    json_put_bool(&j, "signs", key != NULL);
    json_put_bool(&j, "witnessed", key != NULL && key->is_witnessed);
    json_put_str(&j, "next", next);
    json_put_end(&j);
    buf_put_str(&w->out, "\n");
    return json_writer_done(&j);
}

/* ---- the steps ---- */

static enum err plan(struct work *w, const char *what)
{
    buf_printf(&w->out, "would %s\n", what);
    return buf_err(&w->out);
}

/* The one that a command which was killed has made, or a fresh one. */
static enum err begin(struct change *c)
{
    struct work *w = c->w;
    struct key *key CLEANUP(cleanup_key_free) = NULL;
    if (w->o->dry_run)
        return plan(w, "make keys/" NEXT_ID ".key and print its line; nothing changes before the agent's next reload");
    enum err e = next_key_has(w, NEXT_ID) ? ERR_OK : work_new_key_as(w, NEXT_ID, ID, KEY_TYPE_ED25519, &key);
    if (e == ERR_OK)
        e = load_lines(c);
    return e == ERR_OK ? tell(c, step_of(STAGE_MADE)) : e;
}

/* Who puts an older key back later is not told that --lost made it. */
static enum err forget_replaced(struct work *w)
{
    char path[WORK_PATH_MAX];
    const enum err e = work_path(w, path, REPLACED, "");
    return e == ERR_OK && file_exists(path) ? file_remove(path, &w->why) : e;
}

/* A command that was killed may have left the same key under both names. */
static enum err may_switch(struct change *c)
{
    struct work *w = c->w;
    const enum stage s = stage_of(c);
    if (!c->has_next)
        return errmsg_set(&w->why, ERR_STATE, "%s: no new key; rotate --key own-log makes it", w->o->dir);
    if (s == STAGE_WITNESSED || (s == STAGE_NO_WITNESS && w->o->at_once) || digest_equal(&c->old, &c->next))
        return ERR_OK;
    return errmsg_set(&w->why, ERR_STATE, "own-log: not yet: %s", step_of(s));
}

static enum err finish(struct change *c)
{
    struct work *w = c->w;
    enum err e = look(c);
    if (e == ERR_OK)
        e = may_switch(c);
    if (e == ERR_OK && w->o->dry_run)
        return plan(w, "put keys/" NEXT_ID ".key in the place of keys/" ID ".key");
    if (e == ERR_OK)
        e = forget_replaced(w);
    if (e == ERR_OK)
        e = next_key_move(w, NEXT_ID, ID);
    c->has_next = false;
    return e == ERR_OK ? tell(c, "reload the agent (SIGHUP), which then signs with this key alone; readers take the old line out")
                       : e;
}

/* What folder and store say, where the folder may have no key any more. */
static enum err look_for_lost(struct change *c, bool *has_old)
{
    struct work *w = c->w;
    c->has_next = next_key_has(w, NEXT_ID);
    *has_old = next_key_has(w, ID);
    enum err e = c->has_next ? load_line(w, NEXT_ID, &c->text, &c->next) : ERR_OK;
    if (e == ERR_OK && *has_old && !c->has_next)
        e = load_line(w, ID, &c->text, &c->old);
    return e == ERR_OK ? read_keys(c) : e;
}

/* Whether --lost put the key of the folder in its place, and the agent does not work with it yet. */
static enum err read_replaced(struct change *c, bool *out)
{
    struct work *w = c->w;
    char path[WORK_PATH_MAX];
    struct bytes said = {NULL, 0};
    enum err e = work_path(w, path, REPLACED, "");
    *out = e == ERR_OK && file_exists(path) && own_log_keys_find(&c->in_use, &c->old) == NULL;
    if (*out)
        e = work_read_in(w, REPLACED, VKEY_MAX_TEXT, &said);
    *out = *out && e == ERR_OK && bytes_equal(said, buf_bytes(&c->text));
    return e;
}

/* The fresh key, or the one that nobody works with yet, takes the place of the one that is lost. */
static enum err replace_key(struct change *c)
{
    struct work *w = c->w;
    struct key *key CLEANUP(cleanup_key_free) = NULL;
    enum err e = c->has_next ? ERR_OK : work_new_key_as(w, NEXT_ID, ID, KEY_TYPE_ED25519, &key);
    if (e == ERR_OK)
        e = load_line(w, NEXT_ID, &c->text, &c->next);
    if (e == ERR_OK)
        e = work_write_in(w, REPLACED, buf_bytes(&c->text), 0600);
    if (e == ERR_OK)
        e = next_key_move(w, NEXT_ID, ID);
    return e == ERR_OK ? load_lines(c) : e;
}

/* The broker takes the next key without an officer's word where it has cosigned under it. One with which the agent signs is
 * not new: others may have it, as they may have the one beside it. */
static enum err may_replace(struct change *c)
{
    struct work *w = c->w;
    const enum stage s = c->has_next ? stage_of(c) : STAGE_MADE;
    if (s == STAGE_WITNESSED)
        return errmsg_set(&w->why, ERR_STATE, "own-log: the broker has cosigned the next key: rotate --key own-log --switch");
    if (s != STAGE_MADE)
        return errmsg_set(&w->why, ERR_STATE,
                          "own-log: the agent signs with the next key already, so it is not new: remove keys/" NEXT_ID ".key first");
    return ERR_OK;
}

#define THEN "give every reader of this log this line in the place of the lost one, then reload the agent (SIGHUP); a minute later a " \
             "security officer vouches for it: sluis witness --vouch LINE"

/* Given again before the agent works with the new key, it prints its line again. */
static enum err replace(struct change *c)
{
    struct work *w = c->w;
    bool has_old = false;
    bool is_done = false;
    enum err e = look_for_lost(c, &has_old);
    const bool lay = c->has_next;
    if (e == ERR_OK)
        e = may_replace(c);
    if (e == ERR_OK && has_old && !lay)
        e = read_replaced(c, &is_done);
    if (e == ERR_OK && w->o->dry_run && lay)
        return plan(w, "put keys/" NEXT_ID ".key, which lies there, in the place of keys/" ID ".key, for good; a security officer then "
                       "vouches for it");
    if (e == ERR_OK && w->o->dry_run)
        return plan(w, is_done ? "change nothing: keys/" ID ".key is new"
                               : "put a new key in the place of keys/" ID ".key, for good; a security officer then vouches for it");
    if (e == ERR_OK)
        e = is_done ? load_lines(c) : replace_key(c);
    return e == ERR_OK ? tell(c, lay ? "it is the key that lay in keys/" NEXT_ID ".key; " THEN : THEN) : e;
}

static enum err show(struct change *c)
{
    const enum err e = look(c);
    return e == ERR_OK ? tell(c, step_of(stage_of(c))) : e;
}

static enum err check(struct work *w)
{
    if (w->o->retire > 0)
        return errmsg_set(&w->why, ERR_CONFIG, "rotate --key own-log: has no --retire");
    if (w->o->lost && (w->o->switch_over || w->o->remains))
        return errmsg_set(&w->why, ERR_CONFIG, "rotate --key own-log: --lost stands alone");
    if (renewing_is_broker(w))
        return errmsg_set(&w->why, ERR_CONFIG, "%s: the folder of a broker: rotate --key log", w->o->dir);
    return next_key_has(w, ID) || w->o->lost ? ERR_OK
                               : errmsg_set(&w->why, ERR_NOT_FOUND, "%s: its log has no key; sluis-pki log makes it", w->o->dir);
}

enum err rotate_own_log(struct work *w)
{
    struct change c CLEANUP(free_change) = {.w = w, .text = buf_new(VKEY_MAX_TEXT)};
    const enum err e = check(w);
    if (e != ERR_OK)
        return e;
    if (w->o->lost)
        return replace(&c);
    if (w->o->remains)
        return show(&c);
    return w->o->switch_over ? finish(&c) : begin(&c);
}
