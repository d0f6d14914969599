/* The versions of the policy that a party knows, which of them is in force, and under which an
 * earlier question is judged (decision 0306). */
#include "pki/digest.h"
#include "pki/view/view_internal.h"
#include "proto/base/cursor.h"
#include "proto/base/join.h"
#include "proto/policy/narrowed.h"

#define VERSIONS_KEPT 16 /* beside the one in force */
#define VERSIONS_BYTES ((size_t)16 << 20)
#define SIGNATURES_MAX 64
#define ISSUE_SLACK_S 300

enum err view_version_encode(const struct view_version *version, struct buf *out)
{
    join_part(out, version->policy);
    for (size_t i = 0; i < version->signature_count; i++)
        join_part(out, version->signatures[i]);
    return buf_err(out);
}

enum err view_version_decode(struct bytes data, struct arena *a, struct view_version *out)
{
    struct cursor c = cursor_of(data);
    struct bytes *list = arena_array(a, SIGNATURES_MAX, sizeof *list);
    if (list == NULL)
        return ERR_NOMEM;
    *out = (struct view_version){.signatures = list};
    out->policy = cursor_bytes(&c, cursor_u32(&c));
    while (c.err == ERR_OK && c.left > 0) {
        if (out->signature_count == SIGNATURES_MAX)
            return ERR_TOO_LARGE;
        list[out->signature_count++] = cursor_bytes(&c, cursor_u32(&c));
    }
    return cursor_done(&c);
}

static uint64_t serial_of(const struct policy_version *p)
{
    return version_policy(p)->serial;
}

/* Puts it at its place by serial. Its twin, or another under its serial, is found there. */
static enum err insert(struct view *v, struct policy_version *p, struct errmsg *why)
{
    size_t at = 0;
    while (at < v->version_count && serial_of(&v->versions[at]) > serial_of(p))
        at++;
    if (at < v->version_count && serial_of(&v->versions[at]) == serial_of(p)) {
        struct policy_version *twin = &v->versions[at];
        if (!digest_equal(&twin->digest, &p->digest))
            return errmsg_set(
                why, ERR_CONFLICT,
                "policy: serial %llu was verified here before with other content; ask "
                "who signed it",
                (unsigned long long)serial_of(p));
        if (twin->file.ended_s == 0)
            twin->file.ended_s = p->file.ended_s;
        policy_file_free(p->loaded);
        return ERR_OK;
    }
    for (size_t i = v->version_count++; i > at; i--)
        v->versions[i] = v->versions[i - 1];
    v->versions[at] = *p;
    return ERR_OK;
}

/* What is kept, and verified again here, may have lost its signer's pin, as its operator wanted: it counts for nothing then,
 * and is no trouble. */
static enum err add_kept(struct view *v, const struct view_pins *pins, size_t i, struct errmsg *why)
{
    struct policy_version p = {.loaded = NULL};
    struct errmsg of = {""};
    enum err e = view_read_version(pins, &v->files.versions[i], &p, &of);
    if (e == ERR_OK)
        e = insert(v, &p, why);
    if (e == ERR_OK)
        return ERR_OK;
    policy_file_free(p.loaded);
    if (e == ERR_NOMEM || e == ERR_CONFLICT)
        return e;
    view_add_fault(v, "version of the policy", i, &of);
    v->faults[v->fault_count - 1].is_quiet = p.is_unpinned;
    return ERR_OK;
}

static enum err add_given(struct view *v, const struct view_pins *pins, struct errmsg *why)
{
    struct policy_version p = {.loaded = NULL};
    const struct view_version file = {.policy = v->files.policy,
                                      .signatures = v->files.policy_signatures,
                                      .signature_count = v->files.policy_signature_count};
    enum err e = view_read_version(pins, &file, &p, why);
    if (e != ERR_OK) {
        policy_file_free(p.loaded);
        return e;
    }
    v->given_serial = serial_of(&p);
    return insert(v, &p, why);
}

/* In force: the highest serial whose moment has come. */
static void choose(struct view *v, int64_t now_s)
{
    v->current = v->version_count - 1;
    for (size_t i = 0; i < v->version_count; i++) {
        if (version_policy(&v->versions[i])->valid.from_s <= now_s) {
            v->current = i;
            break;
        }
    }
    for (size_t i = v->current + 1; i < v->version_count; i++)
        if (v->versions[i].file.ended_s == 0)
            v->versions[i].file.ended_s = now_s;
    for (size_t i = 0; i <= v->current; i++)
        v->versions[i].file.ended_s = 0;
}

/* The oldest go where there are too many; a question under one of them ends. */
static void drop_oldest(struct view *v)
{
    size_t bytes = 0;
    for (size_t i = 0; i < v->version_count; i++) {
        bytes += v->versions[i].file.policy.len;
        if (i <= v->current || (i <= v->current + VERSIONS_KEPT && bytes <= VERSIONS_BYTES))
            continue;
        for (size_t k = i; k < v->version_count; k++)
            policy_file_free(v->versions[k].loaded);
        v->version_count = i;
    }
}

/* view_files says what counts: the one in force as the policy, the others as versions. */
static enum err put_files(struct view *v)
{
    struct view_version *others = arena_array(v->arena, v->version_count, sizeof *others);
    if (others == NULL)
        return ERR_NOMEM;
    size_t n = 0;
    for (size_t i = 0; i < v->version_count; i++)
        if (i != v->current)
            others[n++] = v->versions[i].file;
    const struct view_version *now = &view_current(v)->file;
    v->files.policy = now->policy;
    v->files.policy_signatures = now->signatures;
    v->files.policy_signature_count = now->signature_count;
    v->files.versions = others;
    v->files.version_count = n;
    return ERR_OK;
}

