/* agent/renew: when a certificate is renewed, and when a renewal is asked again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "agent/renew/renew.h"
#include "tests/unit/pki/ca_fixture.h"

#define OK(expression) assert_int_equal((expression), ERR_OK)
#define HOUR INT64_C(3600)
#define CERTS 24

static struct fix_pki pki;
static struct mac *mac;

static int setup(void **state)
{
    (void)state;
    struct secret *key = secret_new(bytes_str("a secret of this agency's own..."));
    fix_new(&pki);
    OK(mac_new(key, &mac));
    secret_free(key);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    mac_free(mac);
    fix_free(&pki);
    return 0;
}

static struct renew_term term(int64_t life_s, struct mac *by)
{
    struct ca_request r = fix_request(CERT_SIGNING, '2', "leaf");
    struct renew_term t;
    struct renew_term again;
    r.not_after = r.not_before + life_s;
    struct fix_party p = fix_issue(&pki.issuer, &r);
    OK(renew_term_of(p.cert, by, &t));
    OK(renew_term_of(p.cert, by, &again));
    assert_memory_equal(&t, &again, sizeof t); /* as after a restart */
    fix_party_free(&p);
    return t;
}

static void it_is_due_at_two_thirds_and_a_little_later(void **state)
{
    (void)state;
    static const struct {
        int64_t life_s, again_s;
    } cases[] = {
        {30 * FIX_DAY, FIX_DAY}, {7 * FIX_DAY, 7 * HOUR}, {12 * HOUR, HOUR / 2}, {HOUR, 600},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const int64_t life_s = cases[i].life_s;
        const struct renew_term t = term(life_s, mac);
        assert_int_equal(t.from_s, FIX_NOW + life_s - life_s / 3);
        assert_in_range(t.due_s, t.from_s, t.from_s + life_s / 12);
        assert_int_equal(t.ends_s, FIX_NOW + life_s);
        assert_int_equal(t.again_s, cases[i].again_s);
    }
}

/* Certificates of one day come due on different ones. */
static void many_are_spread(void **state)
{
    (void)state;
    int64_t least = INT64_MAX;
    int64_t most = 0;
    for (size_t i = 0; i < CERTS; i++) {
        const int64_t due_s = term(30 * FIX_DAY, mac).due_s;
        least = due_s < least ? due_s : least;
        most = due_s > most ? due_s : most;
    }
    assert_true(most - least > FIX_DAY); /* of two and a half */
}

static void a_renewal_is_asked_once_until_it_is_answered(void **state)
{
    (void)state;
    static const struct renew_term t = {.from_s = 900, .due_s = 1000, .again_s = 600, .ends_s = 5000};
    static const struct {
        const char *what;
        int64_t now_s, asked_s, settled_s;
        bool is_pending, wants;
    } cases[] = {
        {"not due", 999, 0, 0, false, false},
        {"due", 1000, 0, 0, false, true},
        {"on its way", 4000, 1000, 0, true, false},
        {"in the mailbox", 1001, 1000, 1000, false, false},
        {"in the mailbox for long", 1600, 1000, 1000, false, true},
        {"asked again", 1601, 1600, 1600, false, false},
        {"asked for the certificate before", 1000, 400, 400, false, true},
        {"over", 5001, 0, 0, false, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct renewing r = {.keys = {[1] = {RENEWAL_SEALING, true, t}},
                             .asked_s = cases[i].asked_s,
                             .settled_s = cases[i].settled_s,
                             .is_pending = cases[i].is_pending};
        if (renew_must_ask(&r, cases[i].now_s) != cases[i].wants)
            fail_msg("%s", cases[i].what);
        assert_int_equal(renew_is_due(&r, cases[i].now_s), cases[i].now_s >= 1000);
        r.keys[1].is_listed = false; /* struck off: nothing to renew */
        assert_false(renew_must_ask(&r, cases[i].now_s));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_due_at_two_thirds_and_a_little_later),
        cmocka_unit_test(many_are_spread),
        cmocka_unit_test(a_renewal_is_asked_once_until_it_is_answered),
    };
    if (secret_init() == ERR_NOMEM)
        return 1;
    return cmocka_run_group_tests(tests, setup, teardown);
}
