/* Standing requests: who sees them, what status says of them, and what the broker's refusal of an asking makes of one. */
#include "tests/unit/agent/hold/world.h"

#include "agent/ask/asked.h"
#include "agent/ask/case.h"
#include "agent/ask/ask.h"
#include "agent/ask/standing_end.h"
#include "agent/ask/standing_list.h"
#include "agent/ask/standing_refused.h"
#include "agent/ask/standing_show.h"
#include "proto/host/kv_write.h"

#define DAY INT64_C(86400)

/* The epochs that are active, of which the agency has the key; who calls. */
static uint32_t active[VIEW_ACTIVE_MAX];
static size_t active_count;
static struct world w;
static int caller;
static const struct call *const call = (const void *)&w; /* nothing of it is looked at */

size_t agent_epochs(const struct agent *a, const struct name *purpose, uint32_t out[static VIEW_ACTIVE_MAX])
{
    (void)a;
    (void)purpose;
    memcpy(out, active, sizeof active);
    return active_count;
}

struct agent *call_agent(const struct call *c)
{
    (void)c;
    return &w.agent;
}

const struct roster_officer *call_officer(const struct call *c)
{
    (void)c;
    return caller < 0 ? NULL : &w.officers[caller];
}

static struct doc *answered; /* the last answer to a call */

void call_ok(struct call *c, struct doc *ok)
{
    (void)c;
    doc_free(answered);
    answered = ok;
}

void call_error(struct call *c, enum err e, const struct errmsg *why)
{
    (void)c;
    fail_msg("%s: %s", err_text(e), why != NULL ? why->text : "");
}

static int set_up(void **state)
{
    (void)state;
    world_new(&w);
    w.config.oin = w.members[P_RIEC].id;
    active[0] = 1;
    active_count = 1;
    caller = O_RIEC;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    doc_free(take(answered));
    world_free(&w);
    return 0;
}

/* Asked now in epoch 1, every seven days; its two rows are in the store. */
static struct standing_row put(uint8_t n)
{
    struct norm_ident id = {.type = IDENT_BSN, .len = 9, .value = "999990019"};
    struct standing_mark mark = {.norm_version = 1};
    struct kv_txn *txn = NULL;
    const struct standing_words words = {.on_behalf_of = w.members[P_RIEC].id,
                                         .subject = {.identifiers = &id, .identifier_count = 1},
                                         .marks = &mark};
    const struct standing_row k = {.id = {{n}},
                                   .rule = {"riec.casus.verstrekking"},
                                   .purpose = w.purpose,
                                   .until_s = w.now_s + 90 * DAY,
                                   .every_days = 7,
                                   .askings = 1,
                                   .request = {{n}},
                                   .asked_s = w.now_s,
                                   .deadline_s = w.now_s + 300,
                                   .epochs = {1},
                                   .epoch_count = 1};
    assert_int_equal(kv_write_begin(w.agent.kv, &txn), ERR_OK);
    assert_int_equal(standing_row_put(w.agent.store, txn, &k), ERR_OK);
    assert_int_equal(standing_words_put(w.agent.store, txn, &k.id, &words), ERR_OK);
    assert_int_equal(kv_write_commit(txn), ERR_OK);
    return k;
}

static void damage(uint8_t n, enum store_table table)
{
    const struct standing_id id = {{n}};
    struct kv_txn *txn = NULL;
    assert_int_equal(kv_write_begin(w.agent.kv, &txn), ERR_OK);
    assert_int_equal(store_put(w.agent.store, txn, table, BYTES_OF_ARRAY(id.b), bytes_str("?")), ERR_OK);
    assert_int_equal(kv_write_commit(txn), ERR_OK);
}

static bool has(uint8_t n, enum store_table table)
{
    const struct standing_id id = {{n}};
    struct kv_txn *txn = NULL;
    assert_int_equal(kv_read_begin(w.agent.kv, &txn), ERR_OK);
    const enum err bad = store_has(w.agent.store, txn, table, BYTES_OF_ARRAY(id.b));
    kv_read_end(txn);
    return bad == ERR_OK;
}

static void forget_words(uint8_t n)
{
    const struct standing_id id = {{n}};
    struct kv_txn *txn = NULL;
    assert_int_equal(kv_write_begin(w.agent.kv, &txn), ERR_OK);
    assert_int_equal(store_del(w.agent.store, txn, STORE_STANDING_WORDS, BYTES_OF_ARRAY(id.b)), ERR_OK);
    assert_int_equal(kv_write_commit(txn), ERR_OK);
}

