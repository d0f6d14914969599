/* Every wire message: reads back to the same bytes, and no other bytes read as one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/msg/bodies.h"
#include "proto/msg/agency_head.h"
#include "proto/msg/log_vouch.h"
#include "proto/msg/envelope.h"
#include "proto/msg/mail.h"
#include "proto/msg/request.h"
#include "tests/support/wire_samples.h"

#define OUT_BYTES ((size_t)8 << 20)

/* One try: decode data (in an exact heap copy) and encode again. */
static enum err try_again(const struct wire_kind *k, struct bytes data, struct buf *out)
{
    struct arena *a CLEANUP(cleanup_arena_free) = arena_new(WIRE_ARENA_BYTES);
    uint8_t *copy = malloc(data.len > 0 ? data.len : 1);
    assert_non_null(a);
    assert_non_null(copy);
    if (data.len > 0)
        memcpy(copy, data.ptr, data.len);
    struct errmsg why = {0};
    enum err e = k->again(bytes_of(copy, data.len), a, out, &why);
    if (e != ERR_OK)
        assert_int_not_equal(why.text[0], '\0');
    free(copy);
    return e;
}

static void sample(const struct wire_kind *k, struct buf *out)
{
    struct arena *a CLEANUP(cleanup_arena_free) = arena_new(WIRE_ARENA_BYTES);
    assert_non_null(a);
    assert_int_equal(k->sample(a, out), ERR_OK);
}

static void test_each_reads_back_to_the_same_bytes(void **state)
{
    (void)state;
    for (size_t i = 0; i < wire_kind_count; i++) {
        struct buf first CLEANUP(buf_free) = buf_new(OUT_BYTES);
        struct buf second CLEANUP(buf_free) = buf_new(OUT_BYTES);
        sample(&wire_kinds[i], &first);
        enum err e = try_again(&wire_kinds[i], buf_bytes(&first), &second);
        if (e != ERR_OK || !bytes_equal(buf_bytes(&first), buf_bytes(&second)))
            fail_msg("%s does not read back (%s)", wire_kinds[i].name, err_text(e));
    }
}

/* Padding is made anew, and hello leaves out types and suites of a newer peer. */
static bool reads_exactly(const struct wire_kind *k)
{
    return strcmp(k->name, "mail") != 0 && strcmp(k->name, "hello") != 0;
}

/* A cut message either is refused or is one whose last field happens to be optional: then it reads
 * back to exactly the cut bytes. Large padded mails are cut at their ends only. */
static void test_each_truncation_is_refused_or_exact(void **state)
{
    (void)state;
    for (size_t i = 0; i < wire_kind_count; i++) {
        struct buf first CLEANUP(buf_free) = buf_new(OUT_BYTES);
        sample(&wire_kinds[i], &first);
        for (size_t n = 0; n < first.len; n += n > 600 && first.len - n > 100 ? 97 : 1) {
            struct buf second CLEANUP(buf_free) = buf_new(OUT_BYTES);
            struct bytes cut = bytes_of(first.ptr, n);
            enum err e = try_again(&wire_kinds[i], cut, &second);
            if (e == ERR_OK && reads_exactly(&wire_kinds[i]) &&
                !bytes_equal(cut, buf_bytes(&second)))
                fail_msg("%s cut at %zu reads as something else", wire_kinds[i].name, n);
        }
    }
}

static void test_each_changed_byte_is_refused_or_exact(void **state)
{
    (void)state;
    for (size_t i = 0; i < wire_kind_count; i++) {
        struct buf first CLEANUP(buf_free) = buf_new(OUT_BYTES);
        sample(&wire_kinds[i], &first);
        for (size_t at = 0; at < first.len && at < 700; at++) {
            struct buf second CLEANUP(buf_free) = buf_new(OUT_BYTES);
            first.ptr[at] ^= (uint8_t)(1u << (at & 7));
            enum err e = try_again(&wire_kinds[i], buf_bytes(&first), &second);
            if (e == ERR_OK && reads_exactly(&wire_kinds[i]) &&
                !bytes_equal(buf_bytes(&first), buf_bytes(&second)))
                fail_msg("%s changed at %zu reads as something else", wire_kinds[i].name, at);
            first.ptr[at] ^= (uint8_t)(1u << (at & 7));
        }
    }
}

