/* The request for a next key of the broker: what is written is read back, and nothing less or more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/msg/rotation.h"
#include "tests/unit/msg/trust_sample.h"

static struct rotation sample_rotation(enum rotation_use use)
{
    struct rotation r = {.deployment = {"demo"},
                         .oin = sample_oin('1'),
                         .created_at = 1700000000,
                         .nonce = {1, 2, 3},
                         .use = use};
    if (use == ROTATION_LOG) {
        r.log_key = bytes_str("log.example+12345678+AAAA");
        return r;
    }
    r.curve = (struct curve_key){{5, 6, 7}};
    r.endpoint = bytes_str("tcp://127.0.0.1:7001");
    return r;
}

static enum err recode_rotation(struct bytes doc, struct arena *a, struct buf *out)
{
    struct rotation r;
    enum err e = rotation_decode(doc, a, &r, NULL);
    return e != ERR_OK ? e : rotation_encode(&r, out, NULL);
}

static const enum rotation_use uses[] = {ROTATION_TRANSPORT, ROTATION_LOG};

static void what_is_written_is_read_back_and_no_cut_is(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(uses); i++) {
        struct buf one CLEANUP(buf_free) = buf_new(ROTATION_MAX_BYTES);
        struct buf two CLEANUP(buf_free) = buf_new(ROTATION_MAX_BYTES);
        struct arena *a CLEANUP(cleanup_arena_free) = arena_new(ROTATION_ARENA_BYTES);
        const struct rotation r = sample_rotation(uses[i]);
        assert_int_equal(rotation_encode(&r, &one, NULL), ERR_OK);
        assert_int_equal(recode_rotation(buf_bytes(&one), a, &two), ERR_OK);
        assert_true(bytes_equal(buf_bytes(&one), buf_bytes(&two)));
        for (size_t cut = 0; cut < one.len; cut++) {
            uint8_t *exact = malloc(cut > 0 ? cut : 1);
            assert_non_null(exact);
            memcpy(exact, one.ptr, cut);
            arena_reset(a);
            buf_reset(&two);
            assert_int_not_equal(recode_rotation(bytes_of(exact, cut), a, &two), ERR_OK);
            free(exact);
        }
    }
}

static void caps_hold(void **state)
{
    (void)state;
    static const uint8_t big[ROTATION_MAX_BYTES + 1];
    struct buf one CLEANUP(buf_free) = buf_new(ROTATION_MAX_BYTES);
    struct buf tiny CLEANUP(buf_free) = buf_new(10);
    struct buf two CLEANUP(buf_free) = buf_new(ROTATION_MAX_BYTES);
    struct arena *a CLEANUP(cleanup_arena_free) = arena_new(48);
    const struct rotation r = sample_rotation(ROTATION_LOG);
    assert_int_equal(rotation_encode(&r, &one, NULL), ERR_OK);
    assert_int_equal(recode_rotation(buf_bytes(&one), a, &two), ERR_NOMEM);
    assert_int_equal(recode_rotation(BYTES_OF_ARRAY(big), a, &two), ERR_TOO_LARGE);
    assert_int_equal(rotation_encode(&r, &tiny, NULL), ERR_TOO_LARGE);
}

static void a_bad_rotation_is_refused(void **state)
{
    (void)state;
    struct buf out CLEANUP(buf_free) = buf_new(1 << 16);
    struct rotation r = sample_rotation(ROTATION_TRANSPORT);
    r.created_at = 0;
    assert_int_equal(rotation_encode(&r, &out, NULL), ERR_RANGE);
    r = sample_rotation(ROTATION_TRANSPORT);
    r.endpoint.len = 0;
    assert_int_equal(rotation_encode(&r, &out, NULL), ERR_INVALID);
    r = sample_rotation(ROTATION_TRANSPORT);
    r.log_key = bytes_str("log.example+12345678+AAAA");
    assert_int_equal(rotation_encode(&r, &out, NULL), ERR_INVALID);
    r = sample_rotation(ROTATION_LOG);
    r.endpoint = bytes_str("tcp://127.0.0.1:7001");
    assert_int_equal(rotation_encode(&r, &out, NULL), ERR_INVALID);
    r = sample_rotation(ROTATION_LOG);
    r.log_key.len = 0;
    assert_int_equal(rotation_encode(&r, &out, NULL), ERR_INVALID);
    r = sample_rotation(ROTATION_NONE);
    assert_int_equal(rotation_encode(&r, &out, NULL), ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_back_and_no_cut_is),
        cmocka_unit_test(caps_hold),
        cmocka_unit_test(a_bad_rotation_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
