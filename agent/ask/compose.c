#include "agent/ask/compose.h"

#include "pki/agency_half.h"
#include "pki/digest.h"
#include "pki/random.h"
#include "pki/seal.h"
#include "proto/log/merkle.h"
#include "proto/msg/leaf.h"

#define PLACES_MIN 8u
#define SIGNED_OVERHEAD 2048u /* of the signature around a sealed part */
#define HEADER_MAX ((size_t)16 << 10)

struct work {
    const struct compose *c;
    struct arena *arena;
    struct random_pool *pool;
    struct bytes *sealed;       /* by group */
    struct digest *sealed_digests;
    struct request_identifier *identifiers;
    size_t places;
    struct digest *leaves;  /* by place */
    struct digest *padding; /* of the free places, in order */
    size_t padding_count;
};

size_t compose_places(size_t count)
{
    size_t n = PLACES_MIN;
    while (n < count)
        n *= 2;
    return n;
}

static enum err encode_part(const struct work *w, size_t group, struct buf *out)
{
    const struct subject *s = &w->c->subjects->v[group];
    const struct sealed_part part = {
        .deployment = w->c->header->deployment,
        .request_id = w->c->header->request_id,
        .holder = w->c->header->holder,
        .group = (uint32_t)group,
        .necessity = s->necessity,
        .control_name = s->control_name,
        .control_birth_date = s->control_birth_date,
        .concrete_signal = s->concrete_signal,
        .proportionality = s->proportionality,
        .subsidiarity = s->subsidiarity,
        .aim = s->aim,
        .phenomenon = s->phenomenon,
        .checks = w->c->checks.v,
        .check_count = w->c->checks.count,
    };
    return sealed_part_encode(&part, out);
}

static enum err seal_part(struct work *w, size_t group, struct bytes content, size_t least)
{
    const struct seal_params p = {
        .signer_key = w->c->signing,
        .signer = w->c->signer,
        .recipients = &w->c->holder,
        .recipient_count = 1,
        .least_bytes = least,
    };
    CLEANUP(buf_free) struct buf out = buf_new(SEALED_PART_MAX_BYTES);
    enum err bad = seal(&p, content, &out);
    if (bad != ERR_OK)
        return bad;
    w->sealed[group] = arena_copy(w->arena, buf_bytes(&out));
    if (w->sealed[group].ptr == NULL)
        return ERR_NOMEM;
    return digest_sha256(&w->sealed[group], 1, &w->sealed_digests[group]);
}

/* One size class for the whole header: what is said of one subject does not show in its length. */
static enum err seal_parts(struct work *w)
{
    size_t count = w->c->subjects->count;
    struct bytes *plain = arena_array(w->arena, count, sizeof *plain);
    if (plain == NULL)
        return ERR_NOMEM;
    size_t longest = 0;
    enum err bad = ERR_OK;
    for (size_t i = 0; i < count && bad == ERR_OK; i++) {
        CLEANUP(buf_free) struct buf out = buf_new(SEALED_PART_MAX_BYTES);
        bad = encode_part(w, i, &out);
        plain[i] = arena_copy(w->arena, buf_bytes(&out));
        longest = out.len > longest ? out.len : longest;
        if (bad == ERR_OK && plain[i].ptr == NULL)
            bad = ERR_NOMEM;
    }
    size_t least = pad_class(longest + SIGNED_OVERHEAD, COMPOSE_CLASS_MIN);
    if (bad == ERR_OK && least == 0)
        bad = ERR_TOO_LARGE;
    for (size_t i = 0; i < count && bad == ERR_OK; i++)
        bad = seal_part(w, i, plain[i], least);
    return bad;
}

/* A number below n, drawn without bias. */
static enum err draw_below(struct random_pool *pool, uint32_t n, uint32_t *out)
{
    uint32_t limit = UINT32_MAX - UINT32_MAX % n;
    uint32_t v;
    do {
        enum err bad = random_pool_take(pool, &v, sizeof v);
        if (bad != ERR_OK)
            return bad;
    } while (v >= limit);
    *out = v % n;
    return ERR_OK;
}

/* A random order of the places (Fisher and Yates); identifier i gets order[i]. */
static enum err draw_order(struct work *w, uint16_t **out)
{
    uint16_t *order = arena_array(w->arena, w->places, sizeof *order);
    if (order == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < w->places; i++)
        order[i] = (uint16_t)i;
    for (size_t i = w->places - 1; i > 0; i--) {
        uint32_t k;
        enum err bad = draw_below(w->pool, (uint32_t)i + 1, &k);
        if (bad != ERR_OK)
            return bad;
        uint16_t kept = order[i];
        order[i] = order[k];
        order[k] = kept;
    }
    *out = order;
    return ERR_OK;
}

