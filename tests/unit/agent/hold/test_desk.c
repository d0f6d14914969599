/* Who sees an item and as what: terms that pass, duties, deputies, compartments. */
#include "tests/unit/agent/hold/world.h"

#include "agent/hold/inbox.h"
#include "agent/hold/show.h"
#include "agent/hold/sweep.h"
#include "proto/host/kv_write.h"
#include "proto/host/loop.h"
#include "proto/host/writer.h"

#define SHALL WORLD_SHALL
#define TERM_S WORLD_TERM_S

static void begin(struct world *w, const struct policy_edit *edits)
{
    struct question q;
    world_new_edited(w, edits);
    question_new(w, &q);
    question_make(w, &q);
    assert_false(world_deliver(w, &hold_hit_owner, buf_bytes(&q.content)));
    assert_int_equal(world_items(w), 1);
    question_free(&q);
}

static void open_desk(struct world *w, struct desk *d)
{
    struct errmsg why = {""};
    assert_int_equal(desk_open(&w->agent, 1, w->arena, d, &why), ERR_OK);
}

static enum desk_seat seat_of(struct world *w, int officer)
{
    struct desk d;
    open_desk(w, &d);
    return desk_seat(&d, &w->officers[officer]);
}

static enum err release(struct world *w, int officer)
{
    const struct decision_of d = {officer, CONSENT_RELEASE, NULL, {"soort_uitkering", NULL}};
    return world_decide(w, 1, &d);
}

static void assert_counts_of(struct world *w, const struct roster_officer *officer, uint32_t open,
                             uint32_t late, uint32_t overdue)
{
    struct inbox_counts n = {0};
    assert_int_equal(inbox_count_for(&w->agent, officer, &n), ERR_OK);
    assert_int_equal(n.open, open);
    assert_int_equal(n.late, late);
    assert_int_equal(n.overdue, overdue);
}

/* Who may not see an item is not told either that there is one. */
static void assert_counts(struct world *w, uint32_t open, uint32_t late, uint32_t overdue)
{
    assert_counts_of(w, &w->officers[O_UWV_A], open, late, overdue);
    assert_counts_of(w, &w->officers[O_UWV_M], 0, 0, 0);
    assert_counts_of(w, NULL, 0, 0, 0);
}

static void a_deputy_sees_an_item_from_the_end_of_its_term(void **state)
{
    (void)state;
    struct world w;
    begin(&w, NULL);
    assert_int_equal(seat_of(&w, O_UWV_A), SEAT_OFFICER);
    assert_int_equal(seat_of(&w, O_UWV_M), SEAT_NONE);
    w.now_s += TERM_S;
    assert_int_equal(seat_of(&w, O_UWV_PF), SEAT_NONE);
    assert_int_equal(release(&w, O_UWV_PF), ERR_PERMISSION);
    w.now_s += 1;
    assert_int_equal(seat_of(&w, O_UWV_PF), SEAT_DEPUTY);
    assert_int_equal(seat_of(&w, O_UWV_A), SEAT_OFFICER);
    assert_int_equal(release(&w, O_UWV_PF), ERR_OK);
    assert_int_equal(release(&w, O_UWV_A), ERR_OK);
    struct hold_item item;
    world_item(&w, 1, &item);
    assert_int_equal(item.state, ITEM_SENT);
    assert_int_equal(seat_of(&w, O_UWV_PF), SEAT_DEPUTY); /* who signed sees what became of it */
    world_free(&w);
}

static void what_was_decided_in_time_never_comes_to_a_deputy(void **state)
{
    (void)state;
    struct world w;
    begin(&w, NULL);
    assert_int_equal(release(&w, O_UWV_A), ERR_OK);
    assert_int_equal(release(&w, O_UWV_B), ERR_OK);
    w.now_s += TERM_S + 1;
    assert_int_equal(seat_of(&w, O_UWV_PF), SEAT_NONE);
    world_free(&w);
}

static void sweep(struct world *w)
{
    struct loop *loop = NULL;
    struct writer *writer = NULL;
    assert_int_equal(loop_new(&loop), ERR_OK);
    const struct writer_params p = {.kv = w->agent.kv, .loop = loop};
    assert_int_equal(writer_new(&p, &writer), ERR_OK);
    w->agent.writer = writer;
    hold_sweep(&w->agent);
    writer_free(writer);
    loop_free(loop);
    w->agent.writer = NULL;
}