/* The case of the rows here. */
static void open_case(void)
{
    struct kv_txn *txn = NULL;
    struct case_row k = {.move_count = 1};
    k.moves[0] = (struct case_move){CASE_WORK_UP_1, {"r.visser"}, FIX_NOW};
    assert_int_equal(kv_write_begin(w.agent.kv, &txn), ERR_OK);
    assert_int_equal(case_put(w.agent.store, txn, &k), ERR_OK);
    assert_int_equal(kv_write_commit(txn), ERR_OK);
}

/* What status says: kept, due, by epoch; -1 each: nothing. */
static void assert_status(int64_t kept, int64_t due, int64_t by_epoch)
{
    CLEANUP(cleanup_doc_free) struct doc *whole = doc_new_object();
    const struct doc *d = NULL;
    int64_t n[3] = {-1, -1, -1};
    assert_int_equal(standing_show_status(call, whole), ERR_OK);
    if (doc_get_object(whole, "standing", &d, NULL) == ERR_OK) {
        assert_int_equal(doc_get_int(d, "kept", 0, 99, &n[0], NULL), ERR_OK);
        assert_int_equal(doc_get_int(d, "due", 0, 99, &n[1], NULL), ERR_OK);
        assert_int_equal(doc_get_int(d, "by_epoch", 0, 99, &n[2], NULL), ERR_OK);
    }
    assert_int_equal(n[0], kept);
    assert_int_equal(n[1], due);
    assert_int_equal(n[2], by_epoch);
}

static size_t alarms(void)
{
    CLEANUP(cleanup_doc_free) struct doc *lines = doc_new_array();
    assert_int_equal(standing_show_alarms(call, lines), ERR_OK);
    return doc_count(lines);
}

static void who_asks_under_the_rule_sees_it_and_nobody_else(void **state)
{
    (void)state;
    static const struct {
        int officer;
        bool sees;
    } cases[] = {{O_RIEC, true}, {O_UWV_PF, true}, {O_UWV_A, false}, {O_UWV_M, false}, {-1, false}};
    const struct standing_row k = put(1);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        caller = cases[i].officer;
        if (standing_show_to(call, &k) != cases[i].sees)
            fail_msg("case %zu", i);
        if (cases[i].sees)
            assert_status(1, 0, 0);
        else
            assert_status(-1, -1, -1);
    }
}

static void status_counts_what_is_due_and_why(void **state)
{
    (void)state;
    assert_status(-1, -1, -1);
    put(1);
    put(2);
    assert_status(2, 0, 0);
    w.now_s += 7 * DAY;
    put(3);
    assert_status(3, 2, 0);
    active[1] = 2;
    active_count = 2;
    assert_status(3, 3, 3);
}

/* Not at once: a person may be away. */
static void what_is_due_too_long_is_an_alarm_of_who_may_ask(void **state)
{
    (void)state;
    put(1);
    w.now_s += (7 + STANDING_LATE_DAYS) * DAY;
    assert_int_equal(alarms(), 0);
    w.now_s++;
    assert_int_equal(alarms(), 1);
    caller = O_UWV_A;
    assert_int_equal(alarms(), 0);
}

/* From the moment at which the custodian made the epoch active. */
static void a_new_epoch_is_late_from_its_own_moment(void **state)
{
    (void)state;
    w.now_s = FIX_NOW - 30 * DAY; /* asked long before */
    struct standing_row k = put(1);
    assert_true(k.asked_s < FIX_NOW);
    world_say_epochs(&w, "aa"); /* at FIX_NOW */
    active[1] = 2;
    active_count = 2;
    w.now_s = FIX_NOW + STANDING_LATE_DAYS * DAY;
    assert_int_equal(alarms(), 0);
    w.now_s++;
    assert_int_equal(alarms(), 1);
}

/* ---- listed ---- */

/* How many of those with these first digits are listed. */
static size_t listed(const char *prefix, bool *more)
{
    CLEANUP(cleanup_doc_free) struct doc *args = doc_new_object();
    const struct doc *rows = NULL;
    struct doc_build b = doc_build_of(args);
    if (prefix != NULL)
        doc_put_str(&b, "standing", prefix);
    assert_int_equal(doc_build_done(&b), ERR_OK);
    standing_list((struct call *)(uintptr_t)call, args);
    assert_non_null(answered);
    assert_int_equal(doc_get_array(answered, "standing", &rows, NULL), ERR_OK);
    assert_int_equal(doc_get_bool(answered, "more", more, NULL), ERR_OK);
    return doc_count(rows);
}

