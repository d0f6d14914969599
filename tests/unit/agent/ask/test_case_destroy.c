/* The row of a case, and its end: what was asked under it goes, and nothing of another case. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "agent/ask/asked.h"
#include "agent/ask/case_destroy.h"
#include "agent/ask/counts.h"
#include "agent/ask/keep.h"
#include "agent/ask/run.h"
#include "pki/mac.h"
#include "proto/host/kv_write.h"
#include "proto/policy/policy.h"
#include "tests/support/storage_ring.h"

#define DEADLINE INT64_C(5000)
#define DAY_S INT64_C(86400)

static const struct digest asked_under = {{9}};
static struct rule keeps_cases[1] = {{.id = {"rule"}, .process = PROCESS_CASE_RELEASE,
                                      .retention = {.case_file = 10}}};
static const struct policy policy = {.rules = keeps_cases, .rules_count = 1};

/* The view, for who notes a version. */
const struct digest *view_policy_digest(const struct view *v)
{
    (void)v;
    return &asked_under;
}

static struct {
    char dir[64];
    char path[80];
    struct secret *key;
    struct store *store;
    struct arena *arena;
    struct kv_txn *txn; /* one for each test, dropped at its end */
} f;

static int set_up(void **state)
{
    struct agency_id agency;
    struct errmsg why = {""};
    (void)state;
    enum err heap = secret_init();
    assert_true(heap == ERR_OK || heap == ERR_PERMISSION);
    assert_int_equal(agency_id_parse(bytes_str("00000099000000002000"), &agency), ERR_OK);
    snprintf(f.dir, sizeof f.dir, "/tmp/sluis-case-XXXXXX");
    assert_non_null(mkdtemp(f.dir));
    snprintf(f.path, sizeof f.path, "%s/store", f.dir);
    f.key = secret_random(32);
    CLEANUP(cleanup_storage_keys_free) struct storage_keys *keys = storage_ring_of(f.key);
    const struct store_params p = {f.path, 16u << 20, keys, &agency};
    if (agent_store_open(&p, &f.store, &why) != ERR_OK)
        fail_msg("%s", why.text);
    f.arena = arena_new((size_t)8 << 20);
    assert_int_equal(kv_write_begin(store_kv(f.store), &f.txn), ERR_OK);
    return 0;
}

static int tear_down(void **state)
{
    static const char *const names[] = {"store/data.mdb", "store/lock.mdb", "store", ""};
    char path[160];
    (void)state;
    kv_write_abort(f.txn);
    agent_store_free(f.store);
    secret_free(f.key);
    arena_free(f.arena);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        snprintf(path, sizeof path, "%s/%s", f.dir, names[i]);
        (void)!remove(path);
    }
    return 0;
}

static size_t rows_in(enum store_table table)
{
    struct kv_table_stats s;
    assert_int_equal(kv_table_stats(f.txn, store_kv_table(f.store, table), &s), ERR_OK);
    return (size_t)s.entries;
}

static struct case_row case_row_of(uint8_t id, enum case_state state, bool at_once)
{
    const struct rule rule = {.id = {"rule"},
                              .retention = {.case_file = 10, .destroy_at_close = at_once}};
    struct case_row k = {.title = bytes_str("Panden aan de Kade")};
    memset(k.id.b, id, sizeof k.id.b);
    k.moves[k.move_count++] = (struct case_move){CASE_SIGNAL, {"r.visser"}, 1000};
    if (state != CASE_SIGNAL)
        k.moves[k.move_count++] = (struct case_move){state, {"r.visser"}, 1001};
    k.checks[k.check_count++] = (struct case_checked){CHECK_1, {"j.dekker"}, 1002,
                                                      bytes_str("weegploeg"), bytes_str("reden")};
    assert_int_equal(case_use(&k, &rule, &asked_under, NULL), ERR_OK);
    return k;
}

