/* The broker's end of rotate --key transport and --key log. The new key lies in keys/ID.next.key until the roster
 * lists it in the place of the old one; the broker itself goes by the roster and needs no file to be renamed, so
 * that a command that was killed half way is given again, and nothing has stood still meanwhile. */
#include "pki/cli/pki/renewing.h"
#include "pki/cli/pki/rotate_broker.h"

#include <stdio.h>

#include "pki/cli/pki/draft.h"
#include "pki/cli/pki/next_key.h"
#include "pki/cli/pki/rotate.h"
#include "pki/digest.h"
#include "pki/note.h"
#include "pki/random.h"
#include "proto/json/json_writer.h"

#define ID_MAX 32

const char *rotate_id_of(enum rotation_use use)
{
    return use == ROTATION_TRANSPORT ? "transport" : use == ROTATION_LOG ? "log" : "?";
}

static bool is_register(struct work *w)
{
    char path[WORK_PATH_MAX];
    return work_path(w, path, "roster.draft", "") == ERR_OK && file_exists(path);
}

enum err rotate_transport(struct work *w)
{
    return is_register(w) ? rotate_at_register(w, ROTATION_TRANSPORT)
                          : rotate_at_broker(w, ROTATION_TRANSPORT);
}

enum err rotate_log(struct work *w)
{
    return is_register(w) ? rotate_at_register(w, ROTATION_LOG) : rotate_at_broker(w, ROTATION_LOG);
}

static enum key_type type_of(enum rotation_use use)
{
    return use == ROTATION_TRANSPORT ? KEY_TYPE_X25519 : KEY_TYPE_ED25519;
}

/* "transport.next" */
static void next_id(enum rotation_use use, char id[static ID_MAX])
{
    snprintf(id, ID_MAX, "%s.next", rotate_id_of(use));
}

/* ---- the request ---- */

struct asking {
    enum rotation_use use;
    struct key *next;
    struct key *signing;
    struct cert *cert;
    struct bytes origin; /* of the log */
    struct rotation request;
};

static void free_asking(struct asking *a)
{
    key_free(a->next);
    key_free(a->signing);
    cert_free(a->cert);
}

/* The one that a command which was killed has made, or a fresh one. */
static enum err make_or_load(struct work *w, struct asking *a)
{
    char id[ID_MAX];
    next_id(a->use, id);
    return next_key_has(w, id) ? work_load_key(w, id, type_of(a->use), &a->next)
                          : work_new_key(w, id, type_of(a->use), &a->next);
}

/* The origin of the log, or of its successor (--origin), is what its verifier keys are named after. */
static enum err fill_log(struct work *w, struct asking *a)
{
    struct buf text CLEANUP(buf_free) = buf_new(ROSTER_MAX_TEXT);
    struct trust *t CLEANUP(cleanup_trust_free) = NULL;
    const struct work_need needs[] = {{"roster", w->o->roster}, {NULL, NULL}};
    struct vkey v;
    enum err e = work_needs(w, needs);
    if (e == ERR_OK)
        e = draft_trust(w, w->o->roster, &t);
    if (e != ERR_OK)
        return e;
    const struct bytes origin = w->o->origin != NULL ? bytes_str(w->o->origin) : trust_roster(t)->log_origin;
    const struct note_signer signer = {origin, a->next};
    e = note_vkey(&signer, VKEY_ED25519, &v);
    if (e != ERR_OK)
        return errmsg_set(&w->why, e, "%s: names no log that a key could sign", w->o->roster);
    vkey_write(&v, &text);
    a->request.log_key = arena_copy(w->arena, buf_bytes(&text));
    return a->request.log_key.ptr == NULL ? ERR_NOMEM : buf_err(&text);
}

static enum err fill(struct work *w, struct asking *a)
{
    a->request = (struct rotation){
        .oin = *cert_oin(a->cert), .created_at = w->now_s, .use = a->use};
    enum err e = work_deployment(w, &a->request.deployment);
    if (e == ERR_OK)
        e = random_fill(a->request.nonce, sizeof a->request.nonce);
    if (e != ERR_OK || a->use == ROTATION_LOG)
        return e == ERR_OK ? fill_log(w, a) : e;
    a->request.endpoint = bytes_str(w->o->endpoint);
    return key_raw_public(a->next, a->request.curve.b);
}

