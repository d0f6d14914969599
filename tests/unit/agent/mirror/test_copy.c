/* The mirrored folder: byte for byte what the log's own publisher would write, whatever the pages were, and a checkpoint
 * only over the entries that it counts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/mirror/copy.h"
#include "pki/digest.h"
#include "proto/host/file.h"
#include "proto/host/tiles.h"
#include "proto/log/checkpoint.h"
#include "tests/unit/host/host_tmp.h"

#define OK(expression) assert_int_equal((expression), ERR_OK)
#define MOST 70000u

static struct digest *entries; /* MOST of them */
static struct host_tmp tmp;
static char mirror[300];

static int make_entries(void **state)
{
    (void)state;
    entries = calloc(MOST, sizeof *entries);
    if (entries == NULL)
        return -1;
    for (uint32_t i = 0; i < MOST; i++) {
        const struct bytes text = BYTES_OF_ARRAY(((const uint8_t[4]){(uint8_t)i, (uint8_t)(i >> 8), (uint8_t)(i >> 16), 1}));
        OK(digest_sha256(&text, 1, &entries[i]));
    }
    return 0;
}

static int free_entries(void **state)
{
    (void)state;
    free(entries);
    return 0;
}

static int set_up(void **state)
{
    (void)state;
    host_tmp_make(&tmp);
    snprintf(mirror, sizeof mirror, "%s/mirror", tmp.dir);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    host_tmp_remove(&tmp);
    return 0;
}

/* ---- the log itself ---- */

static uint64_t power_of_width(unsigned level)
{
    return (uint64_t)1 << (TILE_HEIGHT * level);
}

static enum err read_log(void *ctx, const struct tile_id *id, struct buf *out)
{
    (void)ctx;
    for (uint64_t i = id->index * TILE_WIDTH; i < id->index * TILE_WIDTH + id->width; i++) {
        const uint64_t n = power_of_width(id->level);
        struct digest d;
        if (id->kind == TILE_ENTRIES) {
            bundle_put(out, digest_bytes(&entries[i]));
            continue;
        }
        OK(merkle_root(digest_sha256, entries + i * n, n, &d));
        buf_put(out, digest_bytes(&d));
    }
    return buf_err(out);
}

static void expect_same(struct tiles *want, struct tiles *have, const struct tile_id *id)
{
    CLEANUP(buf_free) struct buf w = buf_new((size_t)1 << 16);
    CLEANUP(buf_free) struct buf h = buf_new((size_t)1 << 16);
    OK(tiles_read(want, id, &w));
    OK(tiles_read(have, id, &h));
    assert_true(bytes_equal(buf_bytes(&w), buf_bytes(&h)));
}

static void expect_log(uint64_t size)
{
    CLEANUP(cleanup_tiles_free) struct tiles *want = NULL;
    CLEANUP(cleanup_tiles_free) struct tiles *have = NULL;
    const struct tile_source source = {read_log, NULL};
    char path[300];
    snprintf(path, sizeof path, "%s/log", tmp.dir);
    OK(tiles_open(path, &want, NULL));
    OK(tiles_open(mirror, &have, NULL));
    OK(tiles_publish(want, 0, size, &source, NULL));
    for (unsigned level = 0; level < tile_levels(size); level++)
        for (uint64_t i = 0; tile_width(level, i, size) > 0; i++) {
            const unsigned width = tile_width(level, i, size);
            expect_same(want, have, &(struct tile_id){TILE_HASHES, level, i, width});
            if (level == 0)
                expect_same(want, have, &(struct tile_id){TILE_ENTRIES, 0, i, width});
        }
}

/* ---- the mirror ---- */

static struct bytes page(uint64_t from, uint64_t to)
{
    return bytes_of(entries + from, (size_t)(to - from) * sizeof *entries);
}

static struct mirror_copy *open_copy(void)
{
    struct errmsg why = {""};
    struct mirror_copy *c = NULL;
    if (mirror_copy_open(mirror, &c, &why) != ERR_OK)
        fail_msg("%s", why.text);
    return c;
}

static enum err settle_as(struct mirror_copy *c, uint64_t size, const struct digest *root)
{
    CLEANUP(buf_free) struct buf note = buf_new(1024);
    struct errmsg why = {""};
    const struct checkpoint head = {.origin = bytes_str("log"), .size = size, .root = *root};
    checkpoint_write(&head, &note);
    buf_put_str(&note, "\n\xe2\x80\x94 log AAAAAGFiYw==\n"); /* whose signature is the caller's business */
    const struct mirror_head h = {size, *root, buf_bytes(&note)};
    return mirror_copy_settle(c, &h, &why);
}

static enum err settle(struct mirror_copy *c, uint64_t size)
{
    struct digest root;
    OK(merkle_root(digest_sha256, entries, size, &root));
    return settle_as(c, size, &root);
}

static void grow(struct mirror_copy *c, uint64_t to)
{
    OK(mirror_copy_add(c, page(mirror_copy_next(c), to), NULL));
    assert_int_equal(mirror_copy_next(c), to);
}

