#include "tests/support/guesses.h"

#include <stdlib.h>
#include <string.h>

#include "pki/agency_half.h"
#include "pki/broker_half.h"
#include "pki/digest.h"
#include "pki/hkdf.h"
#include "pki/mac.h"
#include "proto/base/join.h"
#include "proto/base/label.h"
#include "proto/msg/leaf.h"
#include "tests/support/unlocked.h"

#define GROUPS 16u
#define NORM_VERSION 1u

/* A key under which HMACs are tried. */
struct tried {
    const char *how;
    struct mac *mac;
};

struct guesses {
    struct agency_half *agencies[GUESSES_KEYS_MAX];
    size_t agency_count;
    struct broker_half *halves[GUESSES_KEYS_MAX];
    size_t half_count;
    struct tried macs[8 * GUESSES_KEYS_MAX];
    size_t mac_count;
    struct found_salt *salts;
    size_t salt_count;
};

static const enum ident_type types[] = {IDENT_BSN, IDENT_RSIN}; /* both are nine such digits */

static void *must_have(void *p)
{
    if (p == NULL)
        unlocked_must("memory", ERR_NOMEM);
    return p;
}

struct guesses *guesses_new(void)
{
    struct guesses *g = must_have(calloc(1, sizeof *g));
    g->salts = must_have(calloc(GUESSES_SALTS_MAX, sizeof *g->salts));
    return g;
}

void guesses_free(struct guesses *g)
{
    if (g == NULL)
        return;
    for (size_t i = 0; i < g->agency_count; i++)
        agency_half_free(g->agencies[i]);
    for (size_t i = 0; i < g->half_count; i++)
        broker_half_free(g->halves[i]);
    for (size_t i = 0; i < g->mac_count; i++)
        mac_free(g->macs[i].mac);
    free(g->salts);
    free(g);
}

static void add_mac(struct guesses *g, const char *how, const struct secret *key)
{
    if (g->mac_count == ARRAY_LEN(g->macs))
        unlocked_must("too many keys", ERR_LIMIT);
    g->macs[g->mac_count].how = how;
    unlocked_must("mac", mac_new(key, &g->macs[g->mac_count].mac));
    g->mac_count++;
}

static void add_derived(struct guesses *g, const char *how, const struct secret *key,
                        struct bytes info)
{
    struct secret *CLEANUP(cleanup_secret_free) derived = NULL;
    unlocked_must("subkey", hkdf_subkey(key, info, &derived));
    add_mac(g, how, derived);
}

void guesses_add_purpose(struct guesses *g, const struct secret *k, const struct keyfile *header)
{
    if (g->agency_count == GUESSES_KEYS_MAX)
        unlocked_must("too many keys", ERR_LIMIT);
    unlocked_must("agency half", agency_half_new(k, &header->purpose, header->epoch,
                                                 &g->agencies[g->agency_count++]));
    add_mac(g, "HMAC under K", k);
    for (size_t t = 0; t < ARRAY_LEN(types); t++) {
        CLEANUP(buf_free) struct buf info = buf_new(512);
        join_str(&info, LABEL_HK1_TYPE);
        join_part(&info, name_bytes(&header->purpose));
        join_u32(&info, header->epoch);
        join_str(&info, ident_type_id(types[t]));
        add_derived(g, "HMAC under K of its type", k, buf_bytes(&info));
    }
}

void guesses_add_half(struct guesses *g, const struct secret *b, const struct keyfile *header)
{
    if (g->half_count == GUESSES_KEYS_MAX)
        unlocked_must("too many keys", ERR_LIMIT);
    unlocked_must("broker half", broker_half_new(b, &header->purpose, header->epoch,
                                                 &g->halves[g->half_count++]));
    add_mac(g, "HMAC under B", b);
}

void guesses_add_storage(struct guesses *g, const struct secret *storage)
{
    static const char *const labels[] = {LABEL_STORE_RECORDS, LABEL_STORE_MAIL, LABEL_STORE_LIVE,
                                         LABEL_PROTECTED, LABEL_DISTINCT};
    add_mac(g, "HMAC under the storage key", storage);
    for (size_t i = 0; i < ARRAY_LEN(labels); i++)
        add_derived(g, labels[i], storage, bytes_str(labels[i]));
}

void guesses_add_salt(struct guesses *g, const struct found_salt *salt)
{
    for (size_t i = 0; i < g->salt_count; i++)
        if (memcmp(g->salts[i].salt.b, salt->salt.b, sizeof salt->salt.b) == 0 &&
            g->salts[i].part_count >= salt->part_count)
            return;
    if (g->salt_count == GUESSES_SALTS_MAX)
        unlocked_must("too many salts", ERR_LIMIT);
    g->salts[g->salt_count++] = *salt;
}

/* What is going on for one BSN. */
struct guessing {
    struct guesses *g;
    struct bytes bsn;
    guess_fn fn;
    void *ctx;
};

