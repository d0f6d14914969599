#include "pki/view/view.h"

#include <stdlib.h>

#include "pki/view/view_internal.h"
#include "pki/digest.h"
#include "proto/msg/signed.h"

#define CLOCK_TOLERANCE_S 300
#define COVERS_ARENA_BYTES ((size_t)4 * ADOPTION_MAX_BYTES)

static enum err copy_list(struct arena *a, const struct bytes *from, size_t count,
                          const struct bytes **out)
{
    struct bytes *list = arena_array(a, count, sizeof *list);
    if (list == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < count; i++) {
        list[i] = arena_copy(a, from[i]);
        if (list[i].ptr == NULL)
            return ERR_NOMEM;
    }
    *out = list;
    return ERR_OK;
}

static enum err copy_versions(struct view *v, const struct view_files *from)
{
    struct view_version *list = arena_array(v->arena, from->version_count, sizeof *list);
    if (list == NULL)
        return ERR_NOMEM;
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < from->version_count; i++) {
        list[i] = from->versions[i];
        list[i].policy = arena_copy(v->arena, from->versions[i].policy);
        if (list[i].policy.ptr == NULL)
            return ERR_NOMEM;
        e = copy_list(v->arena, from->versions[i].signatures, list[i].signature_count,
                      &list[i].signatures);
    }
    v->files.versions = list;
    return e;
}

static enum err copy_files(struct view *v, const struct view_files *from)
{
    v->files = *from;
    v->files.roster = arena_copy(v->arena, from->roster);
    v->files.policy = arena_copy(v->arena, from->policy);
    if (v->files.roster.ptr == NULL || v->files.policy.ptr == NULL)
        return ERR_NOMEM;
    enum err e = copy_list(v->arena, from->policy_signatures, from->policy_signature_count,
                           &v->files.policy_signatures);
    if (e == ERR_OK)
        e = copy_list(v->arena, from->adoptions, from->adoption_count, &v->files.adoptions);
    if (e == ERR_OK)
        e = copy_list(v->arena, from->deals, from->deal_count, &v->files.deals);
    if (e == ERR_OK)
        e = copy_list(v->arena, from->states, from->state_count, &v->files.states);
    return e == ERR_OK ? copy_versions(v, from) : e;
}

/* Nothing goes back behind what this party has accepted before. */
static enum err check_marks(const struct view *v, const struct view_marks *marks, int64_t now_s,
                            struct errmsg *why)
{
    if (now_s < marks->time_s - CLOCK_TOLERANCE_S)
        return errmsg_set(why, ERR_EXPIRED,
                          "clock: more than five minutes below a time that was seen before");
    const uint64_t current = view_policy(v)->serial;
    const uint64_t lowest = v->given_serial < current ? v->given_serial : current;
    if (lowest < marks->policy_serial)
        return errmsg_set(why, ERR_BEHIND, "policy: serial %llu, but %llu was accepted before",
                          (unsigned long long)lowest, (unsigned long long)marks->policy_serial);
    return ERR_OK;
}

/* A signed roster, whatever the time. */
static enum err read_roster(struct bytes roster, const struct view_pins *pins,
                            uint64_t serial_floor, struct trust **out, struct errmsg *why)
{
    struct cert *root CLEANUP(cleanup_cert_free) = NULL;
    struct cert *roster_key CLEANUP(cleanup_cert_free) = NULL;
    struct cert *next CLEANUP(cleanup_cert_free) = NULL;
    struct trust_pins trust_pins = {.deployment = pins->deployment};
    enum err e = cert_parse_pem(pins->root_ca, CERT_ROOT, &root, why);
    if (e != ERR_OK)
        return errmsg_wrap(why, e, "root certificate");
    e = cert_parse_pem(pins->roster_key, CERT_PINNED, &roster_key, why);
    if (e == ERR_OK && pins->next_roster_key.len > 0)
        e = cert_parse_pem(pins->next_roster_key, CERT_PINNED, &next, why);
    if (e != ERR_OK)
        return errmsg_wrap(why, e, "roster key");
    trust_pins.roster_key = cert_key(roster_key);
    trust_pins.next_roster_key = next != NULL ? cert_key(next) : NULL;
    trust_pins.root = cert_der(root);
    return trust_read(&trust_pins, roster, serial_floor, out, why);
}

