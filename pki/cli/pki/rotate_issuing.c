/* rotate --key issuing: a new issuing CA under the root. The roster lists both from then on, certificates come
 * from the new one, and the old one goes when no certificate that is listed leads to it. */
#include "pki/ca.h"
#include "pki/cli/pki/authority.h"
#include "pki/cli/pki/draft.h"
#include "pki/cli/pki/issuing_ca.h"
#include "pki/cli/pki/journal.h"
#include "pki/cli/pki/root_key.h"
#include "pki/cli/pki/rotate.h"
#include "pki/cli/pki/version.h"
#include "proto/base/when.h"
#include "proto/json/json_writer.h"

#include <stdio.h>

#define DAY_S INT64_C(86400)
#define DAYS_DEFAULT 1825

struct rotation {
    struct work *w;
    struct roster draft;
    struct issuing_set set;
    struct cert *root;
    size_t depends[ROSTER_MAX_ISSUERS]; /* listed certificates that lead to each of set */
    struct json_writer *json;           /* of --status; NULL: text or nothing */
    unsigned only;                      /* report those of this version; 0: of every one but the newest */
    bool is_quiet;                      /* count only */
    char first[96];                     /* a certificate that leads to only */
};

static void free_rotation(struct rotation *r)
{
    issuing_set_free(&r->set);
    cert_free(r->root);
}

static enum err load(struct rotation *r)
{
    enum err e = draft_load(r->w, &r->draft);
    if (e == ERR_OK)
        e = work_load_cert(r->w, "root-ca", CERT_ROOT, &r->root);
    return e != ERR_OK ? e : issuing_set_load(r->w, &r->draft, &r->set);
}

/* ---- who depends on which ---- */

static enum err parse_listed(const struct roster_listed *l, struct cert **out, struct errmsg *why)
{
    for (enum cert_use use = CERT_SIGNING; use <= CERT_OFFICER; use++) {
        if (cert_parse(l->cert->der, use, out, NULL) == ERR_OK)
            return ERR_OK;
    }
    return errmsg_set(why, ERR_CERT, "draft: a certificate of %s is none", l->oin->oin);
}

static void put_remaining(struct rotation *r, const struct issuing_ca *by, const struct roster_listed *l,
                          const struct cert *c)
{
    char when[WHEN_TEXT_SIZE];
    const char *use = cert_use_id(cert_use_of(c));
    when_text(l->former != NULL ? l->former->until : cert_not_after(c), when);
    if (r->json == NULL) {
        buf_printf(&r->w->out, "  of version %u: %s%s%s %s%s until %s\n", by->version, l->oin->oin,
                   l->staff != NULL ? " " : "", l->staff != NULL ? l->staff->s : "",
                   l->former != NULL ? "former " : "", use, when);
        return;
    }
    json_put_object(r->json, NULL);
    json_put_uint(r->json, "version", by->version);
    json_put_str(r->json, "oin", l->oin->oin);
    if (l->staff != NULL)
        json_put_str(r->json, "staff", l->staff->s);
    json_put_str(r->json, "use", use);
    json_put_bool(r->json, "former", l->former != NULL);
    json_put_str(r->json, "not_after", when);
    json_put_end(r->json);
}

/* Counts a certificate at the issuing CA that it leads to. */
static enum err count_one(void *arg, const struct roster_listed *l)
{
    struct rotation *r = arg;
    struct cert *c CLEANUP(cleanup_cert_free) = NULL;
    enum err e = parse_listed(l, &c, &r->w->why);
    if (e != ERR_OK)
        return e;
    const struct issuing_ca *by = issuing_set_of(&r->set, r->root, c);
    if (by == NULL)
        return errmsg_set(&r->w->why, ERR_CERT, "draft: a certificate of %s leads to no listed issuing CA",
                          l->oin->oin);
    const struct issuing_ca *newest = issuing_set_current(&r->set);
    bool wanted = r->only != 0 ? by->version == r->only : by != newest;
    r->depends[by - r->set.v]++;
    if (wanted && r->is_quiet)
        snprintf(r->first, sizeof r->first, "%s of %s%s%s", cert_use_id(cert_use_of(c)), l->oin->oin,
                 l->staff != NULL ? " " : "", l->staff != NULL ? l->staff->s : "");
    if (wanted && !r->is_quiet)
        put_remaining(r, by, l, c);
    return ERR_OK;
}