static void give_digest(const struct guessing *q, const char *how, const struct digest *d)
{
    q->fn(q->ctx, how, digest_bytes(d));
}

static void give_sha256(const struct guessing *q, const char *how, struct bytes of)
{
    struct digest d;
    unlocked_must("sha256", digest_sha256(&of, 1, &d));
    give_digest(q, how, &d);
}

/* The layouts under which a value could stand in a hash: alone, as part, with its type or version in front. */
static void each_layout(const struct guessing *q,
                        void (*use)(const struct guessing *q, const void *key, struct bytes laid),
                        const void *key)
{
    uint8_t room[512];
    const struct bytes purpose = bytes_str("riec-casus");
    for (int layout = 0; layout < 6; layout++) {
        struct buf b = buf_fixed(room, sizeof room);
        if (layout == 1)
            join_u32(&b, NORM_VERSION);
        if (layout == 2)
            join_str(&b, ident_type_id(IDENT_BSN));
        if (layout == 3)
            buf_put_u8(&b, IDENT_BSN);
        if (layout == 4)
            join_str(&b, LABEL_HK1_INDEX), join_str(&b, ident_type_id(IDENT_BSN));
        if (layout == 5)
            join_part(&b, purpose), join_u32(&b, IDENT_BSN);
        if (layout == 0 || layout == 3)
            buf_put(&b, q->bsn);
        else
            join_part(&b, q->bsn);
        use(q, key, buf_bytes(&b));
    }
}

static void hash_layout(const struct guessing *q, const void *key, struct bytes laid)
{
    (void)key;
    give_sha256(q, "SHA-256 without a key", laid);
}

static void mac_layout(const struct guessing *q, const void *key, struct bytes laid)
{
    const struct tried *t = key;
    uint8_t tag[MAC_BYTES];
    unlocked_must("mac", mac_compute(t->mac, &laid, 1, tag));
    q->fn(q->ctx, t->how, BYTES_OF_ARRAY(tag));
}

static void give_tokens(const struct guessing *q, enum ident_type type, const struct inner *inner)
{
    for (size_t i = 0; i < q->g->half_count; i++) {
        struct token token;
        unlocked_must("token", broker_half_token(q->g->halves[i], type, inner, &token));
        q->fn(q->ctx, "token", BYTES_OF_ARRAY(token.b));
    }
}

static void give_subject_leaf(const struct guessing *q, const struct subject_leaf_parts *parts)
{
    struct digest d;
    unlocked_must("leaf", leaf_subject(digest_sha256, parts, &d));
    give_digest(q, "subject leaf with a salt that was found", &d);
}

/* Sealed parts lie in the order of their groups; of a single one the group is not known. */
static void give_subject_leaves(const struct guessing *q, const struct found_salt *s,
                                struct subject_leaf_parts parts)
{
    for (uint32_t i = 0; i < (s->part_count == 1 ? GROUPS : s->part_count); i++) {
        parts.group = i;
        parts.sealed_digest = s->parts[s->part_count == 1 ? 0 : i];
        give_subject_leaf(q, &parts);
    }
}

/* Leaves need the salt that went into them. */
static void give_leaves(const struct guessing *q, enum ident_type type, const struct inner *inner)
{
    for (size_t i = 0; i < q->g->salt_count; i++) {
        const struct found_salt *s = &q->g->salts[i];
        struct digest d;
        unlocked_must("leaf", leaf_token(digest_sha256, &s->salt, type, inner, &d));
        give_digest(q, "token digest with a salt that was found", &d);
        give_subject_leaves(
            q, s, (struct subject_leaf_parts){.salt = s->salt, .type = type, .inner = *inner});
    }
}

static void give_inner(const struct guessing *q, struct agency_half *half, enum ident_type type)
{
    struct inner inner;
    const struct agency_half_input in = {
        .type = type, .norm_version = NORM_VERSION, .canonical = q->bsn};
    unlocked_must("inner", agency_half_inner(half, &in, &inner));
    q->fn(q->ctx, "inner", BYTES_OF_ARRAY(inner.b));
    give_sha256(q, "SHA-256 of inner", BYTES_OF_ARRAY(inner.b));
    give_tokens(q, type, &inner);
    give_leaves(q, type, &inner);
}

void guesses_each(struct guesses *g, const char *bsn, guess_fn fn, void *ctx)
{
    const struct guessing q = {g, bytes_str(bsn), fn, ctx};
    fn(ctx, "digits", q.bsn);
    each_layout(&q, hash_layout, NULL);
    for (size_t i = 0; i < g->mac_count; i++)
        each_layout(&q, mac_layout, &g->macs[i]);
    for (size_t i = 0; i < g->agency_count; i++)
        for (size_t t = 0; t < ARRAY_LEN(types); t++)
            give_inner(&q, g->agencies[i], types[t]);
}