/* Also one behind those of a page. */
static void any_is_found_by_its_first_digits(void **state)
{
    (void)state;
    bool more = false;
    open_case();
    for (uint8_t n = 1; n <= ASK_PAGE_MAX + 4; n++)
        put(n);
    assert_int_equal(listed(NULL, &more), ASK_PAGE_MAX);
    assert_true(more);
    assert_int_equal(listed("CC", &more), 1); /* 204 */
    assert_false(more);
    assert_int_equal(listed("0", &more), 15);
    assert_int_equal(listed("cc00", &more), 1);
    assert_int_equal(listed("cc01", &more), 0);
    assert_int_equal(listed("cc0000000000000000000000000000000", &more), 0);
}

static void one_without_its_words_is_listed(void **state)
{
    (void)state;
    const struct doc *rows = NULL;
    bool more = false;
    bool is_damaged = false;
    open_case();
    put(1);
    put(2);
    forget_words(1);
    damage(2, STORE_STANDING);
    assert_int_equal(listed(NULL, &more), 1);
    assert_int_equal(doc_get_array(answered, "standing", &rows, NULL), ERR_OK);
    assert_int_equal(doc_get_bool(doc_at(rows, 0), "damaged", &is_damaged, NULL), ERR_OK);
    assert_true(is_damaged);
}

/* ---- refused by the broker ---- */

/* The headers of an asking: an epoch and a state each. */
static void put_headers(const struct standing_row *k, const uint32_t *epochs, const enum ask_state *states, size_t count)
{
    struct question q;
    struct kv_txn *txn = NULL;
    struct asked_identifier id = {IDENT_BSN, bytes_str("999990019")};
    const struct asked_subject subject = {bytes_str("l"), &id, 1};
    struct asked_holder holders[4];
    struct asked a = {.id = k->request, .staff = {"r.visser"}, .rule = k->rule, .rule_version = 1, .purpose = k->purpose,
                      .epoch = 1, .outcome = OUTCOME_SEALED, .subjects = &subject, .subject_count = 1,
                      .holders = holders, .holder_count = count};
    question_new(&w, &q);
    assert_int_equal(kv_write_begin(w.agent.kv, &txn), ERR_OK);
    for (size_t i = 0; i < count; i++) {
        CLEANUP(buf_free) struct buf bytes = buf_new(1u << 16);
        q.header.epoch = epochs[i];
        assert_int_equal(request_header_encode(&q.header, &bytes), ERR_OK);
        holders[i] = (struct asked_holder){w.members[P_UWV].id, {{(uint8_t)(i + 1)}}};
        const struct asked_header h = {.request = k->request, .holder = holders[i].oin, .header = buf_bytes(&bytes),
                                       .state = states[i]};
        assert_int_equal(asked_header_put(w.agent.store, txn, &holders[i].header_digest, &h), ERR_OK);
    }
    assert_int_equal(asked_put(w.agent.store, txn, &a), ERR_OK);
    assert_int_equal(kv_write_commit(txn), ERR_OK);
    question_free(&q);
}

/* The row after a refusal of this request; ERR_NOT_FOUND: it has ended. */
static enum err refuse(const struct request_id *request, const struct standing_id *id, struct standing_row *out)
{
    struct kv_txn *txn = NULL;
    assert_int_equal(kv_write_begin(w.agent.kv, &txn), ERR_OK);
    assert_int_equal(standing_refused(&w.agent, txn, request), ERR_OK);
    enum err bad = standing_row_get(w.agent.store, txn, id, w.arena, out);
    assert_int_equal(kv_write_commit(txn), ERR_OK);
    return bad;
}

static struct standing_row put_asked_twice(uint8_t n, size_t epoch_count)
{
    struct kv_txn *txn = NULL;
    struct standing_row k = put(n);
    k.askings = 2;
    k.epochs[1] = 2;
    k.epoch_count = epoch_count;
    assert_int_equal(kv_write_begin(w.agent.kv, &txn), ERR_OK);
    assert_int_equal(standing_row_put(w.agent.store, txn, &k), ERR_OK);
    assert_int_equal(kv_write_commit(txn), ERR_OK);
    return k;
}

