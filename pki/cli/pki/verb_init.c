/* init: the registrar's folder. signer: a policy signer's. */
#include "pki/ca.h"
#include "pki/cli/pki/draft.h"
#include "pki/cli/pki/verbs.h"

#define DAY_S INT64_C(86400)
#define ROOT_DAYS 3650
#define ISSUER_DAYS 1825
#define BACKDATE_S 300 /* so that a clock slightly behind takes a new certificate */

struct authority {
    struct key *root_key;
    struct key *issuing_key;
    struct key *roster_key;
    struct cert *root;
    struct cert *issuing;
    struct cert *roster;
};

static void free_authority(struct authority *a)
{
    key_free(a->root_key);
    key_free(a->issuing_key);
    key_free(a->roster_key);
    cert_free(a->root);
    cert_free(a->issuing);
    cert_free(a->roster);
}

static enum err make_authority(struct work *w, const struct agency_id *oin, struct authority *a)
{
    int64_t from = w->now_s - BACKDATE_S;
    struct ca_request root = {CERT_ROOT, *oin, "Sluis root CA", from, from + ROOT_DAYS * DAY_S};
    struct ca_request issuing = {CERT_ISSUER, *oin, "Sluis issuing CA", from,
                                 from + ISSUER_DAYS * DAY_S};
    struct ca_request roster = {CERT_PINNED, *oin, "Sluis roster key", from,
                                from + ISSUER_DAYS * DAY_S};
    enum err e = work_new_key(w, "root", KEY_TYPE_P256, &a->root_key);
    if (e == ERR_OK)
        e = work_new_key(w, "issuing", KEY_TYPE_P256, &a->issuing_key);
    if (e == ERR_OK)
        e = work_new_key(w, "roster", KEY_TYPE_P256, &a->roster_key);
    if (e == ERR_OK)
        e = ca_self_sign(&root, a->root_key, &a->root, &w->why);
    struct ca_issuer by_root = {a->root, a->root_key};
    if (e == ERR_OK)
        e = ca_issue(&issuing, &by_root, a->issuing_key, &a->issuing, &w->why);
    if (e == ERR_OK)
        e = ca_self_sign(&roster, a->roster_key, &a->roster, &w->why);
    return e;
}

static enum err save_authority(struct work *w, const struct authority *a)
{
    enum err e = work_save_cert(w, "root-ca", a->root);
    if (e == ERR_OK)
        e = work_save_cert(w, "issuing-ca", a->issuing);
    return e != ERR_OK ? e : work_save_cert(w, "roster-key", a->roster);
}

/* The first draft: the registrar alone. */
static enum err first_draft(struct work *w, const struct agency_id *oin, const struct authority *a)
{
    struct roster_cert issuer = {cert_der(a->issuing), *cert_fingerprint(a->issuing)};
    struct roster_member me = {.id = *oin,
                               .kind = MEMBER_REGISTRAR,
                               .name = bytes_str(w->o->name),
                               .host = *oin};
    struct buf spki CLEANUP(buf_free) = buf_new(KEY_SPKI_MAX_BYTES);
    struct roster r = {.serial = 1,
                       .issued_at = w->now_s,
                       .not_after = w->now_s + ROSTER_MAX_LIFE_S,
                       .issuers = &issuer,
                       .issuer_count = 1,
                       .members = &me,
                       .member_count = 1};
    enum err e = work_name(w, "deployment", w->o->deployment, &r.deployment);
    if (e == ERR_OK && w->o->host != NULL)
        e = work_oin(w, "host", w->o->host, &me.host);
    if (e == ERR_OK)
        e = key_put_spki(a->roster_key, &spki);
    r.key = buf_bytes(&spki);
    if (e == ERR_OK)
        e = draft_act(w, &r, "register opened by", oin->oin);
    return e != ERR_OK ? e : draft_save(w, &r);
}

static enum err make_folders(struct work *w)
{
    char path[WORK_PATH_MAX];
    enum err e = work_make_dirs(w);
    if (e == ERR_OK)
        e = work_path(w, path, "tokens", "");
    if (e == ERR_OK)
        e = file_make_dir(path, &w->why);
    if (e == ERR_OK)
        e = work_path(w, path, "issued", "");
    return e != ERR_OK ? e : file_make_dir(path, &w->why);
}

static void report(struct work *w, const struct authority *a)
{
    struct digest key;
    if (key_fingerprint(a->roster_key, &key) != ERR_OK)
        return;
    buf_put_str(&w->out, w->o->json ? "{\"root\":\"" : "root certificate  ");
    work_put_fingerprint(&w->out, cert_fingerprint(a->root));
    buf_put_str(&w->out, w->o->json ? "\",\"roster_key\":\"" : "\nroster key        ");
    work_put_fingerprint(&w->out, &key);
    buf_put_str(&w->out, w->o->json ? "\"}\n"
                                    : "\nread both out to each party: they pin them. Keep "
                                      "keys/root.key off this machine.\n");
}

enum err verb_init(struct work *w)
{
    const struct work_need needs[] = {{"dir", w->o->dir},
                                      {"deployment", w->o->deployment},
                                      {"oin", w->o->oin},
                                      {"name", w->o->name},
                                      {NULL, NULL}};
    struct authority a CLEANUP(free_authority) = {NULL};
    struct agency_id oin;
    struct name deployment;
    enum err e = work_needs(w, needs);
    if (e == ERR_OK)
        e = work_oin(w, "oin", w->o->oin, &oin);
    if (e == ERR_OK)
        e = work_name(w, "deployment", w->o->deployment, &deployment);
    if (e == ERR_OK)
        e = make_folders(w);
    if (e == ERR_OK)
        e = make_authority(w, &oin, &a);
    if (e == ERR_OK)
        e = save_authority(w, &a);
    if (e == ERR_OK)
        e = work_write_in(w, "deployment", name_bytes(&deployment), 0644);
    if (e == ERR_OK)
        e = first_draft(w, &oin, &a);
    if (e == ERR_OK)
        report(w, &a);
    return e;
}

enum err verb_signer(struct work *w)
{
    const struct work_need needs[] = {
        {"dir", w->o->dir}, {"oin", w->o->oin}, {"name", w->o->name}, {NULL, NULL}};
    struct key *key CLEANUP(cleanup_key_free) = NULL;
    struct cert *cert CLEANUP(cleanup_cert_free) = NULL;
    int64_t days = w->o->days > 0 ? (int64_t)w->o->days : 730;
    struct ca_request r = {.use = CERT_PINNED,
                           .name = w->o->name,
                           .not_before = w->now_s - BACKDATE_S,
                           .not_after = w->now_s + days * DAY_S};
    struct digest pin;
    enum err e = work_needs(w, needs);
    if (e == ERR_OK)
        e = work_oin(w, "oin", w->o->oin, &r.oin);
    if (e == ERR_OK)
        e = work_make_dirs(w);
    if (e == ERR_OK)
        e = work_new_key(w, "signer", KEY_TYPE_P256, &key);
    if (e == ERR_OK)
        e = ca_self_sign(&r, key, &cert, &w->why);
    if (e == ERR_OK)
        e = work_save_cert(w, "signer", cert);
    if (e == ERR_OK)
        e = key_fingerprint(key, &pin);
    if (e != ERR_OK)
        return e;
    buf_put_str(&w->out, w->o->json ? "{\"pin\":\"" : "pin of this signer  ");
    work_put_fingerprint(&w->out, &pin);
    buf_put_str(&w->out, w->o->json ? "\"}\n" : "\n");
    return buf_err(&w->out);
}