/* One request of a case to one holder, in a state, with one result; all of one byte. */
static void ask(uint8_t n, const struct case_row *k, enum ask_state state)
{
    struct asked_identifier id = {IDENT_BSN, bytes_str("999990019")};
    struct asked_subject subject = {bytes_str("dossier"), &id, 1};
    struct asked_holder holder = {.header_digest = {{n}}};
    struct asked a = {.id = {{n}}, .case_id = k->id, .staff = {"r.visser"}, .rule = {"rule"},
                      .rule_version = 1, .purpose = {"p"}, .epoch = 1, .outcome = OUTCOME_SEALED,
                      .issued_at_s = 2000, .deadline_s = DEADLINE, .keep_days = 100,
                      .subjects = &subject, .subject_count = 1, .holders = &holder,
                      .holder_count = 1};
    assert_int_equal(agency_id_parse(bytes_str("00000099000000004000"), &holder.oin), ERR_OK);
    struct asked_header h = {.request = a.id, .holder = holder.oin, .header = bytes_str("header"),
                             .state = state};
    struct digest consent = {{n}};
    const struct result r = {.kind = RESULT_RELEASED, .settled = bytes_str("settled"),
                             .content = bytes_str("schuld")};
    assert_int_equal(asked_put(f.store, f.txn, &a), ERR_OK);
    assert_int_equal(asked_header_put(f.store, f.txn, &holder.header_digest, &h), ERR_OK);
    assert_int_equal(result_put(f.store, f.txn, &holder.header_digest, &consent, &r), ERR_OK);
}

static void count(const struct case_row *k, uint8_t request)
{
    struct mac *mac = NULL;
    struct norm_ident id = {.type = IDENT_BSN, .len = 9, .value = "999990019"};
    const struct name purpose = {"p"};
    struct counts_mark mark;
    assert_int_equal(mac_new(f.key, &mac), ERR_OK);
    assert_int_equal(counts_mark_of(mac, &purpose, &id, &mark), ERR_OK);
    const struct counts_ask q = {.store = f.store, .now_s = 2000,
                                 .request = {{request}}, .case_id = k->id, .staff = {"r.visser"},
                                 .purpose = purpose, .period_days = 30, .marks = &mark, .mark_count = 1};
    assert_int_equal(counts_add(&q, f.txn), ERR_OK);
    mac_free(mac);
}

static struct case_row stored(uint8_t id)
{
    struct case_id key;
    struct case_row k;
    memset(key.b, id, sizeof key.b);
    assert_int_equal(case_get(f.store, f.txn, &key, f.arena, &k), ERR_OK);
    return k;
}

static enum err destroy(struct case_row *k, int64_t now_s, struct errmsg *why)
{
    const struct case_move m = {CASE_DESTROYED, {"j.dekker"}, now_s};
    return case_destroy(f.store, f.txn, k, &m, why);
}

static void a_row_comes_back_as_it_was(void **state)
{
    (void)state;
    struct case_row k = case_row_of(1, CASE_CLOSED, true);
    k.intervention = (struct name){"bestuurlijk"};
    assert_int_equal(case_put(f.store, f.txn, &k), ERR_OK);
    struct case_row again = stored(1);
    assert_int_equal(case_row_state(&again), CASE_CLOSED);
    assert_true(bytes_is(again.title, "Panden aan de Kade"));
    assert_int_equal(again.check_count, 1);
    assert_true(bytes_is(again.checks[0].reason, "reden"));
    assert_string_equal(again.checks[0].staff.s, "j.dekker");
    assert_int_equal(again.use_count, 1);
    assert_true(again.uses[0].destroy_at_close);
    assert_true(digest_equal(&again.uses[0].policy, &asked_under));
    assert_string_equal(again.intervention.s, "bestuurlijk");
    assert_string_equal(again.result.s, "");
}

static void a_row_without_versions_is_read(void **state)
{
    (void)state;
    struct case_row k = case_row_of(1, CASE_SIGNAL, true);
    struct case_row out;
    struct bytes row;
    assert_int_equal(case_put(f.store, f.txn, &k), ERR_OK);
    assert_int_equal(store_get(f.store, f.txn, STORE_CASE, BYTES_OF_ARRAY(k.id.b), f.arena, &row),
                     ERR_OK);
    const size_t behind = 1 + 4 + 4 + 4; /* the rest of the use, and two empty codes */
    const size_t digest = row.len - behind - sizeof asked_under.b;
    uint8_t *old = arena_alloc(f.arena, row.len);
    memcpy(old, row.ptr, digest);
    memcpy(old + digest, row.ptr + row.len - behind, behind);
    old[3] = 2;
    assert_int_equal(case_decode(bytes_of(old, digest + behind), &out), ERR_OK);
    assert_int_equal(out.use_count, 1);
    assert_int_equal(out.uses[0].keep_days, 10);
    assert_true(digest_equal(&out.uses[0].policy, &(struct digest){{0}}));
}

