/* Suite hk1: the known answers of tests/vectors/hk1.py, and the consequences that docs/tokens.md draws. */
#include "tests/unit/pki/test_core.h"

#include <jansson.h>
#include <stdio.h>

#include "pki/agency_half.h"
#include "pki/broker_half.h"
#include "pki/secret_internal.h"
#include "proto/base/text.h"

#define VECTORS TEST_DATA "/vectors/hk1.json"
#define BSN "999990019"

/* Both halves of one purpose and epoch. */
struct halves {
    struct agency_half *agency;
    struct broker_half *broker;
};

static void halves_free(struct halves *h)
{
    agency_half_free(h->agency);
    broker_half_free(h->broker);
}

static struct name name_of(const char *s)
{
    struct name n;
    assert_int_equal(name_parse(bytes_str(s), &n), ERR_OK);
    return n;
}

/* Halves under fixed keys: K is 32 times k, B is 32 times b. */
static struct halves halves_of(uint8_t k, uint8_t b, const char *purpose, uint32_t epoch)
{
    uint8_t kb[32];
    uint8_t bb[32];
    memset(kb, k, sizeof kb);
    memset(bb, b, sizeof bb);
    struct secret *CLEANUP(cleanup_secret_free) ks = secret_new(BYTES_OF_ARRAY(kb));
    struct secret *CLEANUP(cleanup_secret_free) bs = secret_new(BYTES_OF_ARRAY(bb));
    struct name p = name_of(purpose);
    struct halves h = {0};
    assert_int_equal(agency_half_new(ks, &p, epoch, &h.agency), ERR_OK);
    assert_int_equal(broker_half_new(bs, &p, epoch, &h.broker), ERR_OK);
    return h;
}

static struct agency_half_input input_of(enum ident_type type, const char *value)
{
    return (struct agency_half_input){type, 1, bytes_str(value)};
}

static struct inner inner_of(struct halves *h, struct agency_half_input in)
{
    struct inner inner;
    assert_int_equal(agency_half_inner(h->agency, &in, &inner), ERR_OK);
    return inner;
}

static struct token token_of(struct halves *h, struct agency_half_input in)
{
    struct inner inner = inner_of(h, in);
    struct token token;
    assert_int_equal(broker_half_token(h->broker, in.type, &inner, &token), ERR_OK);
    return token;
}

static struct kcv kcv_of(const struct halves *h)
{
    struct kcv kcv;
    assert_int_equal(agency_half_kcv(h->agency, SUITE_HK1, &kcv), ERR_OK);
    return kcv;
}

static const char *text_member(json_t *object, const char *name)
{
    const char *s = json_string_value(json_object_get(object, name));
    assert_non_null(s);
    return s;
}

static struct secret *key_member(json_t *object, const char *name)
{
    uint8_t b[32];
    assert_int_equal(text_get_hex(bytes_str(text_member(object, name)), b, sizeof b), ERR_OK);
    return secret_new(BYTES_OF_ARRAY(b));
}

static void is_hex(struct bytes got, json_t *object, const char *name)
{
    uint8_t want[32];
    assert_true(got.len <= sizeof want);
    assert_int_equal(text_get_hex(bytes_str(text_member(object, name)), want, got.len), ERR_OK);
    assert_memory_equal(got.ptr, want, got.len);
}

static void one_known_answer(json_t *c)
{
    struct secret *CLEANUP(cleanup_secret_free) k = key_member(c, "k");
    struct secret *CLEANUP(cleanup_secret_free) b = key_member(c, "b");
    struct secret *CLEANUP(cleanup_secret_free) held = NULL;
    struct halves CLEANUP(halves_free) h = {0};
    struct name p = name_of(text_member(c, "purpose"));
    uint32_t epoch = (uint32_t)json_integer_value(json_object_get(c, "epoch"));
    struct agency_half_input in = {.canonical = bytes_str(text_member(c, "value"))};
    in.norm_version = (uint32_t)json_integer_value(json_object_get(c, "norm_version"));
    assert_int_equal(ident_type_parse(bytes_str(text_member(c, "type")), &in.type), ERR_OK);
    assert_int_equal(agency_half_new(k, &p, epoch, &h.agency), ERR_OK);
    assert_int_equal(broker_half_new(b, &p, epoch, &h.broker), ERR_OK);
    struct inner inner = inner_of(&h, in);
    struct token token = token_of(&h, in);
    struct kcv kcv = kcv_of(&h);
    assert_int_equal(broker_half_held_key(h.broker, &held), ERR_OK);
    is_hex(BYTES_OF_ARRAY(inner.b), c, "inner");
    is_hex(BYTES_OF_ARRAY(token.b), c, "token");
    is_hex(BYTES_OF_ARRAY(kcv.b), c, "kcv");
    is_hex(secret_bytes(held), c, "held");
}

