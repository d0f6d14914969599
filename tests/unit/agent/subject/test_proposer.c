/* Who proposed a search is one of two for as long as the roster says so, and no longer. */
#include "tests/unit/pki/test_core.h"

#include "agent/subject/proposer.h"
#include "pki/view/view.h"

#define SELF "00000099000000005000"

static struct roster_officer officers[1];
static const struct roster roster = {.officers = officers, .officer_count = 1};
static bool has_cert; /* a certificate that counts */

const struct roster *view_roster(const struct view *v)
{
    (void)v;
    return &roster;
}

const struct roster_officer *view_officer(const struct view *v, const struct digest *fingerprint,
                                          const struct agency_id *agency, int64_t signed_at_s)
{
    (void)v;
    (void)signed_at_s;
    return has_cert && digest_equal(fingerprint, &officers[0].cert.fingerprint) &&
                   agency_id_equal(agency, &officers[0].agency)
               ? &officers[0]
               : NULL;
}

static bool counts(const char *staff)
{
    struct search_who who = {.person = {"p1"}};
    struct agency_id self;
    assert_int_equal(agency_id_parse(bytes_str(SELF), &self), ERR_OK);
    assert_int_equal(name_parse(bytes_str(staff), &who.staff), ERR_OK);
    return proposer_counts(NULL, &self, &who, 1);
}

static int set_up(void **state)
{
    (void)state;
    officers[0] = (struct roster_officer){.staff = {"r.bos"},
                                          .person = {"p1"},
                                          .functions = 1u << FUNCTION_PRIVACY_OFFICER,
                                          .cert = {.fingerprint = {{5}}}};
    has_cert = true;
    return agency_id_parse(bytes_str(SELF), &officers[0].agency) == ERR_OK ? 0 : -1;
}

static void a_privacy_officer_of_now_counts(void **state)
{
    (void)state;
    assert_true(counts("r.bos"));
}

static void who_was_struck_off_does_not(void **state)
{
    (void)state;
    assert_false(counts("r.gone"));
    has_cert = false;
    assert_false(counts("r.bos"));
}

static void who_lost_the_function_does_not(void **state)
{
    (void)state;
    officers[0].functions = 1u << FUNCTION_AUDITOR;
    assert_false(counts("r.bos"));
}

static void a_staff_id_that_is_anothers_now_does_not(void **state)
{
    (void)state;
    officers[0].person = (struct name){"p2"};
    assert_false(counts("r.bos"));
}

static void an_officer_of_another_agency_does_not(void **state)
{
    (void)state;
    assert_int_equal(agency_id_parse(bytes_str("00000099000000004000"), &officers[0].agency),
                     ERR_OK);
    assert_false(counts("r.bos"));
}

#define CASE(f) cmocka_unit_test_setup(f, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_privacy_officer_of_now_counts),       CASE(who_was_struck_off_does_not),
        CASE(who_lost_the_function_does_not),        CASE(a_staff_id_that_is_anothers_now_does_not),
        CASE(an_officer_of_another_agency_does_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
