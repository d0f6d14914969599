/* The custodians' words on the epochs of their purposes in a view. The newest one says all; what is
 * older only shows that it came forward step by step. Where that cannot be shown, or something newer
 * stands there that does not verify, the purpose is suspended (decision 0901). */
#include "pki/digest.h"
#include "pki/trust_docs.h"
#include "pki/view/view_internal.h"
#include "proto/base/join.h"
#include "proto/msg/epoch_word.h"

#define DIGESTED_BYTES ((size_t)64 << 10)

static const struct view_states_mark *mark_of(const struct view_marks *marks,
                                              const struct name *purpose)
{
    for (size_t i = 0; i < marks->state_count; i++)
        if (name_equal(&marks->states[i].purpose, purpose))
            return &marks->states[i];
    return NULL;
}

/* By the custodian whom the policy names, or named when it was said, or will name. */
static enum err read_signed(const struct view *v, const struct trust_reading *reading,
                            struct bytes file, struct states_said *out, struct errmsg *why)
{
    enum err e = trust_read_epoch_states(reading, file, &out->states, &out->document, why);
    if (e != ERR_OK)
        return e;
    out->by = view_custody(v, &out->states.purpose, &out->states.custodian, out->states.issued_at);
    if (out->by == CUSTODY_NONE)
        return errmsg_set(why, ERR_MISMATCH, "purpose %s: not by the custodian that the policy names",
                          out->states.purpose.s);
    return digest_sha256(&out->document, 1, &out->digest);
}

/* The very document that this party verified before counts whoever signs for the custodian by now. */
static enum err read_marked(const struct view *v, const struct view_marks *marks,
                            struct bytes document, struct states_said *out)
{
    enum err e = digest_sha256(&document, 1, &out->digest);
    out->document = document;
    size_t at = 0;
    while (e == ERR_OK && at < marks->state_count && !digest_equal(&marks->states[at].digest, &out->digest))
        at++;
    if (e == ERR_OK)
        e = at < marks->state_count ? epoch_states_decode(document, v->arena, &out->states, NULL)
                                    : ERR_NOT_FOUND;
    if (e != ERR_OK)
        return e;
    const struct epoch_states *s = &out->states;
    const enum custody by = view_custody(v, &s->purpose, &s->custodian, s->issued_at);
    out->by = by == CUSTODY_NOW ? by : CUSTODY_FORMER;
    return ERR_OK;
}

static void note_unread(struct view *v, size_t i, struct bytes document, const struct errmsg *of)
{
    struct states_unread *u = &v->unread[v->unread_count++];
    u->is_claimed = document.len > 0 && epoch_states_peek(document, &u->claim) == ERR_OK;
    if (u->is_claimed)
        (void)errmsg_set(&u->why, ERR_SIGNATURE,
                         "word on epochs %zu (of purpose %s, serial %llu by its own words): %s",
                         i + 1, u->claim.purpose.s, (unsigned long long)u->claim.serial, of->text);
    else
        (void)errmsg_set(&u->why, ERR_SIGNATURE, "word on epochs %zu: %s", i + 1, of->text);
}

/* One that does not count as it stands is looked at again when all are read. */
static enum err set_aside(struct view *v, const struct trust_reading *reading, size_t i, const struct states_aside *why)
{
    struct states_aside *a = &v->aside[v->aside_count++];
    struct trust_reading alone = *reading;
    *a = *why;
    a->place = i;
    alone.is_standing = true;
    const enum err e = read_signed(v, &alone, v->files.states[i], &a->said, NULL);
    a->is_history = e == ERR_OK;
    return e == ERR_NOMEM ? e : digest_sha256(&v->files.states[i], 1, &a->refused.digest);
}

static enum err read_one(struct view *v, const struct view_marks *marks,
                         const struct trust_reading *reading, size_t i)
{
    struct states_said *next = &v->said[v->said_count];
    struct epoch_word word = {.declared_count = 0};
    struct states_aside not = {.is_history = false};
    const struct bytes file = v->files.states[i];
    enum err e = read_signed(v, reading, file, next, &not.why);
    not.refused.reason = e;
    if (e != ERR_NOMEM && epoch_word_decode(file, v->arena, &word, NULL) == ERR_OK)
        e = e == ERR_OK ? view_keep_declared(v, &word, next) : read_marked(v, marks, word.said.document, next);
    if (e == ERR_NOMEM)
        return e;
    if (e == ERR_OK) {
        next->file = file;
        v->said_count += next->by != CUSTODY_COMING;
        return ERR_OK;
    }
    not.document = word.said.document;
    return set_aside(v, reading, i, &not);
}

