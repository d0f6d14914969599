/* What a registrar's folder says of the whole deployment: anchors, roster, and the certificates of each member and
 * officer of the draft, in force or not yet. */
#include "pki/cli/pki/draft.h"
#include "pki/cli/pki/issuing_ca.h"
#include "pki/cli/pki/roster_key.h"
#include "pki/cli/pki/status_table.h"

#include <stdio.h>
#include <string.h>

struct reading {
    struct status_table *t;
    struct roster draft;
    struct trust *in_force; /* the roster that was signed last; NULL: none */
    const struct roster_member *member;
    const struct roster_officer *officer;
};

/* ---- anchors ---- */

static enum err add_anchor(struct status_table *t, const char *id, enum ending_kind kind,
                           const char *next)
{
    static const enum cert_use uses[] = {
        [ENDING_ROOT] = CERT_ROOT};
    struct cert *c CLEANUP(cleanup_cert_free) = NULL;
    enum err e = work_load_cert(t->w, id, uses[kind], &c);
    if (e != ERR_OK)
        return e;
    const struct ending ends = ending_of_cert(kind, c);
    const struct status_row row = status_of_ending(t->w, &ends, next);
    return status_add(t, &row);
}

/* Those that the draft lists: the newest issues, the others stay until nothing hangs on them. */
static enum err add_issuers(const struct reading *r)
{
    struct work *w = r->t->w;
    struct issuing_set s CLEANUP(issuing_set_free) = {.count = 0};
    enum err e = issuing_set_load(w, &r->draft, &s);
    const struct issuing_ca *current = issuing_set_current(&s);
    for (size_t i = 0; e == ERR_OK && i < s.count; i++) {
        const struct ending ends = ending_of_cert(ENDING_ISSUER, s.v[i].cert);
        struct status_row row = status_of_ending(
            w, &ends, status_text(w, "sluis-pki rotate --dir %s --key issuing --root-key ROOT.key", w->o->dir));
        if (&s.v[i] != current) {
            row.state = s.v[i].has_key ? "overlap" : "no key here";
            row.next = status_text(w, "sluis-pki rotate --dir %s --key issuing --status", w->o->dir);
        }
        row.version = status_text(w, "%u %s", s.v[i].version, row.version);
        e = status_add(r->t, &row);
    }
    return e;
}

/* The one that signs by the draft. */
static enum err add_roster_key(const struct reading *r)
{
    struct work *w = r->t->w;
    struct cert *c CLEANUP(cleanup_cert_free) = NULL;
    const bool is_under_way = r->draft.next_key.len > 0;
    enum err e = roster_key_cert(w, &r->draft, &c);
    if (e != ERR_OK)
        return e;
    const struct ending ends = ending_of_cert(ENDING_ROSTER_KEY, c);
    const struct status_row row = status_of_ending(
        w, &ends, status_text(w, "sluis-pki rotate --dir %s --key roster%s", w->o->dir, is_under_way ? " --status" : ""));
    return status_add(r->t, &row);
}

static enum err add_anchors(const struct reading *r)
{
    enum err e = add_anchor(r->t, "root-ca", ENDING_ROOT,
                            "sluis-pki ceremony PLAN.yaml, and a new pin at each party");
    if (e == ERR_OK)
        e = add_issuers(r);
    return e == ERR_OK ? add_roster_key(r) : e;
}

/* ---- roster ---- */

enum err status_roster(struct status_table *t, const char *file, const char *next)
{
    struct work *w = t->w;
    struct trust *roster CLEANUP(cleanup_trust_free) = NULL;
    enum err e = draft_trust(w, file, &roster);
    if (e != ERR_OK)
        return e;
    const bool is_closed = trust_check_time(roster, w->now_s, NULL) != ERR_OK;
    const bool is_soon = trust_ends_soon(roster, w->now_s);
    const struct status_row row = {
        .kind = "roster",
        .who = "-",
        .version = status_text(w, "serial %llu", (unsigned long long)trust_roster(roster)->serial),
        .state = is_closed ? "over" : "in force",
        .until_s = trust_roster(roster)->not_after,
        .grade = is_closed ? 2 : is_soon,
        .next = is_closed || is_soon ? next : ""};
    return status_add(t, &row);
}

static const char *sign_command(struct work *w)
{
    return status_text(w, "sluis-pki roster sign --dir %s --out roster.signed", w->o->dir);
}

static enum err add_roster(struct reading *r)
{
    struct work *w = r->t->w;
    char path[WORK_PATH_MAX];
    enum err e = work_path(w, path, "roster.signed", "");
    if (e != ERR_OK)
        return e;
    if (!file_exists(path)) {
        const struct status_row none = {.kind = "roster", .who = "-", .version = "-", .state = "none signed",
                                        .grade = 2, .next = sign_command(w)};
        return status_add(r->t, &none);
    }
    e = draft_trust(w, path, &r->in_force);
    return e == ERR_OK ? status_roster(r->t, path, sign_command(w)) : e;
}