static void what_the_broker_refused_is_due_again(void **state)
{
    (void)state;
    static const struct {
        size_t epoch_count;
        uint32_t epochs[4];
        enum ask_state states[4];
        size_t headers;
        enum standing_due due;
    } cases[] = {
        {1, {1, 1}, {ASK_REFUSED, ASK_REFUSED}, 2, STANDING_REFUSED},
        {1, {1, 1}, {ASK_REFUSED, ASK_OPEN}, 2, STANDING_NOT_DUE},
        {1, {1, 1}, {ASK_REFUSED, ASK_QUEUED}, 2, STANDING_NOT_DUE},
        {2, {1, 2}, {ASK_REFUSED, ASK_OPEN}, 2, STANDING_NOT_DUE}, /* it waits: the next test */
        {2, {1, 2}, {ASK_REFUSED, ASK_REFUSED}, 2, STANDING_REFUSED},
        {2, {1, 2, 1, 2}, {ASK_REFUSED, ASK_OPEN, ASK_OPEN, ASK_REFUSED}, 4, STANDING_NOT_DUE},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct standing_row after;
        const struct standing_row k = put_asked_twice(1, cases[i].epoch_count);
        active[1] = 2;
        active_count = cases[i].epoch_count;
        put_headers(&k, cases[i].epochs, cases[i].states, cases[i].headers);
        assert_int_equal(refuse(&k.request, &k.id, &after), ERR_OK);
        if (standing_show_due(&w.agent, &after) != cases[i].due)
            fail_msg("case %zu: due by '%s'", i, standing_due_id(standing_show_due(&w.agent, &after)));
    }
    assert_int_equal(world_log.count, 0);
}

/* In an overlap what one epoch refuses is not asked again at once, and again, for nothing. */
static void what_one_of_two_epochs_refused_waits_for_its_days(void **state)
{
    (void)state;
    static const uint32_t epochs[] = {1, 2};
    static const enum ask_state states[] = {ASK_OPEN, ASK_REFUSED};
    struct standing_row after;
    const struct standing_row k = put_asked_twice(1, 2);
    active[1] = 2;
    active_count = 2;
    put_headers(&k, epochs, states, 2);
    assert_int_equal(refuse(&k.request, &k.id, &after), ERR_OK);
    assert_int_equal(standing_show_due(&w.agent, &after), STANDING_NOT_DUE);
    active[0] = 2; /* and at once where it stands in no epoch any more */
    active_count = 1;
    assert_int_equal(standing_show_due(&w.agent, &after), STANDING_EPOCH);
    active[1] = 3; /* or in a newer one */
    active_count = 2;
    assert_int_equal(standing_show_due(&w.agent, &after), STANDING_EPOCH);
    active[0] = 1;
    active[1] = 2;
    w.now_s += 7 * DAY;
    assert_int_equal(standing_show_due(&w.agent, &after), STANDING_EPOCH);
    w.now_s += STANDING_LATE_DAYS * DAY;
    assert_int_equal(alarms(), 0); /* late from then on */
    w.now_s++;
    assert_int_equal(alarms(), 1);
}

/* Another request than its last asking says nothing of it. */
static void an_older_asking_changes_nothing(void **state)
{
    (void)state;
    static const uint32_t epochs[] = {1};
    static const enum ask_state states[] = {ASK_REFUSED};
    const struct request_id other = {{9}};
    struct standing_row after;
    const struct standing_row k = put_asked_twice(1, 1);
    put_headers(&k, epochs, states, 1);
    assert_int_equal(refuse(&other, &k.id, &after), ERR_OK);
    assert_int_equal(after.epoch_count, 1);
}

static void what_was_refused_at_first_never_stood(void **state)
{
    (void)state;
    static const uint32_t epochs[] = {1};
    static const enum ask_state states[] = {ASK_REFUSED};
    struct standing_row after;
    const struct standing_row k = put(1);
    put_headers(&k, epochs, states, 1);
    assert_int_equal(refuse(&k.request, &k.id, &after), ERR_NOT_FOUND);
    assert_int_equal(world_log.count, 1);
    assert_int_equal(world_log.entries[0].event, AUDIT_EVENT_STANDING_ENDED);
    assert_string_equal(world_log.entries[0].first, "refused");
}

