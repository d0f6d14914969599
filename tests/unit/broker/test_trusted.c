/* Invariant 3 where the broker takes the files that it trusts: roster, policy, a version to come, an adoption and a word on epochs are
 * kept, raise the marks and are told together, or nothing is. What the files say is the fake view's. */
#include "broker/trusted.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "broker/own_keys.h"
#include "broker/store/meta.h"
#include "broker/trust.h"
#include "pki/digest.h"
#include "proto/host/kv_fault.h"
#include "proto/msg/adoption.h"
#include "proto/msg/epoch_states.h"
#include "tests/unit/broker/bench.h"

#define OK(expression) assert_int_equal((expression), ERR_OK)
#define STEPS_MAX 500u

static struct bench bench;

enum err __wrap_trust_load(const struct config_broker *c, const struct trust_before *before, int64_t now_s, struct view **out,
                           struct errmsg *why);
enum err __wrap_own_keys_check(const struct own_keys *of, const struct agency_id *oin, struct errmsg *why);

enum err __wrap_trust_load(const struct config_broker *c, const struct trust_before *before, int64_t now_s, struct view **out,
                           struct errmsg *why)
{
    (void)c;
    (void)before;
    (void)now_s;
    (void)why;
    *out = &bench.view;
    return ERR_OK;
}

enum err __wrap_own_keys_check(const struct own_keys *of, const struct agency_id *oin, struct errmsg *why)
{
    (void)of;
    (void)oin;
    (void)why;
    return ERR_OK;
}

/* ---- what is there to be trusted ---- */

static struct epoch_entry epoch = {1, EPOCH_ACTIVE, 1, {{0}}};
static struct epoch_states word;
static struct adoption_doc adoption;
static struct name rule = {"riec.casus"};
static struct view_version coming = {.policy = {(const uint8_t *)"to come", 7}};

static void fill_view(struct buf *document)
{
    struct view *v = &bench.view;
    word = (struct epoch_states){.deployment = {"demo"},
                                 .purpose = {"riec"},
                                 .serial = 1,
                                 .issued_at = 9,
                                 .custodian = v->members[BENCH_ALFA].id,
                                 .epochs = &epoch,
                                 .epoch_count = 1};
    OK(epoch_states_encode(&word, document, NULL));
    v->states[0] = (struct view_states){.states = &word, .document = buf_bytes(document)};
    OK(digest_sha256(&v->states[0].document, 1, &v->states[0].digest));
    v->state_count = 1;
    adoption = (struct adoption_doc){.deployment = {"demo"},
                                     .holder = v->members[BENCH_BRAVO].id,
                                     .policy = v->policy_digest,
                                     .rules = {&rule, 1},
                                     .state = ADOPTION_STATE_ADOPTED,
                                     .serial = 1,
                                     .signed_at = 9,
                                     .staff = {"b.smit"}};
    v->said = &adoption;
    v->roster.log_origin = bytes_str(bench.config.origin);
    v->announced = (struct view_announced){.serial = v->policy.serial + 1, .from_s = INT64_MAX, .digest = {{0x44}}};
    v->files = (struct view_files){
        .roster = bytes_str("the roster"), .policy = bytes_str("the policy"), .versions = &coming, .version_count = 1};
}

/* ---- what must hold ---- */

static const char *const told[] = {"\"roster.accepted\"", "\"adoption.accepted\"", "\"epoch.activated\""};

static bool has_marks(void)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    static struct view_marks marks;
    OK(kv_read_begin(bench.broker.kv, &txn));
    OK(meta_get_marks(bench.broker.store, txn, &marks));
    return marks.roster_serial == bench.view.roster.serial && marks.policy_serial == bench.view.policy.serial;
}

static void check_told(bool is_taken, unsigned step)
{
    const size_t policies = bench_entries(&bench, "\"policy.accepted\"", "");
    if (has_marks() != is_taken || policies != (is_taken ? 2 : 0)) /* that of now and that to come */
        fail_msg("store call %u: it is taken: %d, it has its marks: %d, versions of the policy are told: %zu", step, is_taken, has_marks(),
                 policies);
    for (size_t i = 0; i < ARRAY_LEN(told); i++)
        if (bench_entries(&bench, told[i], "") != is_taken)
            fail_msg("store call %u: it is taken: %d, and of %s there are %zu", step, is_taken, told[i],
                     bench_entries(&bench, told[i], ""));
}

/* True: it was taken. */
static bool start_once(unsigned step)
{
    CLEANUP(buf_free) struct buf document = buf_new(1 << 16);
    struct errmsg why = {""};
    bench_open(&bench, NULL, 0);
    fill_view(&document);
    bench.broker.view = NULL;
    kv_fault_set(bench.broker.kv, step, ERR_IO);
    const bool is_taken = trusted_start(&bench.broker, NULL, &why) == ERR_OK;
    const bool was_reached = kv_fault_calls(bench.broker.kv) >= step;
    kv_fault_set(bench.broker.kv, 0, ERR_OK);
    if (!was_reached && !is_taken)
        fail_msg("nothing failed, and it is not taken: %s", why.text);
    assert_true((bench.broker.view != NULL) == is_taken);
    check_told(is_taken, step);
    if (!is_taken)
        OK(trusted_start(&bench.broker, NULL, &why)); /* nothing stands in its way */
    check_told(true, step);
    bench_close(&bench);
    return !was_reached;
}

static void what_is_trusted_is_kept_and_told_together(void **state)
{
    (void)state;
    unsigned step = 1;
    while (step < STEPS_MAX && !start_once(step))
        step++;
    assert_in_range(step, 30, STEPS_MAX - 1);
}

/* At another start, whatever call fails: what was taken is told no second time. */
static void what_is_known_is_not_told_again(void **state)
{
    (void)state;
    CLEANUP(buf_free) struct buf document = buf_new(1 << 16);
    struct errmsg why = {""};
    bool was_reached = true;
    unsigned step = 1;
    bench_open(&bench, NULL, 0);
    fill_view(&document);
    OK(trusted_start(&bench.broker, NULL, &why));
    for (; step < STEPS_MAX && was_reached; step++) {
        kv_fault_set(bench.broker.kv, step, ERR_IO);
        const enum err e = trusted_start(&bench.broker, NULL, &why);
        was_reached = kv_fault_calls(bench.broker.kv) >= step;
        kv_fault_set(bench.broker.kv, 0, ERR_OK);
        assert_true(was_reached || e == ERR_OK);
        check_told(true, step);
        assert_int_equal(bench_entries(&bench, "\"policy.in-force\"", ""), 0);
    }
    assert_in_range(step, 15, STEPS_MAX - 1);
    bench_close(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_trusted_is_kept_and_told_together),
        cmocka_unit_test(what_is_known_is_not_told_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
