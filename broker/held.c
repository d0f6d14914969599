#include "broker/held.h"

#include "pki/aead.h"
#include "proto/base/cursor.h"
#include "proto/base/join.h"
#include "proto/msg/request.h"

#define PLACE_MAX 256u
#define LEAVES_MAX 2048u
#define TOKENS_MAX 64u

/* The associated data: what it is, whose, and of which record. */
static struct bytes put_place(const struct held_place *at, struct buf *b)
{
    join_str(b, at->handle == NULL ? "held/question" : "held/match");
    join_part(b, digest_bytes(at->header));
    if (at->handle != NULL) {
        join_part(b, BYTES_OF_ARRAY(at->handle->b));
        join_u32(b, at->group);
    }
    return buf_bytes(b);
}

enum err held_seal(const struct held_place *at, struct bytes plain, struct buf *out)
{
    CLEANUP(cleanup_aead_free) struct aead *a = NULL;
    uint8_t storage[PLACE_MAX];
    struct buf place = buf_fixed(storage, sizeof storage);
    enum err e = at->key == NULL ? ERR_STATE : aead_new(at->key, at->epoch, &a);
    return e == ERR_OK ? aead_seal(a, put_place(at, &place), plain, out) : e;
}

enum err held_open(const struct held_place *at, struct bytes sealed, struct buf *out)
{
    CLEANUP(cleanup_aead_free) struct aead *a = NULL;
    uint8_t storage[PLACE_MAX];
    struct buf place = buf_fixed(storage, sizeof storage);
    enum err e = at->key == NULL ? ERR_STATE : aead_new(at->key, at->epoch, &a);
    return e == ERR_OK ? aead_open(a, put_place(at, &place), sealed, out) : e;
}

enum err held_question_encode(const struct held_question *q, struct buf *out)
{
    buf_put_u32(out, (uint32_t)q->identifier_count);
    for (size_t i = 0; i < q->identifier_count; i++) {
        const struct held_identifier *h = &q->identifiers[i];
        buf_put_u16(out, h->group);
        buf_put_u16(out, h->position);
        buf_put_u8(out, (uint8_t)h->type);
        buf_put(out, BYTES_OF_ARRAY(h->salt.b));
        buf_put(out, BYTES_OF_ARRAY(h->token.b));
    }
    buf_put_u32(out, (uint32_t)q->leaf_count);
    for (size_t i = 0; i < q->leaf_count; i++)
        buf_put(out, digest_bytes(&q->leaves[i]));
    buf_put_u32(out, (uint32_t)q->group_count);
    for (size_t i = 0; i < q->group_count; i++)
        join_part(out, q->sealed_parts[i]);
    return buf_err(out);
}

enum err held_match_encode(const struct held_match *m, struct buf *out)
{
    buf_put(out, BYTES_OF_ARRAY(m->batch.b));
    buf_put_u32(out, (uint32_t)m->token_count);
    for (size_t i = 0; i < m->token_count; i++) {
        const struct held_token *t = &m->tokens[i];
        buf_put_u8(out, (uint8_t)t->type);
        buf_put(out, BYTES_OF_ARRAY(t->token.b));
        buf_put_u32(out, (uint32_t)t->seen_count);
        for (size_t k = 0; k < t->seen_count; k++)
            buf_put(out, BYTES_OF_ARRAY(t->seen[k].b));
    }
    return buf_err(out);
}

static enum ident_type read_type(struct cursor *c)
{
    const uint8_t type = cursor_u8(c);
    if (type == IDENT_NONE || type >= IDENT_TYPE_COUNT)
        cursor_fail(c, ERR_INVALID);
    return (enum ident_type)type;
}

/* A count of at most max, and room for so many. NULL: the cursor failed. */
static void *read_list(struct cursor *c, struct arena *a, uint32_t max, size_t size, size_t *count)
{
    const uint32_t n = cursor_u32(c);
    if (n > max)
        cursor_fail(c, ERR_INVALID);
    if (c->err != ERR_OK)
        return NULL;
    void *list = arena_array(a, n, size);
    if (list == NULL)
        cursor_fail(c, ERR_NOMEM);
    *count = n;
    return list;
}

static const struct held_identifier *read_identifiers(struct cursor *c, struct arena *a,
                                                      size_t *count)
{
    struct held_identifier *v = read_list(c, a, REQUEST_IDENTIFIERS_MAX, sizeof *v, count);
    for (size_t i = 0; v != NULL && i < *count; i++) {
        v[i].group = cursor_u16(c);
        v[i].position = cursor_u16(c);
        v[i].type = read_type(c);
        cursor_copy(c, v[i].salt.b, sizeof v[i].salt.b);
        cursor_copy(c, v[i].token.b, sizeof v[i].token.b);
    }
    return v;
}

static const struct digest *read_leaves(struct cursor *c, struct arena *a, size_t *count)
{
    struct digest *v = read_list(c, a, LEAVES_MAX, sizeof *v, count);
    for (size_t i = 0; v != NULL && i < *count; i++)
        cursor_copy(c, v[i].b, sizeof v[i].b);
    return v;
}

static const struct bytes *read_parts(struct cursor *c, struct arena *a, size_t *count)
{
    struct bytes *v = read_list(c, a, REQUEST_GROUPS_MAX, sizeof *v, count);
    for (size_t i = 0; v != NULL && i < *count; i++)
        v[i] = cursor_part(c, SEALED_PART_MAX_BYTES);
    return v;
}

static bool is_consistent(const struct held_question *q)
{
    for (size_t i = 0; i < q->identifier_count; i++)
        if (q->identifiers[i].group >= q->group_count ||
            q->identifiers[i].position >= q->leaf_count)
            return false;
    return true;
}

enum err held_question_decode(struct bytes data, struct arena *a, struct held_question *out)
{
    struct cursor c = cursor_of(data);
    struct held_question q = {0};
    q.identifiers = read_identifiers(&c, a, &q.identifier_count);
    q.leaves = read_leaves(&c, a, &q.leaf_count);
    q.sealed_parts = read_parts(&c, a, &q.group_count);
    enum err e = cursor_done(&c);
    if (e == ERR_OK && !is_consistent(&q))
        e = ERR_INVALID;
    if (e == ERR_OK)
        *out = q;
    return e;
}

static void read_token(struct cursor *c, struct arena *a, struct held_token *t)
{
    t->type = read_type(c);
    cursor_copy(c, t->token.b, sizeof t->token.b);
    struct handle *seen = read_list(c, a, HELD_SEEN_MAX, sizeof *seen, &t->seen_count);
    for (size_t i = 0; seen != NULL && i < t->seen_count; i++)
        cursor_copy(c, seen[i].b, sizeof seen[i].b);
    t->seen = seen;
}

enum err held_match_decode(struct bytes data, struct arena *a, struct held_match *out)
{
    struct cursor c = cursor_of(data);
    struct held_match m = {0};
    cursor_copy(&c, m.batch.b, sizeof m.batch.b);
    struct held_token *v = read_list(&c, a, TOKENS_MAX, sizeof *v, &m.token_count);
    for (size_t i = 0; v != NULL && i < m.token_count; i++)
        read_token(&c, a, &v[i]);
    m.tokens = v;
    enum err e = cursor_done(&c);
    if (e == ERR_OK)
        *out = m;
    return e;
}