static void test_what_stands_behind_a_message_is_refused(void **state)
{
    (void)state;
    static const char *const behind[] = {"\xfa\x3f\x01x", "\xf8\x3f\x01", "\x00", "\x0a"};
    for (size_t i = 0; i < wire_kind_count; i++) {
        for (size_t k = 0; k < ARRAY_LEN(behind); k++) {
            struct buf first CLEANUP(buf_free) = buf_new(OUT_BYTES);
            struct buf second CLEANUP(buf_free) = buf_new(OUT_BYTES);
            sample(&wire_kinds[i], &first);
            buf_put(&first, bytes_of(behind[k], k == 2 ? 1 : strlen(behind[k])));
            if (try_again(&wire_kinds[i], buf_bytes(&first), &second) == ERR_OK)
                fail_msg("%s takes bytes behind it (%zu)", wire_kinds[i].name, k);
        }
    }
}

/* The first field once more behind the message. */
static void test_a_repeated_field_is_refused(void **state)
{
    (void)state;
    struct buf first = buf_new(OUT_BYTES);
    struct buf second = buf_new(OUT_BYTES);
    for (size_t i = 0; i < wire_kind_count; i++) {
        buf_reset(&first);
        sample(&wire_kinds[i], &first);
        struct buf twice CLEANUP(buf_free) = buf_new(OUT_BYTES);
        buf_put(&twice, buf_bytes(&first));
        buf_put(&twice, buf_bytes(&first));
        buf_reset(&second);
        /* A list of documents twice is a longer list. */
        bool is_list = strcmp(wire_kinds[i].name, "fetch_reply") == 0;
        if ((try_again(&wire_kinds[i], buf_bytes(&twice), &second) == ERR_OK) != is_list)
            fail_msg("%s twice in one: wrong answer", wire_kinds[i].name);
    }
    buf_free(&first);
    buf_free(&second);
}

static void test_a_frame_over_the_cap_is_refused(void **state)
{
    (void)state;
    struct buf big CLEANUP(buf_free) = buf_new(FRAME_MAX_BYTES + 64);
    assert_non_null(buf_reserve(&big, FRAME_MAX_BYTES + 1));
    struct arena *a CLEANUP(cleanup_arena_free) = arena_new(WIRE_ARENA_BYTES);
    struct frame f;
    struct envelope v;
    assert_int_equal(frame_decode(buf_bytes(&big), a, &f, NULL), ERR_TOO_LARGE);
    assert_int_equal(envelope_decode(buf_bytes(&big), a, &v, NULL), ERR_TOO_LARGE);
}

static void test_an_envelope_of_another_version_is_refused_as_such(void **state)
{
    (void)state;
    struct arena *a CLEANUP(cleanup_arena_free) = arena_new(WIRE_ARENA_BYTES);
    struct envelope v = {.deployment = {.s = "demo"}, .version = WIRE_VERSION + 1,
                         .sender = {.oin = "00000099000000002000"},
                         .recipient = {.oin = "00000099000000001000"}, .kind = MSG_HELLO,
                         .sent_at_s = 1000, .expires_at_s = 2000};
    struct buf b CLEANUP(buf_free) = buf_new(4096);
    assert_int_equal(envelope_encode(&v, &b), ERR_OK);
    assert_int_equal(envelope_decode(buf_bytes(&b), a, &v, NULL), ERR_VERSION);
    v.version = WIRE_VERSION;
    v.expires_at_s = v.sent_at_s + MESSAGE_LIFE_MAX_S + 1;
    buf_reset(&b);
    assert_int_equal(envelope_encode(&v, &b), ERR_OK);
    assert_int_equal(envelope_decode(buf_bytes(&b), a, &v, NULL), ERR_RANGE);
    v.expires_at_s = v.sent_at_s;
    buf_reset(&b);
    assert_int_equal(envelope_encode(&v, &b), ERR_OK);
    assert_int_equal(envelope_decode(buf_bytes(&b), a, &v, NULL), ERR_RANGE);
}

/* Mail of any content has one of five sizes, and content does not show in which of them but by
 * crossing a border. */
