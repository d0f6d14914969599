/* A decision that is judged again from its body: the whole of it has to come out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pki/cli/audit/explain.h"
#include "proto/conf/policy_load.h"
#include "proto/policy/selftest.h"
#include "tests/unit/policy/policy_text.h"

static struct policy_text text;
static struct policy_file *file;
static const struct policy *policy;
static struct arena *arena;
static struct errmsg why;

static int setup(void **state)
{
    (void)state;
    policy_text_read_file(&text, "amlc-track.yaml");
    arena = arena_new((size_t)4 << 20);
    if (policy_file_load(bytes_of(text.text, text.len), "amlc-track.yaml", &file, &why) != ERR_OK)
        fail_msg("%s", why.text);
    policy = policy_file_policy(file);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    policy_file_free(file);
    arena_free(arena);
    return 0;
}

/* The body that a broker writes of a test of the policy; false where it is not one of a broker. */
static bool body_of(const struct policy_test *t, struct audit_body *b)
{
    static struct fact_pairs pairs;
    static struct decision d;
    arena_reset(arena);
    *b = (struct audit_body){.rule = t->rule};
    if (t->role != ROLE_BROKER)
        return false;
    (void)selftest_run(policy, t, &d);
    facts_to_pairs(t->facts, &pairs);
    assert_int_equal(audit_body_set_facts(b, &pairs, 0, arena), ERR_OK);
    assert_int_equal(audit_body_set_decision(b, &d, arena), ERR_OK);
    return true;
}

static enum err replay(const struct audit_body *b, const char *says)
{
    CLEANUP(buf_free) struct buf out = buf_new((size_t)1 << 16);
    why = (struct errmsg){""};
    const enum err e = explain_replay(b, policy, LANGUAGE_EN, &out, &why);
    if (says != NULL && strstr(why.text, says) == NULL)
        fail_msg("no \"%s\" in \"%s\"", says, why.text);
    return e;
}

/* Adds a code to what the body says. */
static void add(struct audit_body *b, const char *code)
{
    struct bytes *more = arena_array(arena, b->reasons_count + 1, sizeof *more);
    assert_non_null(more);
    if (b->reasons_count > 0)
        memcpy(more, b->reasons, b->reasons_count * sizeof *more);
    more[b->reasons_count++] = bytes_str(code);
    b->reasons = more;
}

static void every_decision_comes_out_again(void **state)
{
    (void)state;
    size_t permits = 0;
    size_t denials = 0;
    for (uint32_t i = 0; i < policy->tests_count; i++) {
        struct audit_body b;
        if (!body_of(&policy->tests[i], &b))
            continue;
        assert_int_equal(replay(&b, NULL), ERR_OK);
        permits += b.decision == AUDIT_DECISION_PERMIT;
        denials += b.decision == AUDIT_DECISION_DENY;
    }
    assert_true(permits > 2 && denials > 2);
}

static void one_condition_more_or_less_is_told(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < policy->tests_count; i++) {
        struct audit_body b;
        if (!body_of(&policy->tests[i], &b) || b.decision != AUDIT_DECISION_DENY)
            continue;
        add(&b, "suppression_checked"); /* no condition: it is the name of a fact */
        assert_int_equal(replay(&b, NULL), ERR_OK);
        add(&b, "control_data");
        assert_int_equal(replay(&b, "deny, the entry says deny; failed in the entry alone: control_data;"),
                         ERR_MISMATCH);
        (void)body_of(&policy->tests[i], &b);
        b.reasons++;
        b.reasons_count--;
        assert_int_equal(replay(&b, "; failed now alone: "), ERR_MISMATCH);
    }
}

static void a_permit_names_no_condition_and_may_name_what_was_refused_after_it(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < policy->tests_count; i++) {
        struct audit_body b;
        if (!body_of(&policy->tests[i], &b) || b.decision != AUDIT_DECISION_PERMIT)
            continue;
        add(&b, "state");
        assert_int_equal(replay(&b, NULL), ERR_OK);
        add(&b, "fields");
        assert_int_equal(replay(&b, "permit, the entry says permit; failed in the entry alone: fields;"),
                         ERR_MISMATCH);
        b.decision = AUDIT_DECISION_DENY;
        assert_int_equal(replay(&b, "permit, the entry says deny"), ERR_MISMATCH);
    }
}

static void a_code_of_the_broker_is_put_in_words(void **state)
{
    (void)state;
    static const char *const codes[] = {"policy", "narrowed", "withdrawn", "adoption", "state", "deadline"};
    struct reason_text said;
    for (size_t i = 0; i < ARRAY_LEN(codes); i++)
        assert_true(reason_of_code(bytes_str(codes[i]), &said));
    assert_false(reason_of_code(bytes_str("niet_noodzakelijk"), &said));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_decision_comes_out_again),
        cmocka_unit_test(one_condition_more_or_less_is_told),
        cmocka_unit_test(a_permit_names_no_condition_and_may_name_what_was_refused_after_it),
        cmocka_unit_test(a_code_of_the_broker_is_put_in_words),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