/* The entry of the decision says so, and that of an item which nobody decided. */
static void the_log_tells_what_was_decided_too_late_or_never(void **state)
{
    (void)state;
    static const struct policy_edit shall[] = {SHALL, {NULL, NULL}};
    static const struct {
        const struct policy_edit *edits;
        int64_t later_s;
        int64_t overdue;
    } cases[] = {{shall, TERM_S, 0}, {shall, TERM_S + 1, 1}, {NULL, TERM_S + 1, 0}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct world w;
        struct desk d;
        begin(&w, cases[i].edits);
        w.now_s += cases[i].later_s;
        assert_int_equal(release(&w, O_UWV_A), ERR_OK);
        assert_int_equal(world_logged_number(AUDIT_EVENT_DECISION_SIGNED, "overdue"), cases[i].overdue);
        world_free(&w);
        begin(&w, cases[i].edits);
        open_desk(&w, &d);
        w.now_s = d.text.header.deadline_s + 1;
        sweep(&w);
        assert_int_equal(world_logged_number(AUDIT_EVENT_ITEM_CLOSED, "overdue"), cases[i].edits != NULL);
        world_free(&w);
    }
}

static void only_what_shall_be_decided_is_overdue(void **state)
{
    (void)state;
    static const struct policy_edit shall[] = {SHALL, {NULL, NULL}};
    static const struct {
        const struct policy_edit *edits;
        uint32_t overdue;
    } duties[] = {{NULL, 0}, {shall, 1}};
    for (size_t i = 0; i < ARRAY_LEN(duties); i++) {
        struct world w;
        struct desk d;
        struct doc *row = doc_new_object();
        bool says = false;
        begin(&w, duties[i].edits);
        w.now_s += TERM_S;
        assert_counts(&w, 1, 0, 0);
        w.now_s += 1;
        assert_counts(&w, 1, 1, duties[i].overdue);
        open_desk(&w, &d);
        assert_int_equal(show_row(&d, SEAT_DEPUTY, row), ERR_OK);
        assert_int_equal(doc_get_bool(row, "overdue", &says, NULL), ERR_OK);
        assert_int_equal(says, duties[i].overdue);
        assert_int_equal(doc_get_bool(row, "late", &says, NULL), ERR_OK);
        assert_true(says);
        assert_int_equal(w.sent_count, 0); /* silence is no release */
        doc_free(row);
        world_free(&w);
    }
}

/* FIX_NOW is a Monday, and so is the arrival: the term ends with Tuesday. */
static void a_term_can_count_in_working_days(void **state)
{
    (void)state;
    static const struct policy_edit days[] = {
        {"deadline_max: {seconds: 600}", "deadline_max: {working_days: 5}"},
        {"term: {seconds: 60}", "term: {working_days: 1}"},
        {NULL, NULL}};
    static const struct policy_edit closed[] = {
        {"deadline_max: {seconds: 600}", "deadline_max: {working_days: 5}"},
        {"term: {seconds: 60}", "term: {working_days: 1}"},
        {"serial: 1\n", "serial: 1\nclosed_days: [2026-02-03]\n"},
        {NULL, NULL}};
    static const struct policy_edit urgent[] = {
        {"deadline_max: {seconds: 600}", "deadline_max: {working_days: 5}"},
        {"term: {seconds: 60}", "term: {working_days: 1}\n        urgent_term: {seconds: 30}"},
        {NULL, NULL}};
    static const struct {
        const struct policy_edit *edits;
        int64_t decide_by_s;
    } rows[] = {
        {days, INT64_C(1770159599)},   /* 2026-02-03T22:59:59Z */
        {closed, INT64_C(1770245999)}, /* a day later */
        {urgent, FIX_NOW + 100 + 30},  /* its deadline is within the day */
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct world w;
        struct desk d;
        begin(&w, rows[i].edits);
        open_desk(&w, &d);
        assert_int_equal(d.decide_by_s, rows[i].decide_by_s);
        world_free(&w);
    }
}

static const struct policy_edit with_prosecutor[] = {{"kind: four_eyes", "kind: prosecutor"},
                                                     {NULL, NULL}};

static void an_officer_and_the_prosecutor_release_together(void **state)
{
    (void)state;
    static const int orders[][2] = {{O_UWV_A, O_UWV_OM}, {O_UWV_OM, O_UWV_A}};
    for (size_t i = 0; i < ARRAY_LEN(orders); i++) {
        struct world w;
        begin(&w, with_prosecutor);
        assert_int_equal(seat_of(&w, O_UWV_OM), SEAT_PROSECUTOR);
        assert_int_equal(release(&w, orders[i][0]), ERR_OK);
        assert_int_equal(w.sent_count, 0);
        assert_int_equal(release(&w, orders[i][0]), ERR_PERMISSION);
        if (orders[i][0] == O_UWV_A) /* two officers are no officer and prosecutor */
            assert_int_equal(release(&w, O_UWV_B), ERR_PERMISSION);
        assert_int_equal(release(&w, orders[i][1]), ERR_OK);
        assert_int_equal(w.sent_count, 1);
        world_free(&w);
    }
}

