/* proto/host/staged_dir: a folder is there whole or not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "proto/host/file.h"
#include "proto/host/staged_dir.h"
#include "tests/unit/host/host_tmp.h"

static struct host_tmp tmp;
static char path[160];

static int setup(void **state)
{
    (void)state;
    host_tmp_make(&tmp);
    snprintf(path, sizeof path, "%s", host_tmp_path(&tmp, "folder"));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    host_tmp_remove(&tmp);
    return 0;
}

static enum err count_name(void *arg, const char *name)
{
    (void)name;
    ++*(unsigned *)arg;
    return ERR_OK;
}

static unsigned names(void)
{
    unsigned n = 0;
    assert_int_equal(file_list(tmp.dir, count_name, &n), ERR_OK);
    return n;
}

static struct staged_dir *filled(void)
{
    struct staged_dir *d = NULL;
    struct errmsg why = {""};
    assert_int_equal(staged_dir_new(path, &d, &why), ERR_OK);
    assert_int_equal(staged_dir_put(d, "a", bytes_str("1"), &why), ERR_OK);
    assert_int_equal(staged_dir_folder(d, "b", &why), ERR_OK);
    assert_int_equal(staged_dir_put(d, "b/c", bytes_str("2"), &why), ERR_OK);
    assert_int_equal(staged_dir_put(d, "b/c", bytes_str("3"), &why), ERR_EXISTS);
    return d;
}

static void what_is_not_placed_leaves_nothing(void **state)
{
    (void)state;
    struct staged_dir *d = filled();
    assert_false(file_exists(path));
    assert_int_equal(names(), 1);
    staged_dir_free(d);
    assert_int_equal(names(), 0);
}

static void a_folder_has_its_name_once_it_is_placed(void **state)
{
    (void)state;
    struct staged_dir *d = filled();
    struct stat st;
    assert_int_equal(staged_dir_place(d, NULL), ERR_OK);
    staged_dir_free(d);
    assert_int_equal(names(), 1);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    CLEANUP(buf_free) struct buf b = buf_new(8);
    assert_int_equal(file_read(host_tmp_path(&tmp, "folder/b/c"), FILE_PRIVATE, &b, NULL), ERR_OK);
    assert_true(bytes_is(buf_bytes(&b), "2"));
}

static void nothing_that_is_there_is_replaced(void **state)
{
    (void)state;
    struct staged_dir *d = filled();
    struct staged_dir *other = filled();
    struct staged_dir *third = NULL;
    assert_int_equal(staged_dir_place(d, NULL), ERR_OK);
    assert_int_equal(staged_dir_place(other, NULL), ERR_EXISTS);
    assert_int_equal(staged_dir_new(path, &third, NULL), ERR_EXISTS);
    staged_dir_free(d);
    staged_dir_free(other);
    assert_int_equal(names(), 1);
}

/* One file of what is made elsewhere is enough; the rest goes. */
static void a_file_inside_gets_a_name_outside(void **state)
{
    (void)state;
    struct staged_dir *d = filled();
    struct errmsg why = {""};
    CLEANUP(buf_free) struct buf text = buf_new(16);
    char one[160];
    snprintf(one, sizeof one, "%s", host_tmp_path(&tmp, "one"));
    assert_int_equal(staged_dir_take(d, "a", one, &why), ERR_OK);
    assert_int_equal(staged_dir_put(d, "e", bytes_str("4"), &why), ERR_OK);
    assert_int_equal(staged_dir_take(d, "e", one, &why), ERR_EXISTS);
    staged_dir_free(d);
    assert_int_equal(names(), 1);
    assert_int_equal(file_read(one, FILE_ANY, &text, NULL), ERR_OK);
    assert_true(bytes_is(buf_bytes(&text), "1"));
}

/* What was broken off under this name goes, with what is in it; what has another name stays. */
static void what_a_crash_left_is_removed(void **state)
{
    static const char *const others[] = {"folder.tmp-a1b2c", "folder-2.tmp-a1b2c3", "folder2", "old.tmp-a1b2c3"};
    (void)state;
    struct staged_dir *d = filled();
    struct errmsg why = {""};
    char left[160];
    snprintf(left, sizeof left, "%s", host_tmp_path(&tmp, "folder.tmp-a1b2c3"));
    assert_int_equal(rename(staged_dir_path(d), left), 0);
    staged_dir_free(d);
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        assert_int_equal(file_make_dir(host_tmp_path(&tmp, others[i]), &why), ERR_OK);
    assert_int_equal(names(), ARRAY_LEN(others) + 1);
    assert_int_equal(staged_dir_remove_left(path, &why), ERR_OK);
    assert_false(file_exists(left));
    assert_int_equal(names(), ARRAY_LEN(others));
    assert_int_equal(staged_dir_remove_left(path, &why), ERR_OK);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(what_is_not_placed_leaves_nothing),
        T(a_folder_has_its_name_once_it_is_placed),
        T(nothing_that_is_there_is_replaced),
        T(a_file_inside_gets_a_name_outside),
        T(what_a_crash_left_is_removed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
