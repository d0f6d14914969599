/* proto/json/bodies_args, bodies_fit: what a reader says comes over as it was said; anything else
 * is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "pki/digest.h"
#include "proto/json/bodies_args.h"
#include "proto/json/bodies_fit.h"
#include "proto/log/entry.h"

#define OK(e) assert_string_equal(err_text(e), err_text(ERR_OK))

static const struct bodies_filter full = {.since_s = 1790000000,
                                          .until_s = 1790000060,
                                          .agency = {.oin = "00000099000000005000"},
                                          .rule = {.s = "riec.casus"},
                                          .event = {.s = "request.refused"},
                                          .decision = {.s = "deny"},
                                          .salt = {{5, 6}},
                                          .has_officer = true,
                                          .officer = {{6}},
                                          .has_request = true,
                                          .request = {{7}},
                                          .has_case = true,
                                          .dossier = {{8}}};

/* args with a filter, and whatever else there is to say. */
static struct doc *args_of(const struct bodies_filter *f)
{
    struct doc *d = doc_new_object();
    struct doc_build b = doc_build_of(d);
    doc_put_str(&b, "purpose", "watch");
    doc_put_str(&b, "format", "csv");
    doc_put_int(&b, "rows", 3);
    doc_put_str(&b, "sha256", "ff00000000000000000000000000000000000000000000000000000000000000");
    doc_put_doc(&b, "filter", bodies_filter_doc(f));
    OK(doc_build_done(&b));
    return d;
}

static void what_is_said_is_what_is_read(void **state)
{
    (void)state;
    const struct bodies_filter empty = {.salt = {{1}}};
    const struct bodies_filter *const filters[] = {&full, &empty};
    for (size_t i = 0; i < ARRAY_LEN(filters); i++) {
        CLEANUP(cleanup_doc_free) struct doc *d = args_of(filters[i]);
        enum bodies_purpose purpose = BODIES_FOR_LIST;
        struct bodies_filter f = {0};
        struct bodies_exported x = {0};
        struct errmsg why = {""};
        OK(bodies_args_read(d, &purpose, &f, &why));
        assert_int_equal(purpose, BODIES_FOR_WATCH);
        assert_true(bodies_filter_equal(&f, filters[i]));
        OK(exported_args_read(d, &x, &why));
        assert_true(bodies_filter_equal(&x.filter, filters[i]));
        assert_true(x.format == BODIES_CSV && x.rows == 3 && x.sha256.b[0] == 0xff);
        assert_string_equal(why.text, ""); /* a later failure is not told as what may be left out */
    }
}

static void each_member_tells_two_filters_apart(void **state)
{
    (void)state;
    struct bodies_filter others[13];
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        others[i] = full;
    others[0].since_s++;
    others[1].until_s++;
    others[2].agency.oin[3] = '1';
    others[3].rule.s[0] = 'x';
    others[4].event.s[0] = 'x';
    others[5].decision.s[0] = 'x';
    others[6].salt.b[15] = 1;
    others[7].has_officer = false;
    others[8].officer.b[31] = 1;
    others[9].has_request = false;
    others[10].request.b[31] = 1;
    others[11].has_case = false;
    others[12].dossier.b[31] = 1;
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        if (bodies_filter_equal(&full, &others[i]))
            fail_msg("filter %zu is the same", i);
    assert_true(bodies_filter_equal(&full, &full));
}

static const struct bodies_sought names = {
    .officer = {.s = "00000000000000a1"}, .has_request = true, .request = {{7}}, .has_case = true, .dossier = {{8}}};

static struct doc *sought_args(const struct bodies_sought *s)
{
    struct doc *d = doc_new_object();
    struct doc_build b = doc_build_of(d);
    doc_put_doc(&b, "sought", bodies_sought_doc(s));
    OK(doc_build_done(&b));
    return d;
}

