/* approve: the registrar judges a request, issues its certificates, puts party or person into the draft
 * roster and writes the answer. What it refuses stands in the journal with the reason, and in the acts of the
 * next roster; nothing else has changed then, and the token stays open. */
#include "pki/cli/pki/draft.h"
#include "pki/cli/pki/grant_table.h"
#include "pki/cli/pki/issue.h"
#include "pki/cli/pki/journal.h"
#include "pki/cli/pki/token.h"
#include "pki/cli/pki/verbs.h"
#include "pki/csr.h"
#include "pki/digest.h"
#include "pki/oin_proof.h"
#include "proto/base/text.h"

#include <stdio.h>

#define FINGERPRINT_TEXT_SIZE 80
#define CERTS 3 /* of one party at most */
#define WIRE_MAX (ENROL_MAX_BYTES + SHELTERED_MAX_PROOF + 256)

struct approving {
    struct bytes wire;
    struct sheltered sheltered;
    struct enrol_request request;
    struct digest request_digest;
    struct agency_id oin;
    const char *name; /* common name of what is issued */
    struct token_open token;
    struct roster before;
    struct roster roster;
    struct issuing by;
    struct cert *signing; /* an officer's own certificate, too */
    struct cert *sealing;
    struct cert *transport;
    bool has_proof;
    struct digest proof; /* of the certificate that proved the OIN */
    struct grant_table table;
};

static void free_approving(struct approving *a)
{
    cert_free(a->signing);
    cert_free(a->sealing);
    cert_free(a->transport);
    issuing_free(&a->by);
    token_open_free(&a->token);
}

/* ---- what the registrar has; a failure here is no judgement of the request ---- */

static enum err read_register(struct work *w, struct approving *a)
{
    enum err e = work_read(w, w->o->request, WIRE_MAX, &a->wire);
    if (e == ERR_OK)
        e = issuing_open(w, &a->by);
    if (e == ERR_OK)
        e = draft_load(w, &a->roster);
    a->before = a->roster;
    return e;
}

/* ---- judging ---- */

/* The MAC first, over the bytes as they came; only then are they decoded. */
static enum err open_request(struct work *w, struct approving *a)
{
    enum err e = sheltered_decode(a->wire, ENROL_MAX_BYTES, w->arena, &a->sheltered, &w->why);
    if (e == ERR_OK)
        e = digest_sha256(&a->sheltered.document, 1, &a->request_digest);
    if (e == ERR_OK)
        e = token_find(w, &a->sheltered, &a->token);
    if (e != ERR_OK)
        return e;
    a->oin = a->token.grant.oin;
    if (a->token.is_bound && !digest_equal(&a->token.bound, &a->request_digest))
        return errmsg_set(&w->why, ERR_EXISTS,
                          "request: its token was used for another request before");
    return enrol_request_decode(a->sheltered.document, w->arena, &a->request, &w->why);
}

/* The fingerprint that the party read out, where it is given. */
static enum err compare_fingerprint(struct work *w, const struct approving *a)
{
    struct digest told;
    const char *text = w->o->fingerprint;
    if (text == NULL)
        return ERR_OK;
    if (strncmp(text, "sha256:", 7) == 0)
        text += 7;
    if (text_get_hex(bytes_str(text), told.b, sizeof told.b) != ERR_OK)
        return errmsg_set(&w->why, ERR_CONFIG, "--fingerprint: not sha256: and 64 hex digits");
    return digest_equal(&told, &a->request_digest)
               ? ERR_OK
               : errmsg_set(&w->why, ERR_MISMATCH,
                            "request: not the one whose fingerprint was read out");
}

static enum err check_proof(struct work *w, struct approving *a)
{
    struct oin_proof_check c = {
        .document = a->sheltered.document, .oin = a->oin, .at_s = w->now_s};
    if (a->sheltered.proof.len == 0)
        return ERR_OK;
    enum err e = work_read_in(w, "proof-roots.pem", OIN_PROOF_MAX_PEM, &c.roots);
    if (e == ERR_NOT_FOUND)
        return errmsg_set(&w->why, ERR_CERT,
                          "proof: this register pins no other scheme (proof-roots.pem)");
    if (e == ERR_OK)
        e = oin_proof_verify(&c, a->sheltered.proof, &a->proof, &w->why);
    a->has_proof = e == ERR_OK;
    return e;
}

