/* proto/msg/cosign: an announcement of absence is whole or not there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proto/msg/cosign.h"

#define NOW INT64_C(1795000000)

static enum err there_and_back(const struct cosign *in, struct cosign *out, struct arena *a)
{
    CLEANUP(buf_free) struct buf data = buf_new(COSIGN_MAX_LINES_BYTES + 1024);
    struct errmsg why = {""};
    assert_int_equal(cosign_encode(in, &data), ERR_OK);
    return cosign_decode(buf_bytes(&data), a, out, &why);
}

static void an_announcement_is_read_back(void **state)
{
    (void)state;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)1 << 20);
    const struct cosign none = {.size = 7, .lines = bytes_str("a line")};
    const struct cosign in = {.size = 7,
                              .lines = bytes_str("a line"),
                              .witness = bytes_str("demo/witness/x"),
                              .away_from_s = NOW,
                              .away_until_s = NOW + COSIGN_MAX_AWAY_S};
    struct cosign out;
    assert_int_equal(there_and_back(&in, &out, a), ERR_OK);
    assert_true(bytes_is(out.witness, "demo/witness/x") && out.away_from_s == NOW && out.away_until_s == in.away_until_s);
    assert_int_equal(there_and_back(&none, &out, a), ERR_OK);
    assert_true(out.witness.len == 0 && out.away_from_s == 0 && out.away_until_s == 0);
}

static void a_question_about_a_log_that_ended_is_read_back(void **state)
{
    (void)state;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)1 << 20);
    static char longest[COSIGN_MAX_ORIGIN_BYTES + 2];
    memset(longest, 'x', sizeof longest - 1);
    const struct cosign in = {.size = 7, .former = bytes_str("sluis.example/before")};
    const struct cosign with_lines = {.size = 7, .lines = bytes_str("a line"), .former = bytes_str("x")};
    const struct cosign with_away = {.size = 7, .former = bytes_str("x"), .witness = bytes_str("w"), .away_from_s = NOW, .away_until_s = NOW + 1};
    const struct cosign of_nothing = {.former = bytes_str("x")};
    const struct cosign too_long = {.size = 7, .former = bytes_str(longest)};
    struct cosign out;
    assert_int_equal(there_and_back(&in, &out, a), ERR_OK);
    assert_true(bytes_equal(out.former, in.former) && out.size == 7 && out.lines.len == 0);
    assert_int_not_equal(there_and_back(&with_lines, &out, a), ERR_OK);
    assert_int_not_equal(there_and_back(&of_nothing, &out, a), ERR_OK);
    assert_int_not_equal(there_and_back(&with_away, &out, a), ERR_OK);
    assert_int_not_equal(there_and_back(&too_long, &out, a), ERR_OK);
}

static void what_is_not_whole_is_refused(void **state)
{
    (void)state;
    static char longest[COSIGN_MAX_WITNESS_BYTES + 2];
    memset(longest, 'x', sizeof longest - 1);
    const struct cosign bad[] = {
        {.away_from_s = NOW, .away_until_s = NOW + 1},                                                            /* of nobody */
        {.witness = bytes_str("x")},                                                                              /* without a time */
        {.away_from_s = NOW},                                                                                     /* without an end */
        {.witness = bytes_str("x"), .away_until_s = NOW},                                                         /* or a beginning */
        {.witness = bytes_str("x"), .away_from_s = NOW, .away_until_s = NOW},                                     /* over at once */
        {.witness = bytes_str("x"), .away_from_s = NOW, .away_until_s = NOW - 1},
        {.witness = bytes_str("x"), .away_from_s = NOW, .away_until_s = NOW + COSIGN_MAX_AWAY_S + 1},
        {.witness = bytes_str("x"), .away_from_s = INT64_MAX, .away_until_s = -1},
        {.witness = bytes_str("x"), .away_from_s = INT64_MAX - 1, .away_until_s = INT64_MAX},
        {.witness = bytes_str(longest), .away_from_s = NOW, .away_until_s = NOW + 1},
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)1 << 20);
        struct cosign out;
        if (there_and_back(&bad[i], &out, a) == ERR_OK)
            fail_msg("case %zu was read", i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_announcement_is_read_back),
        cmocka_unit_test(a_question_about_a_log_that_ended_is_read_back),
        cmocka_unit_test(what_is_not_whole_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