/* Cut anywhere it is refused; as it was before there were checks it is read. */
static void a_damaged_row_is_refused_and_an_older_one_read(void **state)
{
    (void)state;
    struct case_row k = case_row_of(1, CASE_SIGNAL, true);
    struct case_row out;
    struct bytes row;
    k.check_count = k.use_count = 0;
    assert_int_equal(case_put(f.store, f.txn, &k), ERR_OK);
    assert_int_equal(store_get(f.store, f.txn, STORE_CASE, BYTES_OF_ARRAY(k.id.b), f.arena, &row),
                     ERR_OK);
    for (size_t n = 0; n < row.len; n++)
        assert_int_not_equal(case_decode(bytes_of(row.ptr, n), &out), ERR_OK);
    uint8_t *old = arena_alloc(f.arena, row.len);
    memcpy(old, row.ptr, row.len);
    old[3] = 1; /* without checks, uses and codes: four empty parts */
    assert_int_equal(case_decode(bytes_of(old, row.len - 16), &out), ERR_OK);
    assert_int_equal(out.check_count, 0);
    old[3] = 4;
    assert_int_equal(case_decode(bytes_of(old, row.len), &out), ERR_VERSION);
}

static void destroying_takes_what_was_asked_and_what_came_back(void **state)
{
    (void)state;
    static struct case_row one;
    static struct case_row two;
    one = case_row_of(1, CASE_CLOSED, true);
    two = case_row_of(2, CASE_CLOSED, true);
    assert_int_equal(case_put(f.store, f.txn, &one), ERR_OK);
    assert_int_equal(case_put(f.store, f.txn, &two), ERR_OK);
    ask(1, &one, ASK_CLOSED);
    ask(2, &two, ASK_CLOSED);
    ask(3, &one, ASK_REFUSED);
    count(&one, 1);
    count(&two, 2);
    size_t counted = rows_in(STORE_ASK_COUNT);
    assert_int_equal(destroy(&one, 6000, NULL), ERR_OK);
    assert_int_equal(rows_in(STORE_ASK), 1);
    assert_int_equal(rows_in(STORE_ASK_HEADER), 1);
    assert_int_equal(rows_in(STORE_ASK_RESULT), 1);
    assert_int_equal(rows_in(STORE_ASK_COUNT), counted - 1);
    one = stored(1);
    assert_int_equal(case_row_state(&one), CASE_DESTROYED);
    assert_int_equal(one.title.len, 0);
    assert_int_equal(one.moves[2].at_s, 6000); /* that it was destroyed stands there */
    assert_string_equal(one.moves[2].staff.s, "j.dekker");
    two = stored(2);
    assert_int_equal(case_row_state(&two), CASE_CLOSED);
    assert_true(two.title.len > 0);
    assert_int_equal(destroy(&one, 6001, NULL), ERR_STATE);
}

static void nothing_is_destroyed_while_an_answer_may_come(void **state)
{
    (void)state;
    static const enum ask_state under_way[] = {ASK_QUEUED, ASK_OPEN};
    for (size_t i = 0; i < ARRAY_LEN(under_way); i++) {
        struct errmsg why = {""};
        struct case_row k = case_row_of((uint8_t)(i + 1), CASE_CLOSED, true);
        assert_int_equal(case_put(f.store, f.txn, &k), ERR_OK);
        ask((uint8_t)(10 * i + 1), &k, ASK_CLOSED);
        ask((uint8_t)(10 * i + 2), &k, under_way[i]);
        size_t asked = rows_in(STORE_ASK);
        assert_int_equal(destroy(&k, DEADLINE + DAY_S, &why), ERR_AGAIN);
        assert_non_null(strstr(why.text, "1970-01-01T01:23:20Z"));
        assert_int_equal(rows_in(STORE_ASK), asked);
        assert_int_equal(destroy(&k, DEADLINE + DAY_S + 1, &why), ERR_OK);
        assert_int_equal(rows_in(STORE_ASK), asked - 2);
    }
}