static void a_prosecutor_refuses_alone_and_decides_nothing_under_another_kind(void **state)
{
    (void)state;
    static const struct decision_of refuse = {O_UWV_OM, CONSENT_REFUSE, "lopend_onderzoek", {NULL}};
    struct world w;
    begin(&w, with_prosecutor);
    assert_int_equal(world_decide(&w, 1, &refuse), ERR_OK);
    assert_int_equal(w.sent_count, 1);
    world_free(&w);
    begin(&w, NULL);
    assert_int_equal(seat_of(&w, O_UWV_OM), SEAT_NONE);
    assert_int_equal(world_decide(&w, 1, &refuse), ERR_PERMISSION);
    world_free(&w);
}

/* It releases nothing by itself: an officer sees since when it exists, and signs. */
static void a_standing_consent_is_shown_and_nothing_more(void **state)
{
    (void)state;
    static const struct policy_edit standing[] = {
        {"kind: four_eyes", "kind: standing\n        standing_since: 2025-09-01"}, {NULL, NULL}};
    struct world w;
    struct desk d;
    struct doc *shown = doc_new_object();
    struct bytes text;
    begin(&w, standing);
    open_desk(&w, &d);
    assert_int_equal(show_item(&d, SEAT_OFFICER, shown), ERR_OK);
    assert_int_equal(doc_get_text(shown, "standing_since", 32, &text, NULL), ERR_OK);
    assert_true(bytes_is(text, "2025-09-01"));
    assert_int_equal(doc_get_text(shown, "consent", 32, &text, NULL), ERR_OK);
    assert_true(bytes_is(text, "standing"));
    assert_int_equal(w.sent_count, 0);
    assert_int_equal(release(&w, O_UWV_A), ERR_OK);
    assert_int_equal(w.sent_count, 1);
    doc_free(shown);
    world_free(&w);
}

static const struct policy_edit in_compartment[] = {
    {"kind: four_eyes", "compartment: zwijgers\n        kind: four_eyes"}, {NULL, NULL}};

static void only_who_is_listed_for_a_compartment_sees_and_decides(void **state)
{
    (void)state;
    struct name staff[] = {{"a.een"}, {"c.pf"}};
    struct conf_group groups[] = {{{"anders"}, staff, 2}, {{"zwijgers"}, staff, 2}};
    struct world w;
    begin(&w, in_compartment);
    assert_int_equal(seat_of(&w, O_UWV_A), SEAT_NONE); /* nobody is listed: nobody sees it */
    w.config.compartments = (struct conf_groups){groups, 1};
    assert_int_equal(seat_of(&w, O_UWV_A), SEAT_NONE);
    w.config.compartments.count = 2;
    assert_int_equal(seat_of(&w, O_UWV_A), SEAT_OFFICER);
    assert_int_equal(seat_of(&w, O_UWV_A2), SEAT_NONE); /* the same person under another staff id */
    assert_int_equal(seat_of(&w, O_UWV_B), SEAT_NONE);
    assert_int_equal(release(&w, O_UWV_A), ERR_OK);
    assert_int_equal(release(&w, O_UWV_B), ERR_PERMISSION);
    assert_int_equal(w.sent_count, 0);
    w.now_s += TERM_S + 1;
    assert_int_equal(seat_of(&w, O_UWV_PF), SEAT_DEPUTY);
    assert_int_equal(release(&w, O_UWV_PF), ERR_OK);
    assert_int_equal(w.sent_count, 1);
    world_free(&w);
}

/* A later policy opens nothing that came closed: the item remembers its compartment. */
static void a_compartment_outlives_the_rule_that_named_it(void **state)
{
    (void)state;
    struct world w;
    struct desk d;
    begin(&w, in_compartment);
    open_desk(&w, &d);
    struct consent_terms open_terms = *d.terms;
    open_terms.compartment.s[0] = '\0';
    d.terms = &open_terms;
    assert_int_equal(desk_seat(&d, &w.officers[O_UWV_A]), SEAT_NONE);
    d.terms = NULL; /* the rule is gone */
    assert_int_equal(desk_seat(&d, &w.officers[O_UWV_A]), SEAT_NONE);
    d.item.compartment.s[0] = '\0';
    assert_int_equal(desk_seat(&d, &w.officers[O_UWV_A]), SEAT_OFFICER);
    world_free(&w);
}

