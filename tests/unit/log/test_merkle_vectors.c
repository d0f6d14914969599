/* The published proofs of transparency-dev/merkle: each must be taken or refused as it says. */
#include "tests/unit/log/test_log.h"

#include <jansson.h>

#include "proto/log/merkle.h"

#define VECTORS 518

/* A hash of the wrong length: roots are widened with zeros, which equal no real one. */
static enum err get_digest(json_t *v, struct digest *out)
{
    const char *text = json_string_value(v);
    uint8_t raw[64];
    struct buf b = buf_fixed(raw, sizeof raw);
    assert_non_null(text);
    assert_ok(text_get_base64(bytes_str(text), &b));
    *out = (struct digest){0};
    memcpy(out->b, raw, b.len < 32 ? b.len : 32);
    return b.len == 32 ? ERR_OK : ERR_INVALID;
}

static uint64_t get_number(json_t *o, const char *name)
{
    json_t *v = json_object_get(o, name);
    assert_true(json_is_real(v));
    double n = json_real_value(v);
    return n >= 18446744073709551615.0 ? UINT64_MAX : (uint64_t)n;
}

struct hashes {
    struct merkle_hashes h;
    enum err err; /* a hash that is not 32 bytes: what a parser refuses before any verifier */
};

static struct hashes get_hashes(json_t *o)
{
    struct hashes out = {0};
    json_t *list = json_object_get(o, "proof");
    size_t i;
    json_t *v;
    json_array_foreach(list, i, v)
    {
        assert_true(out.h.count < MERKLE_MAX_HASHES);
        if (get_digest(v, &out.h.h[out.h.count++]) != ERR_OK)
            out.err = ERR_INVALID;
    }
    return out;
}

static enum err run_inclusion(json_t *o, const struct hashes *h)
{
    struct merkle_path p = merkle_path_of(get_number(o, "leafIdx"), 0, &h->h);
    struct digest leaf;
    struct digest root;
    if (get_digest(json_object_get(o, "leafHash"), &leaf) != ERR_OK ||
        get_digest(json_object_get(o, "root"), &root) != ERR_OK)
        return ERR_INVALID;
    if (json_object_get(o, "start") == NULL) {
        p.size = get_number(o, "treeSize");
        return merkle_inclusion_verify(digest_sha256, &leaf, &p, &root);
    }
    uint64_t start = get_number(o, "start");
    uint64_t end = get_number(o, "end");
    if (!merkle_subtree_valid(start, end) || p.index < start)
        return ERR_INVALID;
    p.index -= start;
    p.size = end - start;
    return merkle_inclusion_verify(digest_sha256, &leaf, &p, &root);
}

static enum err run_consistency(json_t *o, const struct hashes *h)
{
    struct digest first;
    struct digest second;
    (void)get_digest(json_object_get(o, "root1"), &first);
    (void)get_digest(json_object_get(o, "root2"), &second);
    if (json_object_get(o, "start") == NULL) {
        const struct merkle_consistency p = {
            .old_size = get_number(o, "size1"),
            .new_size = get_number(o, "size2"),
            .hashes = h->h.h,
            .count = h->h.count,
        };
        return merkle_consistency_verify(digest_sha256, &p, &first, &second);
    }
    const struct merkle_subtree p = {
        .start = get_number(o, "start"),
        .end = get_number(o, "end"),
        .size = get_number(o, "size"),
        .hashes = h->h.h,
        .count = h->h.count,
    };
    return merkle_subtree_verify(digest_sha256, &p, &first, &second);
}

static void every_published_proof_is_judged_as_it_says(void **state)
{
    (void)state;
    json_error_t why;
    /* One size is over 2^63: integers come as doubles, which hold all of these. */
    json_t *all = json_load_file(TEST_DATA "/vectors/rfc6962_merkle_proofs.json",
                                 JSON_DECODE_INT_AS_REAL, &why);
    assert_non_null(all);
    assert_int_equal(json_object_size(all), VECTORS);
    const char *name;
    json_t *o;
    unsigned refused = 0;
    json_object_foreach(all, name, o)
    {
        struct hashes h = get_hashes(o);
        enum err e = h.err;
        if (e == ERR_OK)
            e = json_object_get(o, "leafHash") != NULL ? run_inclusion(o, &h)
                                                       : run_consistency(o, &h);
        if ((e != ERR_OK) != json_is_true(json_object_get(o, "wantErr")))
            fail_msg("%s: %s", name, err_text(e));
        refused += e != ERR_OK;
    }
    assert_in_range(refused, 300, VECTORS - 20);
    json_decref(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_published_proof_is_judged_as_it_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
