/* Keeping longer than the rule says: two persons, one number of days, a reason, and no more than
 * the rule allows; and that it goes with its request. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "agent/ask/alert.h"
#include "agent/ask/keep.h"
#include "agent/outbox_rows.h"
#include "proto/host/kv_write.h"
#include "tests/support/storage_ring.h"

static struct {
    char dir[64];
    char path[80];
    struct storage_keys *keys;
    struct store *store;
    struct kv_txn *txn;
    struct arena *arena;
    struct asked asked;
} it;

static int set_up(void **state)
{
    (void)state;
    struct agency_id agency;
    enum err heap = secret_init();
    assert_true(heap == ERR_OK || heap == ERR_PERMISSION);
    snprintf(it.dir, sizeof it.dir, "/tmp/sluis-keep-XXXXXX");
    assert_non_null(mkdtemp(it.dir));
    snprintf(it.path, sizeof it.path, "%s/store", it.dir);
    it.keys = storage_ring_of(NULL);
    it.arena = arena_new(4 * ASKED_MAX_BYTES);
    assert_int_equal(agency_id_parse(bytes_str("00000099000000002000"), &agency), ERR_OK);
    const struct store_params p = {
        .dir = it.path, .map_bytes = 16u << 20, .keys = it.keys, .agency = &agency};
    assert_int_equal(agent_store_open(&p, &it.store, NULL), ERR_OK);
    assert_int_equal(kv_write_begin(store_kv(it.store), &it.txn), ERR_OK);
    it.asked = (struct asked){.id = {.b = {7}},
                              .staff = {"p.jansen"},
                              .rule = {"riec.casus"},
                              .rule_version = 1,
                              .purpose = {"riec-casus"},
                              .epoch = 1,
                              .outcome = OUTCOME_SEALED,
                              .keep_days = 365};
    assert_int_equal(asked_put(it.store, it.txn, &it.asked), ERR_OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    char path[160];
    static const char *const names[] = {"store/data.mdb", "store/lock.mdb", "store", ""};
    kv_write_abort(it.txn);
    agent_store_free(it.store);
    arena_free(it.arena);
    storage_keys_free(it.keys);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        snprintf(path, sizeof path, "%s/%s", it.dir, names[i]);
        (void)!remove(path);
    }
    return 0;
}

static struct keep_word word(const char *staff, const char *person, uint32_t days)
{
    struct keep_word w = {.days = days, .now_s = 1780300800, .most_days = 365 + 90};
    assert_int_equal(name_parse(bytes_str(staff), &w.staff), ERR_OK);
    assert_int_equal(name_parse(bytes_str(person), &w.person), ERR_OK);
    return w;
}

static enum err say(const struct keep_word *w, const char *says)
{
    struct keep k;
    struct errmsg why = {""};
    const enum err bad = keep_say(it.store, it.txn, &it.asked, w, it.arena, &k, &why);
    if (strstr(why.text, says) == NULL)
        fail_msg("says: %s", why.text);
    return bad;
}

static uint32_t kept(void)
{
    struct asked back;
    assert_int_equal(asked_get(it.store, it.txn, &it.asked.id, it.arena, &back), ERR_OK);
    return back.keep_days;
}

static void two_persons_keep_it_longer(void **state)
{
    (void)state;
    struct keep_word first = word("p.jansen", "person-1", 60);
    first.reason = bytes_str("the objection is still before the court");
    assert_int_equal(say(&first, ""), ERR_OK);
    assert_int_equal(kept(), 365);
    const struct keep_word second = word("a.bakker", "person-2", 60);
    assert_int_equal(say(&second, ""), ERR_OK);
    assert_int_equal(kept(), 365 + 60);
    assert_int_equal(say(&second, "only once"), ERR_STATE);
    struct keep k;
    assert_int_equal(keep_get(it.store, it.txn, &it.asked.id, it.arena, &k), ERR_OK);
    assert_string_equal(k.first.s, "p.jansen");
    assert_string_equal(k.second.s, "a.bakker");
    assert_true(bytes_is(k.reason, "the objection is still before the court"));
}

static void what_does_not_fit_changes_nothing(void **state)
{
    (void)state;
    struct keep_word w = word("p.jansen", "person-1", 60);
    assert_int_equal(say(&w, "say why"), ERR_INVALID);
    w.reason = bytes_str("why");
    w.days = 0;
    assert_int_equal(say(&w, "how many days"), ERR_RANGE);
    w.days = 91;
    assert_int_equal(say(&w, "455 days in all"), ERR_RANGE);
    w.most_days = 0;
    assert_int_equal(say(&w, "0 days in all"), ERR_RANGE);
    w = word("p.jansen", "person-1", 90);
    w.reason = bytes_str("why");
    assert_int_equal(say(&w, ""), ERR_OK);
    const struct keep_word same = word("p.jansen.2", "person-1", 90);
    assert_int_equal(say(&same, "another person"), ERR_PERMISSION);
    const struct keep_word other = word("a.bakker", "person-2", 30);
    assert_int_equal(say(&other, "90 days were proposed"), ERR_MISMATCH);
    assert_int_equal(kept(), 365);
}

/* Whoever proposes first could else keep everybody from an extension by saying something that nobody confirms. */
static void a_proposal_stands_in_nobodys_way(void **state)
{
    (void)state;
    struct keep k;
    struct keep_word first = word("p.jansen", "person-1", 1);
    first.reason = bytes_str("one day");
    assert_int_equal(say(&first, ""), ERR_OK);
    struct keep_word other = word("a.bakker", "person-2", 60);
    other.reason = bytes_str("the objection is before the court");
    assert_int_equal(say(&other, ""), ERR_OK);
    assert_int_equal(kept(), 365); /* nobody confirmed anything */
    assert_int_equal(keep_get(it.store, it.txn, &it.asked.id, it.arena, &k), ERR_OK);
    assert_string_equal(k.first.s, "a.bakker");
    other.reason = bytes_of(NULL, 0);
    assert_int_equal(say(&other, "another person"), ERR_PERMISSION);
    first.reason = bytes_of(NULL, 0);
    assert_int_equal(say(&first, "60 days were proposed"), ERR_MISMATCH);
    first.days = 60;
    assert_int_equal(say(&first, ""), ERR_OK);
    assert_int_equal(kept(), 365 + 60);
    other.reason = bytes_str("and longer");
    other.days = 1;
    assert_int_equal(say(&other, "only once"), ERR_STATE);
}