/* Whether this one, which lacks declarations that count, is only history: a party that never believed a word of this purpose
 * has nothing of the epoch that was destroyed then, and the officers who declared it may have left since. */
static bool is_history(const struct view *v, const struct view_marks *marks, const struct states_aside *a,
                       size_t proven)
{
    if (!a->is_history || a->said.by == CUSTODY_COMING || mark_of(marks, &a->said.states.purpose) != NULL)
        return false;
    for (size_t i = 0; i < proven; i++)
        if (name_equal(&v->said[i].states.purpose, &a->said.states.purpose) &&
            v->said[i].states.serial > a->said.states.serial)
            return true;
    return false;
}

static void settle_aside(struct view *v, const struct view_marks *marks)
{
    const size_t proven = v->said_count;
    for (size_t i = 0; i < v->aside_count; i++) {
        const struct states_aside *a = &v->aside[i];
        if (is_history(v, marks, a, proven)) {
            v->said[v->said_count] = a->said;
            v->said[v->said_count++].file = v->files.states[a->place];
            continue;
        }
        note_unread(v, a->place, a->document, &a->why);
        v->unread[v->unread_count - 1].refused = a->refused;
    }
}

/* Whether a successor speaks already with this serial or a lower one: what its predecessor says from there on
 * is not counted, so that who is custodian no more suspends nothing. */
static bool is_overtaken(const struct view *v, const struct states_said *s)
{
    for (size_t i = 0; s->by == CUSTODY_FORMER && i < v->said_count; i++) {
        const struct states_said *other = &v->said[i];
        if (other->by == CUSTODY_NOW && other->states.serial <= s->states.serial &&
            name_equal(&other->states.purpose, &s->states.purpose))
            return true;
    }
    return false;
}

/* Its file once for each document, however often it was signed. */
static void keep_file(struct view *v, size_t of)
{
    for (size_t i = 0; i < of; i++)
        if (digest_equal(&v->said[i].digest, &v->said[of].digest))
            return;
    v->kept_states[v->kept_state_count++] = v->said[of].file;
}

static void keep_said(struct view *v)
{
    size_t n = 0;
    for (size_t i = 0; i < v->said_count; i++)
        v->said[i].is_overtaken = is_overtaken(v, &v->said[i]);
    for (size_t i = 0; i < v->said_count; i++)
        if (!v->said[i].is_overtaken)
            v->said[n++] = v->said[i];
    v->said_count = n;
    for (size_t i = 0; i < n; i++)
        keep_file(v, i);
}

/* ---- the purposes that somebody spoke of ---- */

static struct purpose_states *find(const struct view *v, const struct name *purpose)
{
    for (size_t i = 0; i < v->purpose_count; i++)
        if (name_equal(&v->purposes[i].purpose, purpose))
            return &v->purposes[i];
    return NULL;
}

/* Adds it at its place by name. ERR_LIMIT: there would be no room for its mark. */
static enum err add_purpose(struct view *v, const struct view_marks *marks,
                            const struct name *purpose)
{
    if (find(v, purpose) != NULL)
        return ERR_OK;
    if (v->purpose_count == VIEW_MARK_PURPOSES_MAX)
        return ERR_LIMIT;
    size_t at = v->purpose_count++;
    for (; at > 0 &&
           bytes_cmp(name_bytes(&v->purposes[at - 1].purpose), name_bytes(purpose)) > 0;
         at--)
        v->purposes[at] = v->purposes[at - 1];
    v->purposes[at] = (struct purpose_states){.purpose = *purpose, .mark = mark_of(marks, purpose)};
    return ERR_OK;
}

static enum err add_purposes(struct view *v, const struct view_marks *marks)
{
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < marks->state_count; i++)
        e = add_purpose(v, marks, &marks->states[i].purpose);
    for (size_t i = 0; e == ERR_OK && i < v->said_count; i++)
        e = add_purpose(v, marks, &v->said[i].states.purpose);
    for (size_t i = 0; e == ERR_OK && i < v->unread_count; i++)
        if (v->unread[i].is_claimed)
            e = add_purpose(v, marks, &v->unread[i].claim.purpose);
    return e;
}

/* ---- what counts of one purpose ---- */

static bool is_of(const struct purpose_states *p, const struct states_said *s)
{
    return name_equal(&p->purpose, &s->states.purpose);
}

