/* The list of what the auditors' copy left out: it has an end, forgets nothing, and a damaged row is found. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "broker/store/copy_missed.h"

#define OK(expression) assert_int_equal((expression), ERR_OK)

static struct copy_missed list;

static int set_up(void **state)
{
    (void)state;
    list = (struct copy_missed){.count = 0};
    return 0;
}

static void add(uint64_t from, uint64_t to)
{
    copy_missed_add(&list, (struct copy_range){from, to});
}

static void neighbours_are_one_range(void **state)
{
    (void)state;
    add(3, 4);
    copy_missed_pass(&list, 4); /* a filler between */
    add(5, 6);
    copy_missed_pass(&list, 7);
    add(9, 9);
    add(9, 12);
    copy_missed_pass(&list, 12);
    copy_missed_pass(&list, 13);
    assert_int_equal(list.count, 2);
    assert_int_equal(list.ranges[0].from, 3);
    assert_int_equal(list.ranges[0].to, 6);
    assert_int_equal(list.ranges[1].from, 9);
    assert_int_equal(copy_missed_entries(&list), 6);
}

static void a_full_list_forgets_nothing(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < COPY_MISSED_MAX + 10; i++)
        add(3 * i, 3 * i + 1);
    assert_int_equal(list.count, COPY_MISSED_MAX);
    assert_int_equal(list.ranges[COPY_MISSED_MAX - 1].from, 3 * (COPY_MISSED_MAX - 1));
    assert_int_equal(list.ranges[COPY_MISSED_MAX - 1].to, 3 * (COPY_MISSED_MAX + 9) + 1);
}

static void a_row_comes_back(void **state)
{
    (void)state;
    static struct copy_missed back;
    CLEANUP(buf_free) struct buf row = buf_new(COPY_MISSED_ROW_MAX);
    for (uint64_t i = 0; i < COPY_MISSED_MAX; i++)
        add(3 * i, 3 * i + 1);
    copy_missed_encode(&list, &row);
    OK(buf_err(&row));
    OK(copy_missed_decode(buf_bytes(&row), &back));
    assert_int_equal(back.count, list.count);
    assert_memory_equal(back.ranges, list.ranges, sizeof list.ranges);
    for (size_t n = 1; n < 16; n++)
        assert_int_equal(copy_missed_decode(bytes_of(row.ptr, n), &back), ERR_INVALID);
    OK(copy_missed_decode(bytes_of(NULL, 0), &back));
    assert_int_equal(back.count, 0);
}

static void a_damaged_row_is_found(void **state)
{
    (void)state;
    static const struct copy_range bad[][2] = {{{4, 4}, {5, 6}}, {{4, 6}, {5, 7}}, {{6, 4}, {7, 8}}};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        CLEANUP(buf_free) struct buf row = buf_new(COPY_MISSED_ROW_MAX);
        list = (struct copy_missed){.ranges = {bad[i][0], bad[i][1]}, .count = 2};
        copy_missed_encode(&list, &row);
        assert_int_equal(copy_missed_decode(buf_bytes(&row), &list), ERR_INVALID);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(neighbours_are_one_range, set_up),
        cmocka_unit_test_setup(a_full_list_forgets_nothing, set_up),
        cmocka_unit_test_setup(a_row_comes_back, set_up),
        cmocka_unit_test_setup(a_damaged_row_is_found, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
