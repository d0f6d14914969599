/* The interface: types and parts, classes, reasons, size caps, what a refusal leaves behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/ident/ident.h"

static enum err normalise(enum ident_type type, const char *text, struct norm_ident *out,
                          struct ident_report *report)
{
    struct raw_ident raw = raw_ident_one(type, bytes_str(text));
    return ident_normalise(&raw, out, report);
}

static void test_every_type_has_version_class_and_part_names(void **state)
{
    (void)state;
    for (int t = IDENT_NONE + 1; t < IDENT_TYPE_COUNT; t++) {
        enum ident_type type = (enum ident_type)t;
        struct ident_parts parts = ident_parts(type);
        assert_int_equal(ident_norm_version(type), 1);
        assert_int_not_equal(ident_type_class(type), IDENT_CLASS_NONE);
        assert_true(parts.min >= 1 && parts.min <= parts.max && parts.max <= IDENT_PARTS_MAX);
        for (size_t i = 0; i < parts.max; i++)
            assert_string_not_equal(ident_part_name(type, i), "?");
        assert_string_equal(ident_part_name(type, parts.max), "?");
    }
}

static void test_unknown_types_are_refused(void **state)
{
    (void)state;
    static const int unknown[] = {IDENT_NONE, IDENT_TYPE_COUNT, 1000, -1};
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        enum ident_type type = (enum ident_type)unknown[i];
        struct norm_ident id;
        struct ident_report report;
        assert_int_equal(normalise(type, "123456782", &id, &report), ERR_UNKNOWN);
        assert_int_equal(ident_from_canonical(type, bytes_str("123456782"), &id), ERR_UNKNOWN);
        assert_int_equal(ident_norm_version(type), 0);
        assert_int_equal(ident_type_class(type), IDENT_CLASS_NONE);
        assert_int_equal(ident_parts(type).max, 0);
        assert_string_equal(ident_part_name(type, 0), "?");
    }
}

static void test_parts_over_the_cap_are_refused_unread(void **state)
{
    (void)state;
    uint8_t *big = malloc(IDENT_PART_MAX + 1);
    assert_non_null(big);
    memset(big, ' ', IDENT_PART_MAX + 1);
    memcpy(big, "123456782", 9);
    for (int t = IDENT_NONE + 1; t < IDENT_TYPE_COUNT; t++) {
        struct norm_ident id;
        struct ident_report report;
        struct raw_ident raw = raw_ident_one((enum ident_type)t, bytes_of(big, IDENT_PART_MAX + 1));
        assert_int_equal(ident_normalise(&raw, &id, &report), ERR_INVALID);
        assert_int_equal(report.reason, IDENT_REASON_TOO_LONG);
    }
    struct norm_ident id;
    struct ident_report report;
    struct raw_ident raw = raw_ident_one(IDENT_BSN, bytes_of(big, IDENT_PART_MAX));
    assert_int_equal(ident_normalise(&raw, &id, &report), ERR_OK);
    free(big);
}

/* A normal form that grows past the cap is too long, however short its source. */
static void test_expansion_is_bounded(void **state)
{
    (void)state;
    static uint8_t text[IDENT_PART_MAX];
    size_t n = 0;
    for (; n + 3 <= sizeof text; n += 3)
        memcpy(text + n, "\xef\xb7\xba", 3);
    struct raw_ident raw = raw_ident_one(IDENT_EMAIL, bytes_of(text, n));
    struct norm_ident id;
    struct ident_report report;
    assert_int_equal(ident_normalise(&raw, &id, &report), ERR_INVALID);
    assert_int_equal(report.reason, IDENT_REASON_TOO_LONG);
}

static void test_part_counts(void **state)
{
    (void)state;
    struct norm_ident id;
    struct ident_report report;
    struct raw_ident raw = raw_ident_one(IDENT_BSN, bytes_str("123456782"));
    raw.count = 0;
    assert_int_equal(ident_normalise(&raw, &id, &report), ERR_INVALID);
    assert_int_equal(report.reason, IDENT_REASON_BAD_PARTS);
    raw.count = IDENT_PARTS_MAX + 1;
    assert_int_equal(ident_normalise(&raw, &id, &report), ERR_INVALID);
    assert_int_equal(report.reason, IDENT_REASON_BAD_PARTS);
}

static void test_report_names_the_refused_part(void **state)
{
    (void)state;
    struct norm_ident id;
    struct ident_report report;
    struct raw_ident raw = {.type = IDENT_NAAM_GEBOORTEDATUM, .count = 3};
    raw.part[0] = bytes_str("Jansen");
    raw.part[1] = bytes_str("Piet");
    raw.part[2] = bytes_str("1980-02-30");
    assert_int_equal(ident_normalise(&raw, &id, &report), ERR_INVALID);
    assert_int_equal(report.reason, IDENT_REASON_BAD_DATE);
    assert_int_equal(report.part, 2);
    raw.part[1] = bytes_str("P\xff");
    assert_int_equal(ident_normalise(&raw, &id, &report), ERR_INVALID);
    assert_int_equal(report.reason, IDENT_REASON_BAD_ENCODING);
    assert_int_equal(report.part, 1);
}

