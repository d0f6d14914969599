/* The verb `open`: an auditor of this agency asks what the digests of an entry hide. The look is an
 * entry before it is answered, also where nothing is found. Salt and digests are read from the
 * body, which must be that of an entry of a log: nobody can ask about ids of his own choice
 * (decision 0417). */
#include <stdlib.h>

#include "agent/own_log.h"
#include "agent/subject/opening.h"
#include "agent/subject/stands.h"
#include "agent/subject/subject_part.h"
#include "proto/base/text.h"
#include "proto/host/loop.h"
#include "proto/log/entry.h"

/* One opening, between its call and its answer. */
struct opening_run {
    struct opening_run *next; /* of struct answering */
    struct call *call;
    struct opening o;
    struct entry_place place;
    bool is_own;
    struct doc *list;
    struct opening_scan *scan;
    struct loop_timer *turn; /* the next slice */
};

static void run_free(struct opening_run *r)
{
    if (r == NULL)
        return;
    loop_timer_free(r->turn);
    opening_free(r->scan);
    doc_free(r->list);
    free(r);
}
DEFINE_CLEANUP(struct opening_run, run_free)

static void unlink_run(struct opening_run *r)
{
    struct opening_run **at = &r->o.agent->answering->openings;
    while (*at != NULL && *at != r)
        at = &(*at)->next;
    if (*at == r)
        *at = r->next;
}

void openings_stop(struct answering *p)
{
    while (p->openings != NULL) {
        struct opening_run *r = p->openings;
        p->openings = r->next;
        run_free(r);
    }
}

/* An entry and its body, which the caller has of this agency's log or of the broker's. */
static enum err read_args(const struct doc *args, struct opening_run *r, struct errmsg *why)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(AUDIT_BODY_ARENA_BYTES);
    struct digest *entry = &r->place.entry;
    struct bytes hex;
    struct bytes body;
    int64_t index = 0;
    enum err bad = a != NULL ? doc_get_text(args, "entry", 2 * sizeof entry->b, &hex, why) : ERR_NOMEM;
    if (bad == ERR_OK && (bad = text_get_hex(hex, entry->b, sizeof entry->b)) != ERR_OK)
        return errmsg_set(why, bad, "'entry' is not %zu bytes of hex", sizeof entry->b);
    if (bad == ERR_OK)
        bad = doc_get_int(args, "index", 0, INT64_MAX, &index, why);
    r->place.index = (uint64_t)index;
    if (bad == ERR_OK)
        bad = doc_get_text(args, "body", ENTRY_BODY_MAX, &body, why);
    return bad == ERR_OK ? opening_of_body(body, entry, a, &r->o, why) : bad;
}

static enum err find_entry(struct opening_run *r, struct errmsg *why)
{
    const enum err bad = entry_stands(r->o.agent, &r->place, &r->is_own);
    return bad == ERR_NOT_FOUND
               ? errmsg_set(why, ERR_MISMATCH,
                            "the entry stands neither in this agency's log nor in its mirror of the broker's at index %llu",
                            (unsigned long long)r->place.index)
               : bad;
}

/* The entry of the look, and then the answer. ok is taken. */
static void show(struct opening_run *r, uint64_t count, struct doc *ok)
{
    struct audit_hex room;
    const struct audit_fact facts[] = {audit_fact_digest("entry", &r->place.entry, &room), audit_fact_bool("own", r->is_own)};
    const struct own_entry look = {.event = AUDIT_EVENT_BODY_OPENED,
                                   .staff = call_staff(r->call),
                                   .facts = facts,
                                   .facts_count = ARRAY_LEN(facts),
                                   .count = count};
    own_log_show(r->call, &look, ok);
}

static void answer(struct opening_run *r)
{
    CLEANUP(cleanup_doc_free) struct doc *ok = doc_new_object();
    struct doc_build b = doc_build_of(ok);
    const uint64_t count = doc_count(r->list);
    doc_put_doc(&b, "opened", take(r->list));
    const enum err bad = doc_build_done(&b);
    if (bad == ERR_OK)
        show(r, count, take(ok));
    else
        call_error(r->call, bad, NULL);
}

static void next_slice(void *arg)
{
    struct opening_run *r = arg;
    const enum err bad = opening_step(r->scan);
    if (bad == ERR_AGAIN) {
        loop_timer_after(r->turn, 0);
        return;
    }
    unlink_run(r);
    if (bad == ERR_OK)
        answer(r);
    else
        call_error(r->call, bad, NULL);
    run_free(r);
}

static enum err begin(struct opening_run *r)
{
    r->list = doc_new_array();
    enum err bad = r->list != NULL ? opening_new(&r->o, r->list, &r->scan) : ERR_NOMEM;
    r->turn = bad == ERR_OK ? loop_timer_new(r->o.agent->loop, next_slice, r) : NULL;
    return bad == ERR_OK && r->turn == NULL ? ERR_NOMEM : bad;
}

void open_verb(struct call *c, const struct doc *args)
{
    CLEANUP(cleanup_run_free) struct opening_run *r = calloc(1, sizeof *r);
    struct errmsg why = {""};
    enum err bad = r != NULL ? ERR_OK : ERR_NOMEM;
    if (bad == ERR_OK) {
        r->call = c;
        r->o = (struct opening){.agent = call_agent(c), .staff = *call_staff(c)};
        bad = read_args(args, r, &why);
    }
    if (bad == ERR_OK)
        bad = find_entry(r, &why);
    if (bad == ERR_OK)
        bad = begin(r);
    if (bad != ERR_OK) {
        call_error(c, bad, &why);
        return;
    }
    struct answering *p = r->o.agent->answering;
    r->next = p->openings;
    p->openings = r;
    loop_timer_after(take(r)->turn, 0);
}
