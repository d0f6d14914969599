/* A new key of a witness. It lies in keys/witness.next.key until --switch; meanwhile every audit policy gets its line
 * beside the old one, in a group of which any one counts, so that no head lacks this witness whichever key it has. What it
 * cosigned last is in its store and not in its key: no head is cosigned that does not follow. */
#include "pki/cli/pki/log_line.h"
#include "pki/cli/pki/next_key.h"
#include "pki/cli/pki/rotate.h"
#include "proto/json/json_writer.h"

#define ID "witness"
#define NEXT_ID ID ".next"

static const struct log_line line = {ID, VKEY_COSIGNATURE_V1};

static enum err need_key(struct work *w)
{
    return next_key_has(w, ID) ? ERR_OK
                      : errmsg_set(&w->why, ERR_NOT_FOUND, "%s: no witness; sluis-pki witness makes its key", w->o->dir);
}

static const char *step_of(bool has_next)
{
    return has_next ? "add this line to every audit policy, in a group of which any one counts, beside the old one; then "
                      "rotate --switch"
                    : "restart the service; once it cosigns, take the old line out of every audit policy";
}

/* One answer for all steps: the line of a key, and what comes next. */
static enum err tell(struct work *w, const char *id, const char *next)
{
    struct key *key CLEANUP(cleanup_key_free) = NULL;
    struct buf text CLEANUP(buf_free) = buf_new(VKEY_MAX_TEXT);
    enum err e = work_load_key(w, id, KEY_TYPE_ED25519, &key);
    if (e == ERR_OK)
        e = log_line_put(w, &line, key, &text);
    if (e != ERR_OK)
        return e;
    if (!w->o->json) {
        buf_printf(&w->out, "%s\nnext: %s\n", buf_text(&text), next);
        return buf_err(&w->out);
    }
    struct json_writer j = json_writer_of(&w->out);
    json_put_object(&j, NULL);
    json_put_str(&j, "key", ID);
    json_put_text(&j, "vkey", buf_bytes(&text));
    json_put_bool(&j, "made", next_key_has(w, NEXT_ID));
    json_put_str(&j, "next", next);
    json_put_end(&j);
    buf_put_str(&w->out, "\n");
    return json_writer_done(&j);
}

/* The one that a command which was killed has made, or a fresh one. */
static enum err begin(struct work *w)
{
    struct key *key CLEANUP(cleanup_key_free) = NULL;
    if (w->o->dry_run) {
        buf_printf(&w->out, "would make keys/%s.key and print its line\n", NEXT_ID);
        return buf_err(&w->out);
    }
    const enum err e = next_key_has(w, NEXT_ID) ? ERR_OK : work_new_key_as(w, NEXT_ID, ID, KEY_TYPE_ED25519, &key);
    return e == ERR_OK ? tell(w, NEXT_ID, step_of(true)) : e;
}

static enum err finish(struct work *w)
{
    struct key *key CLEANUP(cleanup_key_free) = NULL;
    if (!next_key_has(w, NEXT_ID))
        return errmsg_set(&w->why, ERR_STATE, "%s: no new key; rotate --key witness makes it", w->o->dir);
    enum err e = work_load_key(w, NEXT_ID, KEY_TYPE_ED25519, &key); /* one that does not open replaces none */
    if (e == ERR_OK && w->o->dry_run) {
        buf_printf(&w->out, "would put keys/%s.key in the place of keys/%s.key\n", NEXT_ID, ID);
        return buf_err(&w->out);
    }
    if (e == ERR_OK)
        e = next_key_move(w, NEXT_ID, ID);
    return e == ERR_OK ? tell(w, ID, step_of(false)) : e;
}

enum err rotate_witness(struct work *w)
{
    enum err e = need_key(w);
    if (e == ERR_OK && w->o->retire > 0)
        e = errmsg_set(&w->why, ERR_CONFIG, "rotate --key witness: has no --retire");
    if (e != ERR_OK)
        return e;
    if (w->o->remains)
        return next_key_has(w, NEXT_ID) ? tell(w, NEXT_ID, step_of(true)) : tell(w, ID, "nothing remains");
    return w->o->switch_over ? finish(w) : begin(w);
}
