/* The duties of a rule in words: who reads what, in both languages, and nothing that the rule does not say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/conf/policy_load.h"
#include "proto/policy/duties.h"
#include "tests/unit/policy/policy_text.h"

static struct policy_text text;

static struct policy_file *load(const char *name)
{
    struct policy_file *f = NULL;
    struct errmsg why = {.text = ""};
    policy_text_read_file(&text, name);
    if (policy_file_load(bytes_of(text.text, text.len), name, &f, &why) != ERR_OK)
        fail_msg("%s", why.text);
    return f;
}

static void says(const struct policy *p, const char *rule, enum duty_bearer bearer,
                 enum language lang, const char *expected)
{
    struct name id;
    struct buf out = buf_new(4096);
    assert_int_equal(name_parse(bytes_str(rule), &id), ERR_OK);
    duties_text(&out, p, policy_rule(p, &id), bearer, lang);
    if (!bytes_is(buf_bytes(&out), expected))
        fail_msg("%s says: %.*s", rule, (int)out.len, out.len > 0 ? (const char *)out.ptr : "");
    buf_free(&out);
}

static void test_words(void **state)
{
    (void)state;
    struct policy_file *f = load("complete.yaml");
    const struct policy *p = policy_file_policy(f);
    says(p, "complete.bibob", BEARER_HOLDER, LANGUAGE_EN,
         "question and hit may be used for the own task: Wet Bibob art. 28 (BWBR0013798) [verified by "
         "nobody]\n"
         "classification confidentieel, handling code alleen-bibob, source a, content 1\n"
         "passing it on only after consent of its source; partners are informed\n"
         "informing the subject is deferred, looked at again after 90 days: Uitvoeringswet AVG art. 41 "
         "(BWBR0040940) [verified by nobody]; contact: functionaris gegevensbescherming\n");
    says(p, "complete.signal", BEARER_REQUESTER, LANGUAGE_NL,
         "terugmelding aan de bron is verplicht binnen 240 uur; een mens controleert voor elk gebruik\n");
    says(p, "complete.export", BEARER_REQUESTER, LANGUAGE_EN,
         "passing it on is forbidden; partners are informed\n"
         "the subject is informed; contact: functionaris gegevensbescherming\n");
    policy_file_free(f);
}

static void test_what_is_not_said_is_not_allowed(void **state)
{
    (void)state;
    struct policy_file *f = load("demonstration.yaml");
    const struct policy *p = policy_file_policy(f);
    says(p, "riec.casus.verstrekking", BEARER_HOLDER, LANGUAGE_EN,
         "question and hit may not be used for the own task\n");
    says(p, "riec.casus.verstrekking", BEARER_REQUESTER, LANGUAGE_EN, "");
    policy_file_free(f);
}

static void test_what_travels_inside(void **state)
{
    (void)state;
    struct policy_file *f = load("complete.yaml");
    struct name id = {"complete.bibob"};
    struct buf out = buf_new(200);
    duties_handling(&out, policy_rule(policy_file_policy(f), &id));
    assert_true(bytes_is(buf_bytes(&out), "complete.bibob/1 confidentieel alleen-bibob a1"));
    buf_free(&out);
    policy_file_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_what_is_not_said_is_not_allowed),
        cmocka_unit_test(test_what_travels_inside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
