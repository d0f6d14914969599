/* proto/log/body_copy and pki/body_copy_seal: records come back as they were put, in their own
 * place only; a tail that was cut off is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "pki/body_copy_seal.h"
#include "pki/digest.h"

#define OK(e) assert_int_equal((e), ERR_OK)
#define BODIES 3u

static const char *const bodies[BODIES] = {"{\"a\":1}", "{}", "{\"b\":[2,3]}"};

struct sealed {
    struct secret *key;
    struct aead *aead;
    struct buf segment;
};

static void make(struct sealed *s)
{
    s->key = secret_random(BODY_COPY_KEY_BYTES);
    assert_non_null(s->key);
    OK(aead_new(s->key, BODY_COPY_KEY_VERSION, &s->aead));
    s->segment = buf_new(65536);
    for (size_t i = 0; i < BODIES; i++) {
        struct digest entry;
        OK(entry_hash(digest_sha256, bytes_str(bodies[i]), &entry));
        OK(body_copy_seal(s->aead, 7 * i, &entry, bytes_str(bodies[i]), &s->segment));
    }
}

static void end(struct sealed *s)
{
    aead_free(s->aead);
    secret_free(s->key);
    buf_free(&s->segment);
}

static void what_is_put_comes_back(void **state)
{
    (void)state;
    struct sealed s;
    make(&s);
    struct bytes rest = buf_bytes(&s.segment);
    struct body_copy_record r;
    for (size_t i = 0; i < BODIES; i++) {
        CLEANUP(buf_free) struct buf body = buf_new(4096);
        OK(body_copy_next(&rest, &r));
        assert_int_equal(r.index, 7 * i);
        OK(body_copy_open(s.aead, &r, &body));
        assert_true(bytes_is(buf_bytes(&body), bodies[i]));
    }
    assert_int_equal(body_copy_next(&rest, &r), ERR_NOT_FOUND);
    end(&s);
}

static void a_body_opens_in_its_own_place_alone(void **state)
{
    (void)state;
    struct sealed s;
    make(&s);
    struct bytes rest = buf_bytes(&s.segment);
    struct body_copy_record r;
    struct body_copy_record other;
    CLEANUP(buf_free) struct buf body = buf_new(4096);
    OK(body_copy_next(&rest, &r));
    OK(body_copy_next(&rest, &other));
    struct body_copy_record moved = r;
    moved.index++;
    assert_int_equal(body_copy_open(s.aead, &moved, &body), ERR_SIGNATURE);
    moved = r;
    moved.entry = other.entry;
    assert_int_equal(body_copy_open(s.aead, &moved, &body), ERR_SIGNATURE);
    moved = r;
    moved.sealed = other.sealed;
    assert_int_equal(body_copy_open(s.aead, &moved, &body), ERR_SIGNATURE);
    assert_int_equal(body.len, 0);
    end(&s);
}

static void a_body_of_another_entry_is_told(void **state)
{
    (void)state;
    struct sealed s;
    make(&s);
    const struct digest entry = {{1}};
    CLEANUP(buf_free) struct buf wrong = buf_new(4096);
    CLEANUP(buf_free) struct buf body = buf_new(4096);
    struct body_copy_record r;
    OK(body_copy_seal(s.aead, 1, &entry, bytes_str(bodies[0]), &wrong));
    struct bytes rest = buf_bytes(&wrong);
    OK(body_copy_next(&rest, &r));
    assert_int_equal(body_copy_open(s.aead, &r, &body), ERR_MISMATCH);
    end(&s);
}

static void each_cut_is_told(void **state)
{
    (void)state;
    struct sealed s;
    make(&s);
    const struct bytes all = buf_bytes(&s.segment);
    size_t whole = 0;
    for (size_t n = 0; n <= all.len; n++) {
        struct bytes rest = bytes_of(all.ptr, n);
        struct body_copy_record r;
        enum err e = ERR_OK;
        while ((e = body_copy_next(&rest, &r)) == ERR_OK)
            ;
        whole += e == ERR_NOT_FOUND;
        assert_true(e == ERR_NOT_FOUND || e == ERR_TRUNCATED);
    }
    assert_int_equal(whole, BODIES + 1);
    uint8_t large[4] = {0xff, 0xff, 0xff, 0xff};
    struct bytes rest = BYTES_OF_ARRAY(large);
    struct body_copy_record r;
    assert_int_equal(body_copy_next(&rest, &r), ERR_TOO_LARGE);
    end(&s);
}

static void names_tell_their_day(void **state)
{
    (void)state;
    static const uint8_t random[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    static const char *const bad[] = {"",
                                      "20912",
                                      "20912-",
                                      "2091x-0102030405060708",
                                      "20912_0102030405060708",
                                      "20912-010203040506070g",
                                      "20912-01020304050607080",
                                      "209122-102030405060708"};
    struct body_copy_name name;
    uint32_t day = 0;
    body_copy_name_of(20912, BYTES_OF_ARRAY(random), &name);
    assert_string_equal(name.s, "20912-0102030405060708");
    OK(body_copy_name_parse("20912-0102030405060708.seg", &name, &day));
    assert_string_equal(name.s, "20912-0102030405060708");
    assert_int_equal(day, 20912);
    body_copy_name_of(1234567, BYTES_OF_ARRAY(random), &name);
    OK(body_copy_name_parse(name.s, &name, &day));
    assert_int_equal(day, BODY_COPY_FOR_GOOD);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(body_copy_name_parse(bad[i], &name, &day), ERR_INVALID);
}

static void a_filler_key_has_the_name_of_what_its_log_committed_to(void **state)
{
    (void)state;
    static const struct digest commitment = {{0xab, 0xcd, 3, 4, 5, 6, 7, 8, 9}};
    static const char *const bad[] = {"", "filler-", "filler-abcd03040506070", "filler-abcd0304050607080", "filler-abcd03040506070g",
                                      "fillers-abcd030405060708", "20912-0102030405060708"};
    struct body_copy_name name;
    uint32_t day = 0;
    body_copy_filler_name(&commitment, &name);
    assert_string_equal(name.s, "filler-abcd030405060708");
    assert_int_equal(body_copy_name_parse(name.s, &name, &day), ERR_INVALID); /* it is no segment */
    OK(body_copy_filler_parse("filler-abcd030405060708.key", &name));
    assert_string_equal(name.s, "filler-abcd030405060708");
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(body_copy_filler_parse(bad[i], &name), ERR_INVALID);
}