static void an_open_case_is_not_destroyed(void **state)
{
    (void)state;
    struct case_row k = case_row_of(1, CASE_INTERVENTION, true);
    assert_int_equal(case_put(f.store, f.txn, &k), ERR_OK);
    assert_int_equal(destroy(&k, 9000, NULL), ERR_STATE);
    k = stored(1);
    assert_true(k.title.len > 0);
}

/* Destroys what is due; how many. *after: as in the sweep. */
static size_t sweep(int64_t now_s, size_t max, struct case_id *after)
{
    struct case_sweep w = {f.store, &policy, now_s, max, *after, 0};
    assert_int_equal(case_destroy_due(&w, f.txn), ERR_OK);
    *after = w.after;
    return w.destroyed;
}

static void what_is_due_is_destroyed_by_itself(void **state)
{
    (void)state;
    static const enum case_state put[] = {CASE_CLOSED, CASE_CLOSED, CASE_SIGNAL, CASE_CLOSED,
                                          CASE_CLOSED};
    static struct case_row k; /* too large for the stack, as in the others here */
    struct case_id after = {{0}};
    for (size_t i = 0; i < ARRAY_LEN(put); i++) {
        k = case_row_of((uint8_t)(i + 1), put[i], i != 1);
        assert_int_equal(case_put(f.store, f.txn, &k), ERR_OK);
        if (i == 3)
            ask(9, &k, ASK_OPEN); /* under way: it waits */
    }
    assert_int_equal(sweep(1000, 16, &after), 0); /* before its close there is nothing to destroy */
    assert_int_equal(sweep(1001, 16, &after), 2);
    const enum case_state states[] = {CASE_DESTROYED, CASE_CLOSED, CASE_SIGNAL, CASE_CLOSED,
                                      CASE_DESTROYED};
    for (size_t i = 0; i < ARRAY_LEN(put); i++) {
        k = stored((uint8_t)(i + 1));
        assert_int_equal(case_row_state(&k), states[i]);
    }
    /* the time of case 2 is over, and so is the request of case 4 */
    assert_int_equal(sweep(1001 + 10 * DAY_S, 16, &after), 2);
}

static void a_case_that_asked_nothing_is_destroyed_by_itself(void **state)
{
    (void)state;
    struct case_row k = case_row_of(1, CASE_CLOSED, false);
    struct case_id after = {{0}};
    k.use_count = 0;
    assert_int_equal(case_put(f.store, f.txn, &k), ERR_OK);
    assert_int_equal(sweep(1001 + 10 * DAY_S - 1, 16, &after), 0);
    assert_int_equal(sweep(1001 + 10 * DAY_S, 16, &after), 1);
    k = stored(1);
    assert_int_equal(case_row_state(&k), CASE_DESTROYED);
    assert_int_equal(k.title.len, 0);
}

/* Four wait in front of it, and two are looked at in one go. */
static void who_has_to_wait_keeps_nobody_from_the_turn(void **state)
{
    (void)state;
    struct case_id after = {{0}};
    for (uint8_t i = 1; i <= 5; i++) {
        const struct case_row k = case_row_of(i, CASE_CLOSED, true);
        assert_int_equal(case_put(f.store, f.txn, &k), ERR_OK);
        if (i < 5)
            ask(i, &k, ASK_OPEN);
    }
    assert_int_equal(sweep(2000, 2, &after), 0);
    assert_int_equal(sweep(2000, 2, &after), 0);
    assert_int_equal(sweep(2000, 2, &after), 1);
    assert_int_equal(after.b[0], 0); /* at the end: the next begins again */
    struct case_row k = stored(5);
    assert_int_equal(case_row_state(&k), CASE_DESTROYED);
    assert_int_equal(sweep(DEADLINE + DAY_S + 1, 2, &after), 2);
    assert_int_equal(sweep(DEADLINE + DAY_S + 1, 2, &after), 2);
}

static struct keep_word word(const char *person, const char *reason)
{
    struct keep_word w = {.days = 5, .reason = bytes_str(reason), .now_s = 6000, .most_days = 200};
    assert_int_equal(name_parse(bytes_str(person), &w.staff), ERR_OK);
    w.person = w.staff;
    return w;
}

