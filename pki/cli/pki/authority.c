#include "pki/cli/pki/authority.h"

#include "pki/ca.h"
#include "pki/cli/pki/draft.h"
#include "pki/cli/pki/mailbox.h"
#include "pki/cli/pki/token.h"

#define DAY_S INT64_C(86400)

void authority_free(struct authority *a)
{
    key_free(a->root_key);
    key_free(a->issuing_key);
    key_free(a->roster_key);
    cert_free(a->root);
    cert_free(a->issuing);
    cert_free(a->roster);
}

static struct ca_request request(struct work *w, const struct authority_spec *s, enum cert_use use,
                                 const struct authority_term *t)
{
    int64_t from = w->now_s - AUTHORITY_BACKDATE_S;
    return (struct ca_request){use, s->oin, t->name, from, from + t->days * DAY_S};
}

enum err authority_certify(struct work *w, const struct authority_spec *s, struct authority *a)
{
    struct ca_request root = request(w, s, CERT_ROOT, &s->root);
    struct ca_request issuing = request(w, s, CERT_ISSUER, &s->issuing);
    struct ca_request roster = request(w, s, CERT_PINNED, &s->roster);
    enum err e = ca_self_sign(&root, a->root_key, &a->root, &w->why);
    struct ca_issuer by_root = {a->root, a->root_key};
    if (e == ERR_OK)
        e = ca_issue(&issuing, &by_root, a->issuing_key, &a->issuing, &w->why);
    return e != ERR_OK ? e : ca_self_sign(&roster, a->roster_key, &a->roster, &w->why);
}

/* The first draft: the registrar alone, with its mailbox. */
static enum err first_draft(struct work *w, const struct authority_spec *s,
                            const struct authority *a)
{
    struct mailbox box CLEANUP(mailbox_clear) = {NULL};
    struct issuing by = {a->root, a->issuing, a->roster, a->issuing_key}; /* borrowed */
    struct roster_cert issuer = {cert_der(a->issuing), *cert_fingerprint(a->issuing)};
    struct roster_member me = {
        .id = s->oin, .kind = MEMBER_REGISTRAR, .name = bytes_str(s->name), .host = s->host};
    struct buf spki CLEANUP(buf_free) = buf_new(KEY_SPKI_MAX_BYTES);
    struct roster r = {.deployment = s->deployment,
                       .serial = 1,
                       .issued_at = w->now_s,
                       .not_after = w->now_s + ROSTER_MAX_LIFE_S,
                       .issuers = &issuer,
                       .issuer_count = 1,
                       .members = &me,
                       .member_count = 1,
                       .has_ceremony = s->ceremony != NULL};
    if (s->ceremony != NULL)
        r.ceremony = *s->ceremony;
    enum err e = key_put_spki(a->roster_key, &spki);
    r.key = buf_bytes(&spki);
    if (e == ERR_OK)
        e = mailbox_make(w, &by, &me, &box);
    if (e == ERR_OK)
        e = mailbox_list(&box, &me);
    if (e == ERR_OK)
        e = draft_act(w, &r, "register opened by", s->oin.oin);
    return e != ERR_OK ? e : draft_save(w, &r);
}

enum err authority_save(struct work *w, const struct authority_spec *s, const struct authority *a)
{
    enum err e = work_save_cert(w, "root-ca", a->root);
    if (e == ERR_OK)
        e = work_save_cert(w, "issuing-ca", a->issuing);
    if (e == ERR_OK)
        e = work_save_cert(w, "roster-key", a->roster);
    if (e == ERR_OK)
        e = work_write_in(w, "deployment", name_bytes(&s->deployment), 0644);
    if (e == ERR_OK)
        e = token_make_key(w);
    return e != ERR_OK ? e : first_draft(w, s, a);
}

enum err authority_make_folders(struct work *w)
{
    static const char *const folders[] = {"tokens", "issued"};
    char path[WORK_PATH_MAX];
    enum err e = work_make_dirs(w);
    for (size_t i = 0; e == ERR_OK && i < ARRAY_LEN(folders); i++) {
        e = work_path(w, path, folders[i], "");
        if (e == ERR_OK)
            e = file_make_dir(path, &w->why);
    }
    return e;
}

enum err authority_report(struct work *w, const struct authority *a)
{
    struct digest key;
    enum err e = key_fingerprint(a->roster_key, &key);
    if (e != ERR_OK)
        return e;
    buf_put_str(&w->out, w->o->json ? "{\"root\":\"" : "root certificate  ");
    work_put_fingerprint(&w->out, cert_fingerprint(a->root));
    buf_put_str(&w->out, w->o->json ? "\",\"roster_key\":\"" : "\nroster key        ");
    work_put_fingerprint(&w->out, &key);
    buf_put_str(&w->out, w->o->json ? "\"}\n" : "\nread both out to each party: they pin them.\n");
    return buf_err(&w->out);
}