static void it_goes_with_its_request(void **state)
{
    (void)state;
    struct keep k;
    struct keep_word w = word("p.jansen", "person-1", 60);
    w.reason = bytes_str("why");
    assert_int_equal(say(&w, ""), ERR_OK);
    assert_int_equal(asked_delete(it.store, it.txn, &it.asked), ERR_OK);
    assert_int_equal(keep_get(it.store, it.txn, &it.asked.id, it.arena, &k), ERR_NOT_FOUND);
}

/* A question that the broker never answered is not sent after its request is gone; others still are. */
static void what_waits_to_be_sent_goes_too(void **state)
{
    (void)state;
    struct digest of_it = {.b = {1}};
    struct digest of_another = {.b = {2}};
    const struct asked_holder holder = {.header_digest = of_it};
    struct outbox_head waits = {.kind = MSG_REQUEST, .tag_len = sizeof of_it.b};
    struct outbox_head left = {.id = {0}};
    it.asked.holders = &holder;
    it.asked.holder_count = 1;
    memcpy(waits.tag, of_another.b, sizeof of_another.b);
    assert_int_equal(outbox_rows_add(it.store, it.txn, &waits, bytes_str("another")), ERR_OK);
    const struct outbox_id kept = waits.id;
    memcpy(waits.tag, of_it.b, sizeof of_it.b);
    assert_int_equal(outbox_rows_add(it.store, it.txn, &waits, bytes_str("it")), ERR_OK);
    assert_int_equal(asked_delete(it.store, it.txn, &it.asked), ERR_OK);
    assert_int_equal(outbox_rows_after(it.store, it.txn, left.id, &left), ERR_OK);
    assert_int_equal(left.id.v, kept.v);
    assert_int_equal(outbox_rows_after(it.store, it.txn, left.id, &left), ERR_NOT_FOUND);
}

static size_t alerts(void)
{
    struct kv_table_stats s;
    assert_int_equal(kv_table_stats(it.txn, store_kv_table(it.store, STORE_ASK_ALERT), &s), ERR_OK);
    return (size_t)s.entries;
}

/* Else who asked about a protected person takes it away by ending the case, before anybody has seen it. */
static void an_alert_outlives_its_request_and_not_its_days(void **state)
{
    (void)state;
    const int64_t days_s = ALERT_DAYS * INT64_C(86400);
    const struct request_id other = {{8}};
    assert_int_equal(alert_put(it.store, it.txn, &it.asked.id, &it.asked.staff, 2000), ERR_OK);
    assert_int_equal(alert_put(it.store, it.txn, &other, &it.asked.staff, 2001), ERR_OK);
    assert_int_equal(asked_delete(it.store, it.txn, &it.asked), ERR_OK);
    assert_int_equal(alert_prune(it.store, it.txn, 2000 + days_s, 10), ERR_OK);
    assert_int_equal(alerts(), 2);
    assert_int_equal(alert_prune(it.store, it.txn, 2001 + days_s, 10), ERR_OK);
    assert_int_equal(alerts(), 1);
    assert_int_equal(alert_prune(it.store, it.txn, 2002 + days_s, 10), ERR_OK);
    assert_int_equal(alerts(), 0);
    assert_int_equal(alert_prune(it.store, it.txn, INT64_MAX, 10), ERR_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(two_persons_keep_it_longer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_does_not_fit_changes_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_proposal_stands_in_nobodys_way, set_up, tear_down),
        cmocka_unit_test_setup_teardown(it_goes_with_its_request, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_waits_to_be_sent_goes_too, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_alert_outlives_its_request_and_not_its_days, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
