/* approve: the registrar checks a request, issues its certificates, puts party or person into the draft
 * roster, writes the answer and destroys the token. */
#include "pki/ca.h"
#include "pki/cli/pki/draft.h"
#include "pki/cli/pki/token.h"
#include "pki/cli/pki/verbs.h"
#include "pki/csr.h"
#include "pki/digest.h"
#include "proto/base/text.h"
#include "proto/msg/enrol.h"

#include <stdio.h>

#define SHELTERED_MAX (ENROL_MAX_BYTES + 256)
#define DAY_S INT64_C(86400)
#define BACKDATE_S 300

struct approving {
    struct enrol_request request;
    struct digest request_digest;
    struct agency_id oin;
    const char *name; /* common name of what is issued */
    struct secret *token;
    char token_path[WORK_PATH_MAX];
    struct roster roster;
    struct cert *root;
    struct cert *issuer;
    struct cert *roster_key;
    struct key *issuer_key;
    struct cert *signing;
    struct cert *sealing;
    struct cert *transport;
};

static void free_approving(struct approving *a)
{
    struct cert *certs[] = {a->root,    a->issuer,  a->roster_key,
                            a->signing, a->sealing, a->transport};
    for (size_t i = 0; i < ARRAY_LEN(certs); i++)
        cert_free(certs[i]);
    key_free(a->issuer_key);
    secret_free(a->token);
}

static enum err read_request(struct work *w, struct approving *a)
{
    struct bytes wire = {NULL, 0};
    struct sheltered s;
    enum err e = work_read(w, w->o->request, SHELTERED_MAX, &wire);
    if (e == ERR_OK)
        e = sheltered_decode(wire, ENROL_MAX_BYTES, w->arena, &s, &w->why);
    if (e == ERR_OK)
        e = enrol_request_decode(s.document, w->arena, &a->request, &w->why);
    if (e != ERR_OK)
        return errmsg_wrap(&w->why, e, "%s", w->o->request);
    a->oin = a->request.subject == ENROL_OFFICER ? a->request.officer.agency
                                                 : a->request.member.id;
    e = token_find(w, &a->oin, &s, &a->token, a->token_path);
    return e != ERR_OK ? e : digest_sha256(&s.document, 1, &a->request_digest);
}

static enum err read_register(struct work *w, struct approving *a)
{
    enum err e = draft_load(w, &a->roster);
    if (e == ERR_OK && !name_equal(&a->roster.deployment, &a->request.deployment))
        e = errmsg_set(&w->why, ERR_MISMATCH, "request: for deployment %s",
                       a->request.deployment.s);
    if (e == ERR_OK)
        e = work_load_cert(w, "root-ca", CERT_ROOT, &a->root);
    if (e == ERR_OK)
        e = work_load_cert(w, "issuing-ca", CERT_ISSUER, &a->issuer);
    if (e == ERR_OK)
        e = work_load_cert(w, "roster-key", CERT_PINNED, &a->roster_key);
    return e != ERR_OK ? e : work_load_key(w, "issuing", KEY_TYPE_P256, &a->issuer_key);
}

/* Keeps a copy of whatever was issued, by its fingerprint. */
static enum err keep(struct work *w, const struct cert *c)
{
    char hex[2 * sizeof(struct digest) + 1] = "";
    char id[128];
    struct buf b = buf_fixed(hex, sizeof hex - 1);
    text_put_hex(&b, digest_bytes(cert_fingerprint(c)));
    snprintf(id, sizeof id, "issued/%s", hex);
    return work_save_cert(w, id, c);
}

static enum err issue(struct work *w, struct approving *a, enum cert_use use,
                      const struct key *subject, struct cert **out)
{
    int64_t days = w->o->days > 0 ? (int64_t)w->o->days : 365;
    struct ca_request r = {use, a->oin, a->name, w->now_s - BACKDATE_S, w->now_s + days * DAY_S};
    struct ca_issuer by = {a->issuer, a->issuer_key};
    enum err e = ca_issue(&r, &by, subject, out, &w->why);
    return e != ERR_OK ? e : keep(w, *out);
}

static enum err issue_for_csr(struct work *w, struct approving *a, enum cert_use use,
                              struct cert **out)
{
    struct key *subject CLEANUP(cleanup_key_free) = NULL;
    struct bytes csr = use == CERT_SEALING ? a->request.sealing_csr : a->request.signing_csr;
    enum err e = csr_check(csr, &a->oin, a->name, &subject, &w->why);
    return e != ERR_OK ? e : issue(w, a, use, subject, out);
}

static struct roster_cert entry(const struct cert *c)
{
    return (struct roster_cert){cert_der(c), *cert_fingerprint(c)};
}

