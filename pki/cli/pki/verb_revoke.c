/* revoke: a member with its people, a person, or the line of renewals of one key. It takes effect with the next
 * roster, which --sign signs at once. crl: the list for third parties. */
#include "pki/cli/pki/draft.h"
#include "pki/cli/pki/issue.h"
#include "pki/cli/pki/journal.h"
#include "pki/cli/pki/serial.h"
#include "pki/cli/pki/verbs.h"
#include "pki/crl.h"
#include "proto/base/text.h"

#include <stdio.h>

#define DAY_S INT64_C(86400)
#define CRL_DAYS 7
#define CRL_MAX_BYTES ((size_t)4 << 20)

/* ---- what is revoked ---- */

struct lineage {
    struct work *w;
    struct roster *roster;
    struct digest asked;
    const struct digest *first; /* of its line; NULL until the journal has named it */
    struct agency_id oin;
    size_t count;
};

static enum err find_first(void *arg, const struct journal_line *l)
{
    struct lineage *k = arg;
    if (l->act == JOURNAL_ISSUED && l->fingerprint != NULL && digest_equal(l->fingerprint, &k->asked)) {
        k->first = l->lineage;
        k->oin = l->oin;
    }
    return ERR_OK;
}

static enum err revoke_one(void *arg, const struct journal_line *l)
{
    struct lineage *k = arg;
    if (l->act != JOURNAL_ISSUED || l->lineage == NULL || !digest_equal(l->lineage, k->first))
        return ERR_OK;
    k->count++;
    return draft_revoke(k->w, k->roster, l->fingerprint);
}

/* Every certificate of the line, also those that are over. A member whose line is revoked stays on the roster,
 * and nothing that it signs counts until it enrols again with a token. */
static enum err revoke_lineage(struct work *w, struct roster *r)
{
    struct lineage k = {.w = w, .roster = r};
    const char *text = w->o->lineage;
    if (strncmp(text, "sha256:", 7) == 0)
        text += 7;
    if (text_get_hex(bytes_str(text), k.asked.b, sizeof k.asked.b) != ERR_OK)
        return errmsg_set(&w->why, ERR_CONFIG, "--lineage: not sha256: and 64 hex digits");
    enum err e = journal_each(w, find_first, &k);
    if (e == ERR_OK && k.first == NULL)
        e = errmsg_set(&w->why, ERR_NOT_FOUND, "--lineage: no certificate of this register");
    if (e == ERR_OK)
        e = journal_each(w, revoke_one, &k);
    return e != ERR_OK ? e : draft_act(w, r, "revoked a line of keys of", k.oin.oin);
}

static enum err revoke_party(struct work *w, struct roster *r)
{
    struct agency_id id;
    struct name staff;
    char whom[OIN_CHARS + NAME_MAX_BYTES + 2];
    enum err e = work_oin(w, "oin", w->o->oin, &id);
    if (e != ERR_OK)
        return e;
    if (w->o->officer == NULL) {
        e = draft_remove_member(w, r, &id);
        return e != ERR_OK ? e : draft_act(w, r, "revoked member", id.oin);
    }
    e = work_name(w, "officer", w->o->officer, &staff);
    if (e == ERR_OK)
        e = draft_remove_officer(w, r, &id, &staff);
    snprintf(whom, sizeof whom, "%s %s", id.oin, w->o->officer);
    return e != ERR_OK ? e : draft_act(w, r, "revoked officer", whom);
}

/* A line of the journal for each certificate that is revoked now and was not before. */
static enum err note_new(struct work *w, const struct roster *before, const struct roster *r)
{
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < r->revoked_count; i++) {
        struct cert *c CLEANUP(cleanup_cert_free) = NULL;
        struct journal_line l = {.act = JOURNAL_REVOKED, .fingerprint = &r->revoked[i]};
        if (roster_is_revoked(before, &r->revoked[i]))
            continue;
        if (issue_find(w, &r->revoked[i], &c) == ERR_OK) {
            l.oin = *cert_oin(c);
            l.what = cert_use_id(cert_use_of(c));
            l.until = cert_not_after(c);
        }
        e = journal_add(w, &l);
    }
    return e;
}

static enum err report(struct work *w, const struct roster *before, const struct roster *r)
{
    size_t n = r->revoked_count - before->revoked_count;
    if (w->o->json)
        buf_printf(&w->out, "{\"revoked\":%zu,\"dry_run\":%s}\n", n, w->o->dry_run ? "true" : "false");
    else
        buf_printf(&w->out, "%s%zu certificates%s\n", w->o->dry_run ? "would revoke " : "revoked ", n,
                   w->o->sign || w->o->dry_run ? ""
                                               : "; takes effect with: sluis-pki roster sign");
    return buf_err(&w->out);
}