static void names_that_are_said_are_read(void **state)
{
    (void)state;
    const struct bodies_sought none = {.has_case = false};
    struct bodies_sought others[6] = {names, names, names, names, names, names};
    others[0].officer.s[0] = '\0';
    others[1].officer.s[0] = '1';
    others[2] = (struct bodies_sought){.officer = names.officer, .has_case = true, .dossier = names.dossier};
    others[3].request.b[31] = 1;
    others[4] = (struct bodies_sought){.officer = names.officer, .has_request = true, .request = names.request};
    others[5].dossier.b[15] = 1;
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        CLEANUP(cleanup_doc_free) struct doc *d = sought_args(&others[i]);
        struct bodies_sought s = none;
        OK(bodies_sought_read(d, &s, NULL));
        assert_true(bodies_sought_equal(&s, &others[i]) && !bodies_sought_equal(&s, &names));
        assert_false(bodies_sought_is_empty(&s));
    }
    CLEANUP(cleanup_doc_free) struct doc *nothing = doc_new_object();
    struct bodies_sought s = none;
    OK(bodies_sought_read(nothing, &s, NULL));
    assert_true(bodies_sought_is_empty(&s));
    static const char *const bad[] = {"{\"sought\":1}", "{\"sought\":{\"officer\":\"A b\"}}", "{\"sought\":{\"request\":\"00\"}}",
                                      "{\"sought\":{\"case\":\"zz000000000000000000000000000000\"}}"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        CLEANUP(cleanup_doc_free) struct doc *d = NULL;
        OK(doc_parse(bytes_str(bad[i]), 4096, &d, NULL));
        assert_int_not_equal(bodies_sought_read(d, &s, NULL), ERR_OK);
        assert_true(bodies_sought_is_empty(&s));
    }
}

/* Each name is the one of which the filter has the digest, or is not said; a body has it under its own salt. */
static void a_name_goes_with_its_digest_alone(void **state)
{
    (void)state;
    struct bodies_filter f = {.salt = {{5}}, .has_officer = true, .has_request = true, .has_case = true};
    struct audit_body b = {.salt = {{6}}, .has_request_ref = true, .has_case_ref = true};
    bool fits = false;
    OK(entry_ref(digest_sha256, BYTES_OF_ARRAY(f.salt.b), "officer", name_bytes(&names.officer), &f.officer));
    OK(entry_ref(digest_sha256, BYTES_OF_ARRAY(f.salt.b), "request", digest_bytes(&names.request), &f.request));
    OK(entry_ref(digest_sha256, BYTES_OF_ARRAY(f.salt.b), "case", BYTES_OF_ARRAY(names.dossier.b), &f.dossier));
    OK(entry_ref(digest_sha256, BYTES_OF_ARRAY(b.salt.b), "request", digest_bytes(&names.request), &b.request_ref));
    OK(entry_ref(digest_sha256, BYTES_OF_ARRAY(b.salt.b), "case", BYTES_OF_ARRAY(names.dossier.b), &b.case_ref));
    OK(bodies_sought_check(digest_sha256, &f, &names));
    OK(bodies_sought_check(digest_sha256, &f, &(struct bodies_sought){.has_case = false}));
    OK(bodies_fit_sought(digest_sha256, &names, &b, &fits));
    assert_true(fits);
    struct bodies_sought others[3] = {names, names, names};
    others[0].officer.s[3] = '1';
    others[1].request.b[0] = 6;
    others[2].dossier.b[0] = 6;
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        assert_int_equal(bodies_sought_check(digest_sha256, &f, &others[i]), ERR_MISMATCH);
        OK(bodies_fit_sought(digest_sha256, &others[i], &b, &fits));
        assert_int_equal(fits, i == 0); /* the officer is held against the filter */
    }
    const struct bodies_sought other_case = {.has_case = true, .dossier = {{6}}};
    OK(bodies_fit_sought(digest_sha256, &other_case, &b, &fits));
    assert_false(fits);
    f.has_case = false;
    assert_int_equal(bodies_sought_check(digest_sha256, &f, &names), ERR_MISMATCH);
    b.has_request_ref = false;
    OK(bodies_fit_sought(digest_sha256, &names, &b, &fits));
    assert_false(fits);
}

