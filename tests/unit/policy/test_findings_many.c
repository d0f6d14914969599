/* Findings of a large policy: each rule that lies in the shadow of another one is found among
 * thousands, and the time grows with the number of rules, not with its square. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "proto/conf/policy_load.h"
#include "proto/policy/findings.h"
#include "tests/unit/policy/policy_text.h"

#define AT 1780300800 /* 2026-06-01 */
#define FEW 5000u
#define MANY 20000u
#define CASES 13u

/* The demonstration policy with its first rule many times over, under other ids: half with one
 * consent and half with another one, in cases of different weight, and with a test for each. */
struct large {
    struct policy_file *file;
    struct policy policy;
    struct case_terms cases[CASES];
    struct consent_terms consents[2][2];
};

static void vary(struct large *l, const struct rule *r)
{
    for (unsigned i = 0; i < CASES; i++) {
        l->cases[i] = *r->case_terms;
        l->cases[i].necessity_min_chars += i;
    }
    assert_int_equal(r->consent_count, 2);
    for (unsigned i = 0; i < 2; i++) {
        memcpy(l->consents[i], r->consent, sizeof l->consents[i]);
        l->consents[i][1].kind = i == 0 ? CONSENT_KIND_OFFICER : CONSENT_KIND_FOUR_EYES;
    }
}

static void multiply(struct large *l, uint32_t n)
{
    struct policy *p = &l->policy;
    const struct rule first = p->rules[0];
    const struct policy_test test = p->tests[0];
    p->rules = calloc(n, sizeof *p->rules);
    p->tests = calloc(n, sizeof *p->tests);
    assert_true(p->rules != NULL && p->tests != NULL);
    p->rules_count = n;
    p->tests_count = n;
    for (uint32_t i = 0; i < n; i++) {
        struct rule *r = &p->rules[i];
        *r = first;
        snprintf(r->id.s, sizeof r->id.s, "rule.%u", i);
        r->case_terms = &l->cases[i % CASES];
        r->consent = l->consents[i % 2];
        p->tests[n - 1 - i] = test;
        p->tests[n - 1 - i].rule = r->id;
    }
}

static void count(void *ctx, const struct finding *f)
{
    unsigned *counts = ctx;
    counts[0] += strcmp(f->code, "shadowed") == 0 ? 1 : 0;
    counts[1] += strcmp(f->code, "consent-differs") == 0 ? 1 : 0;
    counts[2] += strcmp(f->code, "test-missing") == 0 ? 1 : 0;
}

/* Seconds of processor time for the findings of a policy of n rules. */
static double seconds_for(uint32_t n)
{
    static struct policy_text text;
    struct large l;
    struct errmsg why = {.text = ""};
    unsigned counts[3] = {0, 0, 0};
    policy_text_read(&text);
    assert_int_equal(policy_file_load(bytes_of(text.text, text.len), "p", &l.file, &why), ERR_OK);
    l.policy = *policy_file_policy(l.file);
    vary(&l, &l.policy.rules[0]);
    multiply(&l, n);
    const clock_t start = clock();
    assert_int_equal(policy_findings(&l.policy, AT, count, counts), ERR_OK);
    const double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    /* the first rule permits whatever the others do; every second one decides otherwise */
    assert_int_equal(counts[0], n - 1);
    assert_int_equal(counts[1], n / 2);
    assert_int_equal(counts[2], n); /* the one test of each has one of its two holders */
    free(l.policy.rules);
    free(l.policy.tests);
    policy_file_free(l.file);
    return seconds;
}

/* Four times the rules take four times as long, or sixteen times where all are compared with all.
 */
static void test_time_grows_with_the_rules_and_not_with_their_square(void **state)
{
    (void)state;
    const double few = seconds_for(FEW);
    const double many = seconds_for(MANY);
    print_message("%u rules: %.2f s, %u rules: %.2f s\n", FEW, few, MANY, many);
    assert_true(many < 8 * few + 0.1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_time_grows_with_the_rules_and_not_with_their_square),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
