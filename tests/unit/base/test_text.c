/* Hex, base64 and numbers: one accepted form for each value (hex apart, which may be in capitals). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/base/text.h"

static void hex_of_every_byte_reads_back(void **state)
{
    (void)state;
    for (unsigned v = 0; v < 256; v++) {
        const uint8_t one[] = {(uint8_t)v};
        struct buf b CLEANUP(buf_free) = buf_new(8);
        text_put_hex(&b, BYTES_OF_ARRAY(one));
        char want[3];
        snprintf(want, sizeof want, "%02x", v);
        assert_string_equal(buf_text(&b), want);
        uint8_t back = 0;
        assert_int_equal(text_get_hex(bytes_str(want), &back, 1), ERR_OK);
        assert_int_equal(back, v);
        snprintf(want, sizeof want, "%02X", v);
        assert_int_equal(text_get_hex(bytes_str(want), &back, 1), ERR_OK);
        assert_int_equal(back, v);
    }
}

static bool is_hex(unsigned c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static void hex_takes_no_other_pair_of_bytes(void **state)
{
    (void)state;
    for (unsigned a = 0; a < 256; a++) {
        for (unsigned b = 0; b < 256; b++) {
            const uint8_t pair[] = {(uint8_t)a, (uint8_t)b};
            uint8_t out = 0xee;
            bool good = is_hex(a) && is_hex(b);
            assert_int_equal(text_get_hex(BYTES_OF_ARRAY(pair), &out, 1),
                             good ? ERR_OK : ERR_INVALID);
            assert_true(good || out == 0xee);
        }
    }
}

static void hex_of_another_length_is_refused(void **state)
{
    (void)state;
    uint8_t out[4] = {0xee, 0xee, 0xee, 0xee};
    for (size_t n = 0; n <= 10; n++) {
        enum err e = text_get_hex(bytes_of("0123456789", n), out, 4);
        assert_int_equal(e, n == 8 ? ERR_OK : ERR_INVALID);
    }
    assert_int_equal(text_get_hex(bytes_of("", 0), out, SIZE_MAX), ERR_INVALID);
    assert_int_equal(text_get_hex(bytes_of("", 0), out, SIZE_MAX / 2 + 1), ERR_INVALID);
}

static void base64_of_rfc_4648_section_10(void **state)
{
    (void)state;
    static const struct {
        const char *raw;
        const char *text;
    } cases[] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
        {"\xfb\xff\xbf", "+/+/"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf text CLEANUP(buf_free) = buf_new(64);
        struct buf raw CLEANUP(buf_free) = buf_new(64);
        text_put_base64(&text, bytes_str(cases[i].raw));
        assert_string_equal(buf_text(&text), cases[i].text);
        assert_int_equal(text_get_base64(bytes_str(cases[i].text), &raw), ERR_OK);
        assert_string_equal(buf_text(&raw), cases[i].raw);
    }
}

static void base64_of_every_two_bytes_reads_back(void **state)
{
    (void)state;
    for (unsigned v = 0; v < 65536; v++) {
        const uint8_t two[] = {(uint8_t)(v >> 8), (uint8_t)v};
        uint8_t text_room[8], raw_room[8];
        struct buf text = buf_fixed(text_room, sizeof text_room);
        struct buf raw = buf_fixed(raw_room, sizeof raw_room);
        text_put_base64(&text, BYTES_OF_ARRAY(two));
        assert_int_equal(text_get_base64(buf_bytes(&text), &raw), ERR_OK);
        assert_true(bytes_equal(buf_bytes(&raw), BYTES_OF_ARRAY(two)));
    }
}

static void base64_has_one_form_for_each_value(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "Z",        "Zg",        "Zg=",       "=",        "==",        "====",
        "Z===",     "Zh==",      "Zm9=",      "Zg==Zg==", "Zm8=Zm9v",  " Zg==",
        "Zg== ",    "Zg==\n",    "Zm9\nv",    "Zm-_",     "Zm9v====",  "Zm9v=",
        "Z=9v",     "=m9v",      "Zg=a",      "Zm\x80v",  "Zm9v\nZm8", "Zm9vZ$==",
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct buf raw CLEANUP(buf_free) = buf_new(64);
        buf_put_str(&raw, "kept");
        assert_int_equal(text_get_base64(bytes_str(bad[i]), &raw), ERR_INVALID);
        assert_string_equal(buf_text(&raw), "kept");
    }
    struct buf raw CLEANUP(buf_free) = buf_new(64);
    assert_int_equal(text_get_base64(bytes_of("Zm\0v", 4), &raw), ERR_INVALID);
}

static void base64_of_every_last_group_is_strict(void **state)
{
    (void)state;
    int good = 0;
    for (unsigned a = 0; a < 256; a++) {
        const uint8_t group[] = {'Z', (uint8_t)a, '=', '='};
        uint8_t room[4];
        struct buf raw = buf_fixed(room, sizeof room);
        good += text_get_base64(BYTES_OF_ARRAY(group), &raw) == ERR_OK;
    }
    assert_int_equal(good, 4); /* two of six bits are used, four are zero: A, Q, g, w */
}

static void base64_stops_at_the_cap(void **state)
{
    (void)state;
    struct buf raw CLEANUP(buf_free) = buf_new(2);
    assert_int_equal(text_get_base64(bytes_str("Zm9v"), &raw), ERR_TOO_LARGE);
}

static void numbers_in_one_form_only(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t max;
        enum err want;
        uint64_t value;
    } cases[] = {
        {"0", 0, ERR_OK, 0},
        {"1", 0, ERR_RANGE, 0},
        {"10", 10, ERR_OK, 10},
        {"11", 10, ERR_RANGE, 0},
        {"18446744073709551615", UINT64_MAX, ERR_OK, UINT64_MAX},
        {"18446744073709551616", UINT64_MAX, ERR_RANGE, 0},
        {"28446744073709551615", UINT64_MAX, ERR_RANGE, 0},
        {"99999999999999999999999999", UINT64_MAX, ERR_RANGE, 0},
        {"", 9, ERR_INVALID, 0},
        {"00", 9, ERR_INVALID, 0},
        {"01", 9, ERR_INVALID, 0},
        {"+1", 9, ERR_INVALID, 0},
        {"-1", 9, ERR_INVALID, 0},
        {" 1", 9, ERR_INVALID, 0},
        {"1 ", 9, ERR_INVALID, 0},
        {"1.0", 9, ERR_INVALID, 0},
        {"0x1", 9, ERR_INVALID, 0},
        {"1e3", 9, ERR_INVALID, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint64_t v = 77;
        assert_int_equal(text_get_u64(bytes_str(cases[i].text), cases[i].max, &v), cases[i].want);
        assert_int_equal(v, cases[i].want == ERR_OK ? cases[i].value : 77);
    }
    uint64_t v = 77;
    assert_int_equal(text_get_u64(bytes_of("1\0", 2), 9, &v), ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hex_of_every_byte_reads_back),
        cmocka_unit_test(hex_takes_no_other_pair_of_bytes),
        cmocka_unit_test(hex_of_another_length_is_refused),
        cmocka_unit_test(base64_of_rfc_4648_section_10),
        cmocka_unit_test(base64_of_every_two_bytes_reads_back),
        cmocka_unit_test(base64_has_one_form_for_each_value),
        cmocka_unit_test(base64_of_every_last_group_is_strict),
        cmocka_unit_test(base64_stops_at_the_cap),
        cmocka_unit_test(numbers_in_one_form_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