enum err view_check_roster(const struct view_pins *pins, struct bytes roster,
                           const struct view_marks *marks, int64_t now_s, struct errmsg *why)
{
    struct trust *t CLEANUP(cleanup_trust_free) = NULL;
    enum err e = read_roster(roster, pins, marks->roster_serial, &t, why);
    return e != ERR_OK ? e : trust_check_time(t, now_s, why);
}

static enum err load(struct view *v, const struct view_pins *pins, const struct view_marks *marks,
                     int64_t now_s, struct errmsg *why)
{
    enum err e = view_make_faults(v, marks);
    if (e == ERR_OK)
        e = read_roster(v->files.roster, pins, marks->roster_serial, &v->trust, why);
    if (e == ERR_OK)
        e = trust_check_time(v->trust, now_s, why);
    if (e == ERR_OK)
        e = view_read_roster_key(v, pins, why);
    if (e == ERR_OK)
        e = view_load_versions(v, pins, now_s, why);
    if (e == ERR_OK)
        e = view_load_adoptions(v, marks, now_s, why);
    if (e == ERR_OK)
        e = view_load_deals(v, now_s, why);
    if (e == ERR_OK)
        e = view_load_states(v, marks, now_s, why);
    if (e == ERR_OK)
        e = view_load_notices(v);
    return e != ERR_OK ? e : check_marks(v, marks, now_s, why);
}

enum err view_new(const struct view_pins *pins, const struct view_files *files,
                  const struct view_marks *marks, int64_t now_s, struct view **out,
                  struct errmsg *why)
{
    struct view *v CLEANUP(cleanup_view_free) = calloc(1, sizeof *v);
    if (v == NULL)
        return ERR_NOMEM;
    atomic_init(&v->refs, 1);
    v->arena = arena_new(VIEW_ARENA_BYTES);
    if (v->arena == NULL)
        return ERR_NOMEM;
    enum err e = copy_files(v, files);
    if (e == ERR_OK)
        e = load(v, pins, marks, now_s, why);
    if (e == ERR_OK)
        *out = take(v);
    return e;
}

struct view *view_ref(struct view *v)
{
    atomic_fetch_add_explicit(&v->refs, 1, memory_order_relaxed);
    return v;
}

void view_free(struct view *v)
{
    if (v == NULL || atomic_fetch_sub_explicit(&v->refs, 1, memory_order_acq_rel) != 1)
        return;
    trust_free(v->trust);
    for (size_t i = 0; i < v->version_count; i++)
        policy_file_free(v->versions[i].loaded);
    arena_free(v->arena);
    free(v);
}

/* Signed again is the same roster; other content under its serial comes from a register that was restored. */
static enum err is_same_document(const struct view *v, struct bytes before, struct errmsg *why)
{
    struct digest d;
    const enum err e = digest_sha256(&before, 1, &d);
    if (e != ERR_OK || digest_equal(&d, trust_digest(v->trust)))
        return e;
    return errmsg_set(why, ERR_CONFLICT,
                      "roster %llu: accepted before with other content; the register was restored from "
                      "an old copy",
                      (unsigned long long)view_roster(v)->serial);
}

/* What a roster by a key that is pinned no more says has no weight: the key was lost or stolen. Its serial was
 * seen all the same. */
static enum err check_disowned(const struct view *v, const struct roster *before, struct errmsg *why)
{
    if (view_roster(v)->serial > before->serial)
        return ERR_OK;
    return errmsg_set(why, ERR_BEHIND, "roster: serial %llu, but %llu was seen before",
                      (unsigned long long)view_roster(v)->serial, (unsigned long long)before->serial);
}

