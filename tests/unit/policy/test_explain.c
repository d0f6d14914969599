/* A permit says in words what it obliges to: what is counted, joined, handled, passed on, told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/conf/policy_load.h"
#include "proto/policy/explain.h"
#include "proto/policy/selftest.h"
#include "tests/unit/policy/policy_text.h"

static struct policy_text text;

/* Explains what the test of complete.yaml with that name decides. */
static void explain(const char *name, enum language lang, struct buf *out)
{
    static struct decision d;
    struct policy_file *f = NULL;
    struct errmsg why = {.text = ""};
    bool found = false;
    policy_text_read_file(&text, "complete.yaml");
    if (policy_file_load(bytes_of(text.text, text.len), "complete.yaml", &f, &why) != ERR_OK)
        fail_msg("%s", why.text);
    const struct policy *p = policy_file_policy(f);
    for (uint32_t i = 0; i < p->tests_count; i++) {
        if (strcmp(p->tests[i].name, name) != 0)
            continue;
        assert_true(selftest_run(p, &p->tests[i], &d));
        explain_decision(out, p, &d, lang);
        found = true;
    }
    assert_true(found);
    policy_file_free(f);
}

static void a_permit_says_its_obligations(void **state)
{
    (void)state;
    static const struct {
        const char *test;
        enum language lang;
        const char *says;
    } cases[] = {
        {"phenomenon is permitted", LANGUAGE_EN,
         "  counts only: below 10 suppressed, rounded to 5, also where it follows from others, noise of "
         "epsilon 0.500\n"
         "  at least 2 holders contribute; at most 20 questions in a period\n"
         "  broken down by: gemeente jaar\n"},
        {"phenomenon is permitted", LANGUAGE_NL,
         "  alleen aantallen: kleiner dan 10 wordt onderdrukt, afgerond op 5, ook waar het uit andere "
         "volgt, ruis van epsilon 0.500\n"
         "  ten minste 2 bronhouders dragen bij; hoogstens 20 vragen per periode\n"
         "  uitgesplitst naar: gemeente jaar\n"},
        {"joint is permitted", LANGUAGE_EN, "  only where at least 2 holders know the subject\n"},
        {"joint is permitted", LANGUAGE_NL,
         "  alleen als ten minste 2 bronhouders het onderwerp kennen\n"},
        {"bibob is permitted", LANGUAGE_EN,
         "  classification confidentieel, handling code alleen-bibob, source a, content 1\n"},
        {"bibob is permitted", LANGUAGE_NL, "  doorgeven alleen na instemming van de bron"},
        {"bibob is permitted", LANGUAGE_EN, "  question and hit may be used for the own task: "},
        {"bibob is permitted", LANGUAGE_EN, "  informing the subject is deferred"},
        {"signal is permitted", LANGUAGE_EN, "  feedback to the source is required within 240 hours"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf out = buf_new(1 << 14);
        explain(cases[i].test, cases[i].lang, &out);
        if (strstr(buf_text(&out), cases[i].says) == NULL)
            fail_msg("%s: not said: %s; but: %s", cases[i].test, cases[i].says, buf_text(&out));
        buf_free(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_permit_says_its_obligations)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