static enum err sign_request(struct work *w, const struct asking *a)
{
    struct buf doc CLEANUP(buf_free) = buf_new(ROTATION_MAX_BYTES);
    struct buf wire CLEANUP(buf_free) = buf_new(ROTATE_WIRE_MAX);
    struct digest d;
    const struct trust_signer s = {SIGN_ROTATION, a->signing, *cert_fingerprint(a->cert)};
    enum err e = rotation_encode(&a->request, &doc, &w->why);
    if (e == ERR_OK)
        e = trust_sign(&s, buf_bytes(&doc), &wire);
    if (e == ERR_OK)
        e = file_write(w->o->request, buf_bytes(&wire), 0644, &w->why);
    const struct bytes document = buf_bytes(&doc);
    if (e == ERR_OK)
        e = digest_sha256(&document, 1, &d);
    if (e != ERR_OK)
        return e;
    buf_printf(&w->out,
               w->o->json ? "{\"key\":\"%s\",\"request\":\"%s\",\"fingerprint\":\""
                          : "keys/%s.next.key is made; send %s to the registrar and read out ",
               rotate_id_of(a->use), w->o->request);
    work_put_fingerprint(&w->out, &d);
    buf_put_str(&w->out, w->o->json ? "\"}\n" : "\n");
    return buf_err(&w->out);
}

static enum err plan(struct work *w, enum rotation_use use)
{
    char id[ID_MAX];
    next_id(use, id);
    const bool has = next_key_has(w, id);
    if (w->o->json)
        buf_printf(&w->out, "{\"key\":\"%s\",\"dry_run\":true,\"made\":%s}\n", rotate_id_of(use),
                   has ? "true" : "false");
    else
        buf_printf(&w->out,
                   "would %s keys/%s.key and ask the registrar to list it beside the present one; "
                   "nothing changes for anybody before the next roster\n",
                   has ? "ask again for" : "make", id);
    return buf_err(&w->out);
}

static enum err begin(struct work *w, enum rotation_use use)
{
    const struct work_need needs[] = {{"request", w->o->request}, {NULL, NULL}};
    const struct work_need place[] = {{"endpoint", w->o->endpoint}, {NULL, NULL}};
    struct asking a CLEANUP(free_asking) = {.use = use};
    enum err e = work_needs(w, needs);
    if (e == ERR_OK && !renewing_is_broker(w))
        e = errmsg_set(&w->why, ERR_CONFIG, "%s: not the folder of a broker; others renew", w->o->dir);
    if (e == ERR_OK && use == ROTATION_TRANSPORT)
        e = work_needs(w, place);
    if (e == ERR_OK && w->o->dry_run)
        return plan(w, use);
    if (e == ERR_OK)
        e = work_load_cert(w, "signing", CERT_SIGNING, &a.cert);
    if (e == ERR_OK)
        e = work_load_key(w, "signing", KEY_TYPE_P256, &a.signing);
    if (e == ERR_OK)
        e = make_or_load(w, &a);
    if (e == ERR_OK)
        e = fill(w, &a);
    return e == ERR_OK ? sign_request(w, &a) : e;
}

/* ---- what the roster says of the keys of the folder ---- */

enum place { PLACE_NONE = 0, PLACE_NEXT, PLACE_CURRENT };

struct folder {
    struct trust *trust;
    bool has_next;         /* a key file */
    enum place next_is;    /* where the roster has it */
    bool overlap;          /* the roster lists a next key of this kind */
};

static void free_folder(struct folder *f)
{
    trust_free(f->trust);
}

static enum place place_of_log(const struct roster *r, const uint8_t raw[static KEY_RAW_PUBLIC_BYTES])
{
    const struct bytes listed[] = {r->next_log_key, r->log_key};
    for (size_t i = 0; i < ARRAY_LEN(listed); i++) {
        struct vkey v;
        if (listed[i].len > 0 && vkey_parse(digest_sha256, listed[i], &v) == ERR_OK &&
            bytes_equal(bytes_of(v.public_key, v.public_len), bytes_of(raw, KEY_RAW_PUBLIC_BYTES)))
            return i == 0 ? PLACE_NEXT : PLACE_CURRENT;
    }
    return PLACE_NONE;
}

static enum place place_of_transport(const struct roster_member *b,
                                     const uint8_t raw[static KEY_RAW_PUBLIC_BYTES])
{
    const struct bytes key = bytes_of(raw, KEY_RAW_PUBLIC_BYTES);
    if (bytes_equal(key, BYTES_OF_ARRAY(b->curve.b)))
        return PLACE_CURRENT;
    return roster_has_next(b) && bytes_equal(key, BYTES_OF_ARRAY(b->next.curve.b)) ? PLACE_NEXT : PLACE_NONE;
}

