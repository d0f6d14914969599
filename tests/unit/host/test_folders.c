/* What a process left behind that was killed, or whose disk failed, before it synced a name: whoever comes next sees the name, and
 * it is on the disk before anything is built on it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "proto/host/file.h"
#include "proto/host/folders.h"
#include "proto/host/tiles.h"
#include "tests/support/disk.h"
#include "tests/unit/host/host_tmp.h"

#define OK(expression) assert_int_equal((expression), ERR_OK)
#define PREFIX "/tmp/sluis-host-"
#define SIZE 300u
#define NOBODY 65534

static struct disk_tape tape;
static struct host_tmp tmp;

static int setup(void **state)
{
    (void)state;
    disk_watch(PREFIX, &tape);
    host_tmp_make(&tmp);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    disk_watch(NULL, NULL);
    disk_tape_clear(&tape);
    host_tmp_remove(&tmp);
    return 0;
}

/* All that has returned by now is on the disk, and of the rest nothing. */
static void lose_power(void)
{
    disk_mark(1);
    disk_watch(PREFIX, NULL);
    const struct disk_crash c = {&tape, tape.count, DISK_NONE, 0};
    disk_crash_write(&c, tmp.dir);
}

static void a_folder_that_is_made_has_its_name_on_the_disk(void **state)
{
    (void)state;
    OK(file_make_dir(host_tmp_path(&tmp, "copy"), NULL));
    OK(file_create(host_tmp_path(&tmp, "copy/body"), bytes_str("body"), 0600, NULL));
    lose_power();
    assert_true(file_exists(host_tmp_path(&tmp, "copy/body")));
}

static void a_folder_that_is_there_has_its_name_on_the_disk(void **state)
{
    (void)state;
    disk_fail(2, DISK_REFUSES);
    assert_int_equal(file_make_dir(host_tmp_path(&tmp, "copy"), NULL), ERR_IO);
    assert_true(file_exists(tmp.path));
    OK(file_make_dir(tmp.path, NULL));
    OK(file_create(host_tmp_path(&tmp, "copy/body"), bytes_str("body"), 0600, NULL));
    lose_power();
    assert_true(file_exists(host_tmp_path(&tmp, "copy/body")));
}

static void every_name_below_is_on_the_disk(void **state)
{
    (void)state;
    char path[160];
    assert_int_equal(mkdir(host_tmp_path(&tmp, "a"), 0700), 0);
    assert_int_equal(mkdir(host_tmp_path(&tmp, "a/b"), 0700), 0);
    assert_int_equal(mkdir(host_tmp_path(&tmp, "a/b/c"), 0700), 0);
    snprintf(path, sizeof path, "%s", host_tmp_path(&tmp, "a/elsewhere"));
    assert_int_equal(symlink("/nonexistent", path), 0);
    OK(folders_sync(host_tmp_path(&tmp, "a"), NULL));
    lose_power();
    assert_true(file_exists(host_tmp_path(&tmp, "a/b/c")));
    assert_int_not_equal(folders_sync(host_tmp_path(&tmp, "absent"), NULL), ERR_OK);
}

/* ---- tiles ---- */

/* As the folder of a file system of its own has it: not ours to look into. */
static void what_lies_beside_the_tiles_is_nobodys_trouble(void **state)
{
    (void)state;
    CLEANUP(cleanup_tiles_free) struct tiles *t = NULL;
    const bool is_root = geteuid() == 0;
    assert_int_equal(mkdir(host_tmp_path(&tmp, "lost+found"), 0), 0);
    if (is_root)
        assert_true(chown(tmp.dir, NOBODY, NOBODY) == 0 && seteuid(NOBODY) == 0);
    const enum err beside = folders_sync(tmp.dir, NULL);
    enum err e = tiles_open(tmp.dir, &t, NULL);
    if (e == ERR_OK)
        e = tiles_sync(t, NULL);
    assert_true(!is_root || seteuid(0) == 0);
    assert_int_equal(beside, ERR_PERMISSION);
    assert_int_equal(e, ERR_OK);
}

static enum err read_tile(void *ctx, const struct tile_id *id, struct buf *out)
{
    (void)ctx;
    for (unsigned i = 0; i < id->width; i++) {
        const struct digest d = {{(uint8_t)id->level, (uint8_t)i, (uint8_t)id->index}};
        if (id->kind == TILE_ENTRIES)
            bundle_put(out, digest_bytes(&d));
        else
            buf_put(out, digest_bytes(&d));
    }
    return buf_err(out);
}

static enum err publish(void)
{
    CLEANUP(cleanup_tiles_free) struct tiles *t = NULL;
    const struct tile_source source = {read_tile, NULL};
    enum err e = tiles_open(host_tmp_path(&tmp, "log"), &t, NULL);
    if (e == ERR_OK)
        e = tiles_publish(t, 0, SIZE, &source, NULL);
    return e == ERR_OK ? tiles_set_checkpoint(t, bytes_str("head\n"), NULL) : e;
}

static void check_tile(struct tiles *t, const struct tile_id *id, unsigned nth)
{
    CLEANUP(buf_free) struct buf want = buf_new((size_t)1 << 16);
    CLEANUP(buf_free) struct buf have = buf_new((size_t)1 << 16);
    OK(read_tile(NULL, id, &want));
    if (tiles_read(t, id, &have) != ERR_OK || !bytes_equal(buf_bytes(&want), buf_bytes(&have)))
        fail_msg("call %u had failed: tile %llu of level %u is not on the disk", nth, (unsigned long long)id->index, id->level);
}

static void check_published(unsigned nth)
{
    CLEANUP(cleanup_tiles_free) struct tiles *t = NULL;
    CLEANUP(buf_free) struct buf head = buf_new(64);
    OK(tiles_open(host_tmp_path(&tmp, "log"), &t, NULL));
    OK(tiles_checkpoint(t, &head, NULL));
    for (unsigned level = 0; level < tile_levels(SIZE); level++)
        for (uint64_t i = 0; tile_width(level, i, SIZE) > 0; i++) {
            struct tile_id id = {TILE_HASHES, level, i, tile_width(level, i, SIZE)};
            check_tile(t, &id, nth);
            id.kind = TILE_ENTRIES;
            if (level == 0)
                check_tile(t, &id, nth);
        }
}

/* However far the one before came. */
static void tiles_that_are_there_are_on_the_disk_before_their_checkpoint(void **state)
{
    bool failed = true;
    for (unsigned nth = 1; failed; nth++) {
        disk_fail(nth, DISK_REFUSES);
        failed = publish() != ERR_OK;
        disk_fail(0, DISK_REFUSES);
        if (failed)
            OK(publish());
        lose_power();
        check_published(nth);
        teardown(state);
        setup(state);
    }
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_folder_that_is_made_has_its_name_on_the_disk),
        TEST(a_folder_that_is_there_has_its_name_on_the_disk),
        TEST(every_name_below_is_on_the_disk),
        TEST(what_lies_beside_the_tiles_is_nobodys_trouble),
        TEST(tiles_that_are_there_are_on_the_disk_before_their_checkpoint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
