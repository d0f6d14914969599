#include "pki/cli/pki/two_officers.h"

#include "proto/msg/signed.h"

#define FRAME_ROOM 1024

/* Its officer counts now. */
static enum err read_one(struct work *w, const struct trust *trust, const struct two_officers *what,
                         const char *file, struct officer_signed *out)
{
    struct bytes wire = {NULL, 0};
    struct signed_doc doc;
    const struct cert *c = NULL;
    enum err e = work_read(w, file, what->max_document + FRAME_ROOM, &wire);
    if (e == ERR_OK)
        e = signed_doc_decode(wire, what->max_document, w->arena, &doc, &w->why);
    if (e != ERR_OK)
        return errmsg_wrap(&w->why, e, "%s", file);
    out->document = doc.document;
    out->by = roster_officer_by_cert(trust_roster(trust), &doc.signer);
    if (out->by == NULL)
        return errmsg_set(&w->why, ERR_NOT_FOUND, "%s: signed by no officer of the roster", file);
    const struct trust_officer_query q = {out->by->agency, out->by->staff, FUNCTION_NONE, w->now_s};
    e = trust_officer_cert(trust, &q, &c, NULL, &w->why);
    if (e == ERR_OK)
        e = sign_verify(what->kind, cert_key(c), doc.document, doc.signature);
    return e == ERR_OK
               ? e
               : errmsg_set(&w->why, e, "%s: not the signature of %s", file, out->by->staff.s);
}

enum err two_officers_read(struct work *w, const struct trust *trust, const struct two_officers *what,
                           struct officer_signed out[static 2])
{
    if (what->files->count != 2)
        return errmsg_set(&w->why, ERR_CONFIG, "--%s: give two files, of two officers ('%s')",
                          what->option, what->verb);
    out[0] = out[1] = (struct officer_signed){{NULL, 0}, NULL};
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < 2; i++)
        e = read_one(w, trust, what, what->files->v[i], &out[i]);
    if (e != ERR_OK || out[0].by == NULL || out[1].by == NULL)
        return e != ERR_OK ? e : ERR_STATE;
    if (!bytes_equal(out[0].document, out[1].document))
        return errmsg_set(&w->why, ERR_MISMATCH, "--%s: the two officers signed different things",
                          what->option);
    if (name_equal(&out[0].by->person, &out[1].by->person))
        return errmsg_set(&w->why, ERR_PERMISSION, "%s and %s are one person; it takes two",
                          out[0].by->staff.s, out[1].by->staff.s);
    return ERR_OK;
}

enum err two_officers_sign(struct work *w, enum sign_kind kind, struct bytes document)
{
    struct key *key CLEANUP(cleanup_key_free) = NULL;
    struct cert *own CLEANUP(cleanup_cert_free) = NULL;
    struct buf wire CLEANUP(buf_free) = buf_new(document.len + FRAME_ROOM);
    enum err e = work_load_signer(w, "officer", CERT_OFFICER, &key, &own);
    if (e != ERR_OK)
        return e;
    const struct trust_signer s = {kind, key, *cert_fingerprint(own)};
    e = trust_sign(&s, document, &wire);
    return e == ERR_OK ? file_write(w->o->out, buf_bytes(&wire), 0644, &w->why) : e;
}
