/* The register's end of rotate --key transport and --key log: the next key of the broker beside the present one, and
 * the end of the overlap. The draft is the moment of each: before it nothing has changed. */
#include "pki/cli/pki/rotate_broker.h"

#include <stdio.h>

#include "pki/cli/pki/draft.h"
#include "pki/cli/pki/issue.h"
#include "pki/cli/pki/journal.h"
#include "pki/cli/pki/rotate_successor.h"
#include "pki/digest.h"
#include "proto/base/text.h"
#include "proto/base/when.h"
#include "proto/json/json_writer.h"
#include "proto/log/vkey.h"
#include "proto/msg/signed.h"

#define DAY_S INT64_C(86400)
#define OVERLAP_S ROSTER_OVERLAP_S             /* by then nobody holds the roster of before the rotation */
#define REQUEST_LIFE_S (7 * DAY_S)
#define SKEW_S 300
#define BACKDATE_S 300            /* of certificates (issue.c) */

struct changing {
    struct work *w;
    enum rotation_use use;
    struct roster draft;
    struct roster_member *broker; /* of draft, ours to change */
    struct rotation request;
    struct digest fingerprint; /* of the request's document */
    int64_t since_s;           /* when the next log key was listed, by the journal; 0: never */
};

/* A copy of the members, so that the broker's entry can be changed. */
static enum err load(struct changing *c)
{
    enum err e = draft_load(c->w, &c->draft);
    if (e != ERR_OK)
        return e;
    struct roster_member *v = arena_array(c->w->arena, c->draft.member_count + 1, sizeof *v);
    if (v == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < c->draft.member_count; i++) {
        v[i] = c->draft.members[i];
        if (v[i].kind == MEMBER_BROKER)
            c->broker = &v[i];
    }
    c->draft.members = v;
    if (c->broker == NULL)
        return errmsg_set(&c->w->why, ERR_NOT_FOUND, "the register has no broker");
    return ERR_OK;
}

static bool has_next(const struct changing *c)
{
    return c->use == ROTATION_LOG ? c->draft.next_log_key.len > 0 : roster_has_next(c->broker);
}

/* ---- judging a request ---- */

static enum err compare_fingerprint(struct changing *c)
{
    struct digest told;
    const char *text = c->w->o->fingerprint;
    if (text == NULL)
        return ERR_OK;
    if (strncmp(text, "sha256:", 7) == 0)
        text += 7;
    if (text_get_hex(bytes_str(text), told.b, sizeof told.b) != ERR_OK)
        return errmsg_set(&c->w->why, ERR_CONFIG, "--fingerprint: not sha256: and 64 hex digits");
    return digest_equal(&told, &c->fingerprint)
               ? ERR_OK
               : errmsg_set(&c->w->why, ERR_MISMATCH,
                            "request: not the one whose fingerprint was read out");
}

/* The broker's certificate with which it may have signed: of now, or one that a renewal replaced just now. */
static const struct roster_cert *signer_of(const struct changing *c, const struct digest *fingerprint)
{
    if (digest_equal(fingerprint, &c->broker->signing.fingerprint))
        return &c->broker->signing;
    const struct roster_former *f = roster_former_of(&c->broker->former, fingerprint);
    return f != NULL && c->w->now_s <= f->replaced_at + OVERLAP_S ? &f->cert : NULL;
}

/* By the signing certificate that the draft lists; nothing is decoded before. */
static enum err open_request(struct changing *c)
{
    struct work *w = c->w;
    struct bytes wire = {NULL, 0};
    struct signed_doc doc;
    struct cert *by CLEANUP(cleanup_cert_free) = NULL;
    enum err e = work_read(w, w->o->request, ROTATE_WIRE_MAX, &wire);
    if (e == ERR_OK)
        e = signed_doc_decode(wire, ROTATION_MAX_BYTES, w->arena, &doc, &w->why);
    const struct roster_cert *signer = e == ERR_OK ? signer_of(c, &doc.signer) : NULL;
    if (e == ERR_OK && signer == NULL)
        e = errmsg_set(&w->why, ERR_MISMATCH,
                       "request: signed with another certificate than the register lists for the broker");
    if (e == ERR_OK && roster_is_revoked(&c->draft, &doc.signer))
        e = errmsg_set(&w->why, ERR_CERT, "request: signed with a certificate that is revoked");
    if (e == ERR_OK)
        e = cert_parse(signer->der, CERT_SIGNING, &by, &w->why);
    if (e == ERR_OK)
        e = cert_check_time(by, w->now_s, &w->why);
    if (e == ERR_OK && sign_verify(SIGN_ROTATION, cert_key(by), doc.document, doc.signature) != ERR_OK)
        e = errmsg_set(&w->why, ERR_SIGNATURE, "request: its signature does not verify");
    if (e == ERR_OK)
        e = rotation_decode(doc.document, w->arena, &c->request, &w->why);
    return e == ERR_OK ? digest_sha256(&doc.document, 1, &c->fingerprint) : e;
}

