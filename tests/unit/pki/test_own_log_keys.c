/* The row of an agent's store that says which keys its own log has. */
#include "tests/unit/pki/test_core.h"

#include "pki/own_log_keys.h"

static const struct own_log_keys two = {.v = {{{{1, 2, 3}}, true}, {{{9}}, false}}, .count = 2};

static void a_row_reads_back_and_a_bad_one_does_not(void **state)
{
    (void)state;
    struct own_log_keys got;
    CLEANUP(buf_free) struct buf row = buf_new(OWN_LOG_KEYS_ROW_MAX);
    assert_int_equal(own_log_keys_encode(&two, &row), ERR_OK);
    assert_int_equal(own_log_keys_decode(buf_bytes(&row), &got), ERR_OK);
    assert_int_equal(got.count, 2);
    assert_true(digest_equal(&got.v[0].line, &two.v[0].line) && got.v[0].is_witnessed);
    assert_true(digest_equal(&got.v[1].line, &two.v[1].line) && !got.v[1].is_witnessed);
    for (size_t i = 0; i < row.len; i++)
        assert_int_not_equal(own_log_keys_decode(bytes_of(row.ptr, i), &got), ERR_OK);
    buf_put_u8(&row, 0);
    assert_int_not_equal(own_log_keys_decode(buf_bytes(&row), &got), ERR_OK);
    row.len--;
    row.ptr[row.len - 1] = 2; /* neither witnessed nor not */
    assert_int_equal(own_log_keys_decode(buf_bytes(&row), &got), ERR_INVALID);
    row.ptr[0] = 1;
    assert_int_equal(own_log_keys_decode(buf_bytes(&row), &got), ERR_VERSION);
}

static void no_key_stands_twice_and_no_third_one_does(void **state)
{
    (void)state;
    struct own_log_keys got;
    CLEANUP(buf_free) struct buf row = buf_new(OWN_LOG_KEYS_ROW_MAX);
    const struct own_log_keys twice = {.v = {two.v[0], two.v[0]}, .count = 2};
    assert_int_equal(own_log_keys_encode(&twice, &row), ERR_OK);
    assert_int_equal(own_log_keys_decode(buf_bytes(&row), &got), ERR_INVALID);
    buf_reset(&row);
    assert_int_equal(own_log_keys_encode(&two, &row), ERR_OK);
    buf_put(&row, digest_bytes(&(struct digest){{7}}));
    buf_put_u8(&row, 0);
    row.ptr[1] = 3;
    assert_int_equal(own_log_keys_decode(buf_bytes(&row), &got), ERR_INVALID);
}

static void a_key_is_found_by_its_line(void **state)
{
    (void)state;
    const struct own_log_keys none = {.count = 0};
    const struct own_log_keys unseen = {.v = {two.v[1]}, .count = 1};
    assert_ptr_equal(own_log_keys_find(&two, &two.v[1].line), &two.v[1]);
    assert_null(own_log_keys_find(&two, &(struct digest){{7}}));
    assert_true(own_log_keys_has_witness(&two));
    assert_false(own_log_keys_has_witness(&none) || own_log_keys_has_witness(&unseen));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_reads_back_and_a_bad_one_does_not),
        cmocka_unit_test(no_key_stands_twice_and_no_third_one_does),
        cmocka_unit_test(a_key_is_found_by_its_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