/* One of this serial; NULL: none. */
static const struct states_said *said_at(const struct view *v, const struct purpose_states *p,
                                         uint64_t serial)
{
    for (size_t i = 0; i < v->said_count; i++)
        if (v->said[i].states.serial == serial && is_of(p, &v->said[i]))
            return &v->said[i];
    return NULL;
}

static const struct states_said *newest(const struct view *v, const struct purpose_states *p)
{
    const struct states_said *s = NULL;
    for (size_t i = 0; i < v->said_count; i++)
        if (is_of(p, &v->said[i]) && (s == NULL || v->said[i].states.serial > s->states.serial))
            s = &v->said[i];
    return s;
}

/* From where on each step must be here: what was accepted before, else the oldest that verified. */
static uint64_t first_serial(const struct view *v, const struct purpose_states *p)
{
    if (p->mark != NULL)
        return p->mark->serial;
    uint64_t first = p->head->states.serial;
    for (size_t i = 0; i < v->said_count; i++)
        if (is_of(p, &v->said[i]) && v->said[i].states.serial < first)
            first = v->said[i].states.serial;
    return first;
}

/* Two of one serial and of different content: whom to believe? */
static enum err check_twins(const struct view *v, struct purpose_states *p, uint64_t first)
{
    for (size_t i = 0; i < v->said_count; i++) {
        const struct states_said *s = &v->said[i];
        if (!is_of(p, s) || s->states.serial < first)
            continue;
        const struct states_said *twin = said_at(v, p, s->states.serial);
        const bool was_other = p->mark != NULL && s->states.serial == p->mark->serial &&
                               !digest_equal(&s->digest, &p->mark->digest);
        if (was_other || !digest_equal(&s->digest, &twin->digest))
            return errmsg_set(&p->why, ERR_CONFLICT,
                              "epochs of purpose %s: serial %llu was said twice, differently; ask its "
                              "custodian",
                              p->purpose.s, (unsigned long long)s->states.serial);
    }
    return ERR_OK;
}

/* Each step from first to the newest is here and goes forward. */
static enum err check_steps(const struct view *v, struct purpose_states *p, uint64_t first)
{
    const struct states_said *last = said_at(v, p, first);
    for (uint64_t serial = first; serial <= p->head->states.serial; serial++) {
        const struct states_said *s = said_at(v, p, serial);
        struct errmsg of = {""};
        if (s == NULL)
            return errmsg_set(&p->why, ERR_BEHIND,
                              "epochs of purpose %s: serial %llu is not here, and serial %llu is",
                              p->purpose.s, (unsigned long long)serial,
                              (unsigned long long)p->head->states.serial);
        enum err e = serial > first ? epoch_states_check_next(&last->states, &s->states, &of) : ERR_OK;
        if (e != ERR_OK)
            return errmsg_set(&p->why, e, "epochs of purpose %s, serial %llu: %s", p->purpose.s,
                              (unsigned long long)serial, of.text);
        last = s;
    }
    return ERR_OK;
}

/* Whether this unread one may say more than what is believed. */
static bool is_newer(const struct purpose_states *p, const struct states_unread *u)
{
    return u->is_claimed && name_equal(&u->claim.purpose, &p->purpose) &&
           (p->head == NULL || u->claim.serial > p->head->states.serial);
}

static enum err check_unread(const struct view *v, struct purpose_states *p)
{
    for (size_t i = 0; i < v->unread_count; i++)
        if (is_newer(p, &v->unread[i]))
            return errmsg_set(&p->why, ERR_SIGNATURE,
                              "epochs of purpose %s: serial %llu stands here and does not verify",
                              p->purpose.s, (unsigned long long)v->unread[i].claim.serial);
    return ERR_OK;
}

/* A lower serial that was signed later than the newest: the custodian speaks from an old copy of its folder, and what
 * it says, a compromise perhaps, would pass for history. Its next word, with the next serial, settles it. */
static enum err check_late(const struct view *v, struct purpose_states *p)
{
    for (size_t i = 0; i < v->said_count; i++) {
        const struct epoch_states *s = &v->said[i].states;
        if (is_of(p, &v->said[i]) && s->serial < p->head->states.serial &&
            s->issued_at > p->head->states.issued_at)
            return errmsg_set(&p->why, ERR_BEHIND,
                              "epochs of purpose %s: serial %llu was signed after serial %llu, from an old "
                              "copy of its custodian's folder; the custodian has to say it again",
                              p->purpose.s, (unsigned long long)s->serial,
                              (unsigned long long)p->head->states.serial);
    }
    return ERR_OK;
}