static void test_mail_is_padded_to_its_size_class(void **state)
{
    (void)state;
    struct buf content CLEANUP(buf_free) = buf_new((size_t)4 << 20);
    for (size_t n = 1; n < ((size_t)3 << 20); n = n * 3 / 2 + 7) {
        buf_reset(&content);
        assert_non_null(buf_reserve(&content, n));
        const struct mail_item item = {1, MAIL_SETTLED, buf_bytes(&content)};
        struct buf out CLEANUP(buf_free) = buf_new((size_t)4 << 20);
        if (mail_encode(&(struct mail){.slot = 1, .items = &item, .item_count = 1}, &out) != ERR_OK) {
            assert_true(n > ((size_t)3 << 20) - 64);
            continue;
        }
        bool is_class = false;
        for (size_t i = 0; i < mail_size_class_count; i++)
            is_class = is_class || out.len == mail_size_classes[i];
        if (!is_class)
            fail_msg("%zu bytes of content make a mail of %zu bytes", n, out.len);
    }
    struct buf empty CLEANUP(buf_free) = buf_new(65536);
    assert_int_equal(mail_encode(&(struct mail){.slot = 1u << 30}, &empty), ERR_OK);
    assert_int_equal(empty.len, mail_size_classes[0]);
}

/* Every length near a border of the padding's own length field. */
static void test_mail_meets_its_class_at_every_length(void **state)
{
    (void)state;
    static uint8_t content[5000];
    for (size_t n = 3700; n < 4300; n++) {
        const struct mail_item item = {1, MAIL_SETTLED, bytes_of(content, n)};
        struct buf out CLEANUP(buf_free) = buf_new(65536);
        assert_int_equal(
            mail_encode(&(struct mail){.slot = 1, .items = &item, .item_count = 1}, &out), ERR_OK);
        if (out.len != mail_size_classes[0] && out.len != mail_size_classes[1])
            fail_msg("%zu bytes of content make a mail of %zu bytes", n, out.len);
    }
}

/* Names are said where an answer is narrowed by them alone, and of what the filter asks for. */
static void test_a_name_is_said_with_its_digest(void **state)
{
    (void)state;
    const struct bodies_query good = {.deployment = {"test"},
                                      .reader = {"00000099000000005000"},
                                      .staff = {"0123456789abcdef"},
                                      .function = {"auditor"},
                                      .max_rows = 1,
                                      .issued_at_s = 1790000000,
                                      .purpose = BODIES_FOR_LIST,
                                      .filter = {.has_officer = true, .has_request = true, .has_case = true},
                                      .narrow = true,
                                      .sought = {.officer = {"fedcba9876543210"}, .has_request = true, .has_case = true}};
    struct bodies_query cases[5] = {good, good, good, good, good};
    cases[1].narrow = false;
    cases[2].filter.has_officer = false;
    cases[3].filter.has_request = false;
    cases[4].filter.has_case = false;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arena *a CLEANUP(cleanup_arena_free) = arena_new(WIRE_ARENA_BYTES);
        struct buf out CLEANUP(buf_free) = buf_new(OUT_BYTES);
        struct bodies_query again;
        struct errmsg why = {""};
        assert_int_equal(bodies_query_encode(&cases[i], &out), ERR_OK);
        const enum err e = bodies_query_decode(buf_bytes(&out), a, &again, &why);
        assert_int_equal(e, i == 0 ? ERR_OK : ERR_INVALID);
        assert_true(e != ERR_OK || bodies_sought_equal(&again.sought, &good.sought));
    }
}

