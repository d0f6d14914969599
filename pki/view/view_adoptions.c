/* The holders' adoptions in a view. One that cannot be verified gives nothing and takes from its
 * own holder only (decision 0305). */
#include "pki/digest.h"
#include "pki/trust_docs.h"
#include "pki/view/view_internal.h"
#include "proto/base/join.h"
#include "proto/base/log.h"
#include "proto/msg/signed.h"

static struct view_fault *add_fault(struct view *v)
{
    return &v->faults[v->fault_count++];
}

void view_add_fault(struct view *v, const char *what, size_t i, const struct errmsg *of)
{
    struct view_fault *f = add_fault(v);
    *f = (struct view_fault){.is_of_holder = false};
    (void)errmsg_set(&f->why, ERR_SIGNATURE, "%s %zu: %s", what, i + 1, of->text);
}

static bool is_member(const struct view *v, const struct agency_id *holder)
{
    return roster_member_of(view_roster(v), holder) != NULL;
}

/* A document that does not count. Where it says whose it is, that holder's adoptions up to its
 * serial fall: it may be the withdrawal of one of them. */
static void note_unverified(struct view *v, size_t i, struct arena *a, const struct errmsg *of)
{
    struct view_fault *f = add_fault(v);
    struct signed_doc doc;
    struct adoption_claim claim;
    struct errmsg text = {""};
    f->is_of_holder =
        signed_doc_decode(v->files.adoptions[i], ADOPTION_MAX_BYTES, a, &doc, NULL) == ERR_OK &&
        adoption_peek(doc.document, &claim) == ERR_OK;
    if (f->is_of_holder) {
        f->holder = claim.holder;
        f->serial = claim.serial;
        f->is_quiet = !is_member(v, &claim.holder);
        (void)errmsg_set(&text, ERR_SIGNATURE,
                         "adoption %zu (of %s, serial %llu by its own words): %s", i + 1,
                         claim.holder.oin, (unsigned long long)claim.serial, of->text);
    } else {
        (void)errmsg_set(&text, ERR_SIGNATURE, "adoption %zu: %s", i + 1, of->text);
    }
    f->why = text;
}

static bool is_same_statement(const struct adoption_doc *a, const struct adoption_doc *b)
{
    if (!digest_equal(&a->policy, &b->policy) || a->state != b->state ||
        a->rules.count != b->rules.count)
        return false;
    for (size_t i = 0; i < a->rules.count; i++) {
        if (!name_equal(&a->rules.v[i], &b->rules.v[i]))
            return false;
    }
    return true;
}

/* Two different statements of one holder under one serial: neither counts, nor what is older. */
static void note_conflicts(struct view *v)
{
    for (size_t i = 1; i < v->adoption_count; i++) {
        const struct adoption_doc *a = &v->adoptions[i];
        for (size_t k = 0; k < i; k++) {
            const struct adoption_doc *b = &v->adoptions[k];
            if (b->serial != a->serial || !agency_id_equal(&b->holder, &a->holder) ||
                is_same_statement(a, b))
                continue;
            struct view_fault *f = add_fault(v);
            *f =
                (struct view_fault){.is_of_holder = true, .holder = a->holder, .serial = a->serial};
            (void)errmsg_set(&f->why, ERR_CONFLICT, "adoption of %s: serial %llu stands here twice",
                             a->holder.oin, (unsigned long long)a->serial);
            break;
        }
    }
}

static uint64_t highest(const struct view *v, const struct agency_id *holder)
{
    uint64_t serial = 0;
    for (size_t i = 0; i < v->adoption_count; i++) {
        if (agency_id_equal(&v->adoptions[i].holder, holder) && v->adoptions[i].serial > serial)
            serial = v->adoptions[i].serial;
    }
    return serial;
}

/* A holder whose newest accepted adoption is not among those that hold now. */
static void note_behind(struct view *v, const struct view_marks *marks)
{
    for (size_t i = 0; i < marks->adoption_count; i++) {
        const struct agency_id *holder = &marks->adoptions[i].holder;
        if (highest(v, holder) >= marks->adoptions[i].serial)
            continue;
        struct view_fault *f = add_fault(v);
        *f = (struct view_fault){.is_of_holder = true,
                                 .holder = *holder,
                                 .serial = marks->adoptions[i].serial,
                                 .is_quiet = !is_member(v, holder)};
        (void)errmsg_set(&f->why, ERR_BEHIND,
                         "adoption of %s: serial %llu was accepted before, and none from there on "
                         "holds here",
                         holder->oin, (unsigned long long)f->serial);
    }
}

