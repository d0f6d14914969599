#include "broker/meet.h"

#include <stdlib.h>

#include "broker/gate.h"

#define FIND_MAX 4096u     /* records of one token; an address can have many */
#define TOUCHES_MAX 65536u /* of one question in all */

/* An identifier that is in a record. */
struct touch {
    uint32_t group;
    uint32_t identifier;
    struct handle handle;
    struct batch_id batch;
};

struct search {
    const struct meet_query *q;
    struct index_hit *found; /* FIND_MAX */
    struct touch *touches;   /* TOUCHES_MAX */
    size_t count;
    struct held_token *tokens; /* of each identifier, with what it met */
    bool *cut;                 /* identifiers with more records than fit */
};

static enum err search_init(struct search *s, const struct meet_query *q)
{
    const size_t n = q->question->identifier_count;
    *s = (struct search){.q = q};
    s->found = arena_array(q->arena, FIND_MAX, sizeof *s->found);
    s->touches = arena_array(q->arena, TOUCHES_MAX, sizeof *s->touches);
    s->tokens = arena_array(q->arena, n, sizeof *s->tokens);
    s->cut = arena_array(q->arena, n, sizeof *s->cut);
    const bool is_full =
        s->found == NULL || s->touches == NULL || s->tokens == NULL || s->cut == NULL;
    return is_full ? ERR_NOMEM : ERR_OK;
}

static void touch(struct search *s, size_t identifier, const struct index_hit *hit)
{
    if (s->count == TOUCHES_MAX)
        return;
    s->touches[s->count++] = (struct touch){
        .group = s->q->question->identifiers[identifier].group,
        .identifier = (uint32_t)identifier,
        .handle = hit->handle,
        .batch = hit->batch,
    };
}

/* Notes which records the token met now, so that one that replaces them later can be told. */
static enum err keep_seen(struct search *s, size_t identifier, size_t found)
{
    const struct held_identifier *id = &s->q->question->identifiers[identifier];
    const size_t n = found < HELD_SEEN_MAX ? found : HELD_SEEN_MAX;
    struct handle *seen = arena_array(s->q->arena, n, sizeof *seen);
    if (seen == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < n; i++)
        seen[i] = s->found[i].handle;
    s->tokens[identifier] =
        (struct held_token){.type = id->type, .token = id->token, .seen = seen, .seen_count = n};
    return ERR_OK;
}

static enum err find(struct search *s, size_t identifier)
{
    const struct meet_query *q = s->q;
    const struct held_identifier *id = &q->question->identifiers[identifier];
    size_t n = 0;
    enum err e =
        index_find(q->index, q->txn, &q->where, id->type, &id->token, s->found, FIND_MAX, &n);
    if (e != ERR_OK)
        return e;
    s->cut[identifier] = n == FIND_MAX;
    for (size_t i = 0; i < n; i++)
        touch(s, identifier, &s->found[i]);
    return keep_seen(s, identifier, n);
}

/* By subject, record, identifier. */
static int compare(const void *a, const void *b)
{
    const struct touch *x = a;
    const struct touch *y = b;
    if (x->group != y->group)
        return x->group < y->group ? -1 : 1;
    const int order = memcmp(x->handle.b, y->handle.b, sizeof x->handle.b);
    if (order != 0)
        return order;
    return x->identifier < y->identifier ? -1 : x->identifier > y->identifier ? 1 : 0;
}

static bool same_record(const struct touch *a, const struct touch *b)
{
    return a->group == b->group && memcmp(a->handle.b, b->handle.b, sizeof a->handle.b) == 0;
}

/* Records that others of the subject met, which the cut list of this identifier did not reach. */
static enum err complete(struct search *s, size_t identifier, size_t known)
{
    const struct meet_query *q = s->q;
    const struct held_identifier *id = &q->question->identifiers[identifier];
    size_t end = 0;
    for (size_t i = 0; i < known; i = end) {
        bool has = false;
        for (end = i; end < known && same_record(&s->touches[i], &s->touches[end]); end++)
            has = has || s->touches[end].identifier == identifier;
        if (s->touches[i].group != id->group || has)
            continue;
        struct index_hit hit;
        enum err e = index_live(q->index, q->txn, &q->where, id->type, &id->token,
                                &s->touches[i].handle, &hit);
        if (e == ERR_OK)
            touch(s, identifier, &hit);
        else if (e != ERR_NOT_FOUND)
            return e;
    }
    return ERR_OK;
}

static enum err gather(struct search *s)
{
    const size_t n = s->q->question->identifier_count;
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < n; i++)
        e = find(s, i);
    qsort(s->touches, s->count, sizeof *s->touches, compare);
    for (size_t i = 0; e == ERR_OK && i < n; i++) {
        if (!s->cut[i])
            continue;
        e = complete(s, i, s->count);
        qsort(s->touches, s->count, sizeof *s->touches, compare);
    }
    return e;
}

/* One run of touches as a meeting. */
static enum err put_meeting(const struct search *s, const struct touch *first, size_t count,
                            struct meeting *out)
{
    const size_t n = count < MEET_IDENTIFIERS_MAX ? count : MEET_IDENTIFIERS_MAX;
    size_t *identifiers = arena_array(s->q->arena, n, sizeof *identifiers);
    struct held_token *tokens = arena_array(s->q->arena, n, sizeof *tokens);
    if (identifiers == NULL || tokens == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < n; i++) {
        identifiers[i] = first[i].identifier;
        tokens[i] = s->tokens[first[i].identifier];
    }
    *out = (struct meeting){
        .group = first->group,
        .handle = first->handle,
        .batch = first->batch,
        .identifiers = identifiers,
        .tokens = tokens,
        .count = n,
    };
    return ERR_OK;
}

static uint32_t types_of(const struct search *s, const struct touch *first, size_t count)
{
    uint32_t types = 0;
    for (size_t i = 0; i < count && i < MEET_IDENTIFIERS_MAX; i++)
        types |= 1u << (unsigned)s->q->question->identifiers[first[i].identifier].type;
    return types;
}

enum err meet(const struct meet_query *q, struct meetings *out)
{
    struct search s;
    enum err e = search_init(&s, q);
    if (e == ERR_OK)
        e = gather(&s);
    if (e != ERR_OK)
        return e;
    struct meeting *list = arena_array(q->arena, s.count, sizeof *list);
    if (list == NULL)
        return ERR_NOMEM;
    size_t n = 0;
    size_t end = 0;
    for (size_t i = 0; e == ERR_OK && i < s.count; i = end) {
        for (end = i + 1; end < s.count && same_record(&s.touches[i], &s.touches[end]);)
            end++;
        if (gate_types_hit(q->rule, types_of(&s, &s.touches[i], end - i)))
            e = put_meeting(&s, &s.touches[i], end - i, &list[n++]);
    }
    if (e != ERR_OK)
        return e;
    *out = (struct meetings){.v = list, .count = n};
    return ERR_OK;
}