static void halves_give_the_known_answers(void **state)
{
    (void)state;
    json_t *file = json_load_file(VECTORS, 0, NULL);
    assert_non_null(file);
    json_t *cases = json_object_get(file, "cases");
    bool seen[IDENT_TYPE_COUNT] = {false};
    for (size_t i = 0; i < json_array_size(cases); i++) {
        json_t *c = json_array_get(cases, i);
        enum ident_type t = IDENT_NONE;
        assert_int_equal(ident_type_parse(bytes_str(text_member(c, "type")), &t), ERR_OK);
        seen[t] = true;
        one_known_answer(c);
    }
    for (int t = IDENT_NONE + 1; t < IDENT_TYPE_COUNT; t++)
        assert_true(seen[t]);
    json_decref(file);
}

static void dimension_codes_give_the_known_answers(void **state)
{
    (void)state;
    json_t *file = json_load_file(VECTORS, 0, NULL);
    json_t *dims = json_object_get(file, "dims");
    assert_true(json_array_size(dims) > 0);
    for (size_t i = 0; i < json_array_size(dims); i++) {
        json_t *d = json_array_get(dims, i);
        struct secret *CLEANUP(cleanup_secret_free) k = key_member(d, "k");
        struct agency_half *CLEANUP(cleanup_agency_half_free) h = NULL;
        struct name p = name_of(text_member(d, "purpose"));
        struct name dimension = name_of(text_member(d, "dimension"));
        struct dim_code code;
        uint32_t epoch = (uint32_t)json_integer_value(json_object_get(d, "epoch"));
        assert_int_equal(agency_half_new(k, &p, epoch, &h), ERR_OK);
        assert_int_equal(
            agency_half_dim(h, &dimension, bytes_str(text_member(d, "value")), &code), ERR_OK);
        is_hex(BYTES_OF_ARRAY(code.b), d, "code");
    }
    json_decref(file);
}

static void two_agencies_with_the_same_key_meet_in_one_token(void **state)
{
    (void)state;
    struct halves CLEANUP(halves_free) one = halves_of(1, 9, "p", 1);
    struct halves CLEANUP(halves_free) two = halves_of(1, 9, "p", 1);
    struct token a = token_of(&one, input_of(IDENT_BSN, BSN));
    struct token b = token_of(&two, input_of(IDENT_BSN, BSN));
    assert_memory_equal(&a, &b, sizeof a);
}

static void anything_that_differs_separates(void **state)
{
    (void)state;
    struct agency_half_input in = input_of(IDENT_BSN, BSN);
    struct agency_half_input other_type = input_of(IDENT_RSIN, BSN);
    struct agency_half_input other_value = input_of(IDENT_BSN, "999990020");
    struct agency_half_input other_norm = in;
    other_norm.norm_version = 2;
    struct halves h[] = {
        halves_of(1, 9, "p", 1), /* the base */
        halves_of(2, 9, "p", 1), /* another purpose key */
        halves_of(1, 9, "q", 1), /* another purpose with, by mistake, the same key */
        halves_of(1, 9, "p", 2), /* another epoch, same key */
        halves_of(1, 8, "p", 1), /* another broker half: same inner, other token */
    };
    struct token seen[ARRAY_LEN(h) + 3];
    size_t n = 0;
    for (size_t i = 0; i < ARRAY_LEN(h); i++)
        seen[n++] = token_of(&h[i], in);
    seen[n++] = token_of(&h[0], other_type);
    seen[n++] = token_of(&h[0], other_value);
    seen[n++] = token_of(&h[0], other_norm);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < i; j++)
            assert_memory_not_equal(&seen[i], &seen[j], sizeof seen[i]);
    for (size_t i = 0; i < ARRAY_LEN(h); i++)
        halves_free(&h[i]);
}

/* A broker half separates types by itself, also where the inner values are equal. */
static void one_inner_has_another_token_for_each_type(void **state)
{
    (void)state;
    struct halves CLEANUP(halves_free) h = halves_of(1, 9, "p", 1);
    struct inner inner = inner_of(&h, input_of(IDENT_BSN, BSN));
    struct token seen[IDENT_TYPE_COUNT];
    for (int t = 1; t < IDENT_TYPE_COUNT; t++) {
        assert_int_equal(broker_half_token(h.broker, (enum ident_type)t, &inner, &seen[t]), ERR_OK);
        for (int s = 1; s < t; s++)
            assert_memory_not_equal(&seen[t], &seen[s], sizeof seen[t]);
    }
}

