#include "broker/sessions.h"

#include <stdlib.h>

struct sessions {
    struct session *v;
    size_t count;
    size_t cap;
};

struct sessions *sessions_new(void)
{
    return calloc(1, sizeof(struct sessions));
}

void sessions_free(struct sessions *s)
{
    if (s == NULL)
        return;
    free(s->v);
    free(s);
}

struct session *session_of(struct sessions *s, const struct agency_id *agency)
{
    for (size_t i = 0; i < s->count; i++)
        if (agency_id_equal(&s->v[i].agency, agency))
            return &s->v[i];
    return NULL;
}

enum session_state session_state_at(struct sessions *s, const struct agency_id *agency,
                                    const struct peer_route *route)
{
    const struct session *one = session_of(s, agency);
    if (one == NULL || !peer_route_equal(&one->route, route))
        return SESSION_NONE;
    return one->state;
}

static struct session *add(struct sessions *s)
{
    if (s->count == s->cap) {
        const size_t cap = s->cap == 0 ? 64 : 2 * s->cap;
        struct session *v = reallocarray(s->v, cap, sizeof *v);
        if (v == NULL)
            return NULL;
        s->v = v;
        s->cap = cap;
    }
    return &s->v[s->count++];
}

enum err sessions_begin(struct sessions *s, const struct roster_member *member,
                        const struct peer_route *route, enum session_state state)
{
    struct session *one = session_of(s, &member->id);
    if (one == NULL)
        one = add(s);
    if (one == NULL)
        return ERR_NOMEM;
    *one = (struct session){
        .agency = member->id, .route = *route, .curve = member->curve, .state = state};
    return ERR_OK;
}

void sessions_end(struct sessions *s, const struct agency_id *agency)
{
    struct session *one = session_of(s, agency);
    if (one != NULL)
        one->state = SESSION_NONE;
}

struct session *session_at(struct sessions *s, size_t i)
{
    return i < s->count ? &s->v[i] : NULL;
}

size_t sessions_count(const struct sessions *s)
{
    return s->count;
}

size_t sessions_ahead(const struct sessions *s, const struct roster *r, uint64_t *newest)
{
    size_t n = 0;
    *newest = r->serial;
    for (size_t i = 0; i < s->count; i++) {
        const struct session *one = &s->v[i];
        if (one->known_roster <= r->serial || roster_member_of(r, &one->agency) == NULL)
            continue;
        n++;
        if (one->known_roster > *newest)
            *newest = one->known_roster;
    }
    return n;
}
