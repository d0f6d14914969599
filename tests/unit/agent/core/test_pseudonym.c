/* Invariant 10: officers appear outside their agency as a pseudonym of one month. */
#include "tests/unit/pki/test_core.h"

#include "agent/pseudonym.h"

#define NOVEMBER INT64_C(1795000000) /* 2026-11-18 */
#define DAY INT64_C(86400)

static const struct name jansen = {"m.jansen"};
static const struct name smit = {"b.smit"};

static struct name of(const struct secret *storage, const struct name *staff, int64_t at_s)
{
    struct name out;
    assert_int_equal(pseudonym_of(storage, staff, at_s, &out), ERR_OK);
    return out;
}

static void it_holds_for_a_month_a_person_and_an_agency(void **state)
{
    (void)state;
    CLEANUP(cleanup_secret_free) struct secret *one = secret_random(32);
    CLEANUP(cleanup_secret_free) struct secret *other = secret_random(32);
    const struct name first = of(one, &jansen, NOVEMBER);
    assert_string_equal(of(one, &jansen, NOVEMBER + 12 * DAY).s, first.s); /* the 30th */
    assert_string_not_equal(of(one, &jansen, NOVEMBER + 13 * DAY).s, first.s);
    assert_string_not_equal(of(one, &jansen, NOVEMBER + 365 * DAY).s, first.s);
    assert_string_not_equal(of(one, &smit, NOVEMBER).s, first.s);
    assert_string_not_equal(of(other, &jansen, NOVEMBER).s, first.s);
}

static void it_says_nothing_of_the_person(void **state)
{
    (void)state;
    CLEANUP(cleanup_secret_free) struct secret *key = secret_random(32);
    const struct name p = of(key, &jansen, NOVEMBER);
    assert_int_equal(strlen(p.s), 16);
    assert_int_equal(strspn(p.s, "0123456789abcdef"), 16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_holds_for_a_month_a_person_and_an_agency),
        cmocka_unit_test(it_says_nothing_of_the_person),
    };
    return cmocka_run_group_tests(tests, setup_secret_heap, NULL);
}