static enum err judge(const struct view *v, struct purpose_states *p)
{
    p->head = newest(v, p);
    if (p->mark != NULL && (p->head == NULL || p->head->states.serial < p->mark->serial))
        return errmsg_set(&p->why, ERR_BEHIND,
                          "epochs of purpose %s: serial %llu was accepted before, and none from "
                          "there on holds here",
                          p->purpose.s, (unsigned long long)p->mark->serial);
    enum err e = check_unread(v, p);
    if (e != ERR_OK || p->head == NULL)
        return e;
    const uint64_t first = first_serial(v, p);
    e = check_late(v, p);
    if (e == ERR_OK)
        e = check_twins(v, p, first);
    return e == ERR_OK ? check_steps(v, p, first) : e;
}

static void note_suspended(struct view *v, const struct purpose_states *p)
{
    struct view_fault *f = &v->faults[v->fault_count++];
    *f = (struct view_fault){.is_of_holder = false};
    (void)errmsg_set(&f->why, ERR_SIGNATURE, "%s; nothing is served in it", p->why.text);
}

/* An unread one that says nothing newer than what is believed is history. */
static void note_faults(struct view *v)
{
    for (size_t i = 0; i < v->unread_count; i++) {
        struct states_unread *u = &v->unread[i];
        const struct purpose_states *p = u->is_claimed ? find(v, &u->claim.purpose) : NULL;
        if (p != NULL && !is_newer(p, u))
            continue;
        if (p == NULL)
            v->doubt = u->why.text;
        u->is_fault = true;
        v->faults[v->fault_count++] = (struct view_fault){.is_of_holder = false, .why = u->why};
    }
    for (size_t i = 0; i < v->purpose_count; i++)
        if (v->purposes[i].is_suspended)
            note_suspended(v, &v->purposes[i]);
}

/* What was accepted before stays what this party says it has, also where the document is gone: its own
 * purpose is suspended here, and others go on. */
static enum err digest_states(struct view *v)
{
    CLEANUP(buf_free) struct buf b = buf_new(DIGESTED_BYTES);
    for (size_t i = 0; i < v->purpose_count; i++) {
        const struct purpose_states *p = &v->purposes[i];
        const bool is_behind = p->mark != NULL && (p->head == NULL ||
                                                   p->head->states.serial < p->mark->serial);
        if (p->head == NULL && !is_behind)
            continue;
        join_part(&b, name_bytes(&p->purpose));
        buf_put_u64(&b, is_behind ? p->mark->serial : p->head->states.serial);
        join_part(&b, digest_bytes(is_behind ? &p->mark->digest : &p->head->digest));
    }
    const struct bytes all = buf_bytes(&b);
    return buf_err(&b) == ERR_OK ? digest_sha256(&all, 1, &v->states_digest) : buf_err(&b);
}

static enum err make_room(struct view *v)
{
    const size_t n = v->files.state_count;
    v->said = arena_array(v->arena, n, sizeof *v->said);
    v->unread = arena_array(v->arena, n, sizeof *v->unread);
    v->aside = arena_array(v->arena, n, sizeof *v->aside);
    v->kept_states = arena_array(v->arena, n, sizeof *v->kept_states);
    v->purposes = arena_array(v->arena, VIEW_MARK_PURPOSES_MAX, sizeof *v->purposes);
    return v->said == NULL || v->unread == NULL || v->aside == NULL || v->kept_states == NULL || v->purposes == NULL
               ? ERR_NOMEM
               : ERR_OK;
}

enum err view_load_states(struct view *v, const struct view_marks *marks, int64_t now_s,
                          struct errmsg *why)
{
    const struct trust_reading reading = {.trust = v->trust, .at_s = now_s, .arena = v->arena};
    enum err e = make_room(v);
    for (size_t i = 0; e == ERR_OK && i < v->files.state_count; i++)
        e = read_one(v, marks, &reading, i);
    if (e == ERR_OK)
        settle_aside(v, marks);
    if (e == ERR_OK)
        keep_said(v);
    if (e == ERR_OK)
        e = add_purposes(v, marks);
    if (e != ERR_OK)
        return errmsg_set(why, e, "words on epochs: %s",
                          e == ERR_LIMIT ? "of too many purposes" : err_text(e));
    for (size_t i = 0; i < v->purpose_count; i++) {
        struct purpose_states *p = &v->purposes[i];
        p->is_suspended = judge(v, p) != ERR_OK;
    }
    note_faults(v);
    e = digest_states(v);
    for (size_t i = 0; i < v->purpose_count; i++)
        v->purposes[i].mark = NULL; /* the caller's */
    return e;
}