static enum err issue_for_csr(struct work *w, struct approving *a, enum cert_use use,
                              struct cert **out)
{
    struct key *subject CLEANUP(cleanup_key_free) = NULL;
    struct bytes csr = use == CERT_SEALING ? a->request.sealing_csr : a->request.signing_csr;
    struct issue_subject s = {use, a->oin, a->name};
    enum err e = csr_check(csr, &a->oin, a->name, &subject, &w->why);
    return e != ERR_OK ? e : issue_cert(w, &a->by, &s, subject, out);
}

static struct roster_cert entry(const struct cert *c)
{
    return (struct roster_cert){cert_der(c), *cert_fingerprint(c)};
}

/* The former entry keeps what it signed, where the token says that its keys are lost or over. */
static bool keeps_signed(const struct approving *a)
{
    return a->token.grant.may_replace && a->token.grant.is_lost;
}

static enum err note_act(struct work *w, struct approving *a, const char *what, const char *whom)
{
    char act[64];
    const bool replaces = a->table.is_listed && a->token.grant.may_replace;
    snprintf(act, sizeof act, "approved %s%s", what,
             !replaces         ? ""
             : keeps_signed(a) ? ", keys of before lost or over"
                               : ", keys of before revoked");
    return draft_act(w, &a->roster, act, whom);
}

/* A broker that enrols again has no overlap of log keys. Proofs by the key that it lost go on, in the same log. */
static enum err put_log(struct work *w, struct approving *a)
{
    const bool is_same = bytes_equal(a->roster.log_origin, a->request.log_origin);
    enum err e = ERR_OK;
    if (!keeps_signed(a) || !is_same)
        a->roster.former_log_count = 0;
    else if (!bytes_equal(a->roster.log_key, a->request.log_key))
        e = draft_former_log(w, &a->roster);
    a->roster.log_key = a->request.log_key;
    a->roster.log_origin = a->request.log_origin;
    a->roster.next_log_key = bytes_of(NULL, 0);
    return e;
}

static enum err list_member(struct work *w, struct approving *a, struct roster_member *m)
{
    const struct roster_member *old = roster_member_of(&a->roster, &m->id);
    enum err e = ERR_OK;
    if (old != NULL && old->kind != m->kind) /* the registrar above all: no command makes one */
        return errmsg_set(&w->why, ERR_MISMATCH, "request: %s is on the roster as %s, and takes no other place", m->id.oin,
                          member_kind_id(old->kind));
    if (old != NULL && keeps_signed(a))
        e = draft_keep_member(w, &a->roster, old, m);
    if (e == ERR_OK && m->kind == MEMBER_BROKER)
        e = put_log(w, a);
    if (e == ERR_OK)
        e = draft_put_member(w, &a->roster, m);
    return e != ERR_OK ? e : note_act(w, a, "member", m->id.oin);
}

static enum err judge_member(struct work *w, struct approving *a)
{
    struct roster_member m = a->request.member;
    struct key *curve CLEANUP(cleanup_key_free) = NULL;
    struct issue_subject transport = {CERT_TRANSPORT, a->oin, a->name};
    enum err e = issue_for_csr(w, a, CERT_SIGNING, &a->signing);
    if (e == ERR_OK && m.kind == MEMBER_AGENCY)
        e = issue_for_csr(w, a, CERT_SEALING, &a->sealing);
    if (e == ERR_OK)
        e = key_from_raw_public(KEY_TYPE_X25519, BYTES_OF_ARRAY(m.curve.b), &curve);
    if (e == ERR_OK)
        e = issue_cert(w, &a->by, &transport, curve, &a->transport);
    if (e != ERR_OK)
        return e;
    m.signing = entry(a->signing);
    m.transport = entry(a->transport);
    if (a->sealing != NULL)
        m.sealing = entry(a->sealing);
    return list_member(w, a, &m);
}

