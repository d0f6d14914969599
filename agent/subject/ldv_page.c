#include "agent/subject/ldv_page.h"

#include "agent/subject/compartment.h"
#include "agent/subject/ldv.h"

#define THREAD_ARENA_BYTES ((size_t)4 << 20)
#define THREADS_MOST 128u /* of one page */

/* A page under way. */
struct reading_page {
    struct ldv_page *p;
    struct kv_txn *txn;
    struct arena *arena;       /* of one thread */
    struct walk_thread thread; /* under way */
    bool has_thread;
    size_t subject; /* the next one of it */
    unsigned threads;
};

static bool fits(const struct reading_page *r, const struct walk_thread *t, const struct touch *e)
{
    const struct bodies_filter *f = r->p->filter;
    return (f->since_s == 0 || e->at_s >= f->since_s) &&
           (f->until_s == 0 || e->at_s < f->until_s) &&
           (f->agency.oin[0] == '\0' || agency_id_equal(&f->agency, &e->peer)) &&
           (f->rule.s[0] == '\0' || name_equal(&f->rule, &t->terms.rule)) &&
           (f->event.s[0] == '\0' || strcmp(f->event.s, audit_event_id(e->event)) == 0);
}

static enum err add_lines(struct reading_page *r, const struct walk_thread *t,
                          const struct walk_subject *s)
{
    const struct ldv l = {&r->p->agent->config->oin, &r->p->agent->config->deployment,
                          view_known_policy(r->p->agent->view, &t->terms.policy), t,
                          touch_walk_ids(r->p->walk)};
    enum err bad = ERR_OK;
    for (size_t i = 0; bad == ERR_OK && i < t->entry_count; i++) {
        const struct touch *e = &t->entries[i];
        struct doc *line = NULL;
        if ((e->group != TOUCH_GROUP_ALL && e->group != s->group) || !fits(r, t, e))
            continue;
        bad = ldv_line(&l, s, i, &line);
        if (bad == ERR_OK)
            bad = doc_append(r->p->lines, line);
    }
    return bad;
}

/* Whether who asks may see the thread: a compartment stays closed. */
static bool is_open(const struct reading_page *r)
{
    const struct touch_terms *t = &r->thread.terms;
    return r->thread.thread.role != TOUCH_HELD ||
           compartment_admits(r->p->agent, &t->rule, &t->compartment, &r->p->staff);
}

/* What was read becomes the thread under way, from this subject on. */
static void enter(struct reading_page *r, size_t subject)
{
    r->has_thread = true;
    r->subject = subject;
    if (!is_open(r)) {
        r->subject = r->thread.subject_count;
        r->thread.is_cut = false;
    }
    r->threads++;
}

/* Goes on where the last answer ended; a thread that has ended meanwhile is passed over. */
static enum err resume(struct reading_page *r)
{
    size_t i = 0;
    if (!r->p->at.is_set)
        return ERR_OK;
    const enum err bad = touch_walk_get(r->p->walk, r->txn, &r->p->at.from, r->arena, &r->thread);
    if (bad != ERR_OK)
        return bad == ERR_NOT_FOUND ? ERR_OK : bad;
    while (i < r->thread.subject_count && r->thread.subjects[i].group < r->p->at.group)
        i++;
    enter(r, i);
    return ERR_OK;
}

static enum err next_thread(struct reading_page *r)
{
    arena_reset(r->arena);
    r->has_thread = false;
    const enum err bad = touch_walk_next(
        r->p->walk, r->txn, r->p->at.is_set ? &r->p->at.from.thread : NULL, r->arena, &r->thread);
    if (bad != ERR_OK)
        return bad;
    r->p->at = (struct ldv_place){.is_set = true, .from = {.thread = r->thread.thread}};
    enter(r, 0);
    return ERR_OK;
}

/* The next entries of the thread under way. */
static enum err next_entries(struct reading_page *r)
{
    const struct touch *last = &r->thread.entries[r->thread.entry_count - 1];
    r->p->at.from.is_behind = true;
    r->p->at.from.at_s = last->at_s;
    r->p->at.from.entry = last->entry;
    r->p->at.group = 0;
    arena_reset(r->arena);
    const enum err bad = touch_walk_get(r->p->walk, r->txn, &r->p->at.from, r->arena, &r->thread);
    if (bad == ERR_OK)
        enter(r, 0);
    return bad;
}

static enum err next_subject(struct reading_page *r)
{
    const struct walk_subject *s = &r->thread.subjects[r->subject++];
    r->p->at.group = s->group + 1;
    return add_lines(r, &r->thread, s);
}

static enum err step(struct reading_page *r)
{
    if (r->has_thread && r->subject < r->thread.subject_count)
        return next_subject(r);
    return r->has_thread && r->thread.is_cut ? next_entries(r) : next_thread(r);
}

enum err ldv_page_read(struct ldv_page *p, struct kv_txn *txn)
{
    CLEANUP(cleanup_arena_free) struct arena *arena = arena_new(THREAD_ARENA_BYTES);
    struct reading_page r = {.p = p, .txn = txn, .arena = arena};
    enum err bad = arena != NULL ? resume(&r) : ERR_NOMEM;
    while (bad == ERR_OK && r.threads < THREADS_MOST && doc_count(p->lines) < p->most)
        bad = step(&r);
    p->is_over = bad == ERR_NOT_FOUND;
    return p->is_over ? ERR_OK : bad;
}
