/* JSON between programs: what is refused, and that a tree survives writing and reading. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "proto/json/doc.h"

static enum err parse(const char *text, struct doc **out)
{
    return doc_parse(bytes_str(text), 4096, out, NULL);
}

static void test_refuses_what_is_not_one_strict_value(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",          "{",           "{}x",           "{\"a\":1,\"a\":2}", "1",
        "\"text\"",  "{\"a\":}",    "[1,]",          "{'a':1}",           "{\"a\":\"\\u0000\"}",
        "{\"\xff\":1}", "{\"a\":NaN}",
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct doc *d = NULL;
        assert_int_not_equal(parse(bad[i], &d), ERR_OK);
        assert_null(d);
    }
}

static void test_caps_size_and_depth(void **state)
{
    (void)state;
    struct doc *d = NULL;
    assert_int_equal(doc_parse(bytes_str("[1,2,3]"), 6, &d, NULL), ERR_TOO_LARGE);
    char deep[2 * DOC_DEPTH_MAX + 3];
    size_t n = DOC_DEPTH_MAX;
    memset(deep, '[', n);
    memset(deep + n, ']', n);
    deep[2 * n] = '\0';
    assert_int_equal(parse(deep, &d), ERR_OK);
    doc_free(d);
    d = NULL;
    memset(deep, '[', n + 1);
    memset(deep + n + 1, ']', n + 1);
    deep[2 * n + 2] = '\0';
    assert_int_equal(parse(deep, &d), ERR_TOO_LARGE);
    assert_int_equal(parse("[\"[[[[[[[[[[[[[[[[[[[[[[\"]", &d), ERR_OK);
    doc_free(d);
}

static void test_getters_name_what_is_wrong(void **state)
{
    (void)state;
    struct doc *d = NULL;
    struct errmsg why = {0};
    assert_int_equal(parse("{\"n\":5,\"t\":\"abc\",\"b\":true,\"z\":null,\"x\":\"AQI=\"}", &d),
                     ERR_OK);
    int64_t n = 0;
    struct bytes t = {0};
    bool b = false;
    assert_int_equal(doc_get_int(d, "n", 0, 5, &n, &why), ERR_OK);
    assert_int_equal(n, 5);
    assert_int_equal(doc_get_int(d, "n", 0, 4, &n, &why), ERR_RANGE);
    assert_non_null(strstr(why.text, "\"n\""));
    assert_int_equal(doc_get_int(d, "t", 0, 4, &n, &why), ERR_INVALID);
    assert_int_equal(doc_get_int(d, "z", 0, 4, &n, &why), ERR_NOT_FOUND);
    assert_int_equal(doc_get_text(d, "t", 3, &t, &why), ERR_OK);
    assert_true(bytes_is(t, "abc"));
    assert_int_equal(doc_get_text(d, "t", 2, &t, &why), ERR_TOO_LARGE);
    assert_int_equal(doc_get_bool(d, "b", &b, &why), ERR_OK);
    assert_true(b);
    struct buf raw CLEANUP(buf_free) = buf_new(16);
    assert_int_equal(doc_get_base64(d, "x", &raw, &why), ERR_OK);
    assert_int_equal(raw.len, 2);
    assert_int_equal(doc_get_base64(d, "t", &raw, &why), ERR_INVALID);
    doc_free(d);
}

static void test_what_is_built_reads_back(void **state)
{
    (void)state;
    struct doc *d CLEANUP(cleanup_doc_free) = doc_new_object();
    struct doc_build b = doc_build_of(d);
    doc_put_str(&b, "text", "r\xc3\xa9gel \"1\"\n");
    doc_put_int(&b, "n", INT64_MIN);
    doc_put_hex(&b, "hex", bytes_of("\x01\xff", 2));
    doc_put_time(&b, "at", 0);
    doc_put_doc(&b, "list", doc_new_array());
    assert_int_equal(doc_build_done(&b), ERR_OK);
    struct buf text CLEANUP(buf_free) = buf_new(4096);
    assert_int_equal(doc_write(d, &text), ERR_OK);
    struct doc *again CLEANUP(cleanup_doc_free) = NULL;
    assert_int_equal(doc_parse(buf_bytes(&text), 4096, &again, NULL), ERR_OK);
    struct buf second CLEANUP(buf_free) = buf_new(4096);
    assert_int_equal(doc_write(again, &second), ERR_OK);
    assert_true(bytes_equal(buf_bytes(&text), buf_bytes(&second)));
    assert_true(bytes_is(buf_bytes(&text),
                         "{\"text\":\"r\xc3\xa9gel \\\"1\\\"\\n\",\"n\":-9223372036854775808,"
                         "\"hex\":\"01ff\",\"at\":\"1970-01-01T00:00:00Z\",\"list\":[]}"));
}

static void test_bad_text_stops_the_builder(void **state)
{
    (void)state;
    struct doc *d CLEANUP(cleanup_doc_free) = doc_new_object();
    struct doc_build b = doc_build_of(d);
    doc_put_text(&b, "bad", bytes_of("\xff", 1));
    doc_put_doc(&b, "kept", doc_new_array());
    assert_int_equal(doc_build_done(&b), ERR_INVALID);
    assert_false(doc_has(d, "kept"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refuses_what_is_not_one_strict_value),
        cmocka_unit_test(test_caps_size_and_depth),
        cmocka_unit_test(test_getters_name_what_is_wrong),
        cmocka_unit_test(test_what_is_built_reads_back),
        cmocka_unit_test(test_bad_text_stops_the_builder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
