/* A file that grows by pieces: what was appended is read again, and its name comes last or never. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "proto/host/file.h"
#include "proto/host/spool.h"
#include "tests/unit/host/host_tmp.h"

#define OK(expression) assert_int_equal((expression), ERR_OK)

static struct host_tmp tmp;
static char path[256];

static int setup(void **state)
{
    (void)state;
    host_tmp_make(&tmp);
    snprintf(path, sizeof path, "%s", host_tmp_path(&tmp, "file"));
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
    ++*(size_t *)arg;
    return ERR_OK;
}

static size_t names(void)
{
    size_t n = 0;
    OK(file_list(tmp.dir, count_name, &n));
    return n;
}

/* Pieces of growing size, some larger than what is kept in memory. */
static size_t piece_bytes(size_t i)
{
    return i % 20 == 19 ? ((size_t)1 << 20) + i : 37 * i;
}

static void append_pieces(struct spool *s, size_t count, uint64_t offsets[])
{
    CLEANUP(buf_free) struct buf b = buf_new((size_t)4 << 20);
    for (size_t i = 0; i < count; i++) {
        buf_reset(&b);
        for (size_t k = 0; k < piece_bytes(i); k++)
            buf_put_u8(&b, (uint8_t)(i + k));
        offsets[i] = spool_size(s);
        OK(spool_append(s, buf_bytes(&b)));
    }
}

static void assert_piece(struct bytes b, size_t i)
{
    assert_int_equal(b.len, piece_bytes(i));
    for (size_t k = 0; k < b.len; k++)
        if (b.ptr[k] != (uint8_t)(i + k))
            fail_msg("piece %zu: byte %zu", i, k);
}

static void what_was_appended_is_read_in_any_order(void **state)
{
    (void)state;
    CLEANUP(cleanup_spool_free) struct spool *s = NULL;
    uint64_t offsets[60];
    OK(spool_new(path, &s, NULL));
    append_pieces(s, 60, offsets);
    for (size_t k = 0; k < 60; k++) {
        CLEANUP(buf_free) struct buf b = buf_new((size_t)4 << 20);
        const size_t i = k * 7 % 60;
        OK(spool_read(s, offsets[i], piece_bytes(i), &b));
        assert_piece(buf_bytes(&b), i);
    }
    CLEANUP(buf_free) struct buf b = buf_new(64);
    assert_int_equal(spool_read(s, spool_size(s), 1, &b), ERR_RANGE);
    assert_int_equal(spool_read(s, UINT64_MAX, 1, &b), ERR_RANGE);
    OK(spool_append(s, bytes_str("more")));
    OK(spool_read(s, spool_size(s) - 4, 4, &b));
    assert_true(bytes_is(buf_bytes(&b), "more"));
}

static void it_gets_its_name_at_the_end(void **state)
{
    (void)state;
    struct spool *s = NULL;
    struct stat st;
    CLEANUP(buf_free) struct buf b = buf_new(64);
    OK(spool_new(path, &s, NULL));
    OK(spool_append(s, bytes_str("what is in it")));
    assert_false(file_exists(path));
    OK(spool_place(s, NULL));
    assert_int_equal(spool_place(s, NULL), ERR_STATE);
    spool_free(s);
    OK(file_read(path, FILE_PRIVATE, &b, NULL));
    assert_true(bytes_is(buf_bytes(&b), "what is in it"));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(names(), 1);
}

static void it_overwrites_nothing_and_leaves_nothing(void **state)
{
    (void)state;
    struct errmsg why = {""};
    struct spool *s = NULL;
    OK(file_create(path, bytes_str("another"), 0600, NULL));
    OK(spool_new(path, &s, NULL));
    OK(spool_append(s, bytes_str("x")));
    assert_int_equal(spool_place(s, &why), ERR_EXISTS);
    spool_free(s);
    assert_int_equal(names(), 1);
    OK(spool_new(path, &s, NULL));
    assert_int_equal(names(), 2);
    OK(spool_hide(s));
    assert_int_equal(names(), 1);
    OK(spool_append(s, bytes_str("y")));
    assert_int_equal(spool_place(s, NULL), ERR_STATE);
    spool_free(s);
    assert_int_equal(spool_new(host_tmp_path(&tmp, "no/folder"), &s, &why), ERR_NOT_FOUND);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(what_was_appended_is_read_in_any_order),
        T(it_gets_its_name_at_the_end),
        T(it_overwrites_nothing_and_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