static enum err take_effect(struct work *w, const struct roster *before, struct roster *r)
{
    enum err e = note_new(w, before, r);
    if (e == ERR_OK)
        e = draft_save(w, r);
    if (e == ERR_OK && w->o->sign)
        e = verb_roster_sign(w);
    if (e == ERR_OK && w->o->crl != NULL)
        e = verb_crl(w);
    return e;
}

enum err verb_revoke(struct work *w)
{
    const struct work_need needs[] = {{"dir", w->o->dir}, {NULL, NULL}};
    struct roster before;
    struct roster r;
    enum err e = work_needs(w, needs);
    if (e == ERR_OK && (w->o->lineage != NULL) == (w->o->oin != NULL))
        e = errmsg_set(&w->why, ERR_CONFIG, "revoke needs --oin (and --officer), or --lineage");
    if (e == ERR_OK && w->o->sign && w->o->out == NULL)
        e = errmsg_set(&w->why, ERR_CONFIG, "--sign needs --out, where the roster goes");
    if (e == ERR_OK)
        e = draft_load(w, &r);
    before = r;
    if (e == ERR_OK)
        e = w->o->lineage != NULL ? revoke_lineage(w, &r) : revoke_party(w, &r);
    if (e == ERR_OK)
        e = report(w, &before, &r);
    return e != ERR_OK || w->o->dry_run ? e : take_effect(w, &before, &r);
}

/* ---- the list for third parties ---- */

struct listing {
    struct work *w;
    const struct roster *roster;
    struct crl_entry *entries;
    struct cert **certs;
    size_t count;
};

static size_t find_entry(const struct listing *k, const struct digest *fingerprint)
{
    for (size_t i = 0; i < k->count; i++) {
        if (digest_equal(cert_fingerprint(k->certs[i]), fingerprint))
            return i;
    }
    return k->count;
}

/* When each revoked certificate was revoked: the journal says so; now, where it does not. */
static enum err add_revoked(struct listing *k, const struct digest *fingerprint, int64_t at_s)
{
    size_t at = find_entry(k, fingerprint);
    if (at < k->count) {
        k->entries[at].revoked_at = at_s;
        return ERR_OK;
    }
    enum err e = issue_find(k->w, fingerprint, &k->certs[k->count]);
    if (e != ERR_OK)
        return e;
    k->entries[k->count] = (struct crl_entry){k->certs[k->count], at_s};
    k->count++;
    return ERR_OK;
}

static enum err set_time(void *arg, const struct journal_line *l)
{
    struct listing *k = arg;
    if (l->act != JOURNAL_REVOKED || l->fingerprint == NULL ||
        find_entry(k, l->fingerprint) == k->count)
        return ERR_OK;
    return add_revoked(k, l->fingerprint, l->at_s);
}

static enum err collect(struct listing *k)
{
    size_t n = k->roster->revoked_count;
    k->entries = arena_array(k->w->arena, n, sizeof *k->entries);
    k->certs = arena_array(k->w->arena, n, sizeof *k->certs);
    if (k->entries == NULL || k->certs == NULL)
        return ERR_NOMEM;
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < n; i++)
        e = add_revoked(k, &k->roster->revoked[i], k->w->now_s);
    return e != ERR_OK ? e : journal_each(k->w, set_time, k);
}

static enum err write_list(struct work *w, const struct listing *k)
{
    struct issuing by CLEANUP(issuing_free) = {NULL};
    struct buf pem CLEANUP(buf_free) = buf_new(CRL_MAX_BYTES);
    struct crl_request r = {.entries = k->entries,
                            .count = k->count,
                            .this_update = w->now_s,
                            .next_update = w->now_s + CRL_DAYS * DAY_S};
    enum err e = serial_last(w, &r.number);
    if (e == ERR_OK)
        e = issuing_open(w, &by);
    struct ca_issuer ca = {by.issuer, by.key};
    if (e == ERR_OK)
        e = crl_make(&r, &ca, &pem);
    const char *path = w->o->crl != NULL ? w->o->crl : w->o->out;
    if (e == ERR_OK)
        e = file_write(path, buf_bytes(&pem), 0644, &w->why);
    if (e == ERR_OK && !w->o->json)
        buf_printf(&w->out, "%s: %zu certificates, until %d days from now\n", path, k->count, CRL_DAYS);
    return e;
}

enum err verb_crl(struct work *w)
{
    const struct work_need needs[] = {
        {"dir", w->o->dir}, {"out", w->o->crl != NULL ? w->o->crl : w->o->out}, {NULL, NULL}};
    struct roster r;
    struct listing k = {.w = w, .roster = &r};
    enum err e = work_needs(w, needs);
    if (e == ERR_OK)
        e = draft_load(w, &r);
    if (e == ERR_OK)
        e = collect(&k);
    if (e == ERR_OK)
        e = write_list(w, &k);
    for (size_t i = 0; i < k.count; i++)
        cert_free(k.certs[i]);
    return e;
}