static enum err count(struct rotation *r)
{
    memset(r->depends, 0, sizeof r->depends);
    return roster_each_cert(&r->draft, count_one, r);
}

/* ---- what remains ---- */

/* The oldest version that nothing leads to and that is not the newest; 0: none. */
static unsigned retirable(const struct rotation *r)
{
    for (size_t i = 0; i < r->set.count; i++) {
        if (r->depends[i] == 0 && &r->set.v[i] != issuing_set_current(&r->set))
            return r->set.v[i].version;
    }
    return 0;
}

static void next_step(const struct rotation *r, char *out, size_t max)
{
    unsigned n = retirable(r);
    if (issuing_set_current(&r->set) == NULL)
        snprintf(out, max, "sluis-pki rotate --dir %s --key issuing", r->w->o->dir);
    else if (n != 0)
        snprintf(out, max, "sluis-pki rotate --dir %s --key issuing --retire %u", r->w->o->dir, n);
    else if (r->set.count > 1)
        snprintf(out, max, "each party named renews; then ask again");
    else
        snprintf(out, max, "nothing remains");
}

static void put_version_text(struct rotation *r, size_t i)
{
    const struct issuing_ca *v = &r->set.v[i];
    char when[WHEN_TEXT_SIZE];
    when_text(cert_not_after(v->cert), when);
    buf_printf(&r->w->out, "issuing CA %u  until %s  %zu certificates  key %s%s  ", v->version, when,
               r->depends[i], v->has_key ? "here" : "NOT HERE",
               v == issuing_set_current(&r->set) ? ", issues" : "");
    work_put_fingerprint(&r->w->out, cert_fingerprint(v->cert));
    buf_put_str(&r->w->out, "\n");
}

static void put_version_json(struct rotation *r, struct json_writer *j, size_t i)
{
    const struct issuing_ca *v = &r->set.v[i];
    char when[WHEN_TEXT_SIZE];
    when_text(cert_not_after(v->cert), when);
    json_put_object(j, NULL);
    json_put_uint(j, "version", v->version);
    json_put_str(j, "not_after", when);
    json_put_uint(j, "certificates", r->depends[i]);
    json_put_bool(j, "has_key", v->has_key);
    json_put_bool(j, "issues", v == issuing_set_current(&r->set));
    json_put_hex(j, "fingerprint", digest_bytes(cert_fingerprint(v->cert)));
    json_put_end(j);
}

static enum err show_json(struct rotation *r, const char *next)
{
    struct json_writer j = json_writer_of(&r->w->out);
    json_put_object(&j, NULL);
    json_put_str(&j, "key", "issuing");
    json_put_array(&j, "versions");
    for (size_t i = 0; i < r->set.count; i++)
        put_version_json(r, &j, i);
    json_put_end(&j);
    json_put_array(&j, "remains");
    r->json = &j;
    r->is_quiet = false;
    enum err e = count(r);
    r->json = NULL;
    json_put_end(&j);
    json_put_str(&j, "next", next);
    json_put_end(&j);
    buf_put_str(&r->w->out, "\n");
    return e == ERR_OK ? json_writer_done(&j) : e;
}

static enum err show(struct rotation *r)
{
    char next[WORK_PATH_MAX + 64];
    r->is_quiet = true;
    enum err e = count(r);
    if (e != ERR_OK)
        return e;
    next_step(r, next, sizeof next);
    if (r->w->o->json)
        return show_json(r, next);
    for (size_t i = 0; i < r->set.count; i++)
        put_version_text(r, i);
    r->is_quiet = false;
    e = count(r);
    buf_printf(&r->w->out, "next: %s\n", next);
    return e == ERR_OK ? buf_err(&r->w->out) : e;
}

/* ---- a new one ---- */

static unsigned newest_listed(const struct rotation *r)
{
    return r->set.count > 0 ? r->set.v[r->set.count - 1].version : 0;
}

