#include "pki/cli/pki/issued.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pki/cli/pki/issue.h"
#include "pki/cli/pki/journal.h"
#include "proto/base/text.h"

#define COPY_END ".pem"

/* A certificate that the roster lists. */
struct item {
    const struct roster_cert *listed;
    struct agency_id oin;
    struct name staff; /* "" but for an officer's */
    enum cert_use use;
    int64_t from_s;
    struct digest lineage;
    bool is_known; /* the journal has it, and its line of renewals */
};

struct items {
    struct work *w;
    struct item *v;
    size_t count;
    size_t room;
};

static int by_fingerprint(const void *a, const void *b)
{
    const struct item *x = a;
    const struct item *y = b;
    return bytes_cmp(digest_bytes(&x->listed->fingerprint), digest_bytes(&y->listed->fingerprint));
}

static bool same_holder(const struct item *a, const struct item *b)
{
    return agency_id_equal(&a->oin, &b->oin) && name_equal(&a->staff, &b->staff) && a->use == b->use;
}

/* Those of one party and use beside each other, the oldest first. */
static int by_holder(const void *a, const void *b)
{
    const struct item *x = a;
    const struct item *y = b;
    int d = bytes_cmp(agency_id_bytes(&x->oin), agency_id_bytes(&y->oin));
    if (d == 0)
        d = bytes_cmp(name_bytes(&x->staff), name_bytes(&y->staff));
    if (d == 0)
        d = (int)x->use - (int)y->use;
    return d != 0 ? d : (x->from_s > y->from_s) - (x->from_s < y->from_s);
}

static enum err parse(struct bytes der, struct cert **out, struct errmsg *why)
{
    for (enum cert_use use = CERT_SIGNING; use <= CERT_OFFICER; use++)
        if (cert_parse(der, use, out, NULL) == ERR_OK)
            return ERR_OK;
    return errmsg_set(why, ERR_CERT, "the roster lists a certificate that is none of a party or person");
}

static enum err count_one(void *arg, const struct roster_listed *l)
{
    struct items *k = arg;
    (void)l;
    k->room++;
    return ERR_OK;
}

static enum err add_one(void *arg, const struct roster_listed *l)
{
    struct items *k = arg;
    struct cert *c CLEANUP(cleanup_cert_free) = NULL;
    struct item *i = &k->v[k->count];
    const enum err e = parse(l->cert->der, &c, &k->w->why);
    if (e != ERR_OK)
        return e;
    *i = (struct item){.listed = l->cert, .oin = *l->oin, .use = cert_use_of(c), .from_s = cert_not_before(c)};
    if (l->staff != NULL)
        i->staff = *l->staff;
    k->count++;
    return ERR_OK;
}

static enum err collect(struct items *k, const struct roster *r)
{
    enum err e = roster_each_cert(r, count_one, k);
    if (e != ERR_OK || k->room == 0)
        return e;
    k->v = arena_array(k->w->arena, k->room, sizeof *k->v);
    e = k->v != NULL ? roster_each_cert(r, add_one, k) : ERR_NOMEM;
    if (e == ERR_OK)
        qsort(k->v, k->count, sizeof *k->v, by_fingerprint);
    return e;
}

static struct item *find(const struct items *k, const struct digest *fingerprint)
{
    const struct roster_cert wanted = {.fingerprint = *fingerprint};
    const struct item key = {.listed = &wanted};
    return k->count == 0 ? NULL : bsearch(&key, k->v, k->count, sizeof *k->v, by_fingerprint);
}

static enum err note_known(void *arg, const struct journal_line *l)
{
    if (l->act != JOURNAL_ISSUED || l->fingerprint == NULL || l->lineage == NULL)
        return ERR_OK;
    struct item *i = find(arg, l->fingerprint);
    if (i != NULL) {
        i->is_known = true;
        i->lineage = *l->lineage;
    }
    return ERR_OK;
}

/* ---- taking over ---- */

static enum err keep(struct work *w, const struct item *i, const struct digest *lineage)
{
    struct cert *c CLEANUP(cleanup_cert_free) = NULL;
    const enum err e = parse(i->listed->der, &c, &w->why);
    return e == ERR_OK ? issue_keep(w, c, lineage) : e;
}

/* The newest line of this holder that is known; else its oldest certificate. */
static const struct digest *line_of(const struct item *v, size_t count)
{
    const struct digest *line = &v[0].listed->fingerprint;
    for (size_t i = 0; i < count; i++)
        if (v[i].is_known)
            line = &v[i].lineage;
    return line;
}

enum err issued_take_over(struct work *w, const struct roster *r)
{
    struct items k = {.w = w};
    enum err e = collect(&k, r);
    if (e == ERR_OK)
        e = journal_each(w, note_known, &k);
    if (e == ERR_OK && k.count > 0)
        qsort(k.v, k.count, sizeof *k.v, by_holder);
    for (size_t from = 0, to; e == ERR_OK && from < k.count; from = to) {
        for (to = from + 1; to < k.count && same_holder(&k.v[from], &k.v[to]);)
            to++;
        const struct digest *line = line_of(&k.v[from], to - from);
        for (size_t i = from; e == ERR_OK && i < to; i++)
            if (!k.v[i].is_known)
                e = keep(w, &k.v[i], line);
    }
    return e;
}

/* ---- what has ended ---- */

struct pruning {
    struct items listed;
    const struct roster *roster;
};

static bool is_copy(const char *name, struct digest *fingerprint)
{
    const size_t stem = 2 * sizeof fingerprint->b;
    return strlen(name) == stem + strlen(COPY_END) && bytes_ends(bytes_str(name), COPY_END) &&
           text_get_hex(bytes_of((const uint8_t *)name, stem), fingerprint->b, sizeof fingerprint->b) == ERR_OK;
}

static enum err prune_one(void *arg, const char *name)
{
    struct pruning *p = arg;
    struct work *w = p->listed.w;
    struct cert *c CLEANUP(cleanup_cert_free) = NULL;
    struct digest d;
    char path[WORK_PATH_MAX];
    if (!is_copy(name, &d) || find(&p->listed, &d) != NULL || roster_is_revoked(p->roster, &d))
        return ERR_OK;
    enum err e = issue_find(w, &d, &c);
    if (e != ERR_OK || cert_not_after(c) >= w->now_s)
        return e;
    e = work_path(w, path, "issued/", name);
    return e == ERR_OK ? file_remove(path, &w->why) : e;
}

enum err issued_prune(struct work *w, const struct roster *r)
{
    struct pruning p = {{.w = w}, r};
    char path[WORK_PATH_MAX];
    enum err e = work_path(w, path, "issued", "");
    if (e != ERR_OK || !file_exists(path))
        return e;
    e = collect(&p.listed, r);
    return e == ERR_OK ? file_list(path, prune_one, &p) : e;
}
