/* crl: the lists of what is revoked, for third parties. Members of the deployment read the roster. */
#include "pki/cli/pki/draft.h"
#include "pki/cli/pki/issue.h"
#include "pki/cli/pki/issuing_ca.h"
#include "pki/cli/pki/journal.h"
#include "pki/cli/pki/serial.h"
#include "pki/cli/pki/verbs.h"
#include "pki/cli/pki/version.h"
#include "pki/crl.h"
#include "proto/base/text.h"

#include <stdio.h>

#define DAY_S INT64_C(86400)
#define CRL_DAYS 7
#define CRL_MAX_BYTES ((size_t)4 << 20)

struct listing {
    struct work *w;
    const struct roster *roster;
    struct crl_entry *entries;
    struct cert **certs;
    size_t count;
    struct cert *root;
    struct buf pem;
    size_t listed;
    struct digest *unknown; /* revoked, and no copy is here */
    size_t unknown_count;
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

/* A register that was restored from an old copy took over what is revoked, by fingerprints; a list names serial
 * numbers, so that what was issued after that copy cannot stand on it. */
static void say_unknown(const struct listing *k)
{
    for (size_t i = 0; i < k->unknown_count; i++) {
        char storage[2 * sizeof(struct digest) + 1];
        struct buf hex = buf_fixed(storage, sizeof storage);
        text_put_hex(&hex, digest_bytes(&k->unknown[i]));
        fprintf(stderr, "sluis-pki: not on the list: sha256:%s is revoked, and this register, which was restored, does not "
                        "know the certificate; tell third parties who may have it\n",
                buf_text(&hex));
    }
}

/* One that has ended stands on no list, and its copy may be gone. */
static void forget_ended(struct listing *k, const struct journal_line *l)
{
    if (l->act != JOURNAL_ISSUED || l->until >= k->w->now_s)
        return;
    for (size_t i = 0; i < k->unknown_count; i++)
        if (digest_equal(&k->unknown[i], l->fingerprint)) {
            k->unknown[i] = k->unknown[--k->unknown_count];
            return;
        }
}

static enum err set_time(void *arg, const struct journal_line *l)
{
    struct listing *k = arg;
    if (l->fingerprint == NULL)
        return ERR_OK;
    forget_ended(k, l);
    if (l->act != JOURNAL_REVOKED ||
        find_entry(k, l->fingerprint) == k->count)
        return ERR_OK;
    return add_revoked(k, l->fingerprint, l->at_s);
}

static enum err collect(struct listing *k)
{
    size_t n = k->roster->revoked_count;
    k->entries = arena_array(k->w->arena, n, sizeof *k->entries);
    k->certs = arena_array(k->w->arena, n, sizeof *k->certs);
    k->unknown = arena_array(k->w->arena, n, sizeof *k->unknown);
    if (k->entries == NULL || k->certs == NULL || k->unknown == NULL)
        return ERR_NOMEM;
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < n; i++) {
        e = add_revoked(k, &k->roster->revoked[i], k->w->now_s);
        if (e != ERR_NOT_FOUND)
            continue;
        k->unknown[k->unknown_count++] = k->roster->revoked[i];
        k->w->why = (struct errmsg){""};
        e = ERR_OK;
    }
    if (e == ERR_OK)
        e = journal_each(k->w, set_time, k);
    if (e == ERR_OK)
        say_unknown(k);
    return e;
}

/* The entries of one issuing CA, with its own key. One whose key is not here, after a loss, signs no list any
 * more: that is said, and the others go on. */
static enum err add_list(struct listing *k, struct crl_request *r, const struct issuing_ca *by)
{
    struct work *w = k->w;
    struct key *key CLEANUP(cleanup_key_free) = NULL;
    struct issuing_set one = {.v = {*by}, .count = 1};
    struct crl_entry *mine = arena_array(w->arena, k->count, sizeof *mine);
    if (mine == NULL)
        return ERR_NOMEM;
    if (!by->has_key) {
        fprintf(stderr, "sluis-pki: no list of issuing CA %u: its key is not here\n", by->version);
        return ERR_OK;
    }
    r->entries = mine;
    r->count = 0;
    for (size_t i = 0; i < k->count; i++) {
        if (issuing_set_of(&one, k->root, k->certs[i]) != NULL)
            mine[r->count++] = k->entries[i];
    }
    enum err e = work_load_key(w, version_id_of(ISSUING_KEY, by->version).s, KEY_TYPE_P256, &key);
    struct ca_issuer ca = {by->cert, key};
    k->listed += r->count;
    return e != ERR_OK ? e : crl_make(r, &ca, &k->pem);
}

/* Each list has a number of its own, above those before it: the time, as long as the clock goes on; never below
 * the serial of the roster, which it was once. */
static enum err number_of(struct work *w, uint64_t *out)
{
    uint64_t last = 0;
    enum err e = serial_last(w, &last);
    if (e == ERR_OK)
        *out = w->now_s > 0 && (uint64_t)w->now_s > last ? (uint64_t)w->now_s : last;
    return e;
}

/* A list of each issuing CA that the draft lists, one behind the other. */
static enum err write_lists(struct listing *k)
{
    struct work *w = k->w;
    struct issuing_set set CLEANUP(issuing_set_free) = {.count = 0};
    struct crl_request r = {.this_update = w->now_s, .next_update = w->now_s + CRL_DAYS * DAY_S};
    const char *path = w->o->crl != NULL ? w->o->crl : w->o->out;
    enum err e = number_of(w, &r.number);
    if (e == ERR_OK)
        e = issuing_set_load(w, k->roster, &set);
    for (size_t i = 0; e == ERR_OK && i < set.count; i++)
        e = add_list(k, &r, &set.v[i]);
    if (e == ERR_OK)
        e = file_write(path, buf_bytes(&k->pem), 0644, &w->why);
    if (e == ERR_OK && !w->o->json)
        buf_printf(&w->out, "%s: %zu certificates, until %d days from now%s\n", path, k->listed, CRL_DAYS,
                   k->unknown_count > 0 ? "; not complete, see above" : "");
    return e;
}

static void free_listing(struct listing *k)
{
    for (size_t i = 0; i < k->count; i++)
        cert_free(k->certs[i]);
    cert_free(k->root);
    buf_free(&k->pem);
}

enum err verb_crl(struct work *w)
{
    const struct work_need needs[] = {
        {"dir", w->o->dir}, {"out", w->o->crl != NULL ? w->o->crl : w->o->out}, {NULL, NULL}};
    struct roster r;
    struct listing k CLEANUP(free_listing) = {.w = w, .roster = &r, .pem = buf_new(CRL_MAX_BYTES)};
    enum err e = work_needs(w, needs);
    if (e == ERR_OK)
        e = draft_load(w, &r);
    if (e == ERR_OK)
        e = work_load_cert(w, "root-ca", CERT_ROOT, &k.root);
    if (e == ERR_OK)
        e = collect(&k);
    return e != ERR_OK ? e : write_lists(&k);
}
