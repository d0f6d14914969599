/* Blocks: whole, padded, shuffled, the same from the same seed, right in the tree. */
#include "tests/unit/log/test_log.h"

#include "proto/log/merkle.h"
#include "proto/log/sequencer.h"

#define PENDING 5

/* A filler that a test can recognise. */
static enum err make_filler(void *ctx, uint64_t index, struct digest *out)
{
    (void)ctx;
    memset(out, 0xee, sizeof *out);
    memcpy(out->b, &index, sizeof index);
    return ERR_OK;
}

static enum err fail_filler(void *ctx, uint64_t index, struct digest *out)
{
    (void)ctx;
    (void)index;
    (void)out;
    return ERR_CRYPTO;
}

static struct sequencer_in input(const struct range *state, const struct digest *pending,
                                 size_t count, uint64_t seed)
{
    struct sequencer_in in = {.sha = digest_sha256,
                              .state = state,
                              .pending = pending,
                              .pending_count = count,
                              .pad_to = SEQUENCER_PAD_TO,
                              .fillers = {make_filler, NULL}};
    memcpy(in.seed, &seed, sizeof seed);
    return in;
}

static void check_block(const struct sequencer_block *b, const struct digest *pending,
                        size_t count)
{
    bool seen[64] = {false};
    assert_true(b->count >= SEQUENCER_PAD_TO && b->count % SEQUENCER_PAD_TO == 0);
    for (size_t i = 0; i < b->count; i++) {
        size_t from = b->source[i];
        struct digest filler;
        assert_ok(make_filler(NULL, b->first + i, &filler));
        if (from == SEQUENCER_FILLER) {
            assert_true(digest_equal(&b->entries[i], &filler));
            continue;
        }
        assert_true(from < count && !seen[from]);
        seen[from] = true;
        assert_true(digest_equal(&b->entries[i], &pending[from]));
    }
    for (size_t i = 0; i < count; i++)
        assert_true(seen[i]);
}

static void blocks_join_to_the_tree_of_their_entries(void **state)
{
    (void)state;
    struct range range = {0};
    static struct digest all[40000];
    size_t level_one = 0;
    for (uint64_t n = 0; n < 200; n++) {
        struct arena *a CLEANUP(cleanup_arena_free) =
            arena_new(sequencer_arena_bytes(PENDING, SEQUENCER_PAD_TO));
        struct digest pending[PENDING];
        size_t count = n % (PENDING + 1);
        for (size_t i = 0; i < PENDING; i++)
            pending[i] = test_value(n * PENDING + i);
        struct sequencer_in in = input(&range, pending, count, n);
        struct sequencer_block b;
        assert_ok(sequencer_next(&in, a, &b));
        check_block(&b, pending, count);
        assert_int_equal(b.first, range.size);
        assert_int_equal(b.after.size, b.first + b.count);
        for (size_t i = 0; i < b.node_count; i++)
            level_one += b.nodes[i].level == 1;
        memcpy(all + b.first, b.entries, b.count * sizeof *all);
        struct digest root;
        if (n % 20 == 0) {
            assert_ok(merkle_root(digest_sha256, all, (size_t)b.after.size, &root));
            assert_true(digest_equal(&root, &b.root));
        }
        range = b.after;
    }
    assert_int_equal(level_one, range.size / 256);
}

static void the_same_seed_gives_the_same_block(void **state)
{
    (void)state;
    const struct range range = {0};
    struct digest pending[PENDING];
    for (size_t i = 0; i < PENDING; i++)
        pending[i] = test_value(i);
    struct arena *a CLEANUP(cleanup_arena_free) = arena_new(1 << 20);
    struct sequencer_block one;
    struct sequencer_block two;
    struct sequencer_block other;
    struct sequencer_in in = input(&range, pending, PENDING, 1);
    assert_ok(sequencer_next(&in, a, &one));
    assert_ok(sequencer_next(&in, a, &two));
    in.seed[31] ^= 1;
    assert_ok(sequencer_next(&in, a, &other));
    assert_true(digest_equal(&one.root, &two.root));
    assert_false(digest_equal(&one.root, &other.root));
}

/* Means over many seeds, wide enough never to fail by chance with these fixed seeds. */
static void fillers_and_places_are_spread(void **state)
{
    (void)state;
    const struct range range = {0};
    struct digest pending[1];
    uint64_t blocks = 0;
    uint64_t first_half = 0;
    const uint64_t rounds = 2000;
    pending[0] = test_value(0);
    struct arena *a CLEANUP(cleanup_arena_free) = arena_new(1 << 20);
    for (uint64_t seed = 0; seed < rounds; seed++) {
        struct sequencer_in in = input(&range, pending, 1, seed);
        struct sequencer_block b;
        arena_reset(a);
        assert_ok(sequencer_next(&in, a, &b));
        blocks += b.count / SEQUENCER_PAD_TO;
        for (size_t i = 0; i < b.count / 2; i++)
            first_half += b.source[i] == 0;
    }
    /* With q = 16/17 the mean number of blocks is 1 / (1 - q^16) up to rounding: about 1.61. */
    assert_in_range(blocks, rounds * 150 / 100, rounds * 172 / 100);
    assert_in_range(first_half, rounds * 45 / 100, rounds * 55 / 100);
}

static void bad_input_and_failures_are_errors(void **state)
{
    (void)state;
    const struct range range = {0};
    struct digest pending[PENDING] = {{{0}}};
    struct arena *a CLEANUP(cleanup_arena_free) = arena_new(1 << 20);
    struct arena *small CLEANUP(cleanup_arena_free) = arena_new(64);
    struct sequencer_block b;
    struct sequencer_in in = input(&range, pending, PENDING, 1);
    assert_err(sequencer_next(&in, small, &b), ERR_NOMEM);
    in.pad_to = 0;
    assert_err(sequencer_next(&in, a, &b), ERR_RANGE);
    in.pad_to = 1025;
    assert_err(sequencer_next(&in, a, &b), ERR_RANGE);
    in.pad_to = 16;
    in.pending_count = SEQUENCER_MAX_PENDING + 1;
    assert_err(sequencer_next(&in, a, &b), ERR_RANGE);
    in.pending_count = PENDING;
    in.fillers.filler = fail_filler;
    assert_err(sequencer_next(&in, a, &b), ERR_CRYPTO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_join_to_the_tree_of_their_entries),
        cmocka_unit_test(the_same_seed_gives_the_same_block),
        cmocka_unit_test(fillers_and_places_are_spread),
        cmocka_unit_test(bad_input_and_failures_are_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
