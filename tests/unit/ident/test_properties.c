/* Properties over random values: what is generated valid is accepted as it stands, what is accepted
 * is a fixed point, and no bytes whatever do harm. IDENT_SEED=n repeats a run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "tests/unit/ident/vector_file.h"

#define VALUES_EACH 500
#define GARBAGE_EACH 2000

static uint64_t rng_state;

static unsigned below(unsigned n)
{
    rng_state ^= rng_state << 13;
    rng_state ^= rng_state >> 7;
    rng_state ^= rng_state << 17;
    return (unsigned)(rng_state >> 33) % n;
}

/* Fills pattern: 9 a digit, 1 a digit from 1, X a capital, * either; other characters stay. */
static void fill(char *out, const char *pattern)
{
    static const char alnum[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    size_t i = 0;
    for (; pattern[i] != '\0'; i++) {
        char c = pattern[i];
        if (c == '9')
            c = alnum[below(10)];
        else if (c == '1')
            c = alnum[1 + below(9)];
        else if (c == 'X')
            c = alnum[10 + below(26)];
        else if (c == '*')
            c = alnum[below(36)];
        out[i] = c;
    }
    out[i] = '\0';
}

static unsigned mod97(const char *s)
{
    unsigned r = 0;
    for (; *s != '\0'; s++) {
        bool letter = *s >= 'A';
        unsigned v = letter ? (unsigned)(*s - 'A') + 10 : (unsigned)(*s - '0');
        r = (r * (letter ? 100 : 10) + v) % 97;
    }
    return r;
}

static void make_eleven(char *out)
{
    for (;;) {
        fill(out, "199999999");
        int sum = 0;
        for (int i = 0; i < 8; i++)
            sum += (9 - i) * (out[i] - '0');
        if (sum % 11 == 10)
            continue;
        out[8] = (char)('0' + sum % 11);
        return;
    }
}

static void make_iban(char *out)
{
    char turned[64];
    char account[32];
    fill(account, "XXXX9999999999");
    snprintf(turned, sizeof turned, "%sNL00", account);
    snprintf(out, IDENT_MAX, "NL%02u%s", 98 - mod97(turned), account);
}

static void make_lei(char *out)
{
    fill(out, "******************00");
    unsigned check = 98 - mod97(out);
    out[18] = (char)('0' + check / 10);
    out[19] = (char)('0' + check % 10);
}

static void make_btw(char *out)
{
    char digits[16];
    make_eleven(digits);
    snprintf(out, IDENT_MAX, "NL%sB%02u", digits, 1 + below(99));
}

static void make_container(char *out)
{
    fill(out, "XXXU9999999");
    unsigned sum = 0;
    for (unsigned i = 0; i < 10; i++) {
        unsigned v = (unsigned)(out[i] - '0');
        if (out[i] >= 'A') {
            v = 10;
            for (char c = 'A'; c < out[i]; c++)
                v += (v + 1) % 11 == 0 ? 2 : 1;
        }
        sum += v << i;
    }
    out[10] = (char)('0' + sum % 11 % 10);
}

static void make_naam(char *out)
{
    char name[32];
    fill(name, "XXXXXXXX/X/");
    snprintf(out, IDENT_MAX, "%s%04u%02u%02u", name, 1900 + below(120), below(13), 0u);
}

static void make_kenteken(char *out)
{
    static const char *const patterns[] = {"XX9999", "99XX99", "9XXX99",
                                           "X999XX", "999XX9", "DE:XXX9999"};
    fill(out, patterns[below(6)]);
}

static void make_postcode(char *out)
{
    fill(out, "1999BX/1999/X/9*");
}

struct generator {
    enum ident_type type;
    void (*make)(char *out);
    const char *pattern;
};
static const struct generator generators[] = {
    {IDENT_BSN, make_eleven, NULL},
    {IDENT_RSIN, make_eleven, NULL},
    {IDENT_KVK, NULL, "19999999"},
    {IDENT_VESTIGING, NULL, "000019999999"},
    {IDENT_IBAN, make_iban, NULL},
    {IDENT_KENTEKEN, make_kenteken, NULL},
    {IDENT_TELEFOON, NULL, "+31619999999"},
    {IDENT_EMAIL, NULL, "a9.9+9@m9.example"},
    {IDENT_BAG, NULL, "1999209999999999"},
    {IDENT_POSTCODE_HUISNR, make_postcode, NULL},
    {IDENT_NAAM_GEBOORTEDATUM, make_naam, NULL},
    {IDENT_REISDOCUMENT, NULL, "BEL/P/XX999999"},
    {IDENT_BTW, make_btw, NULL},
    {IDENT_LEI, make_lei, NULL},
    {IDENT_CONTAINER, make_container, NULL},
    {IDENT_IMEI, NULL, "19999999999999"},
};

static void assert_canonical(enum ident_type type, const struct norm_ident *id)
{
    struct norm_ident again;
    assert_int_equal(id->type, type);
    assert_true(id->len > 0);
    assert_true(bytes_is_utf8(ident_value(id)));
    for (size_t i = 0; i < id->len; i++)
        assert_true((unsigned char)id->value[i] > ' ' && id->value[i] != 0x7f);
    assert_int_equal(ident_from_canonical(type, ident_value(id), &again), ERR_OK);
    assert_true(ident_equal(id, &again));
}

static void test_generated_values_are_canonical(void **state)
{
    (void)state;
    assert_int_equal(sizeof generators / sizeof generators[0], IDENT_TYPE_COUNT - 1);
    for (size_t g = 0; g < sizeof generators / sizeof generators[0]; g++) {
        for (int i = 0; i < VALUES_EACH; i++) {
            char text[IDENT_MAX + 1];
            if (generators[g].make != NULL)
                generators[g].make(text);
            else
                fill(text, generators[g].pattern);
            struct norm_ident id;
            enum err e = ident_from_canonical(generators[g].type, bytes_str(text), &id);
            if (e != ERR_OK)
                fail_msg("%s: %s refused", ident_type_id(generators[g].type), text);
            assert_canonical(generators[g].type, &id);
        }
    }
}

/* One wrong digit never passes the checks that promise to see it. */
static void test_a_wrong_digit_is_seen(void **state)
{
    (void)state;
    static const enum ident_type types[] = {IDENT_BSN, IDENT_RSIN, IDENT_IBAN, IDENT_LEI};
    for (size_t g = 0; g < sizeof generators / sizeof generators[0]; g++) {
        bool promises = false;
        for (size_t t = 0; t < sizeof types / sizeof types[0]; t++)
            promises = promises || generators[g].type == types[t];
        for (int i = 0; promises && i < VALUES_EACH; i++) {
            char text[IDENT_MAX + 1];
            generators[g].make(text);
            size_t at = strlen(text) - 1 - below(8);
            if (text[at] < '0' || text[at] > '9')
                continue;
            text[at] = (char)('0' + ((text[at] - '0') + 1 + (int)below(9)) % 10);
            struct norm_ident id;
            assert_int_equal(ident_from_canonical(generators[g].type, bytes_str(text), &id),
                             ERR_INVALID);
        }
    }
}

static void try_raw(const struct raw_ident *raw)
{
    struct norm_ident id;
    struct ident_report report;
    enum err e = ident_normalise(raw, &id, &report);
    assert_true(e == ERR_OK || e == ERR_INVALID);
    assert_true((e == ERR_OK) == (report.reason == IDENT_REASON_NONE));
    if (e == ERR_OK)
        assert_canonical(raw->type, &id);
}

static void test_garbage_does_no_harm(void **state)
{
    (void)state;
    static const char *const bits[] = {
        "1",    "0",    "A", "O", "/",        " ",    "-",   "\xc3\xa9", "\xc3\x85", "\xef\xb7\xba",
        "@",    ".",    ":", "+", "\xcc\x81", "\xff", "(0)", "<",        "'",        ",",
        "xn--", "van ", "NL"};
    for (int t = IDENT_NONE + 1; t < IDENT_TYPE_COUNT; t++) {
        for (int i = 0; i < GARBAGE_EACH; i++) {
            struct raw_ident raw = {.type = (enum ident_type)t, .count = 1 + below(4)};
            char text[IDENT_PARTS_MAX][256];
            for (size_t p = 0; p < raw.count; p++) {
                size_t n = 0;
                for (unsigned k = below(30); k > 0; k--) {
                    const char *bit = bits[below(sizeof bits / sizeof bits[0])];
                    memcpy(text[p] + n, bit, strlen(bit));
                    n += strlen(bit);
                }
                raw.part[p] = bytes_of(text[p], n);
            }
            try_raw(&raw);
        }
    }
}

/* Every vector, cut off at each byte and with each byte changed. */
static void mutate_row(enum ident_type type, const struct vector *v)
{
    struct raw_ident raw = vector_raw(type, v);
    static uint8_t copy[IDENT_PART_MAX];
    for (size_t p = 0; p < v->count; p++) {
        struct bytes whole = raw.part[p];
        for (size_t i = 0; i < whole.len; i++) {
            raw.part[p] = bytes_of(whole.ptr, i);
            try_raw(&raw);
            memcpy(copy, whole.ptr, whole.len);
            copy[i] = (uint8_t)below(256);
            raw.part[p] = bytes_of(copy, whole.len);
            try_raw(&raw);
        }
        raw.part[p] = whole;
    }
}

static void test_damaged_vectors_do_no_harm(void **state)
{
    (void)state;
    for (int t = IDENT_NONE + 1; t < IDENT_TYPE_COUNT; t++)
        assert_true(vector_file_each((enum ident_type)t, mutate_row) > 0);
}

int main(void)
{
    const char *seed = getenv("IDENT_SEED");
    rng_state = seed != NULL ? strtoull(seed, NULL, 10) : (uint64_t)time(NULL) * 2654435761u;
    rng_state |= 1;
    print_message("IDENT_SEED=%llu\n", (unsigned long long)rng_state);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_generated_values_are_canonical),
        cmocka_unit_test(test_a_wrong_digit_is_seen),
        cmocka_unit_test(test_garbage_does_no_harm),
        cmocka_unit_test(test_damaged_vectors_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