static enum err judge_officer(struct work *w, struct approving *a)
{
    struct roster_officer o = a->request.officer;
    const struct roster_officer *old = roster_officer_of(&a->roster, &o.agency, &o.staff);
    char whom[OIN_CHARS + NAME_MAX_BYTES + 2];
    enum err e = issue_for_csr(w, a, CERT_OFFICER, &a->signing);
    if (e != ERR_OK)
        return e;
    o.cert = entry(a->signing);
    snprintf(whom, sizeof whom, "%s %s", o.agency.oin, o.staff.s);
    if (old != NULL && keeps_signed(a))
        e = draft_keep_officer(w, &a->roster, old, &o);
    if (e == ERR_OK)
        e = draft_put_officer(w, &a->roster, &o);
    return e != ERR_OK ? e : note_act(w, a, "officer", whom);
}

static enum err judge(struct work *w, struct approving *a)
{
    enum err e = open_request(w, a);
    if (e == ERR_OK)
        e = compare_fingerprint(w, a);
    if (e == ERR_OK && !name_equal(&a->roster.deployment, &a->request.deployment))
        e = errmsg_set(&w->why, ERR_MISMATCH, "request: for deployment %s", a->request.deployment.s);
    if (e == ERR_OK)
        e = token_allows(&a->token.grant, &a->request, &w->why);
    if (e == ERR_OK)
        e = token_may_take_place(&a->token, &a->request, &a->roster, &w->why);
    if (e == ERR_OK)
        e = check_proof(w, a);
    a->table.w = w;
    if (e == ERR_OK)
        e = grant_table_fill(&a->table, &a->request, &a->roster);
    if (e != ERR_OK)
        return e;
    if (a->token.grant.may_replace)
        grant_table_replaced(&a->table, a->token.grant.is_lost);
    bool is_officer = a->request.subject == ENROL_OFFICER;
    a->name = is_officer ? a->request.officer.staff.s : arena_text(w->arena, a->request.member.name);
    if (a->name == NULL)
        return ERR_NOMEM;
    e = is_officer ? judge_officer(w, a) : judge_member(w, a);
    return e != ERR_OK ? e : roster_check(&a->roster, &w->why);
}

/* ---- effects ---- */

static enum err keep_all(struct work *w, const struct approving *a)
{
    const struct cert *all[] = {a->signing, a->sealing, a->transport};
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < ARRAY_LEN(all); i++) {
        if (all[i] != NULL)
            e = issue_keep(w, all[i], cert_fingerprint(all[i]));
    }
    return e;
}

static const struct former_list *formers_in(const struct roster *r, const struct approving *a)
{
    static const struct former_list none;
    const struct roster_officer *o = &a->request.officer;
    if (a->request.subject == ENROL_OFFICER) {
        o = roster_officer_of(r, &o->agency, &o->staff);
        return o != NULL ? &o->former : &none;
    }
    const struct roster_member *m = roster_member_of(r, &a->oin);
    return m != NULL ? &m->former : &none;
}

/* What became of the certificates in whose place the new ones are. */
static enum err note_replaced(struct work *w, const struct approving *a)
{
    enum err e = issue_note_revoked(w, &a->before, &a->roster);
    return e != ERR_OK ? e : issue_note_former(w, formers_in(&a->before, a), formers_in(&a->roster, a));
}

static enum err write_answer(struct work *w, const struct approving *a)
{
    struct enrol_answer r = {.deployment = a->roster.deployment,
                             .request = a->request_digest,
                             .created_at = w->now_s,
                             .root = cert_der(a->by.root),
                             .issuer = cert_der(a->by.issuer),
                             .roster_key = cert_der(a->by.roster_key),
                             .signing = cert_der(a->signing)};
    struct buf doc CLEANUP(buf_free) = buf_new(ENROL_MAX_BYTES);
    struct buf wire CLEANUP(buf_free) = buf_new(WIRE_MAX);
    if (a->sealing != NULL)
        r.sealing = cert_der(a->sealing);
    if (a->transport != NULL)
        r.transport = cert_der(a->transport);
    enum err e = enrol_answer_encode(&r, &doc, &w->why);
    struct sheltered s = {.document = buf_bytes(&doc)};
    if (e == ERR_OK)
        e = token_shelter(a->token.mac_key, TOKEN_ANSWER, &s, &wire);
    return e != ERR_OK ? e : file_write(w->o->answer, buf_bytes(&wire), 0644, &w->why);
}

