/* init: the registrar's folder. signer: a policy signer's. */
#include "pki/ca.h"
#include "pki/cli/pki/authority.h"
#include "pki/cli/pki/verbs.h"

#define DAY_S INT64_C(86400)

static const struct authority_term root_term = {"Sluis root CA", 3650};
static const struct authority_term issuing_term = {"Sluis issuing CA", 1825};
static const struct authority_term roster_term = {"Sluis roster key", 1825};

static enum err read_spec(struct work *w, struct authority_spec *s)
{
    *s = (struct authority_spec){
        .name = w->o->name, .root = root_term, .issuing = issuing_term, .roster = roster_term};
    enum err e = work_oin(w, "oin", w->o->oin, &s->oin);
    if (e == ERR_OK)
        e = work_oin(w, "host", w->o->host != NULL ? w->o->host : w->o->oin, &s->host);
    return e != ERR_OK ? e : work_name(w, "deployment", w->o->deployment, &s->deployment);
}

static enum err make_keys(struct work *w, struct authority *a)
{
    enum err e = work_new_key(w, "root", KEY_TYPE_P256, &a->root_key);
    if (e == ERR_OK)
        e = work_new_key(w, "issuing", KEY_TYPE_P256, &a->issuing_key);
    return e != ERR_OK ? e : work_new_key(w, "roster", KEY_TYPE_P256, &a->roster_key);
}

enum err verb_init(struct work *w)
{
    const struct work_need needs[] = {{"dir", w->o->dir},
                                      {"deployment", w->o->deployment},
                                      {"oin", w->o->oin},
                                      {"name", w->o->name},
                                      {NULL, NULL}};
    struct authority a CLEANUP(authority_free) = {NULL};
    struct authority_spec s;
    enum err e = work_needs(w, needs);
    if (e == ERR_OK)
        e = read_spec(w, &s);
    if (e == ERR_OK)
        e = authority_make_folders(w);
    if (e == ERR_OK)
        e = make_keys(w, &a);
    if (e == ERR_OK)
        e = authority_certify(w, &s, &a);
    if (e == ERR_OK)
        e = authority_save(w, &s, &a);
    if (e == ERR_OK)
        e = authority_report(w, &a);
    if (e == ERR_OK && !w->o->json)
        buf_put_str(&w->out, "Keep keys/root.key off this machine.\n");
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
                           .not_before = w->now_s - AUTHORITY_BACKDATE_S,
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
