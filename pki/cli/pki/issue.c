#include "pki/cli/pki/issue.h"

#include <stdio.h>

#include "pki/ca.h"
#include "pki/cli/pki/draft.h"
#include "pki/cli/pki/issuing_ca.h"
#include "pki/cli/pki/journal.h"
#include "pki/cli/pki/roster_key.h"
#include "pki/cli/pki/version.h"
#include "proto/base/text.h"

#define DAY_S INT64_C(86400)
#define BACKDATE_S 300 /* so that a clock slightly behind takes a new certificate */
#define ID_MAX 128

void issuing_free(struct issuing *i)
{
    cert_free(i->root);
    cert_free(i->issuer);
    cert_free(i->roster_key);
    key_free(i->key);
}

enum err issuing_open(struct work *w, struct issuing *out)
{
    struct issuing_set set CLEANUP(issuing_set_free) = {.count = 0};
    struct roster draft;
    enum err e = work_load_cert(w, "root-ca", CERT_ROOT, &out->root);
    if (e == ERR_OK)
        e = draft_load(w, &draft);
    if (e == ERR_OK)
        e = roster_key_cert(w, &draft, &out->roster_key);
    if (e == ERR_OK)
        e = issuing_set_load(w, &draft, &set);
    if (e != ERR_OK)
        return e;
    const struct issuing_ca *current = issuing_set_current(&set);
    if (current == NULL)
        return errmsg_set(&w->why, ERR_NOT_FOUND,
                          "the key of the issuing CA is not here; see: sluis-pki rotate --key issuing");
    e = version_load_cert(w, ISSUING_CERT, current->version, CERT_ISSUER, &out->issuer);
    return e != ERR_OK ? e : work_load_key(w, version_id_of(ISSUING_KEY, current->version).s,
                                           KEY_TYPE_P256, &out->key);
}

enum err issue_cert(struct work *w, const struct issuing *by, const struct issue_subject *s,
                    const struct key *subject, struct cert **out)
{
    int64_t days = w->o->days > 0 ? (int64_t)w->o->days : ISSUE_DAYS_DEFAULT;
    struct ca_request r = {s->use, s->oin, s->name, w->now_s - BACKDATE_S, w->now_s + days * DAY_S};
    struct ca_issuer ca = {by->issuer, by->key};
    if (days < ISSUE_DAYS_MIN || days > ISSUE_DAYS_MAX)
        return errmsg_set(&w->why, ERR_CONFIG, "--days: a certificate lives %d to %d days",
                          ISSUE_DAYS_MIN, ISSUE_DAYS_MAX);
    return ca_issue(&r, &ca, subject, out, &w->why);
}

static void id_of(const struct digest *fingerprint, char id[static ID_MAX])
{
    char hex[2 * sizeof(struct digest) + 1] = "";
    struct buf b = buf_fixed(hex, sizeof hex - 1);
    text_put_hex(&b, digest_bytes(fingerprint));
    snprintf(id, ID_MAX, "issued/%s", hex);
}

enum err issue_keep(struct work *w, const struct cert *c, const struct digest *lineage)
{
    char id[ID_MAX];
    char what[ID_MAX];
    struct journal_line l = {.act = JOURNAL_ISSUED,
                             .oin = *cert_oin(c),
                             .what = what,
                             .fingerprint = cert_fingerprint(c),
                             .lineage = lineage,
                             .until = cert_not_after(c)};
    bool is_officer = cert_use_of(c) == CERT_OFFICER;
    snprintf(what, sizeof what, "%s%s%s", cert_use_id(cert_use_of(c)), is_officer ? ":" : "",
             is_officer ? cert_name(c) : "");
    id_of(cert_fingerprint(c), id);
    enum err e = work_save_cert(w, id, c);
    return e != ERR_OK ? e : journal_add(w, &l);
}

/* Whose it is and what for, where a copy of it is here. */
static enum err note(struct work *w, struct journal_line *l)
{
    struct cert *c CLEANUP(cleanup_cert_free) = NULL;
    if (issue_find(w, l->fingerprint, &c) == ERR_OK) {
        l->oin = *cert_oin(c);
        l->what = cert_use_id(cert_use_of(c));
        l->until = l->until != 0 ? l->until : cert_not_after(c);
    }
    return journal_add(w, l);
}

enum err issue_note_revoked(struct work *w, const struct roster *before, const struct roster *now)
{
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < now->revoked_count; i++) {
        struct journal_line l = {.act = JOURNAL_REVOKED, .fingerprint = &now->revoked[i]};
        if (!roster_is_revoked(before, &now->revoked[i]))
            e = note(w, &l);
    }
    return e;
}

enum err issue_note_former(struct work *w, const struct former_list *before, const struct former_list *now)
{
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < now->count; i++) {
        const struct roster_former *f = &now->v[i];
        struct journal_line l = {.act = JOURNAL_RETIRED,
                                 .fingerprint = &f->cert.fingerprint,
                                 .until = f->until,
                                 .detail = "lost or over, not stolen: what was made with it before stays valid"};
        if (roster_former_of(before, &f->cert.fingerprint) == NULL)
            e = note(w, &l);
    }
    return e;
}

enum err issue_find(struct work *w, const struct digest *fingerprint, struct cert **out)
{
    char id[ID_MAX];
    char path[WORK_PATH_MAX];
    struct bytes pem = {NULL, 0};
    id_of(fingerprint, id);
    enum err e = work_path(w, path, id, ".pem");
    if (e == ERR_OK && !file_exists(path))
        return errmsg_set(&w->why, ERR_NOT_FOUND, "%s: not issued here", id);
    if (e == ERR_OK)
        e = work_read(w, path, CERT_PEM_MAX_BYTES, &pem);
    for (enum cert_use use = CERT_SIGNING; e == ERR_OK && use <= CERT_OFFICER; use++) {
        if (cert_parse_pem(pem, use, out, NULL) == ERR_OK)
            return ERR_OK;
    }
    return e != ERR_OK ? e : errmsg_set(&w->why, ERR_CERT, "%s: not a certificate of ours", path);
}