static enum err make_leaf(struct work *w, const struct norm_ident *id,
                          struct request_identifier *out)
{
    const struct agency_half_input in = {id->type, ident_norm_version(id->type), ident_value(id)};
    enum err bad = agency_half_inner(w->c->half, &in, &out->inner);
    if (bad == ERR_OK)
        bad = random_pool_take(w->pool, out->salt.b, sizeof out->salt.b);
    const struct subject_leaf_parts leaf = {.salt = out->salt,
                                            .group = out->group,
                                            .type = out->type,
                                            .inner = out->inner,
                                            .sealed_digest = w->sealed_digests[out->group]};
    return bad == ERR_OK ? leaf_subject(digest_sha256, &leaf, &w->leaves[out->position]) : bad;
}

static enum err make_leaves(struct work *w, const uint16_t *order, uint8_t *taken)
{
    size_t n = 0;
    for (size_t g = 0; g < w->c->subjects->count; g++) {
        const struct subject *s = &w->c->subjects->v[g];
        for (size_t i = 0; i < s->identifier_count; i++, n++) {
            struct request_identifier *id = &w->identifiers[n];
            id->group = (uint16_t)g;
            id->position = order[n];
            id->type = s->identifiers[i].type;
            taken[order[n]] = 1;
            enum err bad = make_leaf(w, &s->identifiers[i], id);
            if (bad != ERR_OK)
                return bad;
        }
    }
    return ERR_OK;
}

static enum err fill_places(struct work *w, const uint8_t *taken)
{
    for (size_t i = 0; i < w->places; i++) {
        if (taken[i])
            continue;
        enum err bad = random_pool_take(w->pool, w->leaves[i].b, sizeof w->leaves[i].b);
        if (bad != ERR_OK)
            return bad;
        w->padding[w->padding_count++] = w->leaves[i];
    }
    return ERR_OK;
}

/* In the message identifiers stand by place, so that their order says nothing either. */
static void sort_by_place(struct request_identifier *v, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        struct request_identifier x = v[i];
        size_t k = i;
        for (; k > 0 && v[k - 1].position > x.position; k--)
            v[k] = v[k - 1];
        v[k] = x;
    }
}

static enum err make_tree(struct work *w, struct digest *root)
{
    uint16_t *order = NULL;
    size_t count = w->c->subjects->identifier_count;
    uint8_t *taken = arena_alloc(w->arena, w->places);
    w->leaves = arena_array(w->arena, w->places, sizeof *w->leaves);
    w->padding = arena_array(w->arena, w->places, sizeof *w->padding);
    w->identifiers = arena_array(w->arena, count, sizeof *w->identifiers);
    if (taken == NULL || w->leaves == NULL || w->padding == NULL || w->identifiers == NULL)
        return ERR_NOMEM;
    enum err bad = draw_order(w, &order);
    if (bad == ERR_OK)
        bad = make_leaves(w, order, taken);
    if (bad == ERR_OK)
        bad = fill_places(w, taken);
    if (bad == ERR_OK)
        bad = merkle_root(digest_sha256, w->leaves, w->places, root);
    if (bad == ERR_OK)
        sort_by_place(w->identifiers, count);
    return bad;
}

static enum err finish(struct work *w, const struct digest *root, struct composed *out)
{
    CLEANUP(buf_free) struct buf bytes = buf_new(HEADER_MAX);
    struct composed r = {.header = *w->c->header};
    r.header.subject_root = *root;
    enum err bad = request_header_encode(&r.header, &bytes);
    if (bad != ERR_OK)
        return bad;
    r.header_bytes = arena_copy(w->arena, buf_bytes(&bytes));
    if (r.header_bytes.ptr == NULL)
        return ERR_NOMEM;
    r.message = (struct request_message){
        .header = r.header_bytes,
        .sealed_parts = w->sealed,
        .group_count = w->c->subjects->count,
        .identifiers = w->identifiers,
        .identifier_count = w->c->subjects->identifier_count,
        .padding = w->padding,
        .padding_count = w->padding_count,
    };
    bad = digest_sha256(&r.header_bytes, 1, &r.header_digest);
    if (bad == ERR_OK)
        *out = r;
    return bad;
}

enum err compose(const struct compose *c, struct arena *a, struct composed *out,
                 struct errmsg *why)
{
    CLEANUP(cleanup_random_pool_free) struct random_pool *pool = random_pool_new();
    struct work w = {.c = c, .arena = a, .pool = pool,
                     .places = compose_places(c->subjects->identifier_count)};
    w.sealed = arena_array(a, c->subjects->count, sizeof *w.sealed);
    w.sealed_digests = arena_array(a, c->subjects->count, sizeof *w.sealed_digests);
    if (pool == NULL || w.sealed == NULL || w.sealed_digests == NULL)
        return ERR_NOMEM;
    struct digest root;
    enum err bad = seal_parts(&w);
    if (bad == ERR_TOO_LARGE)
        return errmsg_set(why, bad, "the texts of a subject are too long to be sealed");
    if (bad == ERR_OK)
        bad = make_tree(&w, &root);
    return bad == ERR_OK ? finish(&w, &root, out) : bad;
}
