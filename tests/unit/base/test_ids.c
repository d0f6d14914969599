/* Names and OINs are what their pattern says; enums read back as written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/base/attr.h"
#include "proto/base/enums.h"
#include "proto/base/ids.h"

static void oin_is_twenty_digits_or_capitals(void **state)
{
    (void)state;
    for (unsigned c = 0; c < 256; c++) {
        for (size_t at = 0; at < OIN_CHARS; at++) {
            char text[OIN_CHARS + 1] = "00000099000000001000";
            text[at] = (char)c;
            bool good = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
            struct agency_id id;
            memset(&id, 0xee, sizeof id);
            assert_int_equal(agency_id_parse(bytes_of(text, OIN_CHARS), &id),
                             good ? ERR_OK : ERR_INVALID);
            if (good)
                assert_string_equal(id.oin, text);
            else
                assert_int_equal((uint8_t)id.oin[0], 0xee);
        }
    }
}

static void oin_of_another_length_is_refused(void **state)
{
    (void)state;
    struct agency_id id;
    for (size_t n = 0; n <= 22; n++) {
        if (n != OIN_CHARS)
            assert_int_equal(agency_id_parse(bytes_of("0000009900000000100000", n), &id),
                             ERR_INVALID);
    }
}

static void oins_are_equal_in_every_character_or_not(void **state)
{
    (void)state;
    struct agency_id a;
    assert_int_equal(agency_id_parse(bytes_str("00000099000000001000"), &a), ERR_OK);
    for (size_t at = 0; at < OIN_CHARS; at++) {
        struct agency_id b = a;
        assert_true(agency_id_equal(&a, &b));
        b.oin[at] = '5';
        assert_false(agency_id_equal(&a, &b));
    }
}

static bool in_name(unsigned c, bool first)
{
    bool word = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    return word || (!first && (c == '.' || c == '_' || c == '-'));
}

static void every_character_at_every_place_of_a_name(void **state)
{
    (void)state;
    for (unsigned c = 0; c < 256; c++) {
        for (size_t at = 0; at < 4; at++) {
            char text[] = "abcd";
            text[at] = (char)c;
            struct name n;
            assert_int_equal(name_parse(bytes_of(text, 4), &n),
                             in_name(c, at == 0) ? ERR_OK : ERR_INVALID);
        }
    }
}

static void a_name_of_every_length(void **state)
{
    (void)state;
    char text[NAME_MAX_BYTES + 2];
    memset(text, 'a', sizeof text);
    for (size_t len = 0; len < sizeof text; len++) {
        struct name n;
        bool good = len >= 1 && len <= NAME_MAX_BYTES;
        assert_int_equal(name_parse(bytes_of(text, len), &n), good ? ERR_OK : ERR_INVALID);
        assert_true(!good || name_bytes(&n).len == len);
    }
}

static void a_shorter_name_leaves_nothing_of_the_longer(void **state)
{
    (void)state;
    struct name a, b;
    memset(&a, 0, sizeof a);
    memset(&b, 0xff, sizeof b);
    assert_int_equal(name_parse(bytes_str("x"), &a), ERR_OK);
    assert_int_equal(name_parse(bytes_str("x"), &b), ERR_OK);
    assert_true(name_equal(&a, &b));
    assert_memory_equal(&a, &b, sizeof a);
}

static void identifier_types_read_back(void **state)
{
    (void)state;
    for (unsigned v = 1; v < IDENT_TYPE_COUNT; v++) {
        enum ident_type t = IDENT_NONE;
        assert_int_equal(ident_type_parse(bytes_str(ident_type_id((enum ident_type)v)), &t), ERR_OK);
        assert_int_equal(t, v);
    }
    enum ident_type t = IDENT_KVK;
    static const char *const bad[] = {"", "?", "BSN", "bsn ", "bs", "bsnn", "none"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(ident_type_parse(bytes_str(bad[i]), &t), ERR_UNKNOWN);
    assert_int_equal(t, IDENT_KVK);
    assert_string_equal(ident_type_id(IDENT_NONE), "?");
    assert_string_equal(ident_type_id(IDENT_TYPE_COUNT), "?");
    assert_string_equal(ident_type_id((enum ident_type)0x7fffffff), "?");
}

static void the_other_sets_read_back(void **state)
{
    (void)state;
    enum suite s = SUITE_NONE;
    assert_int_equal(suite_parse(bytes_str("hk1"), &s), ERR_OK);
    assert_int_equal(s, SUITE_HK1);
    assert_int_equal(suite_parse(bytes_str("?"), &s), ERR_UNKNOWN);
    for (unsigned v = 1; v <= 3; v++) {
        enum outcome o = OUTCOME_NONE;
        enum consent_decision d = CONSENT_NONE;
        assert_int_equal(outcome_parse(bytes_str(outcome_id((enum outcome)v)), &o), ERR_OK);
        assert_int_equal(o, v);
        assert_int_equal(
            consent_decision_parse(bytes_str(consent_decision_id((enum consent_decision)v)), &d),
            ERR_OK);
        assert_int_equal(d, v);
        assert_string_not_equal(batch_kind_id((enum batch_kind)v), "?");
    }
    enum strength w = STRENGTH_NONE;
    assert_int_equal(strength_parse(bytes_str("weak"), &w), ERR_OK);
    assert_int_equal(w, STRENGTH_WEAK);
    assert_string_equal(batch_kind_id((enum batch_kind)4), "?");
}

static void a_list_has_a_name_whole_or_not_at_all(void **state)
{
    static const struct name list[] = {{"uwv"}, {"riec.case"}};
    (void)state;
    assert_true(name_is_in(list, 2, &(struct name){"uwv"}));
    assert_true(name_is_in(list, 2, &(struct name){"riec.case"}));
    assert_false(name_is_in(list, 1, &(struct name){"riec.case"}));
    assert_false(name_is_in(list, 2, &(struct name){"riec"}));
    assert_false(name_is_in(list, 2, &(struct name){"riec.cases"}));
    assert_false(name_is_in(list, 0, &(struct name){"uwv"}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(oin_is_twenty_digits_or_capitals),
        cmocka_unit_test(oin_of_another_length_is_refused),
        cmocka_unit_test(oins_are_equal_in_every_character_or_not),
        cmocka_unit_test(every_character_at_every_place_of_a_name),
        cmocka_unit_test(a_name_of_every_length),
        cmocka_unit_test(a_list_has_a_name_whole_or_not_at_all),
        cmocka_unit_test(a_shorter_name_leaves_nothing_of_the_longer),
        cmocka_unit_test(identifier_types_read_back),
        cmocka_unit_test(the_other_sets_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