enum err view_load_versions(struct view *v, const struct view_pins *pins, int64_t now_s,
                            struct errmsg *why)
{
    v->versions = arena_array(v->arena, v->files.version_count + 1, sizeof *v->versions);
    if (v->versions == NULL)
        return ERR_NOMEM;
    enum err e = add_given(v, pins, why);
    for (size_t i = 0; e == ERR_OK && i < v->files.version_count; i++)
        e = add_kept(v, pins, i, why);
    if (e != ERR_OK)
        return e;
    choose(v, now_s);
    drop_oldest(v);
    return put_files(v);
}

size_t view_announced_count(const struct view *v)
{
    return v->current;
}

bool view_announced_at(const struct view *v, size_t i, struct view_announced *out)
{
    *out = (struct view_announced){0};
    if (i >= v->current)
        return false;
    const struct policy_version *p = &v->versions[i];
    *out = (struct view_announced){serial_of(p), p->digest, version_policy(p)->valid.from_s};
    return true;
}

int64_t view_next_s(const struct view *v)
{
    int64_t first = 0;
    for (size_t i = 0; i < v->current; i++) {
        const int64_t from = version_policy(&v->versions[i])->valid.from_s;
        if (first == 0 || from < first)
            first = from;
    }
    return first;
}

static const struct policy_version *find(const struct view *v, const struct digest *digest,
                                         size_t *place)
{
    for (size_t i = 0; i < v->version_count; i++) {
        if (digest_equal(&v->versions[i].digest, digest)) {
            *place = i;
            return &v->versions[i];
        }
    }
    return NULL;
}

const struct policy *view_known_policy(const struct view *v, const struct digest *digest)
{
    size_t place = 0;
    const struct policy_version *p = find(v, digest, &place);
    return p == NULL ? NULL : version_policy(p);
}

/* Whether a version that is not in force any more was, by this party's own record, at that time. */
static bool was_in_force(const struct policy_version *p, int64_t at_s)
{
    return at_s + ISSUE_SLACK_S >= version_policy(p)->valid.from_s &&
           at_s <= p->file.ended_s + ISSUE_SLACK_S;
}

/* One that another superseded before its own moment never was; one that arrived late counts as
 * having been. */
static bool has_been_in_force(const struct policy_version *p)
{
    return p->file.ended_s >= version_policy(p)->valid.from_s;
}

static bool names_custodian(const struct policy_version *p, const struct name *purpose,
                            const struct agency_id *id)
{
    const struct purpose *u = policy_purpose(version_policy(p), purpose);
    return u != NULL && agency_id_equal(&u->custodian, id);
}

enum custody view_custody(const struct view *v, const struct name *purpose,
                          const struct agency_id *id, int64_t signed_at_s)
{
    if (names_custodian(view_current(v), purpose, id))
        return CUSTODY_NOW;
    for (size_t i = v->current + 1; i < v->version_count; i++) {
        const struct policy_version *p = &v->versions[i];
        if (has_been_in_force(p) && signed_at_s <= p->file.ended_s + ISSUE_SLACK_S &&
            names_custodian(p, purpose, id))
            return CUSTODY_FORMER;
    }
    for (size_t i = 0; i < v->current; i++)
        if (names_custodian(&v->versions[i], purpose, id))
            return CUSTODY_COMING;
    return CUSTODY_NONE;
}

/* By any version that came after it, up to the one in force: a later one that widens again revives
 * nothing. One that would outlive the version in force has to be asked for again as well. */
static enum err find_narrowing(const struct view *v, size_t place, const struct name *rule,
                               const struct policy **out)
{
    const struct policy *was = version_policy(&v->versions[place]);
    *out = view_policy(v)->valid.until_s < was->valid.until_s ? view_policy(v) : NULL;
    enum err e = ERR_OK;
    for (size_t i = v->current; e == ERR_OK && *out == NULL && i < place; i++) {
        bool narrowed = false;
        if (i > v->current && !has_been_in_force(&v->versions[i]))
            continue;
        e = policy_narrowed(was, version_policy(&v->versions[i]), rule, &narrowed);
        if (narrowed)
            *out = version_policy(&v->versions[i]);
    }
    return e;
}

enum err view_policy_for(const struct view *v, const struct view_asked *asked,
                         const struct policy **out, struct errmsg *why)
{
    size_t place = 0;
    const struct policy_version *p = find(v, asked->named, &place);
    if (p == NULL)
        return errmsg_set(why, ERR_NOT_FOUND, "it names a policy that was never verified here");
    if (place < v->current)
        return errmsg_set(why, ERR_NOT_FOUND,
                          "it names policy serial %llu, which is not in force yet",
                          (unsigned long long)serial_of(p));
    if (place > v->current && !was_in_force(p, asked->issued_at_s))
        return errmsg_set(why, ERR_NOT_FOUND,
                          "it names policy serial %llu, which was not in force when it was asked",
                          (unsigned long long)serial_of(p));
    const struct policy *by = NULL;
    enum err e = find_narrowing(v, place, asked->rule, &by);
    if (e != ERR_OK)
        return e;
    if (by != NULL)
        return errmsg_set(
            why, ERR_BEHIND,
            "rule %s was withdrawn or narrowed by policy serial %llu after it was asked",
            asked->rule->s, (unsigned long long)by->serial);
    *out = version_policy(p);
    return ERR_OK;
}