static bool is_here(const struct view *v, const struct agency_id *holder, uint64_t serial)
{
    for (size_t i = 0; i < v->adoption_count; i++)
        if (v->adoptions[i].serial == serial && agency_id_equal(&v->adoptions[i].holder, holder))
            return true;
    return false;
}

static bool is_older_here(const struct view *v, const struct agency_id *holder, uint64_t serial)
{
    for (size_t i = 0; i < v->adoption_count; i++)
        if (v->adoptions[i].serial < serial && agency_id_equal(&v->adoptions[i].holder, holder))
            return true;
    return false;
}

/* A serial that is missing between two of one holder may have been a withdrawal that somebody kept
 * back: nothing counts up to there. */
static void note_gaps(struct view *v)
{
    for (size_t i = 0; i < v->adoption_count; i++) {
        const struct adoption_doc *a = &v->adoptions[i];
        const uint64_t before = a->serial - 1;
        if (is_here(v, &a->holder, before) || !is_older_here(v, &a->holder, before))
            continue;
        struct view_fault *f = add_fault(v);
        *f = (struct view_fault){.is_of_holder = true, .holder = a->holder, .serial = before};
        (void)errmsg_set(&f->why, ERR_BEHIND,
                         "adoption of %s: serial %llu is not here, and older ones are",
                         a->holder.oin, (unsigned long long)before);
    }
}

enum err view_make_faults(struct view *v, const struct view_marks *marks)
{
    const size_t most = 3 * v->files.adoption_count + marks->adoption_count + v->files.deal_count +
                        v->files.version_count + 2 * v->files.state_count + marks->state_count;
    v->faults = arena_array(v->arena, most, sizeof *v->faults);
    return v->faults == NULL ? ERR_NOMEM : ERR_OK;
}

static bool is_among(const struct digest *list, size_t n, const struct digest *d)
{
    for (size_t i = 0; i < n; i++)
        if (digest_equal(&list[i], d))
            return true;
    return false;
}

/* Over the documents as they came, each once, those that do not count as well: parties compare what
 * they hold. */
static enum err digest_adoptions(struct view *v)
{
    const size_t most = v->files.adoption_count;
    struct digest *list = arena_array(v->arena, most, sizeof *list);
    struct bytes *parts = arena_array(v->arena, most, sizeof *parts);
    CLEANUP(buf_free) struct buf b = buf_new((size_t)1 << 20);
    enum err e = list == NULL || parts == NULL ? ERR_NOMEM : ERR_OK;
    size_t n = 0;
    for (size_t i = 0; e == ERR_OK && i < most; i++) {
        e = digest_sha256(&v->files.adoptions[i], 1, &list[n]);
        parts[n] = digest_bytes(&list[n]);
        n += !is_among(list, n, &list[n]);
    }
    if (e != ERR_OK)
        return e;
    join_list(&b, parts, n);
    const struct bytes all = buf_bytes(&b);
    return buf_err(&b) == ERR_OK ? digest_sha256(&all, 1, &v->adoptions_digest) : buf_err(&b);
}

const struct digest *view_adoptions_digest(const struct view *v)
{
    return &v->adoptions_digest;
}

enum err view_load_adoptions(struct view *v, const struct view_marks *marks, int64_t now_s,
                             struct errmsg *why)
{
    size_t n = v->files.adoption_count;
    const struct trust_reading reading = {.trust = v->trust, .at_s = now_s, .arena = v->arena};
    v->adoptions = arena_array(v->arena, n, sizeof *v->adoptions);
    if (v->adoptions == NULL || digest_adoptions(v) != ERR_OK)
        return ERR_NOMEM;
    for (size_t i = 0; i < n; i++) {
        struct errmsg of = {""};
        struct adoption_doc *next = &v->adoptions[v->adoption_count];
        enum err e = trust_read_adoption(&reading, v->files.adoptions[i], next, &of);
        if (e == ERR_NOMEM)
            return errmsg_wrap(why, e, "adoption %zu", i + 1);
        if (e == ERR_OK)
            v->adoption_count++;
        else
            note_unverified(v, i, v->arena, &of);
    }
    note_conflicts(v);
    note_gaps(v);
    note_behind(v, marks);
    return ERR_OK;
}