/* "Sluis issuing CA" becomes "Sluis issuing CA 2": two names, so that third parties tell the lists apart. */
static void name_of(const struct rotation *r, unsigned n, char out[static CERT_NAME_MAX_BYTES + 1])
{
    const char *old = r->set.count > 0 ? cert_name(r->set.v[r->set.count - 1].cert) : "Sluis issuing CA";
    size_t len = strlen(old);
    while (len > 0 && old[len - 1] >= '0' && old[len - 1] <= '9')
        len--;
    while (len > 0 && old[len - 1] == ' ')
        len--;
    if (len > CERT_NAME_MAX_BYTES - 3)
        len = CERT_NAME_MAX_BYTES - 3;
    snprintf(out, CERT_NAME_MAX_BYTES + 1, "%.*s %u", (int)len, old, n);
}

static int64_t end_of(const struct rotation *r)
{
    const struct opts *o = r->w->o;
    int64_t end = r->w->now_s + (o->days > 0 ? (int64_t)o->days : DAYS_DEFAULT) * DAY_S;
    return o->days == 0 && end > cert_not_after(r->root) ? cert_not_after(r->root) : end;
}

static enum err certify(struct rotation *r, unsigned n, struct cert **out)
{
    struct work *w = r->w;
    struct key *key CLEANUP(cleanup_key_free) = NULL;
    struct root root CLEANUP(root_free) = {NULL, NULL};
    char name[CERT_NAME_MAX_BYTES + 1];
    name_of(r, n, name);
    struct ca_request q = {CERT_ISSUER, *cert_oin(r->root), name, w->now_s - AUTHORITY_BACKDATE_S,
                           end_of(r)};
    enum err e = root_open(w, &root);
    if (e == ERR_OK)
        e = version_make_key(w, ISSUING_KEY, n, &key);
    if (e == ERR_OK && key_same_public(key, root.key))
        e = errmsg_set(&w->why, ERR_DUPLICATE, "the new issuing key is the root key");
    struct ca_issuer by = {root.cert, root.key};
    return e != ERR_OK ? e : ca_issue(&q, &by, key, out, &w->why);
}

/* The draft is the moment: before it nothing has changed but files that the next attempt takes up. */
static enum err list_new(struct rotation *r, unsigned n, const struct cert *c)
{
    struct work *w = r->w;
    struct roster_cert *v = arena_array(w->arena, r->draft.issuer_count + 1, sizeof *v);
    char what[64];
    struct journal_line l = {.act = JOURNAL_ROTATED,
                             .oin = *cert_oin(c),
                             .what = version_id_of(ISSUING_KEY, n).s,
                             .fingerprint = cert_fingerprint(c),
                             .until = cert_not_after(c)};
    if (v == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < r->draft.issuer_count; i++)
        v[i] = r->draft.issuers[i];
    v[r->draft.issuer_count] = (struct roster_cert){cert_der(c), *cert_fingerprint(c)};
    r->draft.issuers = v;
    r->draft.issuer_count++;
    snprintf(what, sizeof what, "issuing CA %u made under the root of", n);
    enum err e = work_save_cert(w, version_id_of(ISSUING_CERT, n).s, c);
    if (e == ERR_OK)
        e = draft_act(w, &r->draft, what, cert_oin(c)->oin);
    if (e == ERR_OK)
        e = journal_add(w, &l);
    return e != ERR_OK ? e : draft_save(w, &r->draft);
}

static enum err begin(struct rotation *r)
{
    struct work *w = r->w;
    struct cert *c CLEANUP(cleanup_cert_free) = NULL;
    unsigned n = newest_listed(r) + 1;
    char when[WHEN_TEXT_SIZE];
    if (r->draft.issuer_count == ROSTER_MAX_ISSUERS || n > VERSION_MAX)
        return errmsg_set(&w->why, ERR_LIMIT, "the roster lists %zu issuing CAs; retire one first",
                          r->draft.issuer_count);
    when_text(end_of(r), when);
    if (w->o->dry_run) {
        buf_printf(&w->out, w->o->json ? "{\"dry_run\":true,\"version\":%u,\"not_after\":\"%s\"}\n"
                                       : "would make issuing CA %u, until %s; the roster lists it beside "
                                         "the others, and certificates come from it from then on\n",
                   n, when);
        return buf_err(&w->out);
    }
    enum err e = certify(r, n, &c);
    if (e == ERR_OK)
        e = list_new(r, n, c);
    if (e != ERR_OK)
        return e;
    buf_printf(&w->out, w->o->json ? "{\"version\":%u,\"not_after\":\"%s\",\"fingerprint\":\""
                                   : "issuing CA %u, until %s, issues from now on: ",
               n, when);
    work_put_fingerprint(&w->out, cert_fingerprint(c));
    buf_put_str(&w->out, w->o->json ? "\"}\n" : "\nnext: sluis-pki roster sign; then each party renews\n");
    return buf_err(&w->out);
}