static enum err look(struct work *w, enum rotation_use use, struct folder *f)
{
    const struct work_need needs[] = {{"roster", w->o->roster}, {NULL, NULL}};
    struct key *next CLEANUP(cleanup_key_free) = NULL;
    uint8_t raw[KEY_RAW_PUBLIC_BYTES];
    char id[ID_MAX];
    next_id(use, id);
    f->has_next = next_key_has(w, id);
    enum err e = work_needs(w, needs);
    if (e == ERR_OK)
        e = draft_trust(w, w->o->roster, &f->trust);
    if (e == ERR_OK && roster_broker(trust_roster(f->trust)) == NULL)
        e = errmsg_set(&w->why, ERR_NOT_FOUND, "%s: lists no broker", w->o->roster);
    if (e != ERR_OK)
        return e;
    const struct roster *r = trust_roster(f->trust);
    const struct roster_member *b = roster_broker(r);
    f->overlap = use == ROTATION_LOG ? r->next_log_key.len > 0 : roster_has_next(b);
    if (!f->has_next)
        return ERR_OK;
    e = work_load_key(w, id, type_of(use), &next);
    if (e == ERR_OK)
        e = key_raw_public(next, raw);
    if (e == ERR_OK)
        f->next_is = use == ROTATION_LOG ? place_of_log(r, raw) : place_of_transport(b, raw);
    return e;
}

static const char *step_of(const struct folder *f)
{
    if (!f->has_next)
        return f->overlap ? "the roster lists a next key that is not here: was it made in another folder?"
                          : "nothing remains";
    switch (f->next_is) {
    case PLACE_NONE: return "send the request to the registrar, who lists the next key";
    case PLACE_NEXT: return "the registrar ends the overlap: rotate --switch at the register";
    case PLACE_CURRENT: return "rotate --switch --roster FILE here: the old key file goes";
    }
    return "?";
}

static enum err show(struct work *w, enum rotation_use use)
{
    struct folder f CLEANUP(free_folder) = {.trust = NULL};
    enum err e = look(w, use, &f);
    if (e != ERR_OK)
        return e;
    if (!w->o->json) {
        buf_printf(&w->out, "%s: %s\nnext: %s\n", rotate_id_of(use),
                   f.has_next ? "a new key is made" : f.overlap ? "an overlap" : "one key", step_of(&f));
        return buf_err(&w->out);
    }
    struct json_writer j = json_writer_of(&w->out);
    json_put_object(&j, NULL);
    json_put_str(&j, "key", rotate_id_of(use));
    json_put_bool(&j, "made", f.has_next);
    json_put_bool(&j, "overlap", f.overlap);
    json_put_bool(&j, "listed", f.next_is != PLACE_NONE);
    json_put_str(&j, "next", step_of(&f));
    json_put_end(&j);
    buf_put_str(&w->out, "\n");
    return json_writer_done(&j);
}

/* ---- the files follow ---- */

static enum err keep_cert(struct work *w, const struct folder *f)
{
    struct cert *c CLEANUP(cleanup_cert_free) = NULL;
    const struct roster_member *b = roster_broker(trust_roster(f->trust));
    enum err e = cert_parse(b->transport.der, CERT_TRANSPORT, &c, &w->why);
    return e == ERR_OK ? work_save_cert(w, "transport", c) : e;
}

static enum err move_key(struct work *w, enum rotation_use use)
{
    char id[ID_MAX];
    next_id(use, id);
    return next_key_move(w, id, rotate_id_of(use));
}

static enum err finish(struct work *w, enum rotation_use use)
{
    struct folder f CLEANUP(free_folder) = {.trust = NULL};
    enum err e = look(w, use, &f);
    if (e == ERR_OK && (f.next_is != PLACE_CURRENT || f.overlap))
        e = errmsg_set(&w->why, ERR_STATE, "%s: not yet: %s", rotate_id_of(use), step_of(&f));
    if (e != ERR_OK)
        return e;
    if (!w->o->dry_run && use == ROTATION_TRANSPORT)
        e = keep_cert(w, &f);
    if (e == ERR_OK && !w->o->dry_run)
        e = move_key(w, use);
    if (e != ERR_OK)
        return e;
    buf_printf(&w->out,
               w->o->json ? "{\"key\":\"%s\",\"switched\":true,\"dry_run\":%s}\n"
                          : "keys/%s.key is the new one%s; the old one is gone\n",
               rotate_id_of(use), w->o->json ? w->o->dry_run ? "true" : "false"
                                             : w->o->dry_run ? " (dry run)" : "");
    return buf_err(&w->out);
}

enum err rotate_at_broker(struct work *w, enum rotation_use use)
{
    if (w->o->remains)
        return show(w, use);
    return w->o->switch_over ? finish(w, use) : begin(w, use);
}
