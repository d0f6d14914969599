/* roster sign, show, recover, remove. */
#include "pki/cli/pki/draft.h"
#include "pki/cli/pki/issued.h"
#include "pki/cli/pki/issuing_ca.h"
#include "pki/cli/pki/journal.h"
#include "pki/cli/pki/roster_key.h"
#include "pki/cli/pki/serial.h"
#include "pki/cli/pki/token.h"
#include "pki/cli/pki/verbs.h"
#include "pki/digest.h"
#include "proto/base/when.h"
#include "proto/json/json_writer.h"

#include <stdio.h>

#define DAY_S INT64_C(86400)

static enum err sign_draft(struct work *w, const struct roster *r, struct buf *out)
{
    struct key *key CLEANUP(cleanup_key_free) = NULL;
    struct buf doc CLEANUP(buf_free) = buf_new(ROSTER_MAX_BYTES);
    struct trust_signer s = {.kind = SIGN_ROSTER};
    enum err e = roster_key_open(w, r, &key);
    s.key = key;
    if (e == ERR_OK)
        e = key_fingerprint(key, &s.fingerprint);
    if (e == ERR_OK)
        e = roster_encode(r, &doc, &w->why);
    return e != ERR_OK ? e : trust_sign(&s, buf_bytes(&doc), out);
}

/* Reads back as any member would. */
static enum err read_back(struct work *w)
{
    char path[WORK_PATH_MAX];
    struct trust *t CLEANUP(cleanup_trust_free) = NULL;
    enum err e = work_path(w, path, "roster.signed", "");
    return e != ERR_OK ? e : draft_trust(w, path, &t);
}

static enum err note_signed(struct work *w, const struct roster *r)
{
    char serial[32];
    struct journal_line l = {.act = JOURNAL_SIGNED,
                             .what = "roster",
                             .until = r->not_after,
                             .detail = serial};
    snprintf(serial, sizeof serial, "serial %llu", (unsigned long long)r->serial);
    return journal_add(w, &l);
}

static enum err publish(struct work *w, const struct roster *r)
{
    struct buf wire CLEANUP(buf_free) = buf_new(ROSTER_MAX_BYTES + 1024);
    enum err e = sign_draft(w, r, &wire);
    if (e == ERR_OK)
        e = serial_keep(w, r->serial);
    if (e == ERR_OK)
        e = work_write_in(w, "roster.signed", buf_bytes(&wire), 0644);
    if (e == ERR_OK)
        e = read_back(w);
    if (e == ERR_OK)
        e = note_signed(w, r);
    return e != ERR_OK ? e : file_write(w->o->out, buf_bytes(&wire), 0644, &w->why);
}

/* Each day with the roster. What cannot be put away is said, and keeps no roster back. */
static void tidy(struct work *w, const struct roster *r)
{
    struct errmsg why = w->why;
    enum err e = token_sweep(w);
    if (e == ERR_OK)
        e = issued_prune(w, r);
    if (e != ERR_OK)
        fprintf(stderr, "sluis-pki: the roster is signed, but ended tokens and certificates stay here: %s\n",
                w->why.text[0] != '\0' ? w->why.text : err_text(e));
    w->why = why;
}

/* Signs what may follow every roster that is out, and only then writes. */
enum err verb_roster_sign(struct work *w)
{
    const struct work_need needs[] = {{"dir", w->o->dir}, {"out", w->o->out}, {NULL, NULL}};
    struct roster r;
    uint64_t last = 0;
    enum err e = work_needs(w, needs);
    if (e == ERR_OK)
        e = draft_load(w, &r);
    if (e == ERR_OK)
        e = serial_last(w, &last);
    if (e != ERR_OK)
        return e;
    r.serial = last + 1;
    r.issued_at = w->now_s;
    r.not_after = w->now_s + (w->o->days > 0 ? (int64_t)w->o->days * DAY_S : ROSTER_MAX_LIFE_S);
    e = draft_prune(w, &r);
    if (e == ERR_OK)
        e = serial_check_seen(w, &r);
    if (e == ERR_OK)
        e = publish(w, &r);
    draft_drop_old_acts(w, &r);
    if (e == ERR_OK)
        e = draft_save(w, &r);
    if (e == ERR_OK)
        tidy(w, &r);
    if (e == ERR_OK)
        buf_printf(&w->out,
                   w->o->json ? "{\"serial\":%llu,\"members\":%zu,\"officers\":%zu}\n"
                              : "roster %llu signed: %zu members, %zu officers\n",
                   (unsigned long long)r.serial, r.member_count, r.officer_count);
    return e;
}