static void a_wrong_key_purpose_or_epoch_shows_in_the_check_value(void **state)
{
    (void)state;
    struct halves h[] = {
        halves_of(1, 9, "p", 1), halves_of(2, 9, "p", 1),
        halves_of(1, 9, "q", 1), halves_of(1, 9, "p", 2),
    };
    struct halves CLEANUP(halves_free) same = halves_of(1, 7, "p", 1);
    struct kcv base = kcv_of(&h[0]);
    struct kcv again = kcv_of(&same);
    assert_memory_equal(&base, &again, sizeof base);
    for (size_t i = 1; i < ARRAY_LEN(h); i++) {
        struct kcv other = kcv_of(&h[i]);
        assert_memory_not_equal(&base, &other, sizeof base);
    }
    struct kcv untouched = {{1}};
    assert_int_equal(agency_half_kcv(h[0].agency, SUITE_NONE, &untouched), ERR_UNKNOWN);
    assert_int_equal(agency_half_kcv(h[0].agency, (enum suite)2, &untouched), ERR_UNKNOWN);
    assert_int_equal(untouched.b[0], 1);
    for (size_t i = 0; i < ARRAY_LEN(h); i++)
        halves_free(&h[i]);
}

/* Tries `count` synthetic numbers against a stolen token; the number found, or -1. */
static long dictionary(struct halves *h, const struct token *stolen, long count)
{
    for (long i = 0; i < count; i++) {
        char guess[16];
        snprintf(guess, sizeof guess, "%ld", 999990000 + i);
        struct token t = token_of(h, input_of(IDENT_BSN, guess));
        if (memcmp(&t, stolen, sizeof t) == 0)
            return 999990000 + i;
    }
    return -1;
}

static void a_stolen_index_needs_both_keys(void **state)
{
    (void)state;
    struct halves CLEANUP(halves_free) real = halves_of(1, 9, "p", 1);
    struct halves CLEANUP(halves_free) only_k = halves_of(1, 8, "p", 1);
    struct halves CLEANUP(halves_free) only_b = halves_of(2, 9, "p", 1);
    struct token stolen = token_of(&real, input_of(IDENT_BSN, BSN));
    struct inner inner = inner_of(&real, input_of(IDENT_BSN, BSN));
    assert_memory_not_equal(&stolen, &inner, sizeof stolen);
    assert_int_equal(dictionary(&only_k, &stolen, 100), -1);
    assert_int_equal(dictionary(&only_b, &stolen, 100), -1);
    /* The stated limit: with both, the search succeeds. */
    assert_int_equal(dictionary(&real, &stolen, 100), 999990019);
}

static void batch_equals_one_by_one(void **state)
{
    (void)state;
    enum { N = 3 * IDENT_TYPE_COUNT };
    struct halves CLEANUP(halves_free) h = halves_of(1, 9, "p", 1);
    struct agency_half_input in[N];
    enum ident_type types[N];
    struct inner inners[N];
    struct token tokens[N];
    char values[N][16];
    for (int i = 0; i < N; i++) {
        types[i] = (enum ident_type)(1 + i % (IDENT_TYPE_COUNT - 1));
        snprintf(values[i], sizeof values[i], "value-%d", i);
        in[i] = input_of(types[i], values[i]);
    }
    const struct broker_half_input b = {types, inners, N};
    assert_int_equal(agency_half_batch(h.agency, in, N, inners, NULL), ERR_OK);
    assert_int_equal(broker_half_batch(h.broker, &b, tokens, NULL), ERR_OK);
    for (int i = 0; i < N; i++) {
        struct token t = token_of(&h, in[i]);
        assert_memory_equal(&t, &tokens[i], sizeof t);
    }
    /* One bad entry: its position is told, and nothing half done stays. */
    size_t failed = 0;
    in[17].norm_version = 0;
    assert_int_equal(agency_half_batch(h.agency, in, N, inners, &failed), ERR_INVALID);
    assert_int_equal(failed, 17);
    types[5] = IDENT_NONE;
    assert_int_equal(broker_half_batch(h.broker, &b, tokens, &failed), ERR_UNKNOWN);
    assert_int_equal(failed, 5);
    static const uint8_t zeros[sizeof inners];
    assert_memory_equal(inners, zeros, sizeof inners);
    assert_memory_equal(tokens, zeros, sizeof tokens);
}

