#include "broker/paced.h"

#include <stdlib.h>

#include "broker/turn.h"
#include "proto/base/log.h"
#include "proto/host/clock.h"
#include "proto/host/loop.h"

#define REST 4 /* times what an answer took */
#define MS_NS INT64_C(1000000)

/* In the arena of its turn. */
struct waiting {
    struct turn *turn;
    paced_fn make;
    struct waiting *next;
};

struct paced {
    struct loop_timer *timer;
    struct waiting *first;
    int64_t rested_ns; /* when the next answer may be made */
};

static enum err make_one(struct paced *p, struct turn *t, paced_fn make)
{
    const int64_t begin_ns = clock_mono_ns();
    const enum err e = make(t);
    const int64_t end_ns = clock_mono_ns();
    p->rested_ns = end_ns + REST * (end_ns - begin_ns);
    return e;
}

static void wait_rest(struct paced *p)
{
    const int64_t left_ns = p->rested_ns - clock_mono_ns();
    loop_timer_after(p->timer, left_ns > 0 ? (left_ns + MS_NS - 1) / MS_NS : 0);
}

static void on_rested(void *arg)
{
    struct paced *p = arg;
    struct waiting *w = p->first;
    if (w == NULL)
        return;
    if (clock_mono_ns() < p->rested_ns) { /* a timer counts whole milliseconds, and may be up to one early */
        wait_rest(p);
        return;
    }
    p->first = w->next;
    struct turn *t = w->turn;
    const enum err e = make_one(p, t, w->make);
    if (e == ERR_OK) {
        turn_continue(t);
    } else {
        log_warn("paced.dropped kind=%s error=\"%s\"", msg_kind_id(t->envelope.kind), err_text(e));
        turn_drop(t);
    }
    if (p->first != NULL)
        wait_rest(p);
}

/* Where a turn of this agency stands, or the end. */
static struct waiting **find(struct paced *p, const struct agency_id *agency)
{
    struct waiting **at = &p->first;
    while (*at != NULL && !agency_id_equal(&(*at)->turn->sender->id, agency))
        at = &(*at)->next;
    return at;
}

static enum err hold(struct paced *p, struct turn *t, paced_fn make)
{
    struct waiting *w = arena_array(t->arena, 1, sizeof *w);
    if (w == NULL)
        return ERR_NOMEM;
    struct waiting **at = find(p, &t->sender->id);
    struct turn *old = *at == NULL ? NULL : (*at)->turn;
    *w = (struct waiting){t, make, *at == NULL ? NULL : (*at)->next};
    *at = w;
    if (old != NULL)
        turn_drop(old);
    wait_rest(p);
    return ERR_AGAIN;
}

enum err paced_answer(struct paced *p, struct turn *t, paced_fn make)
{
    if (p->first == NULL && clock_mono_ns() >= p->rested_ns)
        return make_one(p, t, make);
    return hold(p, t, make);
}

enum err paced_new(struct loop *loop, struct paced **out)
{
    CLEANUP(cleanup_paced_free) struct paced *p = calloc(1, sizeof *p);
    if (p == NULL)
        return ERR_NOMEM;
    p->timer = loop_timer_new(loop, on_rested, p);
    if (p->timer == NULL)
        return ERR_NOMEM;
    *out = take(p);
    return ERR_OK;
}

void paced_free(struct paced *p)
{
    if (p == NULL)
        return;
    loop_timer_free(p->timer);
    free(p);
}