/* Adoptions of this holder up to this serial do not count. */
static uint64_t suspended_to(const struct view *v, const struct agency_id *holder)
{
    uint64_t serial = 0;
    for (size_t i = 0; i < v->fault_count; i++) {
        const struct view_fault *f = &v->faults[i];
        if (f->is_of_holder && agency_id_equal(&f->holder, holder) && f->serial > serial)
            serial = f->serial;
    }
    return serial;
}

/* The newest that counts of what the holder said of the rule in this version; NULL: nothing. */
static const struct adoption_doc *last_word(const struct view *v, const struct digest *policy,
                                            const struct agency_id *holder, const struct name *rule)
{
    const struct adoption_doc *last = NULL;
    const uint64_t floor = suspended_to(v, holder);
    for (size_t i = 0; i < v->adoption_count; i++) {
        const struct adoption_doc *a = &v->adoptions[i];
        if (a->serial > floor && agency_id_equal(&a->holder, holder) &&
            digest_equal(&a->policy, policy) && name_list_has(a->rules, name_bytes(rule)) &&
            (last == NULL || a->serial > last->serial))
            last = a;
    }
    return last;
}

static enum adoption state_of(const struct adoption_doc *a)
{
    if (a == NULL)
        return ADOPTION_ABSENT;
    return a->state == ADOPTION_STATE_ADOPTED ? ADOPTION_ADOPTED : ADOPTION_WITHDRAWN;
}

static bool is_announced(const struct view *v, const struct digest *policy)
{
    for (size_t i = 0; i < v->current; i++)
        if (digest_equal(&v->versions[i].digest, policy))
            return true;
    return false;
}

/* A withdrawal says no more of the rule, in every version but one that has not begun. It stops what
 * was adopted before it, and what was asked before it whatever is adopted after it. */
static bool is_stopped(const struct view *v, const struct adoption_doc *given,
                       const struct name *rule, int64_t asked_s)
{
    for (size_t i = 0; i < v->adoption_count; i++) {
        const struct adoption_doc *a = &v->adoptions[i];
        if (a->state == ADOPTION_STATE_WITHDRAWN && agency_id_equal(&a->holder, &given->holder) &&
            name_list_has(a->rules, name_bytes(rule)) && !is_announced(v, &a->policy) &&
            (a->serial > given->serial || a->signed_at >= asked_s))
            return true;
    }
    return false;
}

enum adoption view_adoption_under(const struct view *v, const struct view_asked *asked,
                                  const struct agency_id *holder)
{
    const struct adoption_doc *given = last_word(v, asked->named, holder, asked->rule);
    if (state_of(given) != ADOPTION_ADOPTED)
        return state_of(given);
    return is_stopped(v, given, asked->rule, asked->issued_at_s) ? ADOPTION_WITHDRAWN
                                                                 : ADOPTION_ADOPTED;
}

enum adoption view_adoption(const struct view *v, const struct agency_id *holder,
                            const struct name *rule)
{
    const struct view_asked now = {view_policy_digest(v), rule, INT64_MAX};
    return view_adoption_under(v, &now, holder);
}

size_t view_fault_count(const struct view *v)
{
    size_t n = 0;
    for (size_t i = 0; i < v->fault_count; i++)
        n += !v->faults[i].is_quiet;
    return n;
}

const char *view_fault_at(const struct view *v, size_t i)
{
    for (size_t k = 0; k < v->fault_count; k++) {
        if (v->faults[k].is_quiet)
            continue;
        if (i == 0)
            return v->faults[k].why.text;
        i--;
    }
    return NULL;
}

void view_log_faults(const struct view *v)
{
    for (size_t i = 0; i < v->fault_count; i++) {
        if (v->faults[i].is_quiet)
            log_notice("trust.lapsed reason=\"%s\"", v->faults[i].why.text);
        else
            log_err("trust.not_counted reason=\"%s\"", v->faults[i].why.text);
    }
    for (size_t i = 0; i < v->notice_count; i++)
        log_warn("trust.notice text=\"%s\"", v->notices[i].text);
}

const struct adoption_doc *view_adoption_at(const struct view *v, size_t i)
{
    return i < v->adoption_count ? &v->adoptions[i] : NULL;
}