static enum err check_request(struct changing *c)
{
    struct work *w = c->w;
    const struct rotation *q = &c->request;
    if (!name_equal(&q->deployment, &c->draft.deployment) || !agency_id_equal(&q->oin, &c->broker->id))
        return errmsg_set(&w->why, ERR_MISMATCH, "request: of another deployment or broker");
    if (q->use != c->use)
        return errmsg_set(&w->why, ERR_CONFIG, "request: is for --key %s", rotate_id_of(q->use));
    if (q->created_at > w->now_s + SKEW_S || q->created_at < w->now_s - REQUEST_LIFE_S)
        return errmsg_set(&w->why, ERR_EXPIRED, "request: made more than seven days ago, or in the future");
    return compare_fingerprint(c);
}

/* Whether the log ends, and another begins (decision 0408). */
static bool is_successor(const struct changing *c)
{
    return c->use == ROTATION_LOG && c->w->o->origin != NULL;
}

/* Whether the very key of the request is listed as next already: the command was killed, or is given twice. */
static bool is_listed(struct changing *c)
{
    if (is_successor(c))
        return successor_is_listed(c->w, &c->draft, c->request.log_key);
    if (c->use == ROTATION_LOG)
        return bytes_equal(c->draft.next_log_key, c->request.log_key);
    return roster_has_next(c->broker) &&
           bytes_equal(BYTES_OF_ARRAY(c->broker->next.curve.b), BYTES_OF_ARRAY(c->request.curve.b)) &&
           bytes_equal(c->broker->next.endpoint, c->request.endpoint);
}

static enum err check_free(struct changing *c)
{
    if (!has_next(c))
        return ERR_OK;
    return errmsg_set(&c->w->why, ERR_STATE,
                      "another next %s key is listed; end that rotation first, see --status",
                      rotate_id_of(c->use));
}

/* ---- listing it ---- */

static enum err put_transport(struct changing *c)
{
    struct work *w = c->w;
    struct issuing by CLEANUP(issuing_free) = {NULL};
    struct key *curve CLEANUP(cleanup_key_free) = NULL;
    struct cert *cert CLEANUP(cleanup_cert_free) = NULL;
    const char *name = arena_text(w->arena, c->broker->name);
    if (name == NULL)
        return ERR_NOMEM;
    const struct issue_subject s = {CERT_TRANSPORT, c->broker->id, name};
    enum err e = issuing_open(w, &by);
    if (e == ERR_OK)
        e = key_from_raw_public(KEY_TYPE_X25519, BYTES_OF_ARRAY(c->request.curve.b), &curve);
    if (e == ERR_OK)
        e = issue_cert(w, &by, &s, curve, &cert);
    if (e != ERR_OK)
        return e;
    const struct bytes der = arena_copy(w->arena, cert_der(cert));
    if (der.ptr == NULL)
        return ERR_NOMEM;
    c->broker->next = (struct roster_next){.transport = {der, *cert_fingerprint(cert)},
                                           .curve = c->request.curve,
                                           .endpoint = c->request.endpoint};
    e = roster_check(&c->draft, &w->why);
    return e == ERR_OK ? issue_keep(w, cert, cert_fingerprint(cert)) : e;
}

static enum err put_next(struct changing *c)
{
    struct work *w = c->w;
    struct vkey v;
    enum err e = vkey_parse(digest_sha256, c->request.log_key, &v);
    if (e != ERR_OK || v.type != VKEY_ED25519 || !bytes_is(c->draft.log_origin, v.name))
        return errmsg_set(&w->why, ERR_MISMATCH, "request: not a log key of %.*s",
                          (int)c->draft.log_origin.len, (const char *)c->draft.log_origin.ptr);
    c->draft.next_log_key = c->request.log_key;
    return roster_check(&c->draft, &w->why);
}

