#include "pki/cli/pki/draft.h"

#include <stdio.h>

#include "pki/cli/pki/journal.h"
#include "pki/cli/pki/roster_key.h"
#include "pki/cli/pki/version.h"
#include "pki/digest.h"
#include "proto/base/when.h"

enum err draft_load(struct work *w, struct roster *out)
{
    struct bytes doc = {NULL, 0};
    enum err e = work_read_in(w, "roster.draft", ROSTER_MAX_BYTES, &doc);
    if (e == ERR_OK)
        e = roster_decode(doc, digest_sha256, w->arena, out, &w->why);
    return e == ERR_OK ? e : errmsg_wrap(&w->why, e, "%s/roster.draft", w->o->dir);
}

enum err draft_save(struct work *w, const struct roster *r)
{
    struct buf doc CLEANUP(buf_free) = buf_new(ROSTER_MAX_BYTES);
    struct roster kept = *r;
    enum err e = draft_prune(w, &kept);
    if (e == ERR_OK)
        e = roster_encode(&kept, &doc, &w->why);
    return e != ERR_OK ? e : work_write_in(w, "roster.draft", buf_bytes(&doc), 0600);
}

enum err draft_revoke(struct work *w, struct roster *r, const struct digest *fingerprint)
{
    if (roster_is_revoked(r, fingerprint))
        return ERR_OK;
    struct digest *v = arena_array(w->arena, r->revoked_count + 1, sizeof *v);
    if (v == NULL)
        return ERR_NOMEM;
    size_t at = 0;
    while (at < r->revoked_count &&
           bytes_cmp(digest_bytes(&r->revoked[at]), digest_bytes(fingerprint)) < 0)
        at++;
    if (at > 0)
        memcpy(v, r->revoked, at * sizeof *v);
    v[at] = *fingerprint;
    if (at < r->revoked_count)
        memcpy(&v[at + 1], &r->revoked[at], (r->revoked_count - at) * sizeof *v);
    r->revoked = v;
    r->revoked_count++;
    return ERR_OK;
}

/* What goes with whom, but for what stays in the list of the former. */
struct revoking {
    struct work *w;
    struct roster *r;
    struct former_list kept;
};

static enum err revoke(const struct revoking *k, const struct roster_cert *c)
{
    if (c->der.len == 0 || roster_former_of(&k->kept, &c->fingerprint) != NULL)
        return ERR_OK;
    return draft_revoke(k->w, k->r, &c->fingerprint);
}

static enum err revoke_formers(const struct revoking *k, const struct former_list *list)
{
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < list->count; i++)
        e = revoke(k, &list->v[i].cert);
    return e;
}

static enum err revoke_officer(const struct revoking *k, const struct roster_officer *o)
{
    enum err e = revoke(k, &o->cert);
    return e != ERR_OK ? e : revoke_formers(k, &o->former);
}

static enum err revoke_member(const struct revoking *k, const struct roster_member *m)
{
    enum err e = revoke(k, &m->signing);
    if (e == ERR_OK)
        e = revoke(k, &m->sealing);
    if (e == ERR_OK)
        e = revoke(k, &m->transport);
    if (e == ERR_OK)
        e = revoke(k, &m->next.transport);
    return e != ERR_OK ? e : revoke_formers(k, &m->former);
}

/* Puts or takes the departure of one agency from one purpose at its place. */
static enum err set_departure(struct work *w, struct roster *r, const struct roster_departure *d, bool left)
{
    struct roster_departure *v = arena_array(w->arena, r->departure_count + 1, sizeof *v);
    size_t n = 0;
    bool placed = !left;
    if (v == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < r->departure_count; i++) {
        const struct roster_departure *at = &r->departures[i];
        int order = bytes_cmp(name_bytes(&at->purpose), name_bytes(&d->purpose));
        if (order == 0)
            order = bytes_cmp(agency_id_bytes(&at->oin), agency_id_bytes(&d->oin));
        if (order >= 0 && !placed) {
            v[n++] = *d;
            placed = true;
        }
        if (order != 0)
            v[n++] = *at;
    }
    if (!placed)
        v[n++] = *d;
    r->departures = v;
    r->departure_count = n;
    return n <= ROSTER_MAX_DEPARTURES ? ERR_OK : ERR_LIMIT;
}