static void a_key_names_its_log_and_segment(void **state)
{
    (void)state;
    static const uint8_t key[BODY_COPY_KEY_BYTES] = {9};
    const struct body_copy_content in = {bytes_str("demo"), bytes_str("sluis.example/log"),
                                         bytes_str("20912-0102030405060708"), BYTES_OF_ARRAY(key)};
    struct body_copy_content out;
    CLEANUP(buf_free) struct buf b = buf_new(BODY_COPY_CONTENT_MAX);
    body_copy_content_put(&b, &in);
    OK(body_copy_content_parse(buf_bytes(&b), &out));
    assert_true(bytes_equal(out.origin, in.origin) && bytes_equal(out.name, in.name) &&
                bytes_equal(out.key, in.key) && bytes_equal(out.deployment, in.deployment));
    for (size_t n = 0; n < b.len; n++)
        assert_int_not_equal(body_copy_content_parse(bytes_of(b.ptr, n), &out), ERR_OK);
    b.ptr[5] ^= 1;
    assert_int_equal(body_copy_content_parse(buf_bytes(&b), &out), ERR_INVALID);
}

static int open_heap(void **state)
{
    (void)state;
    const enum err e = secret_init();
    return e == ERR_OK || e == ERR_PERMISSION ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_put_comes_back),
        cmocka_unit_test(a_body_opens_in_its_own_place_alone),
        cmocka_unit_test(a_body_of_another_entry_is_told),
        cmocka_unit_test(each_cut_is_told),
        cmocka_unit_test(names_tell_their_day),
        cmocka_unit_test(a_filler_key_has_the_name_of_what_its_log_committed_to),
        cmocka_unit_test(a_key_names_its_log_and_segment),
    };
    return cmocka_run_group_tests(tests, open_heap, NULL);
}