/* An extension is two persons' word; a proposal is nobody's yet. */
static void what_two_persons_keep_longer_holds_its_case(void **state)
{
    (void)state;
    struct case_row k = case_row_of(1, CASE_CLOSED, true);
    const struct keep_word one = word("a", "bezwaar");
    const struct keep_word other = word("b", "");
    struct errmsg why = {""};
    struct asked asked;
    struct keep keep;
    struct case_id after = {{0}};
    assert_int_equal(case_put(f.store, f.txn, &k), ERR_OK);
    ask(1, &k, ASK_CLOSED);
    assert_int_equal(asked_get(f.store, f.txn, &(struct request_id){{1}}, f.arena, &asked), ERR_OK);
    assert_int_equal(keep_say(f.store, f.txn, &asked, &one, f.arena, &keep, &why), ERR_OK);
    assert_int_equal(keep_say(f.store, f.txn, &asked, &other, f.arena, &keep, &why), ERR_OK);
    const int64_t end_s = DEADLINE + 105 * DAY_S;
    assert_int_equal(sweep(end_s, 16, &after), 0);
    assert_int_equal(destroy(&k, end_s, &why), ERR_AGAIN);
    assert_non_null(strstr(why.text, "is kept until 1970-04-16T01:23:20Z by a and b"));
    assert_int_equal(rows_in(STORE_ASK), 1);
    assert_int_equal(sweep(end_s + 1, 16, &after), 1);
    assert_int_equal(rows_in(STORE_ASK), 0);
    assert_int_equal(rows_in(STORE_ASK_KEEP), 0);
}

static void a_proposal_to_keep_holds_nothing(void **state)
{
    (void)state;
    struct case_row k = case_row_of(1, CASE_CLOSED, true);
    const struct keep_word one = word("a", "bezwaar");
    struct asked asked;
    struct keep keep;
    assert_int_equal(case_put(f.store, f.txn, &k), ERR_OK);
    ask(1, &k, ASK_CLOSED);
    assert_int_equal(asked_get(f.store, f.txn, &(struct request_id){{1}}, f.arena, &asked), ERR_OK);
    assert_int_equal(keep_say(f.store, f.txn, &asked, &one, f.arena, &keep, NULL), ERR_OK);
    assert_int_equal(destroy(&k, 7000, NULL), ERR_OK);
}

/* Moved between the judgement and the signature: what was signed names a state that is not so any more. */
static void a_request_asks_nothing_in_a_case_that_moved_meanwhile(void **state)
{
    (void)state;
    static const enum case_state moved[] = {CASE_EXPLORATION, CASE_CLOSED};
    for (size_t i = 0; i < ARRAY_LEN(moved); i++) {
        struct agent agent = {.store = f.store};
        static struct case_row k;
        static struct ask_run r;
        k = case_row_of(1, CASE_SIGNAL, false);
        r = (struct ask_run){.agent = &agent, .dossier = k, .question = {.rule = keeps_cases}};
        struct name other = {"other"};
        struct rule rule = {.id = other};
        assert_int_equal(case_put(f.store, f.txn, &k), ERR_OK);
        assert_int_equal(run_note_in_case(&r, f.txn), ERR_OK);
        k = stored(1);
        assert_true(digest_equal(&k.uses[0].policy, &asked_under));
        assert_int_equal(case_move_to(&k, &(struct case_move){moved[i], {"r.visser"}, 3000}, NULL),
                         ERR_OK);
        assert_int_equal(case_put(f.store, f.txn, &k), ERR_OK);
        r.question.rule = &rule;
        assert_int_equal(run_note_in_case(&r, f.txn), ERR_STATE);
        assert_non_null(strstr(r.why.text, case_state_id(moved[i])));
        k = stored(1);
        assert_int_equal(k.use_count, 1);
    }
}

int main(void)
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_row_comes_back_as_it_was),
        TEST(a_damaged_row_is_refused_and_an_older_one_read),
        TEST(destroying_takes_what_was_asked_and_what_came_back),
        TEST(nothing_is_destroyed_while_an_answer_may_come),
        TEST(an_open_case_is_not_destroyed),
        TEST(what_is_due_is_destroyed_by_itself),
        TEST(a_row_without_versions_is_read),
        TEST(a_case_that_asked_nothing_is_destroyed_by_itself),
        TEST(who_has_to_wait_keeps_nobody_from_the_turn),
        TEST(what_two_persons_keep_longer_holds_its_case),
        TEST(a_proposal_to_keep_holds_nothing),
        TEST(a_request_asks_nothing_in_a_case_that_moved_meanwhile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