/* What an agency was of and is no more, from now on; and what it is of again. */
static enum err note_purposes(struct work *w, struct roster *r, const struct agency_id *id,
                              struct name_list old, struct name_list now)
{
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < old.count; i++) {
        const struct roster_departure d = {old.v[i], *id, w->now_s};
        if (!name_list_has(now, name_bytes(&old.v[i])))
            e = set_departure(w, r, &d, true);
    }
    for (size_t i = 0; e == ERR_OK && i < now.count; i++) {
        const struct roster_departure d = {now.v[i], *id, 0};
        e = set_departure(w, r, &d, false);
    }
    return e;
}

enum err draft_put_member(struct work *w, struct roster *r, const struct roster_member *m)
{
    struct roster_member *v = arena_array(w->arena, r->member_count + 1, sizeof *v);
    if (v == NULL)
        return ERR_NOMEM;
    const struct roster_member *old = roster_member_of(r, &m->id);
    const struct revoking k = {w, r, m->former};
    enum err e = old != NULL ? revoke_member(&k, old) : ERR_OK;
    size_t n = 0;
    bool placed = false;
    for (size_t i = 0; i < r->member_count; i++) {
        const struct roster_member *at = &r->members[i];
        if (!placed && bytes_cmp(agency_id_bytes(&m->id), agency_id_bytes(&at->id)) <= 0) {
            v[n++] = *m;
            placed = true;
        }
        if (at != old)
            v[n++] = *at;
    }
    if (!placed)
        v[n++] = *m;
    if (e == ERR_OK)
        e = note_purposes(w, r, &m->id, old != NULL ? old->purposes : (struct name_list){NULL, 0}, m->purposes);
    r->members = v;
    r->member_count = n;
    return e;
}

enum err draft_leave(struct work *w, struct roster *r, const struct agency_id *id, const struct name *purpose)
{
    const struct roster_member *old = roster_member_of(r, id);
    if (old == NULL || !name_list_has(old->purposes, name_bytes(purpose)))
        return errmsg_set(&w->why, ERR_NOT_FOUND, "%s is not listed for purpose %s", id->oin, purpose->s);
    struct roster_member *v = arena_array(w->arena, r->member_count, sizeof *v);
    struct name *keep = arena_array(w->arena, old->purposes.count, sizeof *keep);
    if (v == NULL || keep == NULL)
        return ERR_NOMEM;
    memcpy(v, r->members, r->member_count * sizeof *v);
    struct roster_member *m = &v[old - r->members];
    m->purposes = (struct name_list){keep, 0};
    for (size_t i = 0; i < old->purposes.count; i++) {
        if (!name_equal(&old->purposes.v[i], purpose))
            keep[m->purposes.count++] = old->purposes.v[i];
    }
    enum err e = note_purposes(w, r, id, old->purposes, m->purposes);
    r->members = v;
    return e;
}

static bool officer_before(const struct roster_officer *a, const struct roster_officer *b)
{
    int d = bytes_cmp(agency_id_bytes(&a->agency), agency_id_bytes(&b->agency));
    return d < 0 || (d == 0 && bytes_cmp(name_bytes(&a->staff), name_bytes(&b->staff)) <= 0);
}

