/* Tiles on disk: what is written, what goes, what is rebuilt. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "proto/host/file.h"
#include "proto/host/tiles.h"

#define assert_ok(e) assert_string_equal(err_text(e), err_text(ERR_OK))
#define assert_err(e, want) assert_string_equal(err_text(e), err_text(want))

struct world {
    char dir[64];
    struct tiles *tiles;
    unsigned reads;
};

/* Bytes that say which hash they are; enough for what a disk does with them. */
static enum err read_tile(void *ctx, const struct tile_id *id, struct buf *out)
{
    struct world *w = ctx;
    w->reads++;
    for (uint64_t i = 0; i < id->width; i++) {
        uint8_t hash[32] = {(uint8_t)id->kind, (uint8_t)id->level};
        uint64_t n = id->index * TILE_WIDTH + i;
        memcpy(hash + 8, &n, sizeof n);
        if (id->kind == TILE_ENTRIES)
            bundle_put(out, BYTES_OF_ARRAY(hash));
        else
            buf_put(out, BYTES_OF_ARRAY(hash));
    }
    return buf_err(out);
}

static enum err fail_tile(void *ctx, const struct tile_id *id, struct buf *out)
{
    (void)ctx;
    (void)out;
    return id->index == 1 ? ERR_IO : ERR_CRYPTO;
}

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    char path[128];
    struct errmsg why = {0};
    snprintf(w->dir, sizeof w->dir, "/tmp/sluis-tiles-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    snprintf(path, sizeof path, "%s/log", w->dir);
    assert_ok(tiles_open(path, &w->tiles, &why));
    *state = w;
    return 0;
}

static enum err remove_tree(void *arg, const char *name)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", (const char *)arg, name);
    if (rmdir(path) == 0 || unlink(path) == 0)
        return ERR_OK;
    (void)!file_list(path, remove_tree, path);
    return rmdir(path) == 0 ? ERR_OK : ERR_IO;
}

static int teardown(void **state)
{
    struct world *w = *state;
    assert_ok(file_list(w->dir, remove_tree, w->dir));
    assert_int_equal(rmdir(w->dir), 0);
    tiles_free(w->tiles);
    free(w);
    return 0;
}

static bool there(const struct world *w, const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "%s/log/%s", w->dir, name);
    return file_exists(path);
}

static void grow(struct world *w, uint64_t from, uint64_t to)
{
    const struct tile_source source = {read_tile, w};
    struct errmsg why = {0};
    assert_ok(tiles_publish(w->tiles, from, to, &source, &why));
    assert_ok(tiles_tidy(w->tiles, from, to, &why));
}

static void partial_tiles_go_when_the_full_one_exists(void **state)
{
    struct world *w = *state;
    grow(w, 0, 240);
    assert_true(there(w, "tile/0/000.p/240") && there(w, "tile/entries/000.p/240"));
    assert_false(there(w, "tile/1"));
    grow(w, 240, 256);
    assert_true(there(w, "tile/0/000") && there(w, "tile/1/000.p/1"));
    assert_false(there(w, "tile/0/000.p") || there(w, "tile/entries/000.p"));
    grow(w, 256, 70000);
    assert_true(there(w, "tile/0/273.p/112") && there(w, "tile/1/001.p/17"));
    assert_true(there(w, "tile/2/000.p/1") && there(w, "tile/1/000"));
    assert_false(there(w, "tile/1/000.p") || there(w, "tile/0/274") || there(w, "tile/3"));
}

/* An old copy took up a head, and the tiles went further: the log goes on with other entries. */
static void forms_that_the_log_passes_over_go(void **state)
{
    struct world *w = *state;
    struct errmsg why = {0};
    for (uint64_t size = 256; size < 336; size += 16)
        grow(w, size - 16, size);
    assert_ok(tiles_drop_between(w->tiles, 288, 320, &why));
    assert_true(there(w, "tile/0/001.p/16") && there(w, "tile/0/001.p/32") && there(w, "tile/0/001.p/64"));
    assert_true(there(w, "tile/0/000") && there(w, "tile/1/000.p/1"));
    assert_false(there(w, "tile/0/001.p/48") || there(w, "tile/entries/001.p/48"));
    grow(w, 320, 544);
    grow(w, 544, 560);
    assert_ok(tiles_drop_between(w->tiles, 320, 560, &why)); /* the head was in an earlier tile */
    assert_true(there(w, "tile/0/002.p/48") && there(w, "tile/entries/002.p/48") && there(w, "tile/1/000.p/1"));
    assert_false(there(w, "tile/0/002.p/32") || there(w, "tile/entries/002.p/32"));
    assert_err(tiles_drop_between(w->tiles, 561, 560, &why), ERR_RANGE);
}

