/* Every error has a text of its own; detail is cut, never overflows; log lines stay one printable line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <unistd.h>

#include "proto/base/err.h"
#include "proto/base/log.h"

static void every_error_has_its_own_text(void **state)
{
    (void)state;
    for (int e = ERR_OK; e >= ERR_CANCELLED; e--) {
        assert_string_not_equal(err_text((enum err)e), "unknown error");
        for (int other = ERR_OK; other > e; other--)
            assert_string_not_equal(err_text((enum err)e), err_text((enum err)other));
    }
    static const int outside[] = {1, ERR_CANCELLED - 1, INT32_MAX, INT32_MIN};
    for (size_t i = 0; i < ARRAY_LEN(outside); i++)
        assert_string_equal(err_text((enum err)outside[i]), "unknown error");
}

static void setting_returns_the_error_and_takes_no_message_too(void **state)
{
    (void)state;
    struct errmsg why;
    assert_int_equal(errmsg_set(&why, ERR_RANGE, "line %d", 7), ERR_RANGE);
    assert_string_equal(why.text, "line 7");
    assert_int_equal(errmsg_wrap(&why, ERR_CONFIG, "file %s", "x"), ERR_CONFIG);
    assert_string_equal(why.text, "file x: line 7");
    assert_int_equal(errmsg_set(NULL, ERR_IO, "x"), ERR_IO);
    assert_int_equal(errmsg_wrap(NULL, ERR_IO, "x"), ERR_IO);
}

static void wrapping_of_every_length_ends_in_nul(void **state)
{
    (void)state;
    struct errmsg why;
    for (int context = 0; context < (int)sizeof why.text + 4; context++) {
        for (int detail = 0; detail < (int)sizeof why.text + 4; detail += 7) {
            (void)errmsg_set(&why, ERR_IO, "%0*d", detail, 1);
            (void)errmsg_wrap(&why, ERR_IO, "%0*d", context, 2);
            assert_true(strnlen(why.text, sizeof why.text) < sizeof why.text);
        }
    }
}

/* What log_line writes to stderr, read back through a pipe. */
static size_t logged(const char *text, char *out, size_t size)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    int saved = dup(STDERR_FILENO);
    assert_true(saved >= 0);
    assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
    log_warn("%s", text);
    assert_true(dup2(saved, STDERR_FILENO) >= 0);
    close(saved);
    close(ends[1]);
    ssize_t n = read(ends[0], out, size - 1);
    close(ends[0]);
    assert_true(n >= 0);
    out[n] = '\0';
    return (size_t)n;
}

static void a_log_line_is_one_printable_line(void **state)
{
    (void)state;
    log_init("test", LOG_LEVEL_INFO);
    char hostile[256];
    for (size_t i = 0; i < sizeof hostile - 1; i++)
        hostile[i] = (char)(i + 1);
    hostile[sizeof hostile - 1] = '\0';
    char line[4096];
    size_t n = logged(hostile, line, sizeof line);
    assert_true(n > 0);
    assert_int_equal(line[n - 1], '\n');
    for (size_t i = 0; i + 1 < n; i++)
        assert_true(line[i] >= 0x20 && line[i] <= 0x7e);
}

static void a_long_log_line_is_cut(void **state)
{
    (void)state;
    char text[3000];
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    char line[4096];
    size_t n = logged(text, line, sizeof line);
    assert_true(n > 1000 && n < 1300);
}

static void a_level_above_the_chosen_one_is_not_written(void **state)
{
    (void)state;
    log_init("test", LOG_LEVEL_ERR);
    char line[64];
    assert_int_equal(logged("x", line, sizeof line), 0);
    log_init("test", LOG_LEVEL_INFO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_error_has_its_own_text),
        cmocka_unit_test(setting_returns_the_error_and_takes_no_message_too),
        cmocka_unit_test(wrapping_of_every_length_ends_in_nul),
        cmocka_unit_test(a_log_line_is_one_printable_line),
        cmocka_unit_test(a_long_log_line_is_cut),
        cmocka_unit_test(a_level_above_the_chosen_one_is_not_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