static void what_is_not_in_form_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum err err;
    } cases[] = {
        {"{}", ERR_NOT_FOUND},
        {"{\"purpose\":\"list\"}", ERR_NOT_FOUND},
        {"{\"purpose\":\"fun\",\"filter\":{\"salt\":\"00000000000000000000000000000000\"}}",
         ERR_UNKNOWN},
        {"{\"purpose\":\"list\",\"filter\":{}}", ERR_NOT_FOUND},
        {"{\"purpose\":\"list\",\"filter\":{\"salt\":\"00\"}}", ERR_INVALID},
        {"{\"purpose\":\"list\",\"filter\":{\"salt\":\"00000000000000000000000000000000\",\"rule\":"
         "\"A b\"}}",
         ERR_INVALID},
        {"{\"purpose\":\"list\",\"filter\":{\"salt\":\"00000000000000000000000000000000\","
         "\"agency\":\"12\"}}",
         ERR_INVALID},
        {"{\"purpose\":\"list\",\"filter\":{\"salt\":\"00000000000000000000000000000000\","
         "\"since\":0}}",
         ERR_RANGE},
        {"{\"purpose\":\"list\",\"filter\":{\"salt\":\"00000000000000000000000000000000\",\"case\":"
         "\"00\"}}",
         ERR_INVALID},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(cleanup_doc_free) struct doc *d = NULL;
        enum bodies_purpose purpose = BODIES_FOR_LIST;
        struct bodies_filter f = {0};
        OK(doc_parse(bytes_str(cases[i].text), 4096, &d, NULL));
        const enum err e = bodies_args_read(d, &purpose, &f, NULL);
        if (e != cases[i].err)
            fail_msg("%s: %s", cases[i].text, err_text(e));
    }
}

/* A body that fits the full filter but for header and case, and one change of it for each element.
 */
static void a_body_fits_where_each_element_does(void **state)
{
    (void)state;
    struct bodies_filter f = full;
    bool fits = false;
    struct audit_body good = {.ts = 1790000000,
                              .event = AUDIT_EVENT_REQUEST_REFUSED,
                              .actor = f.agency,
                              .staff = bytes_str("0123456789abcdef"),
                              .rule = f.rule,
                              .decision = AUDIT_DECISION_DENY};
    OK(entry_ref(digest_sha256, BYTES_OF_ARRAY(f.salt.b), "officer", good.staff, &f.officer));
    struct audit_body other[8];
    for (size_t i = 0; i < ARRAY_LEN(other); i++)
        other[i] = good;
    other[0].ts--;
    other[1].ts = 1790000060;
    other[2].actor.oin[3] = '1';
    other[3].event = AUDIT_EVENT_REQUEST_CLOSED;
    other[4].staff = bytes_str("1123456789abcdef");
    other[5].rule.s[0] = 'x';
    other[6].decision = AUDIT_DECISION_PERMIT;
    other[7].decision = AUDIT_DECISION_NONE;
    OK(bodies_fit(digest_sha256, &f, &good, &fits));
    assert_true(fits);
    for (size_t i = 0; i < ARRAY_LEN(other); i++) {
        OK(bodies_fit(digest_sha256, &f, &other[i], &fits));
        if (fits)
            fail_msg("body %zu fits", i);
    }
    other[2].peer = f.agency;
    OK(bodies_fit(digest_sha256, &f, &other[2], &fits));
    assert_true(fits);
    const struct bodies_filter all = {.salt = {{1}}};
    OK(bodies_fit(digest_sha256, &all, &other[7], &fits));
    assert_true(fits);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_said_is_what_is_read),
        cmocka_unit_test(each_member_tells_two_filters_apart),
        cmocka_unit_test(what_is_not_in_form_is_refused),
        cmocka_unit_test(names_that_are_said_are_read),
        cmocka_unit_test(a_name_goes_with_its_digest_alone),
        cmocka_unit_test(a_body_fits_where_each_element_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
