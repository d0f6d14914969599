/* enrol and broker-init: a party or a person makes its keys and asks for certificates. accept: it
 * checks the answer and installs them.
 *
 * DIR/enrol.request and DIR/enrol.token stay until the answer is accepted. */
#include "pki/cli/pki/declared.h"
#include "pki/cli/pki/token.h"
#include "pki/cli/pki/verbs.h"
#include "pki/csr.h"
#include "pki/digest.h"
#include "pki/note.h"
#include "pki/oin_proof.h"
#include "pki/random.h"
#include "proto/msg/enrol.h"

#define STORAGE_BYTES 32
#define SHELTERED_MAX (ENROL_MAX_BYTES + SHELTERED_MAX_PROOF + 256)

static enum err new_csr(struct work *w, const char *id, const struct agency_id *oin,
                        const char *name, struct bytes *out)
{
    struct key *key CLEANUP(cleanup_key_free) = NULL;
    struct buf der CLEANUP(buf_free) = buf_new(ENROL_MAX_CSR_BYTES);
    enum err e = work_new_key(w, id, KEY_TYPE_P256, &key);
    if (e == ERR_OK)
        e = csr_make(key, oin, name, &der);
    if (e != ERR_OK)
        return errmsg_wrap(&w->why, e, "request for %s", id);
    *out = arena_copy(w->arena, buf_bytes(&der));
    return out->ptr != NULL ? ERR_OK : ERR_NOMEM;
}

static enum err new_curve(struct work *w, struct curve_key *out)
{
    struct key *key CLEANUP(cleanup_key_free) = NULL;
    enum err e = work_new_key(w, "transport", KEY_TYPE_X25519, &key);
    return e != ERR_OK ? e : key_raw_public(key, out->b);
}

static enum err new_storage(struct work *w)
{
    struct work_key k = {"storage", KEYFILE_STORAGE, NULL, 0};
    struct secret *s CLEANUP(cleanup_secret_free) = secret_random(STORAGE_BYTES);
    return s == NULL ? ERR_NOMEM : work_save_secret(w, &k, s);
}

/* The key of the agency's own log; `log` tells its line. */
static enum err new_own_log(struct work *w)
{
    struct key *key CLEANUP(cleanup_key_free) = NULL;
    return work_new_key(w, "log", KEY_TYPE_ED25519, &key);
}

/* The broker's log key, and its verifier key for the roster. */
static enum err new_log(struct work *w, struct enrol_request *r)
{
    struct key *key CLEANUP(cleanup_key_free) = NULL;
    struct buf text CLEANUP(buf_free) = buf_new(ROSTER_MAX_TEXT);
    struct vkey v;
    enum err e = work_new_key(w, "log", KEY_TYPE_ED25519, &key);
    struct note_signer signer = {bytes_str(w->o->origin), key};
    if (e == ERR_OK)
        e = note_vkey(&signer, VKEY_ED25519, &v);
    if (e != ERR_OK)
        return errmsg_wrap(&w->why, e, "log key of origin %s", w->o->origin);
    vkey_write(&v, &text);
    r->log_key = arena_copy(w->arena, buf_bytes(&text));
    r->log_origin = bytes_str(w->o->origin);
    return buf_err(&text);
}

/* With --proof-cert: the request signed under another scheme's certificate for this OIN. */
static enum err prove_oin(struct work *w, struct bytes document, struct buf *out)
{
    struct oin_proof_signer s = {.passphrase = w->passphrase};
    struct buf key CLEANUP(buf_free) = buf_new(OIN_PROOF_MAX_PEM);
    if ((w->o->proof_cert == NULL) != (w->o->proof_key == NULL))
        return errmsg_set(&w->why, ERR_CONFIG, "--proof-cert and --proof-key go together");
    if (w->o->proof_cert == NULL)
        return ERR_OK;
    enum err e = work_read(w, w->o->proof_cert, OIN_PROOF_MAX_PEM, &s.certificates);
    if (e == ERR_OK)
        e = file_read(w->o->proof_key, FILE_PRIVATE, &key, &w->why);
    s.key = buf_bytes(&key);
    if (e == ERR_OK)
        e = oin_proof_make(&s, document, out, &w->why);
    secret_wipe(key.ptr, key.len);
    return e;
}

/* The token stays beside the request until the answer has come, which it authenticates. */
static enum err keep_token(struct work *w)
{
    struct buf text CLEANUP(buf_free) = buf_new(128);
    enum err e = file_read(w->o->token_file, FILE_PRIVATE, &text, &w->why);
    if (e == ERR_OK)
        e = work_write_in(w, "enrol.token", buf_bytes(&text), 0600);
    secret_wipe(text.ptr, text.len);
    return e;
}

