/* witness: the key with which an agency cosigns the audit log, or a broker the agencies' own logs. log: the key of an
 * agency's own log. Each is made once, and the line is printed by which others know it. */
#include "pki/cli/pki/log_line.h"
#include "pki/cli/pki/renewing.h"
#include "pki/cli/pki/verbs.h"

static enum err make_or_load(struct work *w, const char *id, struct key **out)
{
    char path[WORK_PATH_MAX];
    enum err e = work_key_path(w, id, path);
    if (e != ERR_OK)
        return e;
    return file_exists(path) ? work_load_key(w, id, KEY_TYPE_ED25519, out)
                             : work_new_key(w, id, KEY_TYPE_ED25519, out);
}

static enum err make_name(struct work *w, const struct log_line *l, struct buf *out)
{
    struct cert *own CLEANUP(cleanup_cert_free) = NULL;
    struct name deployment;
    if (w->o->name != NULL) {
        buf_put_str(out, w->o->name);
        return buf_err(out);
    }
    enum err e = work_deployment(w, &deployment);
    if (e == ERR_OK)
        e = work_load_cert(w, "signing", CERT_SIGNING, &own);
    if (e != ERR_OK)
        return e;
    buf_printf(out, "%s/%s/%s", deployment.s, l->id, cert_oin(own)->oin);
    return buf_err(out);
}

static enum err valid_name(struct work *w, const struct log_line *l, struct buf *out)
{
    const enum err e = make_name(w, l, out);
    if (e == ERR_OK && !note_name_valid(buf_bytes(out)))
        return errmsg_set(&w->why, ERR_CONFIG, "--name: the name of a %s has no white space and no '+'", l->id);
    return e;
}

enum err log_line_put(struct work *w, const struct log_line *l, const struct key *key, struct buf *out)
{
    struct buf name CLEANUP(buf_free) = buf_new(NOTE_MAX_NAME);
    struct vkey v;
    enum err e = valid_name(w, l, &name);
    const struct note_signer signer = {buf_bytes(&name), key};
    if (e == ERR_OK)
        e = note_vkey(&signer, l->type, &v);
    if (e != ERR_OK)
        return e;
    vkey_write(&v, out);
    return buf_err(out);
}

static enum err print_line(struct work *w, const struct log_line *l)
{
    const struct work_need needs[] = {{"dir", w->o->dir}, {NULL, NULL}};
    struct key *key CLEANUP(cleanup_key_free) = NULL;
    struct buf name CLEANUP(buf_free) = buf_new(NOTE_MAX_NAME);
    enum err e = work_needs(w, needs);
    if (e == ERR_OK)
        e = valid_name(w, l, &name); /* before a key is made */
    if (e == ERR_OK)
        e = make_or_load(w, l->id, &key);
    buf_put_str(&w->out, w->o->json ? "{\"vkey\":\"" : "");
    if (e == ERR_OK)
        e = log_line_put(w, l, key, &w->out);
    if (e != ERR_OK)
        return e;
    buf_put_str(&w->out, w->o->json ? "\"}\n" : "\n");
    return buf_err(&w->out);
}

enum err verb_witness(struct work *w)
{
    const struct log_line l = {"witness", VKEY_COSIGNATURE_V1};
    return print_line(w, &l);
}

/* The agent names its log itself, so that there is no --name here. */
enum err verb_log(struct work *w)
{
    const struct log_line l = {"log", VKEY_ED25519};
    if (w->o->name != NULL)
        return errmsg_set(&w->why, ERR_CONFIG, "--name: the log of an agency is named by its deployment and OIN");
    if (w->o->dir != NULL && renewing_is_broker(w))
        return errmsg_set(&w->why, ERR_CONFIG, "%s: the folder of a broker: the roster has the line of its log", w->o->dir);
    return print_line(w, &l);
}
