/* witness: the key with which an agency cosigns the audit log, and the line by which others know it. */
#include "pki/cli/pki/verbs.h"
#include "pki/cli/pki/work.h"
#include "pki/note.h"

#define WITNESS_KEY "witness"

static enum err make_or_load(struct work *w, struct key **out)
{
    char path[WORK_PATH_MAX];
    enum err e = work_key_path(w, WITNESS_KEY, path);
    if (e != ERR_OK)
        return e;
    return file_exists(path) ? work_load_key(w, WITNESS_KEY, KEY_TYPE_ED25519, out)
                             : work_new_key(w, WITNESS_KEY, KEY_TYPE_ED25519, out);
}

/* DEPLOYMENT/witness/OIN of the agency whose folder it is. */
static enum err make_name(struct work *w, struct buf *out)
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
    buf_printf(out, "%s/witness/%s", deployment.s, cert_oin(own)->oin);
    return buf_err(out);
}

enum err verb_witness(struct work *w)
{
    const struct work_need needs[] = {{"dir", w->o->dir}, {NULL, NULL}};
    struct key *key CLEANUP(cleanup_key_free) = NULL;
    struct buf name CLEANUP(buf_free) = buf_new(NOTE_MAX_NAME);
    struct vkey v;
    enum err e = work_needs(w, needs);
    if (e == ERR_OK)
        e = make_name(w, &name);
    if (e == ERR_OK && !note_name_valid(buf_bytes(&name)))
        e = errmsg_set(&w->why, ERR_CONFIG, "--name: the name of a witness has no white space and no '+'");
    if (e == ERR_OK)
        e = make_or_load(w, &key);
    const struct note_signer signer = {buf_bytes(&name), key};
    if (e == ERR_OK)
        e = note_vkey(&signer, VKEY_COSIGNATURE_V1, &v);
    if (e != ERR_OK)
        return e;
    buf_put_str(&w->out, w->o->json ? "{\"vkey\":\"" : "");
    vkey_write(&v, &w->out);
    buf_put_str(&w->out, w->o->json ? "\"}\n" : "\n");
    return buf_err(&w->out);
}