static void test_parts_left_out_are_no_change(void **state)
{
    (void)state;
    struct norm_ident id;
    struct ident_report report;
    struct raw_ident raw = {.type = IDENT_POSTCODE_HUISNR, .count = 2};
    raw.part[0] = bytes_str("1234AB");
    raw.part[1] = bytes_str("12");
    assert_int_equal(ident_normalise(&raw, &id, &report), ERR_OK);
    assert_false(report.changed);
    raw.part[0] = bytes_str("1234 AB");
    assert_int_equal(ident_normalise(&raw, &id, &report), ERR_OK);
    assert_true(report.changed);
}

static void test_a_btw_id_takes_the_class_of_what_it_contains(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        enum ident_class cls;
        uint32_t warnings;
    } rows[] = {
        {"NL111222333B01", IDENT_CLASS_WETTELIJK_NUMMER, IDENT_WARN_CONTAINS_BSN},
        {"NL999993653B01", IDENT_CLASS_WETTELIJK_NUMMER, IDENT_WARN_CONTAINS_BSN},
        {"NL822477348B01", IDENT_CLASS_RECHTSPERSOON, 0},
        {"NL004495445B01", IDENT_CLASS_RECHTSPERSOON, 0},
        {"NL000099998B57", IDENT_CLASS_PERSOON, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct norm_ident id;
        struct ident_report report;
        assert_int_equal(normalise(IDENT_BTW, rows[i].value, &id, &report), ERR_OK);
        assert_int_equal(report.cls, rows[i].cls);
        assert_int_equal(ident_value_class(&id), rows[i].cls);
        assert_int_equal(report.warnings, rows[i].warnings);
    }
    assert_int_equal(ident_type_class(IDENT_BTW), IDENT_CLASS_RECHTSPERSOON);
    assert_int_equal(ident_type_class(IDENT_BSN), IDENT_CLASS_WETTELIJK_NUMMER);
}

static void test_only_canonical_values_are_read_back(void **state)
{
    (void)state;
    struct norm_ident id = {.type = IDENT_NONE};
    assert_int_equal(ident_from_canonical(IDENT_BSN, bytes_str("1234.56.782"), &id), ERR_INVALID);
    assert_int_equal(ident_from_canonical(IDENT_BSN, bytes_str("123456781"), &id), ERR_INVALID);
    assert_int_equal(ident_from_canonical(IDENT_BSN, bytes_of(NULL, 0), &id), ERR_INVALID);
    assert_int_equal(id.type, IDENT_NONE);
    assert_int_equal(ident_from_canonical(IDENT_BSN, bytes_str("123456782"), &id), ERR_OK);
    struct norm_ident other;
    assert_int_equal(ident_from_canonical(IDENT_RSIN, bytes_str("123456782"), &other), ERR_OK);
    assert_false(ident_equal(&id, &other));
    ident_wipe(&id);
    assert_int_equal(id.len, 0);
    assert_int_equal(id.value[0], 0);
    ident_wipe(NULL);
}

static void test_reasons_warnings_and_classes_have_distinct_ids(void **state)
{
    (void)state;
    for (int r = IDENT_REASON_NONE + 1; r < IDENT_REASON_COUNT; r++) {
        enum ident_reason back = IDENT_REASON_NONE;
        struct bytes id = bytes_str(ident_reason_id((enum ident_reason)r));
        assert_int_equal(ident_reason_parse(id, &back), ERR_OK);
        assert_int_equal(back, r);
        assert_true(strlen(ident_reason_dutch(back)) > 3);
        assert_true(strlen(ident_reason_english(back)) > 3);
    }
    for (int c = IDENT_CLASS_NONE + 1; c < IDENT_CLASS_COUNT; c++) {
        enum ident_class back = IDENT_CLASS_NONE;
        struct bytes id = bytes_str(ident_class_id((enum ident_class)c));
        assert_int_equal(ident_class_parse(id, &back), ERR_OK);
        assert_int_equal(back, c);
    }
    for (unsigned w = 0; w < IDENT_WARN_COUNT; w++) {
        assert_string_not_equal(ident_warning_id((enum ident_warning)(1u << w)), "?");
        assert_string_not_equal(ident_warning_dutch((enum ident_warning)(1u << w)), "?");
        assert_string_not_equal(ident_warning_english((enum ident_warning)(1u << w)), "?");
    }
    enum ident_reason reason;
    enum ident_class cls;
    assert_int_equal(ident_reason_parse(bytes_str(""), &reason), ERR_UNKNOWN);
    assert_int_equal(ident_reason_parse(bytes_str("nonsense"), &reason), ERR_UNKNOWN);
    assert_int_equal(ident_class_parse(bytes_str("?"), &cls), ERR_UNKNOWN);
    assert_string_equal(ident_reason_id(IDENT_REASON_COUNT), "?");
    assert_string_equal(ident_class_id(IDENT_CLASS_COUNT), "?");
    assert_string_equal(ident_warning_id((enum ident_warning)3), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_type_has_version_class_and_part_names),
        cmocka_unit_test(test_unknown_types_are_refused),
        cmocka_unit_test(test_parts_over_the_cap_are_refused_unread),
        cmocka_unit_test(test_expansion_is_bounded),
        cmocka_unit_test(test_part_counts),
        cmocka_unit_test(test_report_names_the_refused_part),
        cmocka_unit_test(test_parts_left_out_are_no_change),
        cmocka_unit_test(test_a_btw_id_takes_the_class_of_what_it_contains),
        cmocka_unit_test(test_only_canonical_values_are_read_back),
        cmocka_unit_test(test_reasons_warnings_and_classes_have_distinct_ids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
