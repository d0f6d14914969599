#include "agent/import/resend_given.h"

static bool same_chain(const struct hello_chain *a, const struct hello_chain *b)
{
    return a->epoch == b->epoch && name_equal(&a->purpose, &b->purpose);
}

static bool same_end(const struct hello_chain *a, const struct hello_chain *b)
{
    return a->sequence == b->sequence && digest_equal(&a->digest, &b->digest);
}

static bool same_by(const struct resend_by *a, const struct resend_by *b)
{
    return a->roster_serial == b->roster_serial && digest_equal(&a->policy, &b->policy) &&
           digest_equal(&a->states, &b->states);
}

/* The place of this chain, else a free one, else the oldest. */
static struct given_chain *place_of(struct resend_given *g, const struct hello_chain *end)
{
    struct given_chain *oldest = &g->v[0];
    for (size_t i = 0; i < g->count; i++) {
        if (same_chain(&g->v[i].end, end))
            return &g->v[i];
        if (g->v[i].at_ms < oldest->at_ms)
            oldest = &g->v[i];
    }
    return g->count < ARRAY_LEN(g->v) ? &g->v[g->count++] : oldest;
}

void resend_give(struct resend_given *g, const struct hello_chain *end, const struct resend_by *by, int64_t now_ms,
                 const struct errmsg *why)
{
    *place_of(g, end) = (struct given_chain){*end, *by, now_ms, *why};
}

const struct errmsg *resend_given_why(const struct resend_given *g, const struct hello_chain *end, const struct resend_by *by,
                                      int64_t now_ms)
{
    for (size_t i = 0; i < g->count; i++) {
        const struct given_chain *c = &g->v[i];
        if (same_chain(&c->end, end))
            return same_end(&c->end, end) && same_by(&c->by, by) && now_ms - c->at_ms < RESEND_GIVEN_FOR_MS ? &c->why : NULL;
    }
    return NULL;
}