static enum err put_log(struct changing *c)
{
    struct work *w = c->w;
    char detail[ROSTER_MAX_TEXT + 1];
    enum err e = is_successor(c) ? successor_put(w, &c->draft, c->request.log_key) : put_next(c);
    snprintf(detail, sizeof detail, "%.*s", (int)c->request.log_key.len,
             (const char *)c->request.log_key.ptr);
    const struct journal_line l = {
        .act = JOURNAL_ROTATED, .oin = c->broker->id, .what = "log", .detail = detail};
    return e == ERR_OK ? journal_add(w, &l) : e;
}

static enum err say_successor(struct changing *c)
{
    struct work *w = c->w;
    const char *how = w->o->dry_run ? " would be listed" : " is in the draft";
    if (w->o->json)
        buf_printf(&w->out, "{\"key\":\"log\",\"dry_run\":%s,\"request\":\"", w->o->dry_run ? "true" : "false");
    else
        buf_printf(&w->out, "the successor of the broker's log, %s,%s; sign the roster and install it, then the broker begins the "
                   "log; request ", w->o->origin, how);
    work_put_fingerprint(&w->out, &c->fingerprint);
    buf_put_str(&w->out, w->o->json ? "\"}\n" : "\n");
    return buf_err(&w->out);
}

static enum err say_listed(struct changing *c)
{
    struct work *w = c->w;
    char when[WHEN_TEXT_SIZE];
    if (is_successor(c))
        return say_successor(c);
    when_text(w->now_s + OVERLAP_S, when);
    buf_printf(&w->out,
               w->o->json ? "{\"key\":\"%s\",\"dry_run\":%s,\"switch_from\":\"%s\",\"request\":\""
                          : "next %s key of the broker%s; sign the roster and install it, then from %s on "
                            "rotate --switch; request ",
               rotate_id_of(c->use),
               w->o->json ? w->o->dry_run ? "true" : "false"
                          : w->o->dry_run ? " would be listed" : " is in the draft",
               when);
    work_put_fingerprint(&w->out, &c->fingerprint);
    buf_put_str(&w->out, w->o->json ? "\"}\n" : "\n");
    return buf_err(&w->out);
}

static enum err list_next(struct changing *c)
{
    struct work *w = c->w;
    char what[64];
    enum err e = open_request(c);
    if (e == ERR_OK)
        e = check_request(c);
    if (e == ERR_OK && is_listed(c))
        return say_listed(c);
    if (e == ERR_OK)
        e = check_free(c);
    if (e != ERR_OK || w->o->dry_run)
        return e == ERR_OK ? say_listed(c) : e;
    snprintf(what, sizeof what, is_successor(c) ? "successor of the %s listed of" : "next %s key listed of", rotate_id_of(c->use));
    e = c->use == ROTATION_LOG ? put_log(c) : put_transport(c);
    if (e == ERR_OK)
        e = draft_act(w, &c->draft, what, c->broker->id.oin);
    if (e == ERR_OK)
        e = draft_save(w, &c->draft);
    return e == ERR_OK ? say_listed(c) : e;
}

/* ---- the end of the overlap ---- */

static enum err find_log(void *arg, const struct journal_line *l)
{
    struct changing *c = arg;
    if (l->act == JOURNAL_ROTATED && strcmp(l->what, "log") == 0 &&
        bytes_is(c->draft.next_log_key, l->detail))
        c->since_s = l->at_s;
    return ERR_OK;
}

/* When the next key was listed. */
static enum err since(struct changing *c, int64_t *out)
{
    struct cert *cert CLEANUP(cleanup_cert_free) = NULL;
    if (c->use == ROTATION_LOG) {
        enum err e = journal_each(c->w, find_log, c);
        *out = c->since_s;
        return e;
    }
    enum err e = cert_parse(c->broker->next.transport.der, CERT_TRANSPORT, &cert, &c->w->why);
    if (e == ERR_OK)
        *out = cert_not_before(cert) + BACKDATE_S;
    return e;
}

