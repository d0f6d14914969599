/* What the requester is told of a decision, without a broker. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "broker/settle.h"

static bool is_told(enum outcome outcome, enum consent_decision decision, const char *code)
{
    struct rule_outcome told = {.kind = outcome};
    struct refusal_ground grounds[] = {
        {.code = {"niet_noodzakelijk"}, .requester_may_know = true},
        {.code = {"lopend_onderzoek"}, .requester_may_know = false},
    };
    const struct rule rule = {
        .outcome = &told, .refusal_grounds = grounds, .refusal_grounds_count = ARRAY_LEN(grounds)};
    const struct consent c = {.decision = decision, .code = bytes_str(code)};
    return settle_is_forwarded(&rule, &c);
}

static void what_the_requester_may_read_follows_the_outcome(void **state)
{
    (void)state;
    static const char code[] = "niet_noodzakelijk";
    assert_true(is_told(OUTCOME_SEALED, CONSENT_RELEASE, ""));
    assert_false(is_told(OUTCOME_SEALED, CONSENT_KNOWN, ""));
    assert_false(is_told(OUTCOME_SEALED, CONSENT_REFUSE, code));
    assert_true(is_told(OUTCOME_HIT_NO_HIT, CONSENT_KNOWN, ""));
    assert_false(is_told(OUTCOME_HIT_NO_HIT, CONSENT_REFUSE, code));
    assert_false(is_told(OUTCOME_REASONED, CONSENT_KNOWN, ""));
    assert_true(is_told(OUTCOME_REASONED, CONSENT_REFUSE, code));
    assert_false(is_told(OUTCOME_REASONED, CONSENT_REFUSE, "lopend_onderzoek"));
    assert_false(is_told(OUTCOME_REASONED, CONSENT_REFUSE, "nothing"));
    assert_false(is_told(OUTCOME_NONE, CONSENT_REFUSE, code));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_requester_may_read_follows_the_outcome),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
