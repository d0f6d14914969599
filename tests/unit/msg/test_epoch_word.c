/* A word on epochs as it travels: with the declarations on which it rests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "proto/msg/epoch_word.h"

/* Without declarations it is what any signed document is; nothing that is empty, too long or one too many. */
static void a_word_without_declarations_is_a_signed_document(void **state)
{
    (void)state;
    static uint8_t large[DECLARED_MAX_BYTES + 1];
    struct buf one CLEANUP(buf_free) = buf_new(1 << 20);
    struct buf two CLEANUP(buf_free) = buf_new(1 << 20);
    struct arena *a CLEANUP(cleanup_arena_free) = arena_new(1 << 20);
    struct bytes declared[EPOCH_WORD_DECLARED_MAX + 1];
    struct epoch_word w = {{bytes_str("document"), bytes_str("signature"), {{5}}}, declared, 0};
    struct epoch_word got;
    assert_int_equal(signed_doc_encode(&w.said, &one), ERR_OK);
    assert_int_equal(epoch_word_encode(&w, &two), ERR_OK);
    assert_true(bytes_equal(buf_bytes(&one), buf_bytes(&two)));
    for (size_t i = 0; i <= EPOCH_WORD_DECLARED_MAX; i++)
        declared[i] = bytes_str("one");
    w.declared_count = EPOCH_WORD_DECLARED_MAX + 1;
    assert_int_equal(epoch_word_encode(&w, &two), ERR_TOO_LARGE);
    const struct bytes bad[] = {bytes_of(large, 0), bytes_of(large, sizeof large)};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        declared[0] = bad[i];
        w.declared_count = 1;
        buf_reset(&two);
        assert_int_equal(epoch_word_encode(&w, &two), ERR_OK);
        assert_int_not_equal(epoch_word_decode(buf_bytes(&two), a, &got, NULL), ERR_OK);
    }
}

/* What a word destroys, it destroys at its own time, with which its declarations come. */
static void a_destruction_bears_the_time_of_its_word(void **state)
{
    (void)state;
    struct buf out CLEANUP(buf_free) = buf_new(1 << 16);
    struct epoch_entry was = {1, EPOCH_RETIRED, 50, {{0}}};
    struct epoch_entry is = {1, EPOCH_DESTROYED, 100, {{1}}};
    struct epoch_states d = {.deployment = {"demo"}, .purpose = {"riec"}, .serial = 1, .issued_at = 60,
                             .custodian = {"00000099000000002000"}, .epochs = &was, .epoch_count = 1};
    struct epoch_states next = d;
    next.serial = 2;
    next.issued_at = 100;
    next.epochs = &is;
    assert_int_equal(epoch_states_check_next(&d, &next, NULL), ERR_OK);
    is.since_s = 99;
    assert_int_equal(epoch_states_check_next(&d, &next, NULL), ERR_MISMATCH);
    is.epoch = 2; /* nor one that the word before did not name */
    const struct epoch_entry both[] = {was, is};
    next.epochs = both;
    next.epoch_count = 2;
    assert_int_equal(epoch_states_check_next(&d, &next, NULL), ERR_MISMATCH);
    assert_int_equal(epoch_states_encode(&next, &out, NULL), ERR_OK);
    next.serial = 1; /* before the first word nobody said anything */
    assert_int_equal(epoch_states_encode(&next, &out, NULL), ERR_RANGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_word_without_declarations_is_a_signed_document),
        cmocka_unit_test(a_destruction_bears_the_time_of_its_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
