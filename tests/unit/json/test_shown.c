/* Signed documents as JSON: every kind in full, strange bytes refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "pki/digest.h"
#include "proto/base/text.h"
#include "proto/json/shown.h"
#include "tests/support/wire_samples.h"

#define assert_ok(e) assert_string_equal(err_text(e), err_text(ERR_OK))
#define assert_err(e, want) assert_string_equal(err_text(e), err_text(want))

/* Each kind with its sample, and a field that must be there as this text. */
static const struct shown_case {
    enum sign_kind kind;
    const char *sample;
    const char *field;
} cases[] = {
    {SIGN_ENVELOPE, "envelope", "sender"},
    {SIGN_BATCH, "batch_header", "agency"},
    {SIGN_REQUEST, "request_header", "holder"},
    {SIGN_CONSENT, "consent", "rule"},
    {SIGN_RELEASE, "release_content", "recipient"},
    {SIGN_PROMISE, "promise", "origin"},
    {SIGN_CLOSED, "closed", "holder"},
    {SIGN_BODIES, "bodies_query", "function"},
    {SIGN_EXPORT, "bodies_exported", "function"},
    {SIGN_LOG_VOUCH, "log_vouch", "key"},
};

static void sample_of(const char *name, struct arena *a, struct buf *out)
{
    for (size_t i = 0; i < wire_kind_count; i++)
        if (strcmp(wire_kinds[i].name, name) == 0) {
            assert_ok(wire_kinds[i].sample(a, out));
            return;
        }
    fail_msg("no sample of %s", name);
}

static void every_kind_is_shown_with_its_exact_bytes(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(cleanup_arena_free) struct arena *a = arena_new(WIRE_ARENA_BYTES);
        CLEANUP(buf_free) struct buf wire = buf_new((size_t)4 << 20);
        CLEANUP(buf_free) struct buf raw = buf_new((size_t)4 << 20);
        CLEANUP(cleanup_doc_free) struct doc *shown = NULL;
        struct errmsg why = {""};
        struct bytes text;
        const struct doc *content = NULL;
        sample_of(cases[i].sample, a, &wire);
        assert_ok(shown_doc(cases[i].kind, buf_bytes(&wire), digest_sha256, &shown, &why));
        assert_ok(doc_get_text(shown, "kind", 32, &text, &why));
        assert_true(bytes_is(text, word_of_sign_kind(cases[i].kind)));
        assert_ok(doc_get_base64(shown, "document", &raw, &why));
        assert_true(bytes_equal(buf_bytes(&raw), buf_bytes(&wire)));
        assert_ok(doc_get_object(shown, "content", &content, &why));
        assert_ok(doc_get_text(content, cases[i].field, 256, &text, &why));
        assert_true(text.len > 0);
    }
}

static void a_cut_document_is_refused_at_each_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(cleanup_arena_free) struct arena *a = arena_new(WIRE_ARENA_BYTES);
        CLEANUP(buf_free) struct buf wire = buf_new((size_t)4 << 20);
        struct bytes whole;
        sample_of(cases[i].sample, a, &wire);
        whole = buf_bytes(&wire);
        for (size_t n = 1; n < whole.len && n < 600; n++) {
            CLEANUP(cleanup_doc_free) struct doc *shown = NULL;
            struct errmsg why = {""};
            enum err e = shown_doc(cases[i].kind, bytes_of(whole.ptr, n), digest_sha256, &shown, &why);
            assert_true(e == ERR_OK || why.text[0] != '\0');
        }
    }
}

static void times_are_dates_and_lists_are_lists(void **state)
{
    (void)state;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(WIRE_ARENA_BYTES);
    CLEANUP(buf_free) struct buf wire = buf_new((size_t)1 << 20);
    CLEANUP(cleanup_doc_free) struct doc *shown = NULL;
    struct errmsg why = {""};
    struct bytes text;
    const struct doc *content = NULL;
    const struct doc *fields = NULL;
    sample_of("consent", a, &wire);
    assert_ok(shown_doc(SIGN_CONSENT, buf_bytes(&wire), digest_sha256, &shown, &why));
    assert_ok(doc_get_object(shown, "content", &content, &why));
    assert_ok(doc_get_text(content, "signed_at_s", 32, &text, &why));
    assert_int_equal(text.ptr[text.len - 1], 'Z');
    assert_ok(doc_get_array(content, "fields", &fields, &why));
    assert_true(doc_count(fields) > 0);
    assert_ok(doc_get_text(content, "handle", 32, &text, &why));
    assert_int_equal(text.len, 32);
}

static void other_kinds_are_refused(void **state)
{
    (void)state;
    struct doc *shown = NULL;
    struct errmsg why = {""};
    assert_err(shown_doc(SIGN_ROSTER, bytes_str("x"), digest_sha256, &shown, &why), ERR_UNKNOWN);
    assert_err(shown_doc(SIGN_NONE, bytes_str("x"), digest_sha256, &shown, &why), ERR_UNKNOWN);
    assert_null(shown);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_is_shown_with_its_exact_bytes),
        cmocka_unit_test(a_cut_document_is_refused_at_each_byte),
        cmocka_unit_test(times_are_dates_and_lists_are_lists),
        cmocka_unit_test(other_kinds_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