static enum err shelter(struct work *w, struct enrol_request *r, struct buf *wire)
{
    struct buf doc CLEANUP(buf_free) = buf_new(ENROL_MAX_BYTES);
    struct buf proof CLEANUP(buf_free) = buf_new(SHELTERED_MAX_PROOF);
    struct secret *key CLEANUP(cleanup_secret_free) = NULL;
    r->created_at = w->now_s;
    enum err e = token_read(w, w->o->token_file, &key);
    if (e == ERR_OK)
        e = random_fill(r->nonce, sizeof r->nonce);
    if (e == ERR_OK)
        e = enrol_request_encode(r, &doc, &w->why);
    if (e == ERR_OK)
        e = prove_oin(w, buf_bytes(&doc), &proof);
    struct sheltered s = {.document = buf_bytes(&doc), .proof = buf_bytes(&proof)};
    if (e == ERR_OK)
        e = token_shelter(key, TOKEN_REQUEST, &s, wire);
    return e;
}

/* Shelters the request under the token, keeps both, writes the request. */
static enum err send_request(struct work *w, struct enrol_request *r)
{
    struct buf wire CLEANUP(buf_free) = buf_new(SHELTERED_MAX);
    enum err e = shelter(w, r, &wire);
    if (e == ERR_OK)
        e = keep_token(w);
    if (e == ERR_OK)
        e = work_write_in(w, "enrol.request", buf_bytes(&wire), 0600);
    if (e == ERR_OK)
        e = work_write_in(w, "deployment", name_bytes(&r->deployment), 0644);
    return e != ERR_OK ? e : file_write(w->o->request, buf_bytes(&wire), 0644, &w->why);
}

static enum err begin(struct work *w, struct enrol_request *r)
{
    const struct work_need needs[] = {{"dir", w->o->dir},
                                      {"deployment", w->o->deployment},
                                      {"oin", w->o->oin},
                                      {"token-file", w->o->token_file},
                                      {"request", w->o->request},
                                      {NULL, NULL}};
    *r = (struct enrol_request){.subject = ENROL_MEMBER};
    enum err e = work_needs(w, needs);
    if (e == ERR_OK)
        e = work_name(w, "deployment", w->o->deployment, &r->deployment);
    return e != ERR_OK ? e : work_make_dirs(w);
}

/* The fingerprint covers everything that the request asks for, its keys among it. */
static enum err say_done(struct work *w)
{
    struct bytes wire = {NULL, 0};
    struct sheltered s;
    struct digest d;
    enum err e = work_read(w, w->o->request, SHELTERED_MAX, &wire);
    if (e == ERR_OK)
        e = sheltered_decode(wire, ENROL_MAX_BYTES, w->arena, &s, &w->why);
    if (e == ERR_OK)
        e = digest_sha256(&s.document, 1, &d);
    if (e != ERR_OK)
        return e;
    if (w->o->json)
        buf_printf(&w->out, "{\"request\":\"%s\",\"fingerprint\":\"", w->o->request);
    else
        buf_printf(&w->out, "keys are in %s/keys; send %s to the registrar and read out ", w->o->dir,
                   w->o->request);
    work_put_fingerprint(&w->out, &d);
    buf_put_str(&w->out, w->o->json ? "\"}\n" : "\n");
    return buf_err(&w->out);
}

static enum err enrol_officer(struct work *w, struct enrol_request *r)
{
    struct roster_officer *o = &r->officer;
    r->subject = ENROL_OFFICER;
    enum err e = declared_officer(w, o);
    return e == ERR_OK ? new_csr(w, "officer", &o->agency, o->staff.s, &r->signing_csr) : e;
}

static enum err enrol_agency(struct work *w, struct enrol_request *r)
{
    struct roster_member *m = &r->member;
    enum err e = declared_member(w, MEMBER_AGENCY, m);
    if (e == ERR_OK)
        e = new_csr(w, "signing", &m->id, w->o->name, &r->signing_csr);
    if (e == ERR_OK)
        e = new_csr(w, "sealing", &m->id, w->o->name, &r->sealing_csr);
    if (e == ERR_OK)
        e = new_curve(w, &m->curve);
    if (e == ERR_OK)
        e = new_storage(w);
    return e != ERR_OK ? e : new_own_log(w);
}

enum err verb_enrol(struct work *w)
{
    struct enrol_request r;
    enum err e = begin(w, &r);
    if (e == ERR_OK)
        e = w->o->officer != NULL ? enrol_officer(w, &r) : enrol_agency(w, &r);
    if (e == ERR_OK)
        e = send_request(w, &r);
    return e != ERR_OK ? e : say_done(w);
}

enum err verb_broker_init(struct work *w)
{
    struct enrol_request r;
    struct roster_member *m = &r.member;
    enum err e = begin(w, &r);
    if (e == ERR_OK)
        e = declared_member(w, MEMBER_BROKER, m);
    if (e == ERR_OK)
        e = new_csr(w, "signing", &m->id, w->o->name, &r.signing_csr);
    if (e == ERR_OK)
        e = new_curve(w, &m->curve);
    if (e == ERR_OK)
        e = new_storage(w);
    if (e == ERR_OK)
        e = new_log(w, &r);
    if (e == ERR_OK)
        e = send_request(w, &r);
    return e != ERR_OK ? e : say_done(w);
}