/* When the next log key was listed nobody knows any more: its overlap begins now. */
static enum err note_next_log(struct work *w, const struct roster *r)
{
    const struct journal_line l = {
        .act = JOURNAL_ROTATED, .what = "log", .detail = arena_text(w->arena, r->next_log_key)};
    if (r->next_log_key.len == 0)
        return ERR_OK;
    return l.detail != NULL ? journal_add(w, &l) : ERR_NOMEM;
}

static enum err take_over(struct work *w, const struct roster *r)
{
    enum err e = issuing_keep_listed(w, r);
    if (e == ERR_OK)
        e = issued_take_over(w, r);
    if (e == ERR_OK)
        e = note_next_log(w, r);
    if (e == ERR_OK)
        e = draft_save(w, r);
    return e == ERR_OK ? serial_keep(w, r->serial) : e;
}

/* recover: a folder that was restored from an old copy goes on from the newest roster that is out. What the copy
 * has and that roster has not is lost on purpose: it was never in force. */
enum err verb_roster_recover(struct work *w)
{
    const struct work_need needs[] = {{"dir", w->o->dir}, {"seen", w->o->seen}, {NULL, NULL}};
    struct trust *t CLEANUP(cleanup_trust_free) = NULL;
    struct roster r;
    uint64_t last = 0;
    char from[32];
    enum err e = work_needs(w, needs);
    if (e == ERR_OK)
        e = draft_trust(w, w->o->seen, &t);
    if (e == ERR_OK)
        e = serial_last(w, &last);
    if (e != ERR_OK)
        return e;
    r = *trust_roster(t);
    if (r.serial <= last)
        return errmsg_set(&w->why, ERR_BEHIND, "%s: serial %llu; this folder has signed %llu", w->o->seen,
                          (unsigned long long)r.serial, (unsigned long long)last);
    snprintf(from, sizeof from, "%llu", (unsigned long long)r.serial);
    e = draft_act(w, &r, "register recovered from roster", from);
    if (e == ERR_OK && !w->o->dry_run)
        e = take_over(w, &r);
    if (e == ERR_OK)
        buf_printf(&w->out, "goes on from roster %s: %zu members, %zu revoked\n", from, r.member_count,
                   r.revoked_count);
    return e;
}

/* The older word for revoke. */
enum err verb_roster_remove(struct work *w)
{
    const struct work_need needs[] = {{"dir", w->o->dir}, {"oin", w->o->oin}, {NULL, NULL}};
    enum err e = work_needs(w, needs);
    return e != ERR_OK ? e : verb_revoke(w);
}

static void json_names(struct json_writer *j, const char *key, struct name_list list)
{
    json_put_array(j, key);
    for (size_t i = 0; i < list.count; i++)
        json_put_str(j, NULL, list.v[i].s);
    json_put_end(j);
}

static void json_cert(struct json_writer *j, const char *key, const struct roster_cert *c)
{
    if (c->der.len > 0)
        json_put_hex(j, key, digest_bytes(&c->fingerprint));
}

static void json_former(struct json_writer *j, const struct former_list *list)
{
    json_put_array(j, "former");
    for (size_t i = 0; i < list->count; i++) {
        json_put_object(j, NULL);
        json_cert(j, "certificate", &list->v[i].cert);
        json_put_int(j, "replaced_at", list->v[i].replaced_at);
        json_put_int(j, "until", list->v[i].until);
        json_put_end(j);
    }
    json_put_end(j);
}