static enum err approve_member(struct work *w, struct approving *a)
{
    struct roster_member m = a->request.member;
    struct key *curve CLEANUP(cleanup_key_free) = NULL;
    a->name = arena_text(w->arena, m.name);
    if (a->name == NULL)
        return ERR_NOMEM;
    enum err e = issue_for_csr(w, a, CERT_SIGNING, &a->signing);
    if (e == ERR_OK && m.kind == MEMBER_AGENCY)
        e = issue_for_csr(w, a, CERT_SEALING, &a->sealing);
    if (e == ERR_OK)
        e = key_from_raw_public(KEY_TYPE_X25519, BYTES_OF_ARRAY(m.curve.b), &curve);
    if (e == ERR_OK)
        e = issue(w, a, CERT_TRANSPORT, curve, &a->transport);
    if (e != ERR_OK)
        return e;
    m.signing = entry(a->signing);
    m.transport = entry(a->transport);
    if (a->sealing != NULL)
        m.sealing = entry(a->sealing);
    if (m.kind == MEMBER_BROKER) {
        a->roster.log_key = a->request.log_key;
        a->roster.log_origin = a->request.log_origin;
    }
    e = draft_put_member(w, &a->roster, &m);
    return e != ERR_OK ? e : draft_act(w, &a->roster, "approved member", m.id.oin);
}

static enum err approve_officer(struct work *w, struct approving *a)
{
    struct roster_officer o = a->request.officer;
    char whom[OIN_CHARS + NAME_MAX_BYTES + 2];
    a->name = a->request.officer.staff.s;
    enum err e = issue_for_csr(w, a, CERT_OFFICER, &a->signing);
    if (e != ERR_OK)
        return e;
    o.cert = entry(a->signing);
    snprintf(whom, sizeof whom, "%s %s", o.agency.oin, o.staff.s);
    e = draft_put_officer(w, &a->roster, &o);
    return e != ERR_OK ? e : draft_act(w, &a->roster, "approved officer", whom);
}

static enum err write_answer(struct work *w, const struct approving *a)
{
    struct enrol_answer r = {.deployment = a->roster.deployment,
                             .request = a->request_digest,
                             .created_at = w->now_s,
                             .root = cert_der(a->root),
                             .issuer = cert_der(a->issuer),
                             .roster_key = cert_der(a->roster_key),
                             .signing = cert_der(a->signing)};
    struct buf doc CLEANUP(buf_free) = buf_new(ENROL_MAX_BYTES);
    struct buf wire CLEANUP(buf_free) = buf_new(SHELTERED_MAX);
    if (a->sealing != NULL)
        r.sealing = cert_der(a->sealing);
    if (a->transport != NULL)
        r.transport = cert_der(a->transport);
    enum err e = enrol_answer_encode(&r, &doc, &w->why);
    if (e == ERR_OK)
        e = token_shelter(a->token, TOKEN_ANSWER, buf_bytes(&doc), &wire);
    return e != ERR_OK ? e : file_write(w->o->answer, buf_bytes(&wire), 0644, &w->why);
}

static void put_line(struct work *w, const char *what, const struct cert *c)
{
    if (c == NULL)
        return;
    buf_printf(&w->out, w->o->json ? ",\"%s\":\"" : "%-10s ", what);
    work_put_fingerprint(&w->out, cert_fingerprint(c));
    buf_put_str(&w->out, w->o->json ? "\"" : "\n");
}

static enum err report(struct work *w, const struct approving *a)
{
    const char *staff = a->request.subject == ENROL_OFFICER ? a->request.officer.staff.s : "";
    if (w->o->json)
        buf_printf(&w->out, "{\"oin\":\"%s\",\"staff\":\"%s\"", a->oin.oin, staff);
    else
        buf_printf(&w->out, "approved %s %s; certificates, to be compared by voice:\n",
                   a->oin.oin, staff);
    put_line(w, staff[0] != '\0' ? "officer" : "signing", a->signing);
    put_line(w, "sealing", a->sealing);
    put_line(w, "transport", a->transport);
    if (w->o->json)
        buf_put_str(&w->out, "}\n");
    return buf_err(&w->out);
}

enum err verb_approve(struct work *w)
{
    const struct work_need needs[] = {{"dir", w->o->dir},
                                      {"request", w->o->request},
                                      {"answer", w->o->answer},
                                      {NULL, NULL}};
    struct approving a CLEANUP(free_approving) = {.token = NULL};
    enum err e = work_needs(w, needs);
    if (e == ERR_OK)
        e = read_request(w, &a);
    if (e == ERR_OK)
        e = read_register(w, &a);
    if (e == ERR_OK)
        e = a.request.subject == ENROL_OFFICER ? approve_officer(w, &a) : approve_member(w, &a);
    if (e == ERR_OK)
        e = draft_save(w, &a.roster);
    if (e == ERR_OK)
        e = write_answer(w, &a);
    if (e == ERR_OK)
        e = file_remove(a.token_path, &w->why);
    return e != ERR_OK ? e : report(w, &a);
}
