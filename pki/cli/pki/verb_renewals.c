/* approve of a renewal, and renewals, which judges every one in DIR/renewals. A renewal is signed by the key
 * that the draft lists; its new certificates take the place of the old ones, which become former, and they stand in
 * the line of renewals of the key that they follow. The next roster is the answer.
 *
 * The order on the disk: certificate and journal, draft, and only then is a file of DIR/renewals gone. A renewal
 * that comes again finds its keys listed and changes nothing. */
#include "pki/cli/pki/draft.h"
#include "pki/cli/pki/issue.h"
#include "pki/cli/pki/journal.h"
#include "pki/cli/pki/verbs.h"
#include "pki/digest.h"
#include "pki/renewal.h"

#include <stdio.h>
#include <string.h>

#define ARENA_BYTES ((size_t)1 << 20)

/* One new certificate and the line that it continues. */
struct renewed {
    enum renewal_use use;
    struct cert *cert;
    struct digest lineage;
};

struct judging {
    struct bytes wire;
    struct digest digest; /* of the file, for the journal */
    struct issuing *by;
    struct arena *arena;
    struct roster roster;
    struct renewal_asked asked;
    struct agency_id oin; /* empty until somebody is known */
    struct renewed new[RENEWAL_MAX_ITEMS];
    size_t count; /* 0: all keys are listed already */
};

static void free_judging(struct judging *j)
{
    for (size_t i = 0; i < j->count; i++)
        cert_free(j->new[i].cert);
    arena_free(j->arena);
}

/* ---- judging ---- */

struct line_search {
    const struct digest *of;
    struct digest first;
    bool is_found; /* false: this register issued no such certificate */
};

static enum err find_line(void *arg, const struct journal_line *l)
{
    struct line_search *s = arg;
    if (l->act == JOURNAL_ISSUED && l->fingerprint != NULL && l->lineage != NULL && digest_equal(l->fingerprint, s->of)) {
        s->first = *l->lineage;
        s->is_found = true;
    }
    return ERR_OK;
}

/* The name that certificates of this party carry. */
static const char *name_of(struct work *w, const struct judging *j)
{
    return j->asked.officer != NULL ? j->asked.officer->staff.s
                                    : arena_text(w->arena, j->asked.member->name);
}

static enum err has_key(const struct roster_cert *c, enum cert_use use, const struct key *key,
                        bool *out, struct errmsg *why)
{
    struct cert *listed CLEANUP(cleanup_cert_free) = NULL;
    enum err e = cert_parse(c->der, use, &listed, why);
    if (e == ERR_OK)
        *out = key_same_public(cert_key(listed), key);
    return e;
}

static enum err check_broker(struct work *w, const struct judging *j, enum renewal_use use)
{
    if (j->asked.member == NULL || j->asked.member->kind != MEMBER_BROKER || use != RENEWAL_TRANSPORT)
        return ERR_OK;
    return errmsg_set(&w->why, ERR_INVALID,
                      "renewal: the broker's transport key changes with a second endpoint, not here");
}

static enum err judge_item(struct work *w, struct judging *j, const struct renewal_item *item)
{
    const enum cert_use use = renewal_cert_use(item->use);
    const struct roster_cert *now = renewal_current(&j->asked, item->use);
    const struct issue_subject s = {use, j->oin, name_of(w, j)};
    struct line_search line = {.of = &now->fingerprint};
    struct key *key CLEANUP(cleanup_key_free) = NULL;
    bool is_listed = false;
    if (s.name == NULL)
        return ERR_NOMEM;
    enum err e = renewal_key(item, &j->oin, s.name, &key, &w->why);
    if (e == ERR_OK)
        e = has_key(now, use, key, &is_listed, &w->why);
    if (e != ERR_OK || is_listed)
        return e;
    if (j->asked.is_former)
        return errmsg_set(&w->why, ERR_EXPIRED, "renewal: signed with a certificate that was replaced");
    if (roster_is_revoked(&j->roster, &now->fingerprint))
        return errmsg_set(&w->why, ERR_CERT, "renewal: the %s certificate of %s is revoked",
                          renewal_use_id(item->use), j->oin.oin);
    e = check_broker(w, j, item->use);
    if (e == ERR_OK)
        e = journal_each(w, find_line, &line);
    if (e == ERR_OK && !line.is_found)
        e = errmsg_set(&w->why, ERR_NOT_FOUND, "renewal: of no line of keys of this register");
    if (e != ERR_OK)
        return e;
    struct renewed *r = &j->new[j->count];
    *r = (struct renewed){.use = item->use, .lineage = line.first};
    e = issue_cert(w, j->by, &s, key, &r->cert);
    j->count += e == ERR_OK;
    return e;
}