/* ---- damage ---- */

static struct standing_sweep sweep(size_t max)
{
    struct kv_txn *txn = NULL;
    struct standing_sweep s = {&w.agent, w.view, w.now_s, max, {{0}}, 0, 0};
    assert_int_equal(kv_write_begin(w.agent.kv, &txn), ERR_OK);
    assert_int_equal(standing_sweep(&s, txn), ERR_OK);
    assert_int_equal(kv_write_commit(txn), ERR_OK);
    return s;
}

static void what_cannot_be_read_is_an_alarm_and_no_end_of_status(void **state)
{
    (void)state;
    put(1);
    put(2);
    put(3);
    damage(2, STORE_STANDING);
    assert_status(2, 0, 0);
    assert_int_equal(alarms(), 1);
    caller = O_UWV_A;
    assert_int_equal(alarms(), 1);
}

/* Of a case that is gone: those around the damage end, also one without its words. */
static void a_sweep_passes_over_what_cannot_be_read(void **state)
{
    (void)state;
    for (uint8_t n = 1; n <= 4; n++)
        put(n);
    damage(1, STORE_STANDING);
    damage(3, STORE_STANDING);
    forget_words(4);
    assert_int_equal(sweep(16).ended, 2);
    assert_true(has(1, STORE_STANDING) && has(3, STORE_STANDING));
    assert_false(has(2, STORE_STANDING) || has(2, STORE_STANDING_WORDS) || has(4, STORE_STANDING));
}

/* One that goes on, without words or with those that cannot be read, ends neither itself nor the sweep. */
static void a_sweep_counts_words_that_cannot_be_read(void **state)
{
    (void)state;
    open_case();
    for (uint8_t n = 1; n <= 4; n++)
        put(n);
    forget_words(1);
    damage(2, STORE_STANDING_WORDS);
    struct standing_sweep s = sweep(16);
    assert_int_equal(s.unread, 2);
    assert_int_equal(s.ended, 0);
    assert_int_equal(s.after.b[0], 0); /* it came to the end */
    s = sweep(2);
    assert_int_equal(s.after.b[0], 2); /* and goes on behind the damage */
}

static void a_case_closes_over_what_cannot_be_read(void **state)
{
    (void)state;
    const struct standing_ending e = {&w.agent, w.view, STANDING_END_CASE, NULL};
    const struct case_id id = {{0}};
    struct kv_txn *txn = NULL;
    put(1);
    put(2);
    damage(1, STORE_STANDING);
    assert_int_equal(kv_write_begin(w.agent.kv, &txn), ERR_OK);
    assert_int_equal(standing_end_of_case(&e, txn, &id), ERR_OK);
    assert_int_equal(kv_write_commit(txn), ERR_OK);
    assert_true(has(1, STORE_STANDING));
    assert_false(has(2, STORE_STANDING));
}

static void a_refusal_finds_its_request_behind_what_cannot_be_read(void **state)
{
    (void)state;
    static const uint32_t epochs[] = {1};
    static const enum ask_state states[] = {ASK_REFUSED};
    struct standing_row after;
    put(1);
    damage(1, STORE_STANDING);
    const struct standing_row k = put_asked_twice(2, 1);
    put_headers(&k, epochs, states, 1);
    assert_int_equal(refuse(&k.request, &k.id, &after), ERR_OK);
    assert_int_equal(standing_show_due(&w.agent, &after), STANDING_REFUSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(who_asks_under_the_rule_sees_it_and_nobody_else, set_up, tear_down),
        cmocka_unit_test_setup_teardown(status_counts_what_is_due_and_why, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_due_too_long_is_an_alarm_of_who_may_ask, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_new_epoch_is_late_from_its_own_moment, set_up, tear_down),
        cmocka_unit_test_setup_teardown(any_is_found_by_its_first_digits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_without_its_words_is_listed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_the_broker_refused_is_due_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_one_of_two_epochs_refused_waits_for_its_days, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_older_asking_changes_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_was_refused_at_first_never_stood, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_cannot_be_read_is_an_alarm_and_no_end_of_status, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_sweep_passes_over_what_cannot_be_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_sweep_counts_words_that_cannot_be_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_case_closes_over_what_cannot_be_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_refusal_finds_its_request_behind_what_cannot_be_read, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, setup_secret_heap, NULL);
}
