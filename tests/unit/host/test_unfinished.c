/* What a crash left of files that were being written goes, at any depth, and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "proto/host/file.h"
#include "proto/host/unfinished.h"
#include "tests/unit/host/host_tmp.h"

#define OK(expression) assert_int_equal((expression), ERR_OK)

static struct host_tmp tmp;

static int setup(void **state)
{
    (void)state;
    host_tmp_make(&tmp);
    assert_int_equal(mkdir(host_tmp_path(&tmp, "tile"), 0700), 0);
    assert_int_equal(mkdir(host_tmp_path(&tmp, "tile/000.p"), 0700), 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    host_tmp_remove(&tmp);
    return 0;
}

static void names_are_told_apart(void **state)
{
    (void)state;
    static const char *const unfinished[] = {"checkpoint.tmp-a1B2c3", "7.tmp-XXXXXX"};
    static const char *const others[] = {"checkpoint", "7", ".tmp-a1B2c3", "7.tmp-a1B2c", "7.tmp-a1B2c34", "tmp-a1B2c3"};
    for (size_t i = 0; i < ARRAY_LEN(unfinished); i++)
        assert_true(unfinished_is(unfinished[i]));
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        assert_false(unfinished_is(others[i]));
}

static void what_is_unfinished_goes_and_nothing_else(void **state)
{
    (void)state;
    static const char *const gone[] = {"checkpoint.tmp-a1B2c3", "tile/000.p/7.tmp-a1B2c3"};
    static const char *const kept[] = {"checkpoint", "tile/000.p/7", "tile/000.p/7.tmp-a1B2c34"};
    char path[160];
    for (size_t i = 0; i < ARRAY_LEN(gone); i++)
        OK(file_create(host_tmp_path(&tmp, gone[i]), bytes_str("half"), 0600, NULL));
    for (size_t i = 0; i < ARRAY_LEN(kept); i++)
        OK(file_create(host_tmp_path(&tmp, kept[i]), bytes_str("whole"), 0600, NULL));
    assert_int_equal(mkdir(host_tmp_path(&tmp, "folder.tmp-a1B2c3"), 0700), 0);
    snprintf(path, sizeof path, "%s", host_tmp_path(&tmp, "link.tmp-a1B2c3"));
    assert_int_equal(symlink(host_tmp_path(&tmp, "checkpoint"), path), 0);
    unfinished_remove(tmp.dir);
    for (size_t i = 0; i < ARRAY_LEN(gone); i++)
        assert_false(file_exists(host_tmp_path(&tmp, gone[i])));
    for (size_t i = 0; i < ARRAY_LEN(kept); i++)
        assert_true(file_exists(host_tmp_path(&tmp, kept[i])));
    assert_true(file_exists(host_tmp_path(&tmp, "folder.tmp-a1B2c3")));
    assert_true(file_exists(path));
    CLEANUP(buf_free) struct buf b = buf_new(64);
    OK(file_read(host_tmp_path(&tmp, "checkpoint"), FILE_ANY, &b, NULL));
    assert_true(bytes_is(buf_bytes(&b), "whole"));
    unfinished_remove(host_tmp_path(&tmp, "nowhere")); /* says so, and that is all */
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(names_are_told_apart),
        T(what_is_unfinished_goes_and_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