static void the_folders_are_open_to_readers_whatever_the_umask(void **state)
{
    static const char *const folders[] = {"/tile", "/tile/0", "/tile/entries"};
    struct world *w = *state;
    mode_t old = umask(0077);
    grow(w, 0, 300);
    umask(old);
    for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
        char path[128];
        struct stat st;
        snprintf(path, sizeof path, "%s/log%s", w->dir, folders[i]);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0755);
    }
}

static void a_lost_tile_is_rebuilt_and_a_whole_one_is_left(void **state)
{
    struct world *w = *state;
    char path[256];
    struct errmsg why = {0};
    struct buf got CLEANUP(buf_free) = buf_new(TILE_BYTES);
    grow(w, 0, 600);
    snprintf(path, sizeof path, "%s/log/tile/0/001", w->dir);
    assert_ok(file_write(path, bytes_str("torn"), 0644, &why));
    grow(w, 0, 600);
    assert_ok(file_read(path, FILE_ANY, &got, &why));
    assert_int_equal(got.len, TILE_BYTES);
}

static void a_partial_tile_is_cut_from_the_full_one(void **state)
{
    struct world *w = *state;
    grow(w, 0, 256);
    static const enum tile_kind kinds[] = {TILE_HASHES, TILE_ENTRIES};
    for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
        struct buf got CLEANUP(buf_free) = buf_new(1 << 20);
        struct buf want CLEANUP(buf_free) = buf_new(1 << 20);
        const struct tile_id id = {.kind = kinds[k], .width = 100};
        assert_ok(tiles_read(w->tiles, &id, &got));
        assert_ok(read_tile(w, &id, &want));
        assert_true(bytes_equal(buf_bytes(&got), buf_bytes(&want)));
    }
    struct buf got CLEANUP(buf_free) = buf_new(1 << 20);
    const struct tile_id none = {.kind = TILE_HASHES, .index = 1, .width = 4};
    assert_err(tiles_read(w->tiles, &none, &got), ERR_NOT_FOUND);
}

static void failures_are_passed_on_and_leave_the_checkpoint(void **state)
{
    struct world *w = *state;
    const struct tile_source bad = {fail_tile, w};
    struct buf got CLEANUP(buf_free) = buf_new(4096);
    struct errmsg why = {0};
    assert_err(tiles_checkpoint(w->tiles, &got, &why), ERR_NOT_FOUND);
    assert_ok(tiles_set_checkpoint(w->tiles, bytes_str("head\n"), &why));
    assert_err(tiles_publish(w->tiles, 0, 16, &bad, &why), ERR_CRYPTO);
    assert_err(tiles_publish(w->tiles, 16, 0, &bad, &why), ERR_RANGE);
    assert_ok(tiles_checkpoint(w->tiles, &got, &why));
    assert_true(bytes_is(buf_bytes(&got), "head\n"));
    struct tiles *none = NULL;
    assert_err(tiles_open("/nonexistent/log", &none, &why), ERR_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(partial_tiles_go_when_the_full_one_exists, setup, teardown),
        cmocka_unit_test_setup_teardown(forms_that_the_log_passes_over_go, setup, teardown),
        cmocka_unit_test_setup_teardown(the_folders_are_open_to_readers_whatever_the_umask, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_lost_tile_is_rebuilt_and_a_whole_one_is_left, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_partial_tile_is_cut_from_the_full_one, setup, teardown),
        cmocka_unit_test_setup_teardown(failures_are_passed_on_and_leave_the_checkpoint, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
