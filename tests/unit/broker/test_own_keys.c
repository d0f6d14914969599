/* Which signing key a party gets that is behind: the one that it can know. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "broker/own_keys.h"
#include "tests/unit/broker/bench.h"
#include "tests/unit/pki/ca_fixture.h"

static struct bench bench;

static int setup(void **state)
{
    (void)state;
    bench_open(&bench, NULL, 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    bench_close(&bench);
    return 0;
}

static struct roster_former former_of(const struct fix_party *p, int64_t replaced_at)
{
    return (struct roster_former){
        .cert = {cert_der(p->cert), *cert_fingerprint(p->cert)}, .replaced_at = replaced_at, .until = INT64_MAX};
}

/* A copy for the ring, which takes it. */
static struct key *copy_of(const struct key *k)
{
    CLEANUP(cleanup_secret_free) struct secret *half = NULL;
    struct key *copy = NULL;
    assert_int_equal(key_private(k, &half), ERR_OK);
    assert_int_equal(key_from_private(KEY_TYPE_P256, half, &copy), ERR_OK);
    return copy;
}

static void who_is_behind_gets_the_key_of_before(void **state)
{
    (void)state;
    struct fix_pki pki;
    fix_new(&pki);
    struct fix_party old = fix_leaf(&pki, CERT_SIGNING, '1');
    struct fix_party older = fix_leaf(&pki, CERT_SIGNING, '1');
    struct fix_party seal = fix_leaf(&pki, CERT_SEALING, '1');
    const struct own_keys own = {bench.broker.keys, &bench.view};
    const uint64_t serial = bench.view.roster.serial;
    const struct key *present = own_signing(&own);
    assert_non_null(present);
    assert_ptr_equal(own_signing_for(&own, serial - 1), present); /* nothing was replaced */
    const struct roster_former list[] = {former_of(&older, 10), former_of(&old, 20), former_of(&seal, 30)};
    bench.view.members[BENCH_BROKER].former = (struct former_list){list, ARRAY_LEN(list)};
    assert_ptr_equal(own_signing_for(&own, serial - 1), present); /* their keys are not here */
    assert_int_equal(key_ring_add(&bench.broker.keys->signing, copy_of(older.key)), ERR_OK);
    assert_true(key_same_public(own_signing_for(&own, serial - 1), older.key));
    assert_int_equal(key_ring_add(&bench.broker.keys->signing, copy_of(old.key)), ERR_OK);
    assert_true(key_same_public(own_signing_for(&own, serial - 1), old.key)); /* the newest of them */
    assert_ptr_equal(own_signing_for(&own, serial), present);
    assert_ptr_equal(own_signing_for(&own, serial + 1), present);
    fix_party_free(&old);
    fix_party_free(&older);
    fix_party_free(&seal);
    fix_free(&pki);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(who_is_behind_gets_the_key_of_before, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