static void inputs_outside_the_range_are_refused(void **state)
{
    (void)state;
    struct halves CLEANUP(halves_free) h = halves_of(1, 9, "p", 1);
    static uint8_t big[AGENCY_HALF_VALUE_MAX + 1];
    const struct {
        struct agency_half_input in;
        enum err want;
    } cases[] = {
        {{IDENT_NONE, 1, bytes_str("x")}, ERR_UNKNOWN},
        {{IDENT_TYPE_COUNT, 1, bytes_str("x")}, ERR_UNKNOWN},
        {{(enum ident_type)1000, 1, bytes_str("x")}, ERR_UNKNOWN},
        {{IDENT_BSN, 0, bytes_str("x")}, ERR_INVALID},
        {{IDENT_BSN, 1, bytes_str("")}, ERR_INVALID},
        {{IDENT_BSN, 1, BYTES_OF_ARRAY(big)}, ERR_TOO_LARGE},
        {{IDENT_BSN, 1, bytes_of(big, AGENCY_HALF_VALUE_MAX)}, ERR_OK},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct inner out;
        assert_int_equal(agency_half_inner(h.agency, &cases[i].in, &out), cases[i].want);
    }
}

static void keys_of_another_length_are_refused(void **state)
{
    (void)state;
    struct name p = name_of("p");
    struct name empty = {0};
    struct halves none = {0};
    static const size_t lengths[] = {1, 16, 31, 33, 64};
    for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
        struct secret *CLEANUP(cleanup_secret_free) s = secret_random(lengths[i]);
        assert_int_equal(agency_half_new(s, &p, 1, &none.agency), ERR_INVALID);
        assert_int_equal(broker_half_new(s, &p, 1, &none.broker), ERR_INVALID);
    }
    struct secret *CLEANUP(cleanup_secret_free) s = secret_random(32);
    assert_int_equal(agency_half_new(s, &empty, 1, &none.agency), ERR_INVALID);
    assert_int_equal(broker_half_new(s, &empty, 1, &none.broker), ERR_INVALID);
    assert_null(none.agency);
    assert_null(none.broker);
    halves_free(&none);
}

static void a_copy_for_a_worker_gives_the_same_answers(void **state)
{
    (void)state;
    struct halves CLEANUP(halves_free) h = halves_of(1, 9, "p", 1);
    struct halves CLEANUP(halves_free) copy = {0};
    struct secret *CLEANUP(cleanup_secret_free) a = NULL;
    struct secret *CLEANUP(cleanup_secret_free) b = NULL;
    assert_int_equal(agency_half_copy(h.agency, &copy.agency), ERR_OK);
    assert_int_equal(broker_half_copy(h.broker, &copy.broker), ERR_OK);
    struct token s = token_of(&h, input_of(IDENT_IBAN, "NL91ABNA0417164300"));
    struct token t = token_of(&copy, input_of(IDENT_IBAN, "NL91ABNA0417164300"));
    assert_memory_equal(&s, &t, sizeof s);
    struct kcv k = kcv_of(&h);
    struct kcv l = kcv_of(&copy);
    assert_memory_equal(&k, &l, sizeof k);
    assert_int_equal(broker_half_held_key(h.broker, &a), ERR_OK);
    assert_int_equal(broker_half_held_key(copy.broker, &b), ERR_OK);
    assert_true(secret_equal(a, b));
}

static void held_keys_of_two_epochs_differ(void **state)
{
    (void)state;
    struct halves h[] = {halves_of(1, 9, "p", 1), halves_of(1, 9, "p", 2),
                         halves_of(1, 9, "q", 1), halves_of(1, 8, "p", 1)};
    struct secret *held[ARRAY_LEN(h)] = {NULL};
    for (size_t i = 0; i < ARRAY_LEN(h); i++) {
        assert_int_equal(broker_half_held_key(h[i].broker, &held[i]), ERR_OK);
        for (size_t j = 0; j < i; j++)
            assert_false(secret_equal(held[i], held[j]));
    }
    for (size_t i = 0; i < ARRAY_LEN(h); i++) {
        secret_free(held[i]);
        halves_free(&h[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(halves_give_the_known_answers),
        cmocka_unit_test(dimension_codes_give_the_known_answers),
        cmocka_unit_test(two_agencies_with_the_same_key_meet_in_one_token),
        cmocka_unit_test(anything_that_differs_separates),
        cmocka_unit_test(one_inner_has_another_token_for_each_type),
        cmocka_unit_test(a_wrong_key_purpose_or_epoch_shows_in_the_check_value),
        cmocka_unit_test(a_stolen_index_needs_both_keys),
        cmocka_unit_test(batch_equals_one_by_one),
        cmocka_unit_test(inputs_outside_the_range_are_refused),
        cmocka_unit_test(keys_of_another_length_are_refused),
        cmocka_unit_test(a_copy_for_a_worker_gives_the_same_answers),
        cmocka_unit_test(held_keys_of_two_epochs_differ),
    };
    return cmocka_run_group_tests(tests, setup_secret_heap, NULL);
}