/* ---- the draft ---- */

static enum err put_member(struct work *w, struct judging *j, const struct renewed *n)
{
    struct roster_member m = *roster_member_of(&j->roster, &j->oin);
    struct roster_cert *place = n->use == RENEWAL_SIGNING   ? &m.signing
                                : n->use == RENEWAL_SEALING ? &m.sealing
                                                            : &m.transport;
    const struct roster_former f = {*place, w->now_s,
                                    draft_former_until(w, renewal_cert_use(n->use), 0)};
    enum err e = draft_add_former(w, &m.former, ROSTER_MAX_FORMER, &f);
    *place = (struct roster_cert){cert_der(n->cert), *cert_fingerprint(n->cert)};
    if (e == ERR_OK && n->use == RENEWAL_TRANSPORT)
        e = key_raw_public(cert_key(n->cert), m.curve.b);
    return e != ERR_OK ? e : draft_renew_member(w, &j->roster, &m);
}

static enum err put_officer(struct work *w, struct judging *j, const struct renewed *n)
{
    const struct renewal *r = &j->asked.renewal;
    struct roster_officer o = *roster_officer_of(&j->roster, &r->oin, &r->staff);
    const struct roster_former f = {o.cert, w->now_s,
                                    draft_former_until(w, CERT_OFFICER, o.functions)};
    enum err e = draft_add_former(w, &o.former, ROSTER_MAX_OFFICER_FORMER, &f);
    o.cert = (struct roster_cert){cert_der(n->cert), *cert_fingerprint(n->cert)};
    return e != ERR_OK ? e : draft_renew_officer(w, &j->roster, &o);
}

static enum err put_all(struct work *w, struct judging *j)
{
    char whom[OIN_CHARS + NAME_MAX_BYTES + 2];
    enum err e = draft_prune(w, &j->roster);
    for (size_t i = 0; e == ERR_OK && i < j->count; i++)
        e = j->asked.officer != NULL ? put_officer(w, j, &j->new[i]) : put_member(w, j, &j->new[i]);
    snprintf(whom, sizeof whom, "%s %s", j->oin.oin,
             j->asked.officer != NULL ? j->asked.officer->staff.s : "");
    if (e == ERR_OK && j->count > 0)
        e = draft_act(w, &j->roster,
                      j->asked.officer != NULL ? "renewed key of officer" : "renewed keys of member",
                      j->asked.officer != NULL ? whom : j->oin.oin);
    return e != ERR_OK ? e : roster_check(&j->roster, &w->why);
}

/* Who it says it is counts for the journal once the signature held. */
static enum err judge(struct work *w, struct judging *j)
{
    const struct renewal_reading r = {&j->roster, w->now_s, j->arena};
    enum err e = renewal_open(&r, j->wire, &j->asked, &w->why);
    if (e != ERR_OK)
        return e;
    j->oin = j->asked.renewal.oin;
    for (size_t i = 0; e == ERR_OK && i < j->asked.renewal.item_count; i++)
        e = judge_item(w, j, &j->asked.renewal.items[i]);
    return e != ERR_OK ? e : put_all(w, j);
}

/* ---- effects ---- */

static enum err take_effect(struct work *w, const struct judging *j)
{
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < j->count; i++)
        e = issue_keep(w, j->new[i].cert, &j->new[i].lineage);
    return e != ERR_OK || j->count == 0 ? e : draft_save(w, &j->roster);
}

static void report(struct work *w, const struct judging *j, const char *file)
{
    const char *staff = j->asked.officer != NULL ? j->asked.officer->staff.s : "";
    const char *did = j->count == 0      ? "listed already"
                      : w->o->dry_run    ? "would renew"
                                         : "renewed";
    if (w->o->json)
        buf_printf(&w->out, "{\"request\":\"%s\",\"oin\":\"%s\",\"staff\":\"%s\",\"result\":\"%s\",\"keys\":[",
                   file, j->oin.oin, staff, did);
    else
        buf_printf(&w->out, "%s %s %s", did, j->oin.oin, staff);
    for (size_t i = 0; i < j->count; i++) {
        buf_printf(&w->out, w->o->json ? "%s{\"use\":\"%s\",\"fingerprint\":\"" : "%s\n  %-10s ",
                   w->o->json && i > 0 ? "," : "", renewal_use_id(j->new[i].use));
        work_put_fingerprint(&w->out, cert_fingerprint(j->new[i].cert));
        buf_put_str(&w->out, w->o->json ? "\"}" : "");
    }
    buf_put_str(&w->out, w->o->json ? "]}" : "\n");
}

