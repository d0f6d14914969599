/* Names and widths of tiles, and proofs from them. */
#include "tests/unit/log/test_log.h"

#include "proto/log/tile.h"

static const struct {
    struct tile_id id;
    const char *path;
} paths[] = {
    {{TILE_HASHES, 0, 0, 256}, "tile/0/000"},
    {{TILE_HASHES, 0, 0, 1}, "tile/0/000.p/1"},
    {{TILE_HASHES, 2, 999, 255}, "tile/2/999.p/255"},
    {{TILE_HASHES, 1, 1000, 256}, "tile/1/x001/000"},
    {{TILE_HASHES, 0, 1234067, 256}, "tile/0/x001/x234/067"},
    {{TILE_ENTRIES, 0, 1234067, 4}, "tile/entries/x001/x234/067.p/4"},
    {{TILE_ENTRIES, 0, 273, 112}, "tile/entries/273.p/112"},
    {{TILE_HASHES, 7, 63, 256}, "tile/7/063"},
};

static void paths_are_the_published_ones(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        char got[TILE_PATH_MAX];
        assert_ok(tile_path(&paths[i].id, got));
        assert_string_equal(got, paths[i].path);
        struct tile_id back;
        assert_ok(tile_path_parse(bytes_str(got), &back));
        assert_int_equal(back.kind, paths[i].id.kind);
        assert_int_equal(back.level, paths[i].id.level);
        assert_int_equal(back.index, paths[i].id.index);
        assert_int_equal(back.width, paths[i].id.width);
    }
}

static void other_spellings_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "", "tile", "tile/", "tile/0", "tile/0/", "tile/8/000", "tile/00/000", "tile/0/00",
        "tile/0/0000", "tile/0/x000/000", "tile/0/001/000", "tile/0/x001", "tile/0/x001/",
        "tile/0/000/", "tile/0/000.p", "tile/0/000.p/", "tile/0/000.p/0", "tile/0/000.p/256",
        "tile/0/000.p/01", "tile/0/000.p/1/", "tile/0/000.p/1/2", "tile/-1/000", "tile/0/0a0",
        "/tile/0/000", "tile//0/000", "tile/entries", "tile/entries/", "tile/entries/0",
        "tile/0/x001/x.p/1", "tile/0/X001/000", "tile/0/../000", "tile/0/.p/1", "tile/0/x.p/1",
        "tile/0/x999/x999/x999/x999/x999/x999/999", "tile/entries/entries/000",
        "tile/0/x001/x001/x001/x001/x001/x001/x001/001",
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct tile_id id;
        if (tile_path_parse(bytes_str(bad[i]), &id) != ERR_INVALID)
            fail_msg("\"%s\" was taken", bad[i]);
    }
}

static const struct {
    uint64_t size;
    unsigned levels;
    uint64_t full[3];    /* full tiles at each level */
    unsigned partial[3]; /* width of the partial one, or 0 */
} layouts[] = {
    {0, 0, {0, 0, 0}, {0, 0, 0}},
    {1, 1, {0, 0, 0}, {1, 0, 0}},
    {255, 1, {0, 0, 0}, {255, 0, 0}},
    {256, 2, {1, 0, 0}, {0, 1, 0}},
    {257, 2, {1, 0, 0}, {1, 1, 0}},
    {65536, 3, {256, 1, 0}, {0, 0, 1}},
    {70000, 3, {273, 1, 0}, {112, 17, 1}},
};

static void layouts_are_the_published_ones(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(layouts); i++) {
        assert_int_equal(tile_levels(layouts[i].size), layouts[i].levels);
        for (unsigned l = 0; l < 3; l++) {
            uint64_t full = layouts[i].full[l];
            if (full > 0)
                assert_int_equal(tile_width(l, full - 1, layouts[i].size), 256);
            assert_int_equal(tile_width(l, full, layouts[i].size), layouts[i].partial[l]);
            assert_int_equal(tile_width(l, full + 1, layouts[i].size), 0);
        }
    }
    assert_int_equal(tile_width(0, UINT64_MAX, 70000), 0);
    assert_int_equal(tile_width(9, 0, 70000), 0);
}

/* A tree of 70,000 entries held as one array of hashes for each tile level. */
#define ENTRIES 70000

struct tree {
    struct digest *level[3];
    struct range range;
    struct digest root_of[ENTRIES / 1000 + 1];
};

static enum err keep(void *ctx, struct node_id id, const struct digest *hash)
{
    struct tree *t = ctx;
    if (id.level % 8 == 0)
        t->level[id.level / 8][id.index] = *hash;
    return ERR_OK;
}

static enum err read_tile(void *ctx, const struct tile_id *id, struct buf *out)
{
    struct tree *t = ctx;
    if (id->level > 2)
        return ERR_NOT_FOUND;
    buf_put(out, bytes_of(t->level[id->level] + id->index * 256, id->width * 32));
    return ERR_OK;
}