/* By the same key as before, or by one to which that key handed over. */
static enum err check_key(const struct view *v, const struct roster *before, struct errmsg *why)
{
    if (bytes_equal(before->key, view_roster(v)->key))
        return ERR_OK;
    return trust_check_handover(view_roster(v), before->key, why);
}

static enum err check_follows(const struct view *v, struct bytes document, const struct roster *before,
                              struct errmsg *why)
{
    struct digest print;
    enum err e = digest_sha256(&before->key, 1, &print);
    if (e != ERR_OK)
        return e;
    if (!trust_pins_key(v->trust, &print))
        return check_disowned(v, before, why);
    if (before->serial == view_roster(v)->serial)
        return is_same_document(v, document, why);
    e = roster_follows(before, view_roster(v), why);
    return e == ERR_OK ? check_key(v, before, why) : e;
}

enum err view_follows(const struct view *v, struct bytes roster_before, struct errmsg *why)
{
    struct signed_doc doc;
    struct roster before;
    if (bytes_equal(roster_before, v->files.roster))
        return ERR_OK;
    struct arena *a CLEANUP(cleanup_arena_free) =
        arena_new(ROSTER_ARENA_BYTES + 2 * ROSTER_MAX_BYTES);
    if (a == NULL)
        return ERR_NOMEM;
    enum err e = signed_doc_decode(roster_before, ROSTER_MAX_BYTES, a, &doc, why);
    if (e == ERR_OK)
        e = roster_decode(doc.document, digest_sha256, a, &before, why);
    return e == ERR_OK ? check_follows(v, doc.document, &before, why) : e;
}

static enum err raise_adoption(struct view_marks *marks, const struct agency_id *holder,
                               uint64_t serial, struct errmsg *why)
{
    for (size_t i = 0; i < marks->adoption_count; i++) {
        if (agency_id_equal(&marks->adoptions[i].holder, holder)) {
            if (serial > marks->adoptions[i].serial)
                marks->adoptions[i].serial = serial;
            return ERR_OK;
        }
    }
    if (marks->adoption_count == VIEW_MARK_HOLDERS_MAX)
        return errmsg_set(why, ERR_LIMIT,
                          "adoption of %s: there are marks for %d holders, and as many others have one",
                          holder->oin, VIEW_MARK_HOLDERS_MAX);
    marks->adoptions[marks->adoption_count].holder = *holder;
    marks->adoptions[marks->adoption_count++].serial = serial;
    return ERR_OK;
}

static void raise_time(struct view_marks *marks, int64_t time_s)
{
    if (time_s > marks->time_s)
        marks->time_s = time_s;
}

enum err view_raise_marks(const struct view *v, int64_t now_s, struct view_marks *marks,
                          struct errmsg *why)
{
    const struct roster *roster = view_roster(v);
    if (roster->serial > marks->roster_serial)
        marks->roster_serial = roster->serial;
    if (view_policy(v)->serial > marks->policy_serial)
        marks->policy_serial = view_policy(v)->serial;
    raise_time(marks, now_s);
    raise_time(marks, roster->issued_at);
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < v->adoption_count; i++)
        e = raise_adoption(marks, &v->adoptions[i].holder, v->adoptions[i].serial, why);
    return e == ERR_OK ? view_raise_states(v, marks, why) : e;
}

const struct roster *view_roster(const struct view *v)
{
    return trust_roster(v->trust);
}

const struct policy *view_policy(const struct view *v)
{
    return version_policy(view_current(v));
}

const struct policy *view_version_at(const struct view *v, size_t i)
{
    return i < v->version_count ? version_policy(&v->versions[i]) : NULL;
}

const struct digest *view_policy_digest(const struct view *v)
{
    return &view_current(v)->digest;
}

const struct view_files *view_files(const struct view *v)
{
    return &v->files;
}