/* A judgement against it is durable; *refused then, and the reason stays in w->why. */
static enum err run_one(struct work *w, struct issuing *by, const char *path, bool *refused)
{
    struct judging j CLEANUP(free_judging) = {.by = by, .arena = arena_new(ARENA_BYTES)};
    if (j.arena == NULL)
        return ERR_NOMEM;
    enum err e = work_read(w, path, RENEWAL_WIRE_MAX_BYTES, &j.wire);
    if (e != ERR_OK && e != ERR_TOO_LARGE)
        return e;
    if (e == ERR_OK)
        e = digest_sha256(&j.wire, 1, &j.digest);
    if (e == ERR_OK)
        e = draft_load(w, &j.roster);
    if (e == ERR_OK)
        e = judge(w, &j);
    if (e == ERR_OK) {
        report(w, &j, path);
        return w->o->dry_run ? ERR_OK : take_effect(w, &j);
    }
    *refused = draft_is_judgement(e);
    if (!*refused || w->o->dry_run)
        return e;
    const struct draft_refusal d = {j.oin, "renewal", &j.digest, e};
    e = draft_refuse(w, &d);
    *refused = e == d.reason;
    return e;
}

enum err verb_approve_renewal(struct work *w)
{
    struct issuing by CLEANUP(issuing_free) = {.key = NULL};
    bool refused = false;
    enum err e = issuing_open(w, &by);
    if (e == ERR_OK)
        e = run_one(w, &by, w->o->request, &refused);
    if (e == ERR_OK && w->o->json)
        buf_put_str(&w->out, "\n");
    if (e == ERR_OK && !w->o->json && !w->o->dry_run)
        buf_put_str(&w->out, "takes effect with: sluis-pki roster sign\n");
    return e;
}

/* ---- a whole folder ---- */

struct folder {
    struct work *w;
    struct issuing *by;
    size_t done;
    size_t refused;
};

/* DIR/renewals/ID.req stays beside its verdict as ID.refused, for people to look at. */
static enum err put_aside(struct work *w, const char *path)
{
    char to[WORK_PATH_MAX];
    const size_t stem = strlen(path) - strlen(".req");
    int n = snprintf(to, sizeof to, "%.*s.refused", (int)stem, path);
    if (n < 0 || (size_t)n >= sizeof to)
        return ERR_TOO_LARGE;
    if (rename(path, to) != 0)
        return errmsg_set(&w->why, ERR_IO, "%s: cannot be renamed", path);
    return ERR_OK;
}

static void report_refusal(struct folder *f, const char *path)
{
    struct work *w = f->w;
    if (!w->o->json) {
        buf_printf(&w->out, "refused %s: %s\n", path, w->why.text);
        return;
    }
    buf_printf(&w->out, "{\"request\":\"%s\",\"result\":\"refused\"}", path);
}

static enum err each(void *arg, const char *name)
{
    struct folder *f = arg;
    struct work *w = f->w;
    char path[WORK_PATH_MAX];
    bool refused = false;
    if (!bytes_ends(bytes_str(name), ".req"))
        return ERR_OK;
    enum err e = work_path(w, path, "renewals/", name);
    if (e != ERR_OK)
        return e;
    if (w->o->json && f->done + f->refused > 0)
        buf_put_str(&w->out, ",");
    e = run_one(w, f->by, path, &refused);
    if (refused) {
        f->refused++;
        report_refusal(f, path);
        w->why = (struct errmsg){""};
        return w->o->dry_run ? ERR_OK : put_aside(w, path);
    }
    if (e != ERR_OK)
        return e;
    f->done++;
    return w->o->dry_run ? ERR_OK : file_remove(path, &w->why);
}

enum err verb_renewals(struct work *w)
{
    const struct work_need needs[] = {{"dir", w->o->dir}, {NULL, NULL}};
    struct issuing by CLEANUP(issuing_free) = {.key = NULL};
    struct folder f = {.w = w, .by = &by};
    char path[WORK_PATH_MAX];
    enum err e = work_needs(w, needs);
    if (e == ERR_OK)
        e = work_path(w, path, "renewals", "");
    if (e != ERR_OK)
        return e;
    if (w->o->json)
        buf_put_str(&w->out, "[");
    if (file_exists(path)) {
        e = issuing_open(w, &by);
        if (e == ERR_OK)
            e = file_list(path, each, &f);
    }
    if (w->o->json)
        buf_put_str(&w->out, "]\n");
    else
        buf_printf(&w->out, "%zu renewals %s, %zu refused%s\n", f.done,
                   w->o->dry_run ? "would be judged" : "judged", f.refused,
                   f.done > 0 && !w->o->dry_run ? "; takes effect with: sluis-pki roster sign" : "");
    return e != ERR_OK ? e : buf_err(&w->out);
}