/* Rows of earlier programs: with their own number, and without what was added behind: the compartment (its
 * length, as there is none), then the handle and the header in another epoch, then what else of that question
 * is kept (none here). */
static void an_older_item_is_in_no_compartment(void **state)
{
    (void)state;
    static const uint8_t key[8] = {0, 0, 0, 0, 0, 0, 0, 1};
    static const size_t without[] = {[1] = 4 + 16 + 32 + 37, [2] = 16 + 32 + 37, [3] = 37};
    for (uint8_t format = 1; format <= 3; format++) {
        struct world w;
        struct kv_txn *txn = NULL;
        struct bytes row;
        struct hold_item item;
        begin(&w, NULL);
        assert_int_equal(kv_write_begin(w.agent.kv, &txn), ERR_OK);
        assert_int_equal(store_get(w.agent.store, txn, STORE_HOLD_ITEM, BYTES_OF_ARRAY(key),
                                   w.arena, &row),
                         ERR_OK);
        const struct bytes old = arena_copy(w.arena, bytes_of(row.ptr, row.len - without[format]));
        assert_non_null(old.ptr);
        ((uint8_t *)(uintptr_t)old.ptr)[0] = format;
        assert_int_equal(store_put(w.agent.store, txn, STORE_HOLD_ITEM, BYTES_OF_ARRAY(key), old),
                         ERR_OK);
        assert_int_equal(kv_write_commit(txn), ERR_OK);
        world_item(&w, 1, &item);
        assert_string_equal(item.compartment.s, "");
        assert_false(item_has_twin(&item));
        assert_int_equal(item.twin.header.len + item.twin.matched_count, 0);
        assert_int_equal(item.state, ITEM_OPEN);
        assert_int_equal(seat_of(&w, O_UWV_A), SEAT_OFFICER);
        world_free(&w);
    }
}

/* The holder is told which checks are recorded: it judges the requester's word, and its officer sees it. */
static void a_holder_hears_which_checks_are_recorded(void **state)
{
    (void)state;
    static const struct policy_edit wants[] = {
        {"control_data: optional\n", "control_data: optional\n      checks: [check_1]\n"},
        {NULL, NULL}};
    static const struct name recorded[] = {{"check_1"}, {"check_2a"}};
    for (size_t n = 0; n <= ARRAY_LEN(recorded); n++) {
        struct world w;
        struct question q;
        world_new_edited(&w, wants);
        question_new(&w, &q);
        q.sealed.checks = recorded;
        q.sealed.check_count = n;
        question_make(&w, &q);
        assert_int_equal(world_deliver(&w, &hold_hit_owner, buf_bytes(&q.content)), n == 0);
        assert_int_equal(world_items(&w), n == 0 ? 0 : 1);
        if (n > 0) {
            struct desk d;
            struct doc *shown = doc_new_object();
            const struct doc *list = NULL;
            open_desk(&w, &d);
            assert_true((d.decision->asserted & CONDITION_BIT(CONDITION_CHECKS)) != 0);
            assert_int_equal(show_item(&d, SEAT_OFFICER, shown), ERR_OK);
            assert_int_equal(doc_get_array(shown, "checks", &list, NULL), ERR_OK);
            assert_int_equal(doc_count(list), n);
            doc_free(shown);
        }
        question_free(&q);
        world_free(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_deputy_sees_an_item_from_the_end_of_its_term),
        cmocka_unit_test(what_was_decided_in_time_never_comes_to_a_deputy),
        cmocka_unit_test(only_what_shall_be_decided_is_overdue),
        cmocka_unit_test(the_log_tells_what_was_decided_too_late_or_never),
        cmocka_unit_test(a_term_can_count_in_working_days),
        cmocka_unit_test(an_officer_and_the_prosecutor_release_together),
        cmocka_unit_test(a_prosecutor_refuses_alone_and_decides_nothing_under_another_kind),
        cmocka_unit_test(a_standing_consent_is_shown_and_nothing_more),
        cmocka_unit_test(only_who_is_listed_for_a_compartment_sees_and_decides),
        cmocka_unit_test(a_holder_hears_which_checks_are_recorded),
        cmocka_unit_test(an_older_item_is_in_no_compartment),
        cmocka_unit_test(a_compartment_outlives_the_rule_that_named_it),
    };
    return cmocka_run_group_tests(tests, setup_secret_heap, NULL);
}
