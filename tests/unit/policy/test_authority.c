/* Who decides for a holder, for every kind of consent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/policy/authority.h"

#define HOUR_S INT64_C(3600)
#define ISSUED INT64_C(1770000000)
#define DEADLINE (ISSUED + 24 * HOUR_S)

static const struct policy no_closed_days;
static struct name functions[] = {{"release_officer"}};
static struct name deputies[] = {{"privacy_officer"}};
static const struct name officer = {"release_officer"};
static const struct name deputy = {"privacy_officer"};
static const struct name prosecutor = {"prosecutor"};
static const struct name worker = {"case_worker"};

static struct consent_terms terms(enum consent_kind kind)
{
    return (struct consent_terms){.kind = kind, .functions = functions, .functions_count = 1,
                                  .deputies = deputies, .deputies_count = 1, .term = {.hours = 1}};
}

static void each_kind_has_its_persons(void **state)
{
    (void)state;
    static const struct {
        enum consent_kind kind;
        bool two;
        bool prosecutor;
    } rows[] = {
        {CONSENT_KIND_NONE, true, false},       {CONSENT_KIND_OFFICER, false, false},
        {CONSENT_KIND_FOUR_EYES, true, false},  {CONSENT_KIND_PROSECUTOR, true, true},
        {CONSENT_KIND_STANDING, false, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct consent_terms c = terms(rows[i].kind);
        assert_int_equal(authority_needs_two(&c, CONSENT_RELEASE), rows[i].two);
        assert_int_equal(authority_needs_two(&c, CONSENT_KNOWN), rows[i].two);
        assert_false(authority_needs_two(&c, CONSENT_REFUSE));
        const struct authority q = {&no_closed_days, &c, ISSUED, DEADLINE};
        assert_true(authority_admits(&q, &officer, ISSUED));
        assert_false(authority_admits(&q, &deputy, ISSUED));
        assert_true(authority_admits(&q, &deputy, DEADLINE));
        assert_false(authority_admits(&q, &worker, DEADLINE));
        assert_int_equal(authority_admits(&q, &prosecutor, ISSUED), rows[i].prosecutor);
    }
}

static void a_deputy_signs_once_the_term_can_be_over(void **state)
{
    (void)state;
    struct consent_terms c = terms(CONSENT_KIND_OFFICER);
    const struct authority q = {&no_closed_days, &c, ISSUED, DEADLINE};
    const int64_t over = ISSUED - AUTHORITY_SKEW_S + HOUR_S; /* of what arrived at once */
    assert_false(authority_admits(&q, &deputy, over));
    assert_true(authority_admits(&q, &deputy, over + 1));
    c.functions = c.deputies; /* who decides anyhow waits for nobody */
    assert_true(authority_admits(&q, &deputy, over));
}

static void only_a_prosecutor_and_another_pair_under_prosecutor(void **state)
{
    (void)state;
    const struct consent_terms c = terms(CONSENT_KIND_PROSECUTOR);
    const struct consent_terms f = terms(CONSENT_KIND_FOUR_EYES);
    assert_true(authority_pairs(&c, &officer, &prosecutor));
    assert_true(authority_pairs(&c, &prosecutor, &deputy));
    assert_false(authority_pairs(&c, &officer, &officer));
    assert_false(authority_pairs(&c, &officer, &deputy));
    assert_false(authority_pairs(&c, &prosecutor, &prosecutor));
    assert_true(authority_pairs(&f, &officer, &officer));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_has_its_persons),
        cmocka_unit_test(a_deputy_signs_once_the_term_can_be_over),
        cmocka_unit_test(only_a_prosecutor_and_another_pair_under_prosecutor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