static const struct cert *cert_at(const struct approving *a, size_t i)
{
    const struct cert *certs[] = {a->signing, a->sealing, a->transport};
    return certs[i];
}

static void put_line(struct work *w, const char *what, const struct digest *d)
{
    buf_printf(&w->out, "  %-12s ", what);
    work_put_fingerprint(&w->out, d);
    buf_put_str(&w->out, "\n");
}

static void put_member(struct json_writer *j, const char *what, const struct digest *d)
{
    char text[FINGERPRINT_TEXT_SIZE];
    struct buf b = buf_fixed(text, sizeof text);
    work_put_fingerprint(&b, d);
    json_put_text(j, what, buf_bytes(&b));
}

static enum err report_json(struct work *w, const struct approving *a)
{
    struct json_writer j = json_writer_of(&w->out);
    json_put_object(&j, NULL);
    json_put_str(&j, "oin", a->oin.oin);
    json_put_str(&j, "staff", a->request.subject == ENROL_OFFICER ? a->request.officer.staff.s : "");
    json_put_bool(&j, "dry_run", w->o->dry_run);
    json_put_bool(&j, "compared", w->o->fingerprint != NULL);
    put_member(&j, "request", &a->request_digest);
    for (size_t i = 0; i < CERTS; i++)
        if (cert_at(a, i) != NULL)
            put_member(&j, cert_use_id(cert_use_of(cert_at(a, i))), cert_fingerprint(cert_at(a, i)));
    if (a->has_proof)
        put_member(&j, "proof", &a->proof);
    grant_table_json(&a->table, &j);
    json_put_end(&j);
    buf_put_str(&w->out, "\n");
    return json_writer_done(&j);
}

static enum err report(struct work *w, const struct approving *a)
{
    const char *staff = a->request.subject == ENROL_OFFICER ? a->request.officer.staff.s : "";
    if (w->o->json)
        return report_json(w, a);
    buf_printf(&w->out, "%s %s %s%s\n", w->o->dry_run ? "would approve" : "approved", a->oin.oin, staff,
               a->table.is_listed ? ", in the place of the one on the roster" : "");
    grant_table_text(&a->table);
    buf_put_str(&w->out, w->o->fingerprint != NULL ? "the request is the one that was read out; to be compared by voice:\n"
                                                   : "to be compared by voice, the request first:\n");
    put_line(w, "request", &a->request_digest);
    for (size_t i = 0; i < CERTS; i++)
        if (cert_at(a, i) != NULL)
            put_line(w, cert_use_id(cert_use_of(cert_at(a, i))), cert_fingerprint(cert_at(a, i)));
    if (a->has_proof)
        put_line(w, "proof", &a->proof);
    return buf_err(&w->out);
}

static enum err take_effect(struct work *w, struct approving *a)
{
    enum err e = token_bind(w, &a->token, &a->request_digest);
    if (e == ERR_OK)
        e = keep_all(w, a);
    if (e == ERR_OK)
        e = note_replaced(w, a);
    if (e == ERR_OK)
        e = draft_save(w, &a->roster);
    if (e == ERR_OK)
        e = write_answer(w, a);
    if (e == ERR_OK)
        e = file_remove(a->token.path, &w->why);
    return e != ERR_OK ? e : report(w, a);
}

static enum err refuse(struct work *w, const struct approving *a, enum err reason)
{
    const struct draft_refusal d = {a->oin, "request", &a->request_digest, reason};
    return draft_refuse(w, &d);
}

/* With --answer an enrolment; a renewal needs none, the next roster is its answer. */
enum err verb_approve(struct work *w)
{
    const struct work_need needs[] = {{"dir", w->o->dir}, {"request", w->o->request}, {NULL, NULL}};
    struct approving a CLEANUP(free_approving) = {.wire = {NULL, 0}};
    enum err e = work_needs(w, needs);
    if (e == ERR_OK && w->o->answer == NULL)
        return verb_approve_renewal(w);
    if (e == ERR_OK)
        e = read_register(w, &a);
    if (e != ERR_OK)
        return e;
    e = judge(w, &a);
    if (w->o->dry_run)
        return e == ERR_OK ? report(w, &a) : e;
    if (e != ERR_OK)
        return draft_is_judgement(e) ? refuse(w, &a, e) : e;
    return take_effect(w, &a);
}
