/* Trees of every small size, against the definition of RFC 6962 section 2.1 written out. */
#include "tests/unit/log/test_log.h"

#include "proto/log/merkle.h"
#include "proto/log/prove.h"
#include "proto/log/range.h"

#define SIZES 70

static struct digest values[SIZES];

static int setup(void **state)
{
    (void)state;
    for (size_t i = 0; i < SIZES; i++)
        values[i] = test_value(i);
    return 0;
}

/* MTH of RFC 6962 as its definition says; test only. */
static struct digest definition(const struct digest *v, size_t n)
{
    struct digest out;
    if (n == 0) {
        assert_ok(merkle_empty(digest_sha256, &out));
        return out;
    }
    if (n == 1) {
        assert_ok(merkle_leaf(digest_sha256, digest_bytes(v), &out));
        return out;
    }
    size_t k = 1;
    while (2 * k < n)
        k *= 2;
    struct digest left = definition(v, k);
    struct digest right = definition(v + k, n - k);
    assert_ok(merkle_node(digest_sha256, &left, &right, &out));
    return out;
}

static enum err read_definition(void *ctx, struct node_id id, struct digest *out)
{
    size_t size = *(size_t *)ctx;
    size_t width = (size_t)1 << id.level;
    if ((id.index + 1) * width > size)
        return ERR_RANGE;
    *out = definition(values + id.index * width, width);
    return ERR_OK;
}

static void known_hashes(void **state)
{
    (void)state;
    struct digest d;
    uint8_t want[32];
    assert_ok(merkle_empty(digest_sha256, &d));
    assert_ok(text_get_hex(
        bytes_str("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"), want, 32));
    assert_memory_equal(d.b, want, 32);
    assert_ok(merkle_leaf(digest_sha256, bytes_of(NULL, 0), &d));
    assert_ok(text_get_hex(
        bytes_str("6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"), want, 32));
    assert_memory_equal(d.b, want, 32);
}

static void roots_equal_the_definition(void **state)
{
    (void)state;
    struct range r = {0};
    for (size_t n = 0; n < SIZES; n++) {
        struct digest want = definition(values, n);
        struct digest got;
        assert_ok(merkle_root(digest_sha256, values, n, &got));
        assert_true(digest_equal(&want, &got));
        assert_ok(range_root(digest_sha256, &r, &got));
        assert_true(digest_equal(&want, &got));
        struct node_reader nodes = {read_definition, &n};
        assert_ok(prove_root(digest_sha256, &nodes, n, &got));
        assert_true(digest_equal(&want, &got));
        struct digest leaf;
        assert_ok(merkle_leaf(digest_sha256, digest_bytes(&values[n]), &leaf));
        assert_ok(range_append(digest_sha256, &r, &leaf, NULL));
    }
}

static void changed_paths_fail(size_t i, size_t n, const struct merkle_hashes *h)
{
    struct digest root = definition(values, n);
    struct merkle_path p = merkle_path_of(i, n, h);
    assert_err(merkle_path_verify(digest_sha256, &values[(i + 1) % SIZES], &p, &root),
               ERR_MISMATCH);
    for (size_t k = 0; k < h->count; k++) {
        struct merkle_hashes other = *h;
        other.h[k].b[k % 32] ^= 1;
        struct merkle_path q = merkle_path_of(i, n, &other);
        assert_err(merkle_path_verify(digest_sha256, &values[i], &q, &root), ERR_MISMATCH);
    }
    p.count = h->count + 1;
    assert_err(merkle_path_verify(digest_sha256, &values[i], &p, &root), ERR_INVALID);
    p.count = h->count - 1;
    if (h->count > 0)
        assert_err(merkle_path_verify(digest_sha256, &values[i], &p, &root), ERR_INVALID);
    p = merkle_path_of(n, n, h);
    assert_err(merkle_path_verify(digest_sha256, &values[i], &p, &root), ERR_INVALID);
}

static void every_path_verifies_and_no_changed_one(void **state)
{
    (void)state;
    for (size_t n = 1; n < SIZES; n++) {
        struct digest root = definition(values, n);
        struct node_reader nodes = {read_definition, &n};
        struct merkle_hashes h;
        struct merkle_hashes again;
        for (size_t i = 0; i < n; i++) {
            assert_ok(merkle_path_make(digest_sha256, values, n, i, &h));
            assert_ok(prove_inclusion(digest_sha256, &nodes, i, n, &again));
            assert_int_equal(h.count, again.count);
            assert_memory_equal(h.h, again.h, h.count * 32);
            struct merkle_path p = merkle_path_of(i, n, &h);
            assert_ok(merkle_path_verify(digest_sha256, &values[i], &p, &root));
            changed_paths_fail(i, n, &h);
        }
        assert_err(merkle_path_make(digest_sha256, values, n, n, &h), ERR_RANGE);
        assert_err(prove_inclusion(digest_sha256, &nodes, n, n, &h), ERR_RANGE);
    }
}

static void every_prefix_is_consistent_and_no_other(void **state)
{
    (void)state;
    for (size_t n = 1; n < SIZES; n++) {
        struct digest root = definition(values, n);
        struct node_reader nodes = {read_definition, &n};
        struct merkle_hashes h;
        for (size_t m = 1; m <= n; m++) {
            struct digest old = definition(values, m);
            assert_ok(prove_consistency(digest_sha256, &nodes, m, n, &h));
            struct merkle_consistency p = {m, n, h.h, h.count};
            assert_ok(merkle_consistency_verify(digest_sha256, &p, &old, &root));
            struct digest other = old;
            other.b[31] ^= 0x80;
            assert_err(merkle_consistency_verify(digest_sha256, &p, &other, &root), ERR_MISMATCH);
            if (m < n)
                assert_err(merkle_consistency_verify(digest_sha256, &p, &old, &other),
                           ERR_MISMATCH);
            p.old_size = m + 1;
            assert_int_not_equal(merkle_consistency_verify(digest_sha256, &p, &old, &root),
                                 ERR_OK);
        }
        assert_err(prove_consistency(digest_sha256, &nodes, 0, n, &h), ERR_RANGE);
        assert_err(prove_consistency(digest_sha256, &nodes, n + 1, n, &h), ERR_RANGE);
    }
}

static void a_range_survives_storage(void **state)
{
    (void)state;
    uint8_t space[8 + 32 * RANGE_MAX_NODES];
    struct range r = {0};
    for (size_t n = 0; n < SIZES; n++) {
        struct buf b = buf_fixed(space, sizeof space);
        range_encode(&r, &b);
        assert_ok(buf_err(&b));
        struct range back;
        assert_ok(range_decode(buf_bytes(&b), &back));
        assert_int_equal(back.size, n);
        assert_memory_equal(back.nodes, r.nodes, 32 * range_nodes(&r));
        for (size_t k = 0; k < b.len; k++)
            assert_err(range_decode(bytes_of(space, k), &back), ERR_TRUNCATED);
        if (b.len < sizeof space)
            assert_err(range_decode(bytes_of(space, b.len + 1), &back), ERR_INVALID);
        assert_ok(range_append(digest_sha256, &r, &values[n], NULL));
    }
    struct range back;
    uint8_t huge[8] = {0xff};
    assert_err(range_decode(BYTES_OF_ARRAY(huge), &back), ERR_RANGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_hashes),
        cmocka_unit_test(roots_equal_the_definition),
        cmocka_unit_test(every_path_verifies_and_no_changed_one),
        cmocka_unit_test(every_prefix_is_consistent_and_no_other),
        cmocka_unit_test(a_range_survives_storage),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