enum err draft_put_officer(struct work *w, struct roster *r, const struct roster_officer *o)
{
    struct roster_officer *v = arena_array(w->arena, r->officer_count + 1, sizeof *v);
    if (v == NULL)
        return ERR_NOMEM;
    const struct roster_officer *old = roster_officer_of(r, &o->agency, &o->staff);
    const struct revoking k = {w, r, o->former};
    enum err e = old != NULL ? revoke_officer(&k, old) : ERR_OK;
    size_t n = 0;
    bool placed = false;
    for (size_t i = 0; i < r->officer_count; i++) {
        const struct roster_officer *at = &r->officers[i];
        if (!placed && officer_before(o, at)) {
            v[n++] = *o;
            placed = true;
        }
        if (at != old)
            v[n++] = *at;
    }
    if (!placed)
        v[n++] = *o;
    r->officers = v;
    r->officer_count = n;
    return e;
}

static enum err drop_officers(struct work *w, struct roster *r, const struct agency_id *id,
                              const struct name *staff)
{
    struct roster_officer *v = arena_array(w->arena, r->officer_count, sizeof *v);
    if (v == NULL)
        return ERR_NOMEM;
    const struct revoking k = {.w = w, .r = r};
    enum err e = ERR_OK;
    size_t n = 0;
    for (size_t i = 0; e == ERR_OK && i < r->officer_count; i++) {
        const struct roster_officer *o = &r->officers[i];
        if (agency_id_equal(&o->agency, id) && (staff == NULL || name_equal(&o->staff, staff)))
            e = revoke_officer(&k, o);
        else
            v[n++] = *o;
    }
    r->officers = v;
    r->officer_count = n;
    return e;
}

enum err draft_remove_officer(struct work *w, struct roster *r, const struct agency_id *id,
                              const struct name *staff)
{
    if (roster_officer_of(r, id, staff) == NULL)
        return errmsg_set(&w->why, ERR_NOT_FOUND, "no officer %s of %s", staff->s, id->oin);
    return drop_officers(w, r, id, staff);
}

static size_t count_registrars(const struct roster *r)
{
    size_t n = 0;
    for (size_t i = 0; i < r->member_count; i++)
        n += r->members[i].kind == MEMBER_REGISTRAR;
    return n;
}

enum err draft_remove_member(struct work *w, struct roster *r, const struct agency_id *id)
{
    const struct roster_member *old = roster_member_of(r, id);
    if (old == NULL)
        return errmsg_set(&w->why, ERR_NOT_FOUND, "no member %s", id->oin);
    if (old->kind == MEMBER_REGISTRAR && count_registrars(r) == 1)
        return errmsg_set(&w->why, ERR_STATE,
                          "%s is the registrar, and there is no other: revoke --lineage its keys, then mailbox --replace",
                          id->oin);
    const struct revoking k = {.w = w, .r = r};
    enum err e = revoke_member(&k, old);
    if (e == ERR_OK)
        e = drop_officers(w, r, id, NULL);
    struct roster_member *v = arena_array(w->arena, r->member_count, sizeof *v);
    if (v == NULL)
        return ERR_NOMEM;
    size_t n = 0;
    for (size_t i = 0; i < r->member_count; i++) {
        if (&r->members[i] != old)
            v[n++] = r->members[i];
    }
    if (e == ERR_OK)
        e = note_purposes(w, r, id, old->purposes, (struct name_list){NULL, 0});
    r->members = v;
    r->member_count = n;
    return e;
}

bool draft_is_judgement(enum err e)
{
    return e != ERR_NOMEM && e != ERR_IO && e != ERR_NO_SPACE && e != ERR_CRYPTO &&
           e != ERR_PERMISSION && e != ERR_CONFIG;
}

enum err draft_refuse(struct work *w, const struct draft_refusal *d)
{
    struct errmsg why = w->why;
    struct roster r;
    char what[96];
    struct journal_line l = {.act = JOURNAL_REJECTED,
                             .oin = d->oin,
                             .what = d->what,
                             .fingerprint = d->fingerprint,
                             .detail = why.text};
    enum err e = journal_add(w, &l);
    if (e == ERR_OK)
        e = draft_load(w, &r); /* as it was: what was judged is thrown away */
    snprintf(what, sizeof what, "refused, %s: %s of", err_text(d->reason), d->what);
    if (e == ERR_OK && r.act_count < DRAFT_REFUSALS_MAX) {
        e = draft_act(w, &r, what, d->oin.oin[0] != '\0' ? d->oin.oin : "nobody known");
        if (e == ERR_OK)
            e = draft_save(w, &r);
    }
    if (e != ERR_OK)
        return e;
    w->why = why;
    return d->reason;
}