static void json_member(struct json_writer *j, const struct roster_member *m)
{
    json_put_object(j, NULL);
    json_put_str(j, "oin", m->id.oin);
    json_put_str(j, "kind", member_kind_id(m->kind));
    json_put_text(j, "name", m->name);
    json_put_str(j, "host", m->host.oin);
    json_put_array(j, "controllers");
    for (size_t i = 0; i < m->controller_count; i++)
        json_put_str(j, NULL, m->controllers[i].oin);
    json_put_end(j);
    if (m->regime != REGIME_NONE)
        json_put_str(j, "regime", regime_id(m->regime));
    json_names(j, "classes", m->classes);
    json_names(j, "purposes", m->purposes);
    json_put_uint(j, "population", m->population);
    json_put_uint(j, "churn", m->churn);
    json_cert(j, "signing", &m->signing);
    json_cert(j, "sealing", &m->sealing);
    json_cert(j, "transport", &m->transport);
    if (m->transport.der.len > 0)
        json_put_hex(j, "curve", BYTES_OF_ARRAY(m->curve.b));
    if (m->endpoint.len > 0)
        json_put_text(j, "endpoint", m->endpoint);
    if (roster_has_next(m)) {
        json_put_text(j, "next_endpoint", m->next.endpoint);
        json_cert(j, "next_transport", &m->next.transport);
        json_put_hex(j, "next_curve", BYTES_OF_ARRAY(m->next.curve.b));
    }
    json_former(j, &m->former);
    json_put_end(j);
}

static void json_officer(struct json_writer *j, const struct roster_officer *o)
{
    json_put_object(j, NULL);
    json_put_str(j, "agency", o->agency.oin);
    json_put_str(j, "staff", o->staff.s);
    json_put_str(j, "person", o->person.s);
    json_put_array(j, "functions");
    for (unsigned f = 1; f < 32; f++) {
        if (roster_officer_has(o, (enum officer_function)f))
            json_put_str(j, NULL, officer_function_id((enum officer_function)f));
    }
    json_put_end(j);
    json_cert(j, "certificate", &o->cert);
    json_former(j, &o->former);
    json_put_end(j);
}

/* Other keys of the log than the present one. */
static void json_logs(struct json_writer *j, const struct roster *r)
{
    if (r->next_log_key.len > 0)
        json_put_text(j, "next_log_key", r->next_log_key);
    if (r->former_log_count == 0)
        return;
    json_put_array(j, "former_logs");
    for (size_t i = 0; i < r->former_log_count; i++) {
        json_put_object(j, NULL);
        json_put_text(j, "key", r->former_logs[i].key);
        json_put_int(j, "until", r->former_logs[i].until);
        json_put_end(j);
    }
    json_put_end(j);
}

/* Logs of the broker that ended. */
static void json_origins(struct json_writer *j, const struct roster *r)
{
    if (r->former_origin_count == 0)
        return;
    json_put_array(j, "former_origins");
    for (size_t i = 0; i < r->former_origin_count; i++) {
        const struct roster_former_origin *f = &r->former_origins[i];
        json_put_object(j, NULL);
        json_put_text(j, "origin", f->origin);
        json_put_array(j, "keys");
        for (size_t k = 0; k < f->key_count; k++)
            json_put_text(j, NULL, f->keys[k]);
        json_put_end(j);
        json_put_uint(j, "size", f->size);
        json_put_hex(j, "root", digest_bytes(&f->root));
        json_put_text(j, "head", f->head);
        json_put_end(j);
    }
    json_put_end(j);
}

/* By its pin. */
static void json_key(struct json_writer *j, const char *key, struct bytes spki)
{
    struct digest d;
    if (spki.len > 0 && digest_sha256(&spki, 1, &d) == ERR_OK)
        json_put_hex(j, key, digest_bytes(&d));
}

static void json_departures(struct json_writer *j, const struct roster *r)
{
    json_put_array(j, "departures");
    for (size_t i = 0; i < r->departure_count; i++) {
        json_put_object(j, NULL);
        json_put_str(j, "purpose", r->departures[i].purpose.s);
        json_put_str(j, "oin", r->departures[i].oin.oin);
        json_put_int(j, "at", r->departures[i].at_s);
        json_put_end(j);
    }
    json_put_end(j);
}