static void it_is_the_log_whatever_the_pages_were(void **state)
{
    static const uint32_t sizes[] = {1, 2, 15, 16, 255, 256, 257, 511, 600, 1024, 17000, 33384, 65535, 65536, 65600, MOST};
    (void)state;
    struct mirror_copy *c = open_copy();
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        grow(c, sizes[i]);
        if (i % 3 == 1)
            continue; /* the next page first */
        OK(settle(c, sizes[i]));
        assert_int_equal(mirror_copy_size(c), sizes[i]);
        if (i % 4 == 0) {
            mirror_copy_free(c);
            c = open_copy();
            assert_int_equal(mirror_copy_size(c), sizes[i]);
            assert_int_equal(mirror_copy_next(c), sizes[i]);
        }
        if (sizes[i] <= 1024)
            expect_log(sizes[i]);
    }
    mirror_copy_free(c);
    expect_log(MOST);
}

/* Killed between tiles and checkpoint: as if the page had not come. */
static void what_no_checkpoint_counts_comes_again(void **state)
{
    (void)state;
    struct mirror_copy *c = open_copy();
    grow(c, 300);
    OK(settle(c, 300));
    grow(c, 900);
    mirror_copy_free(c);
    c = open_copy();
    assert_int_equal(mirror_copy_size(c), 300);
    assert_int_equal(mirror_copy_next(c), 300);
    grow(c, 700);
    OK(settle(c, 700));
    mirror_copy_free(c);
    expect_log(700);
}

static void entries_that_are_not_of_the_checkpoint_are_none(void **state)
{
    struct digest wrong;
    (void)state;
    struct mirror_copy *c = open_copy();
    grow(c, 270);
    OK(settle(c, 270));
    OK(merkle_root(digest_sha256, entries, 269, &wrong));
    /* another entry */
    grow(c, 299);
    OK(mirror_copy_add(c, page(0, 1), NULL));
    assert_int_equal(settle(c, 300), ERR_MISMATCH);
    assert_int_equal(mirror_copy_size(c), 270);
    assert_int_equal(mirror_copy_next(c), 270);
    /* another past: the tiles that stand do not lead there */
    grow(c, 280);
    assert_int_equal(settle_as(c, 280, &wrong), ERR_MISMATCH);
    /* not the size of what is here, or a shorter one */
    grow(c, 281);
    assert_int_equal(settle(c, 280), ERR_RANGE);
    OK(settle(c, 281));
    assert_int_equal(settle(c, 270), ERR_RANGE);
    grow(c, 300);
    OK(settle(c, 300));
    mirror_copy_free(c);
    expect_log(300);
}

static void damage(const char *tile)
{
    CLEANUP(buf_free) struct buf file = buf_new(TILE_BYTES);
    char path[400];
    snprintf(path, sizeof path, "%s/%s", mirror, tile);
    OK(file_read(path, FILE_ANY, &file, NULL));
    file.ptr[5] ^= 1;
    OK(file_write(path, buf_bytes(&file), 0644, NULL));
}

/* Somebody changed what was mirrored: it is kept as it is, and the folder is refused. */
static void a_damaged_folder_is_left_alone(void **state)
{
    struct mirror_copy *c = open_copy();
    struct errmsg why = {""};
    (void)state;
    grow(c, 300);
    OK(settle(c, 300));
    mirror_copy_free(c);
    c = NULL;
    damage("tile/0/001.p/44");
    assert_int_equal(mirror_copy_open(mirror, &c, &why), ERR_MISMATCH);
    assert_null(c);
    damage("tile/0/001.p/44");
    mirror_copy_free(open_copy());
    damage("checkpoint");
    assert_int_not_equal(mirror_copy_open(mirror, &c, &why), ERR_OK);
    assert_null(c);
}

/* However much the broker publishes. */
static void it_leaves_room_to_others(void **state)
{
    struct errmsg why = {""};
    (void)state;
    struct mirror_copy *c = open_copy();
    grow(c, 300);
    mirror_copy_keep_free(c, UINT64_MAX);
    assert_int_equal(mirror_copy_add(c, page(300, 600), &why), ERR_NO_SPACE);
    assert_true(strstr(why.text, "are kept for other work") != NULL);
    assert_int_equal(mirror_copy_next(c), 300);
    OK(settle(c, 300)); /* what is there is there */
    mirror_copy_keep_free(c, 0);
    grow(c, 600);
    OK(settle(c, 600));
    mirror_copy_free(c);
    expect_log(600);
}

static void what_a_kill_left_half_written_goes(void **state)
{
    char path[400];
    (void)state;
    struct mirror_copy *c = open_copy();
    grow(c, 300);
    OK(settle(c, 300));
    mirror_copy_free(c);
    snprintf(path, sizeof path, "%s/tile/0/001.p/45.tmp-a1B2c3", mirror);
    OK(file_create(path, bytes_str("half"), 0600, NULL));
    mirror_copy_free(open_copy());
    assert_false(file_exists(path));
    expect_log(300);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(it_is_the_log_whatever_the_pages_were),
        TEST(what_no_checkpoint_counts_comes_again),
        TEST(entries_that_are_not_of_the_checkpoint_are_none),
        TEST(a_damaged_folder_is_left_alone),
        TEST(it_leaves_room_to_others),
        TEST(what_a_kill_left_half_written_goes),
    };
    return cmocka_run_group_tests(tests, make_entries, free_entries);
}