static enum err raise_states(struct view_marks *marks, const struct purpose_states *p,
                             struct errmsg *why)
{
    size_t at = 0;
    while (at < marks->state_count && !name_equal(&marks->states[at].purpose, &p->purpose))
        at++;
    if (at == VIEW_MARK_PURPOSES_MAX)
        return errmsg_set(why, ERR_LIMIT, "purpose %s: no room for the mark of its epochs",
                          p->purpose.s);
    if (at < marks->state_count && marks->states[at].serial >= p->head->states.serial)
        return ERR_OK;
    marks->states[at] =
        (struct view_states_mark){p->purpose, p->head->states.serial, p->head->digest};
    marks->state_count += at == marks->state_count;
    return ERR_OK;
}

enum err view_raise_states(const struct view *v, struct view_marks *marks, struct errmsg *why)
{
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < v->purpose_count; i++) {
        const struct purpose_states *p = &v->purposes[i];
        if (!p->is_suspended && p->head != NULL)
            e = raise_states(marks, p, why);
    }
    return e;
}

/* ---- what the others ask ---- */

static uint32_t lowest_dealt(const struct view *v, const struct name *purpose)
{
    uint32_t lowest = 0;
    for (size_t i = 0; i < v->deal_count; i++) {
        const struct deal *d = &v->deals[i];
        if (name_equal(&d->purpose, purpose) && (lowest == 0 || d->epoch < lowest))
            lowest = d->epoch;
    }
    return lowest;
}

bool view_states_cover(const struct view *v, const struct view *other)
{
    if (other->doubt != NULL && v->doubt == NULL)
        return false;
    for (size_t i = 0; i < other->purpose_count; i++) {
        const struct purpose_states *theirs = &other->purposes[i];
        const struct purpose_states *ours = find(v, &theirs->purpose);
        if (theirs->is_suspended && (ours == NULL || !ours->is_suspended))
            return false;
        if (theirs->head != NULL && (ours == NULL || ours->head == NULL ||
                                     ours->head->states.serial < theirs->head->states.serial))
            return false;
    }
    return true;
}

const struct bytes *view_kept_states(const struct view *v, size_t *count)
{
    *count = v->kept_state_count;
    return v->kept_states;
}

const char *view_epochs_suspended(const struct view *v, const struct name *purpose)
{
    const struct purpose_states *p = find(v, purpose);
    if (p == NULL)
        return v->doubt;
    return p->is_suspended ? p->why.text : NULL;
}

const struct epoch_states *view_epoch_states(const struct view *v, const struct name *purpose)
{
    const struct purpose_states *p = find(v, purpose);
    return p == NULL || p->is_suspended || p->head == NULL ? NULL : &p->head->states;
}

bool view_states_at(const struct view *v, size_t i, struct view_states *out)
{
    for (size_t k = 0; k < v->purpose_count; k++) {
        const struct purpose_states *p = &v->purposes[k];
        if (p->is_suspended || p->head == NULL || i-- > 0)
            continue;
        *out = (struct view_states){&p->head->states, p->head->document, p->head->digest};
        return true;
    }
    return false;
}

enum epoch_state view_epoch_state(const struct view *v, const struct name *purpose, uint32_t epoch)
{
    if (view_epochs_suspended(v, purpose) != NULL)
        return EPOCH_NONE;
    const struct epoch_states *said = view_epoch_states(v, purpose);
    const struct epoch_entry *entry = said == NULL ? NULL : epoch_states_of(said, epoch);
    if (entry != NULL)
        return entry->state;
    if (view_deal(v, purpose, epoch) == NULL)
        return EPOCH_NONE;
    return said == NULL && lowest_dealt(v, purpose) == epoch ? EPOCH_ACTIVE : EPOCH_DEALT;
}

size_t view_active_epochs(const struct view *v, const struct name *purpose,
                          uint32_t out[static VIEW_ACTIVE_MAX])
{
    size_t n = 0;
    for (size_t i = 0; i < v->deal_count; i++) {
        const struct deal *d = &v->deals[i];
        if (!name_equal(&d->purpose, purpose) ||
            view_epoch_state(v, purpose, d->epoch) != EPOCH_ACTIVE || n == VIEW_ACTIVE_MAX)
            continue;
        const bool before = n == 1 && d->epoch < out[0];
        out[before ? 1 : n] = before ? out[0] : d->epoch;
        if (before)
            out[0] = d->epoch;
        n++;
    }
    return n;
}

const struct digest *view_states_digest(const struct view *v)
{
    return &v->states_digest;
}