static enum err show_json(struct work *w, const struct roster *r)
{
    struct json_writer j = json_writer_of(&w->out);
    json_put_object(&j, NULL);
    json_put_str(&j, "deployment", r->deployment.s);
    json_put_uint(&j, "serial", r->serial);
    json_put_int(&j, "issued_at", r->issued_at);
    json_put_int(&j, "not_after", r->not_after);
    json_put_array(&j, "issuers");
    for (size_t i = 0; i < r->issuer_count; i++)
        json_put_hex(&j, NULL, digest_bytes(&r->issuers[i].fingerprint));
    json_put_end(&j);
    json_key(&j, "roster_key", r->key);
    json_key(&j, "next_roster_key", r->next_key);
    json_departures(&j, r);
    json_put_text(&j, "log_key", r->log_key);
    json_put_text(&j, "log_origin", r->log_origin);
    json_logs(&j, r);
    json_origins(&j, r);
    if (r->has_ceremony)
        json_put_hex(&j, "ceremony", digest_bytes(&r->ceremony));
    json_put_array(&j, "members");
    for (size_t i = 0; i < r->member_count; i++)
        json_member(&j, &r->members[i]);
    json_put_end(&j);
    json_put_array(&j, "officers");
    for (size_t i = 0; i < r->officer_count; i++)
        json_officer(&j, &r->officers[i]);
    json_put_end(&j);
    json_put_array(&j, "revoked");
    for (size_t i = 0; i < r->revoked_count; i++)
        json_put_hex(&j, NULL, digest_bytes(&r->revoked[i]));
    json_put_end(&j);
    json_put_array(&j, "acts");
    for (size_t i = 0; i < r->act_count; i++)
        json_put_text(&j, NULL, r->acts[i]);
    json_put_end(&j);
    json_put_end(&j);
    buf_put_str(&w->out, "\n");
    return json_writer_done(&j);
}

static enum err show_text(struct work *w, const struct roster *r)
{
    char until[WHEN_TEXT_SIZE];
    when_text(r->not_after, until);
    buf_printf(&w->out, "deployment %s, roster %llu, until %s\n\n", r->deployment.s,
               (unsigned long long)r->serial, until);
    buf_printf(&w->out, "%-21s%-11s%-6s%-12s%s\n", "OIN", "KIND", "LAW", "POPULATION", "NAME");
    for (size_t i = 0; i < r->member_count; i++) {
        const struct roster_member *m = &r->members[i];
        buf_printf(&w->out, "%-21s%-11s%-6s%-12llu%.*s\n", m->id.oin, member_kind_id(m->kind),
                   m->regime == REGIME_NONE ? "-" : regime_id(m->regime),
                   (unsigned long long)m->population, (int)m->name.len,
                   (const char *)m->name.ptr);
    }
    buf_printf(&w->out, "\n%-21s%-20s%-14s%s\n", "AGENCY", "STAFF", "PERSON", "FUNCTIONS");
    for (size_t i = 0; i < r->officer_count; i++) {
        const struct roster_officer *o = &r->officers[i];
        buf_printf(&w->out, "%-21s%-20s%-14s", o->agency.oin, o->staff.s, o->person.s);
        for (unsigned f = 1; f < 32; f++) {
            if (roster_officer_has(o, (enum officer_function)f))
                buf_printf(&w->out, "%s ", officer_function_id((enum officer_function)f));
        }
        buf_put_str(&w->out, "\n");
    }
    return buf_err(&w->out);
}

enum err verb_roster_show(struct work *w)
{
    const struct work_need needs[] = {{"dir", w->o->dir}, {"roster", w->o->roster}, {NULL, NULL}};
    struct trust *t CLEANUP(cleanup_trust_free) = NULL;
    enum err e = work_needs(w, needs);
    if (e == ERR_OK)
        e = draft_trust(w, w->o->roster, &t);
    if (e != ERR_OK)
        return e;
    return w->o->json ? show_json(w, trust_roster(t)) : show_text(w, trust_roster(t));
}
