/* accept: a party checks the registrar's answer and installs what it brings. */
#include "pki/cli/pki/token.h"
#include "pki/cli/pki/verbs.h"
#include "pki/digest.h"
#include "proto/msg/enrol.h"

#define SHELTERED_MAX (ENROL_MAX_BYTES + SHELTERED_MAX_PROOF + 256)

struct accepting {
    struct enrol_request request;
    struct enrol_answer answer;
    struct digest request_digest;
    struct cert *root;
    struct cert *issuer;
    struct cert *roster_key;
};

static void free_accepting(struct accepting *a)
{
    cert_free(a->root);
    cert_free(a->issuer);
    cert_free(a->roster_key);
}

static enum err read_request(struct work *w, struct accepting *a)
{
    struct bytes wire = {NULL, 0};
    struct sheltered s;
    enum err e = work_read_in(w, "enrol.request", SHELTERED_MAX, &wire);
    if (e == ERR_OK)
        e = sheltered_decode(wire, ENROL_MAX_BYTES, w->arena, &s, &w->why);
    if (e == ERR_OK)
        e = digest_sha256(&s.document, 1, &a->request_digest);
    if (e == ERR_OK)
        e = enrol_request_decode(s.document, w->arena, &a->request, &w->why);
    return e == ERR_OK ? e : errmsg_wrap(&w->why, e, "enrol.request");
}

static enum err read_answer(struct work *w, struct accepting *a)
{
    char path[WORK_PATH_MAX];
    struct secret *token CLEANUP(cleanup_secret_free) = NULL;
    struct bytes wire = {NULL, 0};
    struct sheltered s;
    enum err e = work_path(w, path, "enrol.token", "");
    if (e == ERR_OK)
        e = token_read(w, path, &token);
    if (e == ERR_OK)
        e = work_read(w, w->o->answer, SHELTERED_MAX, &wire);
    if (e == ERR_OK)
        e = sheltered_decode(wire, ENROL_MAX_BYTES, w->arena, &s, &w->why);
    if (e == ERR_OK && token_check(token, TOKEN_ANSWER, &s) != ERR_OK)
        e = errmsg_set(&w->why, ERR_SIGNATURE, "%s: not made with this party's token",
                       w->o->answer);
    if (e == ERR_OK)
        e = enrol_answer_decode(s.document, w->arena, &a->answer, &w->why);
    if (e == ERR_OK && !digest_equal(&a->answer.request, &a->request_digest))
        e = errmsg_set(&w->why, ERR_MISMATCH, "%s: answers another request", w->o->answer);
    return e;
}

static enum err read_anchors(struct work *w, struct accepting *a)
{
    struct cert_anchors root_only;
    enum err e = cert_parse(a->answer.root, CERT_ROOT, &a->root, &w->why);
    if (e == ERR_OK)
        e = cert_check_self(a->root, &w->why);
    if (e == ERR_OK)
        e = cert_parse(a->answer.issuer, CERT_ISSUER, &a->issuer, &w->why);
    root_only = (struct cert_anchors){a->root, NULL, 0};
    if (e == ERR_OK)
        e = cert_check_chain(a->issuer, &root_only, &w->why);
    if (e == ERR_OK)
        e = cert_parse(a->answer.roster_key, CERT_PINNED, &a->roster_key, &w->why);
    return e;
}

/* One certificate: in the profile, from this CA, for this party's own key. */
static enum err install(struct work *w, struct accepting *a, const char *id, enum cert_use use)
{
    struct bytes der = a->answer.signing;
    struct agency_id own = a->request.subject == ENROL_OFFICER ? a->request.officer.agency
                                                               : a->request.member.id;
    struct cert *c CLEANUP(cleanup_cert_free) = NULL;
    struct key *key CLEANUP(cleanup_key_free) = NULL;
    struct cert_anchors anchors = {a->root, &a->issuer, 1};
    if (use == CERT_SEALING)
        der = a->answer.sealing;
    else if (use == CERT_TRANSPORT)
        der = a->answer.transport;
    enum key_type type = use == CERT_TRANSPORT ? KEY_TYPE_X25519 : KEY_TYPE_P256;
    enum err e = cert_parse(der, use, &c, &w->why);
    if (e == ERR_OK)
        e = cert_check_chain(c, &anchors, &w->why);
    if (e == ERR_OK)
        e = work_load_key(w, id, type, &key);
    if (e == ERR_OK && (!key_same_public(key, cert_key(c)) || !agency_id_equal(cert_oin(c), &own)))
        e = errmsg_set(&w->why, ERR_MISMATCH, "%s: the certificate is for another key or party",
                       id);
    return e != ERR_OK ? e : work_save_cert(w, id, c);
}

static enum err install_all(struct work *w, struct accepting *a)
{
    if (a->request.subject == ENROL_OFFICER)
        return install(w, a, "officer", CERT_OFFICER);
    enum err e = install(w, a, "signing", CERT_SIGNING);
    if (e == ERR_OK)
        e = install(w, a, "transport", CERT_TRANSPORT);
    if (e == ERR_OK && a->request.member.kind == MEMBER_AGENCY)
        e = install(w, a, "sealing", CERT_SEALING);
    return e;
}

static enum err finish(struct work *w, const struct accepting *a)
{
    char path[WORK_PATH_MAX];
    struct digest pin;
    enum err e = work_save_cert(w, "root-ca", a->root);
    if (e == ERR_OK)
        e = work_save_cert(w, "roster-key", a->roster_key);
    if (e == ERR_OK)
        e = key_fingerprint(cert_key(a->roster_key), &pin);
    if (e == ERR_OK)
        e = work_path(w, path, "enrol.token", "");
    if (e == ERR_OK)
        e = file_remove(path, &w->why);
    if (e != ERR_OK)
        return e;
    buf_put_str(&w->out, w->o->json ? "{\"root\":\"" : "root certificate  ");
    work_put_fingerprint(&w->out, cert_fingerprint(a->root));
    buf_put_str(&w->out, w->o->json ? "\",\"roster_key\":\"" : "\nroster key        ");
    work_put_fingerprint(&w->out, &pin);
    buf_put_str(&w->out,
                w->o->json ? "\"}\n" : "\ncompare both with what the registrar reads out\n");
    return buf_err(&w->out);
}

enum err verb_accept(struct work *w)
{
    const struct work_need needs[] = {{"dir", w->o->dir}, {"answer", w->o->answer}, {NULL, NULL}};
    struct accepting a CLEANUP(free_accepting) = {.root = NULL};
    enum err e = work_needs(w, needs);
    if (e == ERR_OK)
        e = read_request(w, &a);
    if (e == ERR_OK)
        e = read_answer(w, &a);
    if (e == ERR_OK)
        e = read_anchors(w, &a);
    if (e == ERR_OK)
        e = install_all(w, &a);
    return e != ERR_OK ? e : finish(w, &a);
}