enum err draft_act(struct work *w, struct roster *r, const char *what, const char *whom)
{
    char date[WHEN_TEXT_SIZE];
    struct bytes *v = arena_array(w->arena, r->act_count + 1, sizeof *v);
    struct buf line CLEANUP(buf_free) = buf_new(ROSTER_MAX_TEXT);
    if (v == NULL)
        return ERR_NOMEM;
    if (r->act_count > 0)
        memcpy(v, r->acts, r->act_count * sizeof *v);
    when_text(w->now_s, date);
    buf_printf(&line, "%s %s %s", date, what, whom);
    if (buf_err(&line) != ERR_OK)
        return buf_err(&line);
    v[r->act_count] = arena_copy(w->arena, buf_bytes(&line));
    r->acts = v;
    r->act_count++;
    return v[r->act_count - 1].ptr != NULL ? ERR_OK : ERR_NOMEM;
}

/* An act begins with its time, in a form whose order is that of time. */
static bool is_older(struct bytes act, const char *than)
{
    const size_t n = strlen(than);
    return act.len < n || memcmp(act.ptr, than, n) < 0;
}

void draft_drop_old_acts(const struct work *w, struct roster *r)
{
    char oldest[WHEN_TEXT_SIZE];
    when_text(w->now_s - ROSTER_MAX_LIFE_S, oldest);
    while (r->act_count > 0 && (r->act_count > DRAFT_ACTS_KEPT || is_older(r->acts[0], oldest))) {
        r->acts++;
        r->act_count--;
    }
}

static enum err trust_by(struct work *w, const char *file, const struct key *key, const struct key *next,
                         struct trust **out)
{
    struct trust_pins pins = {.roster_key = key, .next_roster_key = next};
    struct cert *root CLEANUP(cleanup_cert_free) = NULL;
    struct bytes wire = {NULL, 0};
    enum err e = work_deployment(w, &pins.deployment);
    if (e == ERR_OK)
        e = work_load_cert(w, "root-ca", CERT_ROOT, &root);
    if (e == ERR_OK)
        e = work_read(w, file, ROSTER_MAX_BYTES + 1024, &wire);
    if (e != ERR_OK)
        return e;
    pins.root = cert_der(root);
    e = trust_read(&pins, wire, 0, out, &w->why);
    return e == ERR_OK ? e : errmsg_wrap(&w->why, e, "%s", file);
}

enum err draft_trust(struct work *w, const char *file, struct trust **out)
{
    struct roster_pins keys CLEANUP(roster_pins_free) = {.count = 0};
    enum err e = roster_pins_load(w, &keys);
    if (e != ERR_OK)
        return e;
    return trust_by(w, file, cert_key(keys.v[0]), keys.count > 1 ? cert_key(keys.v[1]) : NULL, out);
}

enum err draft_trust_former(struct work *w, const char *file, struct trust **out)
{
    for (unsigned n = 1; n <= VERSION_MAX; n++) {
        struct cert *c CLEANUP(cleanup_cert_free) = NULL;
        enum err e = version_load_cert(w, ROSTER_FORMER, n, CERT_PINNED, &c);
        if (e == ERR_OK)
            e = trust_by(w, file, cert_key(c), NULL, out);
        if (e == ERR_OK)
            return e;
        if (e != ERR_NOT_FOUND && e != ERR_MISMATCH)
            return e;
    }
    return errmsg_set(&w->why, ERR_NOT_FOUND, "%s: not by a roster key that this folder ever pinned", file);
}