static int grow_tree(void **state)
{
    struct tree *t = calloc(1, sizeof *t);
    assert_non_null(t);
    for (unsigned l = 0; l < 3; l++) {
        t->level[l] = calloc((size_t)(ENTRIES >> (8 * l)) + 1, sizeof(struct digest));
        assert_non_null(t->level[l]);
    }
    const struct range_sink sink = {keep, t};
    for (uint64_t i = 0; i < ENTRIES; i++) {
        if (i % 1000 == 0)
            assert_ok(range_root(digest_sha256, &t->range, &t->root_of[i / 1000]));
        struct digest value = test_value(i);
        struct digest leaf;
        assert_ok(merkle_leaf(digest_sha256, digest_bytes(&value), &leaf));
        assert_ok(range_append(digest_sha256, &t->range, &leaf, &sink));
    }
    assert_ok(range_root(digest_sha256, &t->range, &t->root_of[ENTRIES / 1000]));
    *state = t;
    return 0;
}

static int drop_tree(void **state)
{
    struct tree *t = *state;
    for (unsigned l = 0; l < 3; l++)
        free(t->level[l]);
    free(t);
    return 0;
}

static void proofs_come_from_tiles(void **state)
{
    struct tree *t = *state;
    const struct tile_source source = {read_tile, t};
    struct tile_nodes *nodes CLEANUP(cleanup_tile_nodes_free) =
        tile_nodes_new(digest_sha256, &source, ENTRIES);
    assert_non_null(nodes);
    const struct node_reader reader = tile_nodes_reader(nodes);
    struct digest root;
    assert_ok(prove_root(digest_sha256, &reader, ENTRIES, &root));
    assert_true(digest_equal(&root, &t->root_of[ENTRIES / 1000]));
    for (uint64_t i = 0; i < ENTRIES; i += 997) {
        struct merkle_hashes h;
        struct digest value = test_value(i);
        assert_ok(prove_inclusion(digest_sha256, &reader, i, ENTRIES, &h));
        struct merkle_path p = merkle_path_of(i, ENTRIES, &h);
        assert_ok(merkle_path_verify(digest_sha256, &value, &p, &root));
    }
    for (uint64_t old = 1000; old <= ENTRIES; old += 1000) {
        struct merkle_hashes h;
        assert_ok(prove_consistency(digest_sha256, &reader, old, ENTRIES, &h));
        struct merkle_consistency p = {old, ENTRIES, h.h, h.count};
        assert_ok(merkle_consistency_verify(digest_sha256, &p, &t->root_of[old / 1000], &root));
    }
}

static enum err read_short(void *ctx, const struct tile_id *id, struct buf *out)
{
    (void)ctx;
    (void)buf_reserve(out, id->width * 32 - 1);
    return ERR_OK;
}

static void a_tile_of_the_wrong_length_is_refused(void **state)
{
    (void)state;
    const struct tile_source source = {read_short, NULL};
    struct tile_nodes *nodes CLEANUP(cleanup_tile_nodes_free) =
        tile_nodes_new(digest_sha256, &source, 300);
    const struct node_reader reader = tile_nodes_reader(nodes);
    struct digest d;
    assert_err(reader.read(reader.ctx, (struct node_id){0, 0}, &d), ERR_INVALID);
    assert_err(reader.read(reader.ctx, (struct node_id){0, 300}, &d), ERR_RANGE);
    assert_err(reader.read(reader.ctx, (struct node_id){3, 37}, &d), ERR_RANGE);
    assert_err(reader.read(reader.ctx, (struct node_id){63, UINT64_MAX}, &d), ERR_RANGE);
    assert_err(reader.read(reader.ctx, (struct node_id){64, 0}, &d), ERR_RANGE);
}

static void bundles_split_exactly(void **state)
{
    (void)state;
    uint8_t space[64];
    struct buf b = buf_fixed(space, sizeof space);
    bundle_put(&b, bytes_str("one"));
    bundle_put(&b, bytes_str(""));
    bundle_put(&b, bytes_str("three"));
    assert_ok(buf_err(&b));
    struct bytes got[TILE_WIDTH];
    assert_ok(bundle_parse(buf_bytes(&b), 3, got));
    assert_true(bytes_is(got[0], "one") && got[1].len == 0 && bytes_is(got[2], "three"));
    assert_err(bundle_parse(buf_bytes(&b), 2, got), ERR_INVALID);
    assert_err(bundle_parse(buf_bytes(&b), 4, got), ERR_TRUNCATED);
    assert_err(bundle_parse(buf_bytes(&b), 257, got), ERR_RANGE);
    for (size_t n = 0; n < b.len; n++)
        assert_err(bundle_parse(bytes_of(space, n), 3, got), ERR_TRUNCATED);
    struct buf big = buf_new(1 << 20);
    static const uint8_t entry[TILE_ENTRY_MAX + 1];
    bundle_put(&big, BYTES_OF_ARRAY(entry));
    assert_err(buf_err(&big), ERR_TOO_LARGE);
    buf_free(&big);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_are_the_published_ones),
        cmocka_unit_test(other_spellings_are_refused),
        cmocka_unit_test(layouts_are_the_published_ones),
        cmocka_unit_test(proofs_come_from_tiles),
        cmocka_unit_test(a_tile_of_the_wrong_length_is_refused),
        cmocka_unit_test(bundles_split_exactly),
    };
    return cmocka_run_group_tests(tests, grow_tree, drop_tree);
}