enum err view_is_open(const struct view *v, int64_t now_s)
{
    return trust_check_time(v->trust, now_s, NULL);
}

/* The member's certificate for a use that counts at at_s; NULL where none does. */
static const struct cert *member_cert(const struct view *v, const struct agency_id *id,
                                      enum cert_use use, int64_t at_s)
{
    const struct trust_query q = {*id, use, at_s};
    const struct cert *c = NULL;
    return trust_member_cert(v->trust, &q, &c, NULL) == ERR_OK ? c : NULL;
}

const struct roster_member *view_member(const struct view *v, const struct agency_id *id,
                                        int64_t now_s)
{
    if (member_cert(v, id, CERT_SIGNING, now_s) == NULL)
        return NULL;
    return roster_member_of(view_roster(v), id);
}

const struct roster_member *view_member_by_curve(const struct view *v, const struct curve_key *key,
                                                 int64_t now_s, struct errmsg *why)
{
    const struct roster_member *m = NULL;
    const struct cert *c = NULL;
    if (trust_peer(v->trust, key, now_s, &m, why) != ERR_OK)
        return NULL;
    const struct trust_query q = {m->id, CERT_SIGNING, now_s};
    return trust_member_cert(v->trust, &q, &c, why) == ERR_OK ? m : NULL;
}

static enum view_standing cert_standing(const struct view *v, const struct cert *c, int64_t now_s)
{
    if (c == NULL)
        return VIEW_STANDS;
    if (roster_is_revoked(view_roster(v), cert_fingerprint(c)))
        return VIEW_REVOKED;
    const enum err e = cert_check_time(c, now_s, NULL);
    return e == ERR_OK ? VIEW_STANDS : e == ERR_EXPIRED ? VIEW_EXPIRED : VIEW_NOT_YET_VALID;
}

enum view_standing view_standing(const struct view *v, const struct curve_key *key, int64_t now_s,
                                 struct view_peer *out)
{
    static const enum cert_use uses[] = {CERT_TRANSPORT, CERT_SIGNING};
    const struct roster_member *m = roster_member_by_curve(view_roster(v), key);
    if (m == NULL)
        return VIEW_UNLISTED;
    for (size_t i = 0; i < ARRAY_LEN(uses); i++) {
        const struct cert *c = trust_listed_cert(v->trust, &m->id, uses[i]);
        const enum view_standing s = cert_standing(v, c, now_s);
        if (s == VIEW_STANDS)
            continue;
        *out = (struct view_peer){m, *cert_fingerprint(c)};
        return s;
    }
    return VIEW_STANDS;
}

const struct roster_member *view_broker(const struct view *v)
{
    return roster_broker(view_roster(v));
}

static bool has_document(const struct view *v, struct bytes adoption)
{
    for (size_t i = 0; i < v->files.adoption_count; i++)
        if (bytes_equal(v->files.adoptions[i], adoption))
            return true;
    return false;
}

static bool has_serial(const struct view *v, const struct adoption_claim *of)
{
    for (size_t i = 0; i < v->adoption_count; i++)
        if (v->adoptions[i].serial == of->serial &&
            agency_id_equal(&v->adoptions[i].holder, &of->holder))
            return true;
    return false;
}

bool view_covers(const struct view *v, const struct view *other)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(COVERS_ARENA_BYTES);
    for (size_t i = 0; i < other->files.adoption_count; i++) {
        struct signed_doc doc;
        struct adoption_claim claim;
        const struct bytes adoption = other->files.adoptions[i];
        if (has_document(v, adoption))
            continue;
        if (a == NULL)
            return false;
        arena_reset(a);
        if (signed_doc_decode(adoption, ADOPTION_MAX_BYTES, a, &doc, NULL) != ERR_OK ||
            adoption_peek(doc.document, &claim) != ERR_OK)
            continue;
        if (has_serial(other, &claim) || !has_serial(v, &claim))
            return false;
    }
    return true;
}