/* Nothing leaves that list (decision 0311), and once it is full nobody can be revoked. */
static enum err add_revoked(struct reading *r)
{
    struct work *w = r->t->w;
    const size_t n = r->draft.revoked_count;
    const bool is_filling = n >= ROSTER_MAX_REVOKED / 4 * 3;
    const struct status_row row = {
        .kind = "revoked",
        .who = "-",
        .version = status_text(w, "%zu of %d", n, ROSTER_MAX_REVOKED),
        .state = is_filling ? "filling" : "in use",
        .grade = is_filling,
        .next = is_filling ? "all parties need programs with a longer list before it is full" : ""};
    return status_add(r->t, &row);
}

static bool is_in_force(const struct reading *r, const struct digest *fingerprint)
{
    const struct roster_former *former = NULL;
    if (r->in_force == NULL)
        return false;
    const struct roster *now = trust_roster(r->in_force);
    return (roster_member_with(now, fingerprint, &former) != NULL && former == NULL) ||
           (roster_officer_with(now, fingerprint, &former) != NULL && former == NULL);
}

/* ---- members and officers ---- */

/* Whether the certificate that signs a renewal of this party or person counts: it may be over while another is shown. */
static enum err signs_still(struct reading *r, bool *out)
{
    struct work *w = r->t->w;
    const struct roster_cert *by = r->officer != NULL ? &r->officer->cert : &r->member->signing;
    struct cert *c CLEANUP(cleanup_cert_free) = NULL;
    enum err e = by->der.len == 0 || roster_is_revoked(&r->draft, &by->fingerprint)
                     ? ERR_CERT
                     : cert_parse(by->der, r->officer != NULL ? CERT_OFFICER : CERT_SIGNING, &c, &w->why);
    *out = e == ERR_OK && cert_check_time(c, w->now_s, NULL) == ERR_OK;
    return e == ERR_CERT ? ERR_OK : e;
}

static const char *mailbox_anew(struct work *w)
{
    return status_text(w, "sluis-pki mailbox --dir %s --replace, then roster sign", w->o->dir);
}

/* Whether the key of the registrar's mailbox, or the next one that waits, is a file of this folder. */
static bool has_file(struct work *w, const char *id)
{
    char next[32];
    char path[WORK_PATH_MAX];
    snprintf(next, sizeof next, "%s.next", id);
    return (work_key_path(w, id, path) == ERR_OK && file_exists(path)) ||
           (work_key_path(w, next, path) == ERR_OK && file_exists(path));
}

/* Whose keys are over gives the word that keeps what they signed; of a revoked one nothing is kept. */
static const char *enrol_again(const struct reading *r, const struct ending *e, bool is_revoked)
{
    struct work *w = r->t->w;
    const char *lost = is_revoked ? "" : " --lost (without, where they may be stolen)";
    if (r->member->kind == MEMBER_REGISTRAR)
        return mailbox_anew(w);
    if (r->officer != NULL)
        return status_text(w, "sluis-pki token --dir %s --oin %s --role officer --officer %s --person … "
                              "--function … --replace%s --out TOKEN; then enrol again",
                           w->o->dir, e->oin.oin, e->staff.s, lost);
    return status_text(w, "sluis-pki token --dir %s --oin %s --role %s … --replace%s --out TOKEN; then enrol again",
                       w->o->dir, e->oin.oin, r->member->kind == MEMBER_BROKER ? "broker" : "agency", lost);
}

static const char *renew(const struct reading *r, const struct ending *e)
{
    struct work *w = r->t->w;
    const char *key = ending_kind_id(e->kind);
    if (r->officer != NULL)
        return status_text(w, "%s of %s: sluis-pki renew --dir DIR --request renew.req", e->staff.s, e->oin.oin);
    if (r->member->kind == MEMBER_REGISTRAR)
        return status_text(w, "sluis-pki renew --dir %s --key %s --request renew.req", w->o->dir, key);
    if (e->kind == ENDING_TRANSPORT && r->member->kind == MEMBER_BROKER)
        return status_text(w, "%s: sluis-pki rotate --dir DIR --key transport --endpoint URL --request transport.req",
                           e->oin.oin);
    return status_text(w, "%s: sluis-pki renew --dir DIR --key %s --request renew.req", e->oin.oin, key);
}

/* What the party, or the registrar where it is too late for that, has to do. */
static enum err next_for(struct reading *r, const struct ending *e, bool is_revoked, const char **out)
{
    bool can_sign = false;
    enum err bad = signs_still(r, &can_sign);
    *out = can_sign && !is_revoked ? renew(r, e) : enrol_again(r, e, is_revoked);
    return bad;
}

