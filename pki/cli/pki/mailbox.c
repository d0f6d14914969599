#include "pki/cli/pki/mailbox.h"

void mailbox_clear(struct mailbox *m)
{
    cert_free(m->signing);
    cert_free(m->transport);
}

static enum err make_one(struct work *w, const struct issuing *by, const struct issue_subject *s,
                         struct cert **out)
{
    const char *id = cert_use_id(s->use);
    enum key_type type = s->use == CERT_TRANSPORT ? KEY_TYPE_X25519 : KEY_TYPE_P256;
    struct key *key CLEANUP(cleanup_key_free) = NULL;
    struct cert *c CLEANUP(cleanup_cert_free) = NULL;
    enum err e = work_new_key(w, id, type, &key);
    if (e == ERR_OK)
        e = issue_cert(w, by, s, key, &c);
    if (e == ERR_OK)
        e = issue_keep(w, c, cert_fingerprint(c));
    if (e == ERR_OK)
        e = work_save_cert(w, id, c);
    if (e == ERR_OK)
        *out = take(c);
    return e;
}

enum err mailbox_make(struct work *w, const struct issuing *by, const struct roster_member *me,
                      struct mailbox *out)
{
    struct issue_subject s = {CERT_SIGNING, me->id, arena_text(w->arena, me->name)};
    if (s.name == NULL)
        return ERR_NOMEM;
    enum err e = make_one(w, by, &s, &out->signing);
    s.use = CERT_TRANSPORT;
    return e != ERR_OK ? e : make_one(w, by, &s, &out->transport);
}

static struct roster_cert entry(const struct cert *c)
{
    return (struct roster_cert){cert_der(c), *cert_fingerprint(c)};
}

enum err mailbox_list(const struct mailbox *m, struct roster_member *me)
{
    _Static_assert(sizeof me->curve.b == KEY_RAW_PUBLIC_BYTES, "one kind of key");
    me->signing = entry(m->signing);
    me->transport = entry(m->transport);
    return key_raw_public(cert_key(m->transport), me->curve.b);
}