/* What may stand beside which number of a witness, and how many keys an offer has. */
static void test_what_a_witness_answers_fits_its_number(void **state)
{
    (void)state;
    static const struct {
        struct agency_head_reply r;
        bool is_good;
    } cases[] = {
#define TEXT(s) {(const uint8_t *)(s), sizeof(s) - 1}
        {{200, TEXT("key"), TEXT("line"), {0}}, true},
        {{200, TEXT("key"), {0}, {0}}, false},
        {{200, {0}, TEXT("line"), {0}}, false},
        {{200, TEXT("key"), TEXT("line"), TEXT("head")}, false},
        {{409, TEXT("key"), {0}, TEXT("head")}, true},
        {{409, TEXT("key"), {0}, {0}}, true},
        {{409, TEXT("key"), TEXT("line"), TEXT("head")}, false},
        {{422, TEXT("key"), {0}, TEXT("head")}, true},
        {{429, TEXT("key"), {0}, {0}}, true},
        {{429, TEXT("key"), {0}, TEXT("head")}, false},
        {{503, {0}, {0}, {0}}, true},
        {{503, TEXT("key"), {0}, {0}}, false},
        {{0, TEXT("key"), {0}, {0}}, false},
        {{201, TEXT("key"), TEXT("line"), {0}}, false},
#undef TEXT
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arena *a CLEANUP(cleanup_arena_free) = arena_new(WIRE_ARENA_BYTES);
        struct buf out CLEANUP(buf_free) = buf_new(OUT_BYTES);
        struct agency_head_reply again;
        struct errmsg why = {""};
        assert_int_equal(agency_head_reply_encode(&cases[i].r, &out), ERR_OK);
        const enum err e = agency_head_reply_decode(buf_bytes(&out), a, &again, &why);
        if ((e == ERR_OK) != cases[i].is_good)
            fail_msg("case %zu: %s", i, err_text(e));
    }
    struct arena *a CLEANUP(cleanup_arena_free) = arena_new(WIRE_ARENA_BYTES);
    struct buf out CLEANUP(buf_free) = buf_new(OUT_BYTES);
    const struct agency_head none = {.request = bytes_str("request")};
    struct agency_head again;
    assert_int_equal(agency_head_encode(&none, &out), ERR_OK);
    assert_int_not_equal(agency_head_decode(buf_bytes(&out), a, &again, NULL), ERR_OK);
}

/* Whose word counts, by what: nothing may be left out, and no key stands twice. */
static void test_a_word_for_a_key_is_whole(void **state)
{
    (void)state;
    const struct log_vouch good = {.deployment = {.s = "demo"},
                                   .agency = {.oin = "00000099000000002000"},
                                   .staff = {.s = "0123456789abcdef"},
                                   .lost = {{{1}}, {{2}}},
                                   .lost_count = 2,
                                   .key = bytes_str("key"),
                                   .size = 1,
                                   .issued_at_s = 1795000000};
    struct log_vouch cases[8];
    for (size_t i = 0; i < 8; i++)
        cases[i] = good;
    cases[1].lost_count = 0;
    cases[2].lost[0] = (struct digest){{2}}; /* twice */
    cases[3].lost[0] = (struct digest){{3}}; /* descending */
    cases[4].key = bytes_str("");
    cases[5].size = 0;
    cases[6].issued_at_s = 0;
    cases[7].staff.s[0] = '\0';
    for (size_t i = 0; i < 8; i++) {
        struct arena *a CLEANUP(cleanup_arena_free) = arena_new(WIRE_ARENA_BYTES);
        struct buf out CLEANUP(buf_free) = buf_new(OUT_BYTES);
        struct log_vouch again;
        assert_int_equal(log_vouch_encode(&cases[i], &out), ERR_OK);
        const enum err e = log_vouch_decode(buf_bytes(&out), a, &again, NULL);
        if ((e == ERR_OK) != (i == 0))
            fail_msg("case %zu: %s", i, err_text(e));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_name_is_said_with_its_digest),
        cmocka_unit_test(test_what_a_witness_answers_fits_its_number),
        cmocka_unit_test(test_a_word_for_a_key_is_whole),
        cmocka_unit_test(test_each_reads_back_to_the_same_bytes),
        cmocka_unit_test(test_each_truncation_is_refused_or_exact),
        cmocka_unit_test(test_each_changed_byte_is_refused_or_exact),
        cmocka_unit_test(test_what_stands_behind_a_message_is_refused),
        cmocka_unit_test(test_a_repeated_field_is_refused),
        cmocka_unit_test(test_a_frame_over_the_cap_is_refused),
        cmocka_unit_test(test_an_envelope_of_another_version_is_refused_as_such),
        cmocka_unit_test(test_mail_is_padded_to_its_size_class),
        cmocka_unit_test(test_mail_meets_its_class_at_every_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