static enum err add_cert(struct reading *r, const struct roster_cert *from, enum cert_use use,
                         enum ending_kind kind)
{
    struct work *w = r->t->w;
    struct cert *c CLEANUP(cleanup_cert_free) = NULL;
    if (from->der.len == 0)
        return ERR_OK;
    enum err e = cert_parse(from->der, use, &c, &w->why);
    if (e != ERR_OK)
        return e;
    struct ending ends = ending_of_cert(kind, c);
    const char *next = NULL;
    if (r->officer != NULL)
        ends.staff = r->officer->staff;
    const bool is_revoked = roster_is_revoked(&r->draft, &ends.id);
    e = next_for(r, &ends, is_revoked, &next);
    if (e != ERR_OK)
        return e;
    struct status_row row = status_of_ending(w, &ends, next);
    if (is_revoked) {
        row.state = "revoked";
        row.grade = 2;
        row.next = next;
    } else if (row.grade == 0 && !is_in_force(r, &ends.id)) {
        row.state = "not signed";
        row.next = sign_command(w);
    }
    if (!is_revoked && r->officer == NULL && r->member->kind == MEMBER_REGISTRAR && !has_file(w, cert_use_id(use))) {
        row.state = "no key here";
        row.grade = 2;
        row.next = mailbox_anew(w);
    }
    return status_add(r->t, &row);
}

/* Replaced by a renewal, and still read with. */
static enum err add_former(struct reading *r, const struct agency_id *oin, const struct former_list *list)
{
    struct work *w = r->t->w;
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < list->count; i++) {
        const struct status_row row = {
            .kind = "former",
            .who = status_who(w, oin, r->officer != NULL ? &r->officer->staff : NULL),
            .version = status_fingerprint(w, &list->v[i].cert.fingerprint),
            .state = w->now_s <= list->v[i].until ? "former" : "over",
            .until_s = list->v[i].until + 1,
            .next = ""};
        e = status_add(r->t, &row);
    }
    return e;
}

/* Name and key id of a verifier key. */
static const char *log_name(struct work *w, struct bytes vkey)
{
    const char *text = arena_text(w->arena, vkey);
    return text == NULL ? NULL : status_text(w, "%.*s", (int)strcspn(text, "+") + 9, text);
}

static enum err add_logs(struct reading *r, const struct roster_member *broker)
{
    struct work *w = r->t->w;
    struct status_row row = {.kind = "log",
                             .who = status_who(w, &broker->id, NULL),
                             .version = log_name(w, r->draft.log_key),
                             .state = "in use",
                             .next = ""};
    enum err e = status_add(r->t, &row);
    if (e == ERR_OK && r->draft.next_log_key.len > 0) {
        row.version = log_name(w, r->draft.next_log_key);
        row.state = "next";
        row.next = status_text(w, "sluis-pki rotate --dir %s --key log --status", w->o->dir);
        e = status_add(r->t, &row);
    }
    for (size_t i = 0; e == ERR_OK && i < r->draft.former_log_count; i++) {
        const struct roster_former_log *f = &r->draft.former_logs[i];
        row.version = log_name(w, f->key);
        row.state = w->now_s <= f->until ? "former" : "over";
        row.until_s = f->until + 1;
        row.next = "";
        e = status_add(r->t, &row);
    }
    return e;
}

/* The broker's transport key that comes. */
static enum err add_next(struct reading *r, const struct roster_member *broker)
{
    struct work *w = r->t->w;
    if (!roster_has_next(broker))
        return ERR_OK;
    const struct status_row row = {
        .kind = "transport",
        .who = status_who(w, &broker->id, NULL),
        .version = status_fingerprint(w, &broker->next.transport.fingerprint),
        .state = "next",
        .next = status_text(w, "sluis-pki rotate --dir %s --key transport --status", w->o->dir)};
    return status_add(r->t, &row);
}

static enum err add_member(struct reading *r)
{
    const struct roster_member *m = r->member;
    enum err e = add_cert(r, &m->signing, CERT_SIGNING, ENDING_SIGNING);
    if (e == ERR_OK)
        e = add_cert(r, &m->sealing, CERT_SEALING, ENDING_SEALING);
    if (e == ERR_OK)
        e = add_cert(r, &m->transport, CERT_TRANSPORT, ENDING_TRANSPORT);
    if (e == ERR_OK)
        e = add_next(r, m);
    if (e == ERR_OK && m->kind == MEMBER_BROKER)
        e = add_logs(r, m);
    return e == ERR_OK ? add_former(r, &m->id, &m->former) : e;
}

static enum err add_officers(struct reading *r, const struct agency_id *of)
{
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < r->draft.officer_count; i++) {
        r->officer = &r->draft.officers[i];
        if (!agency_id_equal(&r->officer->agency, of))
            continue;
        e = add_cert(r, &r->officer->cert, CERT_OFFICER, ENDING_OFFICER);
        if (e == ERR_OK)
            e = add_former(r, of, &r->officer->former);
    }
    r->officer = NULL;
    return e;
}

enum err status_register(struct status_table *t)
{
    struct reading r = {.t = t};
    enum err e = draft_load(t->w, &r.draft);
    if (e == ERR_OK)
        e = add_anchors(&r);
    if (e == ERR_OK)
        e = add_roster(&r);
    if (e == ERR_OK)
        e = add_revoked(&r);
    for (size_t i = 0; e == ERR_OK && i < r.draft.member_count; i++) {
        r.member = &r.draft.members[i];
        e = add_member(&r);
        if (e == ERR_OK)
            e = add_officers(&r, &r.member->id);
    }
    trust_free(r.in_force);
    return e;
}