/* ---- an old one goes ---- */

static enum err check_retire(struct rotation *r, unsigned n)
{
    struct work *w = r->w;
    const struct issuing_ca *v = issuing_set_version(&r->set, n);
    if (v == NULL)
        return errmsg_set(&w->why, ERR_NOT_FOUND, "issuing CA %u is not listed; see --status", n);
    if (issuing_set_current(&r->set) == NULL || v == issuing_set_current(&r->set) || n == newest_listed(r))
        return errmsg_set(&w->why, ERR_STATE, "issuing CA %u is the newest; make another one first", n);
    r->only = n;
    r->is_quiet = true;
    enum err e = count(r);
    size_t left = r->depends[v - r->set.v];
    if (e == ERR_OK && left > 0)
        e = errmsg_set(&w->why, ERR_STATE,
                       "issuing CA %u stays: %zu certificates lead to it, among them %s; see --status", n,
                       left, r->first);
    return e;
}

static enum err drop(struct rotation *r, const struct issuing_ca *v)
{
    struct work *w = r->w;
    struct roster_cert *keep = arena_array(w->arena, r->draft.issuer_count, sizeof *keep);
    size_t n = 0;
    char what[64];
    struct journal_line l = {.act = JOURNAL_RETIRED,
                             .oin = *cert_oin(v->cert),
                             .what = version_id_of(ISSUING_KEY, v->version).s,
                             .fingerprint = cert_fingerprint(v->cert)};
    if (keep == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < r->draft.issuer_count; i++) {
        if (!digest_equal(&r->draft.issuers[i].fingerprint, cert_fingerprint(v->cert)))
            keep[n++] = r->draft.issuers[i];
    }
    r->draft.issuers = keep;
    r->draft.issuer_count = n;
    snprintf(what, sizeof what, "issuing CA %u retired by", v->version);
    enum err e = draft_act(w, &r->draft, what, cert_oin(v->cert)->oin);
    if (e == ERR_OK)
        e = journal_add(w, &l);
    return e != ERR_OK ? e : draft_save(w, &r->draft);
}

/* A retire that was killed behind the draft has only the key left to erase. */
static bool is_leftover(struct rotation *r, unsigned n)
{
    return issuing_set_version(&r->set, n) == NULL && n < newest_listed(r) &&
           version_has_key(r->w, ISSUING_KEY, n);
}

static enum err retire(struct rotation *r)
{
    struct work *w = r->w;
    unsigned n = (unsigned)w->o->retire;
    bool leftover = is_leftover(r, n);
    enum err e = leftover ? ERR_OK : check_retire(r, n);
    if (e == ERR_OK && !w->o->dry_run && !leftover)
        e = drop(r, issuing_set_version(&r->set, n));
    if (e == ERR_OK && !w->o->dry_run)
        e = version_remove_key(w, ISSUING_KEY, n);
    if (e != ERR_OK)
        return e;
    buf_printf(&w->out, w->o->json ? "{\"retired\":%u,\"dry_run\":%s}\n"
                                   : "issuing CA %u%s goes, and its key; takes effect with: sluis-pki roster sign\n",
               n, w->o->json ? w->o->dry_run ? "true" : "false" : w->o->dry_run ? " (dry run)" : "");
    return buf_err(&w->out);
}

enum err rotate_issuing(struct work *w)
{
    struct rotation r CLEANUP(free_rotation) = {.w = w};
    enum err e = load(&r);
    if (e != ERR_OK)
        return e;
    if (w->o->remains)
        return show(&r);
    return w->o->retire > 0 ? retire(&r) : begin(&r);
}