static enum err check_overlap(struct changing *c)
{
    struct work *w = c->w;
    char when[WHEN_TEXT_SIZE];
    int64_t from_s = 0;
    if (!has_next(c))
        return errmsg_set(&w->why, ERR_STATE, "the register lists no next %s key", rotate_id_of(c->use));
    enum err e = since(c, &from_s);
    if (e != ERR_OK || w->o->at_once || (from_s != 0 && w->now_s >= from_s + OVERLAP_S))
        return e;
    if (from_s == 0)
        return errmsg_set(&w->why, ERR_STATE,
                          "this register does not know since when the next %s key is listed, and a party may hold a roster of "
                          "before; --now ends the overlap all the same",
                          rotate_id_of(c->use));
    when_text(from_s + OVERLAP_S, when);
    return errmsg_set(&w->why, ERR_STATE,
                      "the overlap lasts until %s: till then a party may hold the roster of before, and would "
                      "lose the broker; --now ends it at once",
                      when);
}

static enum err switch_over(struct changing *c)
{
    struct roster_member *b = c->broker;
    if (c->use == ROTATION_TRANSPORT) {
        b->transport = b->next.transport;
        b->curve = b->next.curve;
        b->next = (struct roster_next){.endpoint = {NULL, 0}};
        return ERR_OK;
    }
    enum err e = draft_former_log(c->w, &c->draft);
    c->draft.log_key = c->draft.next_log_key;
    c->draft.next_log_key = bytes_of(NULL, 0);
    return e;
}

static enum err end_overlap(struct changing *c)
{
    struct work *w = c->w;
    char what[64];
    struct journal_line l = {.act = JOURNAL_RETIRED, .oin = c->broker->id, .what = rotate_id_of(c->use)};
    snprintf(what, sizeof what, "former %s key ended of", rotate_id_of(c->use));
    enum err e = check_overlap(c);
    if (e == ERR_OK)
        e = switch_over(c);
    if (e == ERR_OK && !w->o->dry_run)
        e = draft_act(w, &c->draft, what, c->broker->id.oin);
    if (e == ERR_OK && !w->o->dry_run)
        e = draft_save(w, &c->draft);
    if (e == ERR_OK && !w->o->dry_run)
        e = journal_add(w, &l);
    if (e != ERR_OK)
        return e;
    buf_printf(&w->out,
               w->o->json ? "{\"key\":\"%s\",\"switched\":true,\"dry_run\":%s}\n"
                          : "the next %s key of the broker takes over%s; sign the roster and install it, then "
                            "rotate --switch in the broker's folder\n",
               rotate_id_of(c->use),
               w->o->json ? w->o->dry_run ? "true" : "false" : w->o->dry_run ? " (dry run)" : "");
    return buf_err(&w->out);
}

/* ---- what remains ---- */

static enum err show(struct changing *c)
{
    struct work *w = c->w;
    char when[WHEN_TEXT_SIZE] = "";
    int64_t from_s = 0;
    enum err e = has_next(c) ? since(c, &from_s) : ERR_OK;
    if (e != ERR_OK)
        return e;
    when_text(from_s + OVERLAP_S, when);
    const char *next = !has_next(c) ? "nothing remains"
                       : w->now_s >= from_s + OVERLAP_S
                           ? "rotate --switch: the overlap has lasted long enough"
                           : "every party takes the roster; rotate --switch when the overlap is over";
    if (!w->o->json) {
        buf_printf(&w->out, "%s key of %s: %s%s\nnext: %s\n", rotate_id_of(c->use), c->broker->id.oin,
                   has_next(c) ? "an overlap, until " : "one key", has_next(c) ? when : "", next);
        return buf_err(&w->out);
    }
    struct json_writer j = json_writer_of(&w->out);
    json_put_object(&j, NULL);
    json_put_str(&j, "key", rotate_id_of(c->use));
    json_put_bool(&j, "overlap", has_next(c));
    if (has_next(c))
        json_put_str(&j, "switch_from", when);
    json_put_str(&j, "next", next);
    json_put_end(&j);
    buf_put_str(&w->out, "\n");
    return json_writer_done(&j);
}

enum err rotate_at_register(struct work *w, enum rotation_use use)
{
    struct changing c = {.w = w, .use = use};
    const struct work_need needs[] = {{"request", w->o->request}, {NULL, NULL}};
    enum err e = load(&c);
    if (e != ERR_OK)
        return e;
    if (w->o->remains)
        return show(&c);
    if (w->o->switch_over)
        return end_overlap(&c);
    e = work_needs(w, needs);
    return e == ERR_OK ? list_next(&c) : e;
}
