/* A case through its states: who moves it by the policy, what is missing, what closing wants, and when
 * it is destroyed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agent/ask/case_doc.h"
#include "agent/ask/case_judge.h"
#include "proto/conf/policy_load.h"
#include "tests/unit/policy/policy_text.h"

#define DAY_S INT64_C(86400)

static struct policy_file *file;
static const struct policy *policy;

static int set_up(void **state)
{
    static struct policy_text text;
    struct errmsg why = {""};
    (void)state;
    policy_text_read(&text);
    if (policy_file_load(bytes_of(text.text, text.len), "p.yaml", &file, &why) != ERR_OK)
        fail_msg("%s", why.text);
    policy = policy_file_policy(file);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    policy_file_free(file);
    return 0;
}

/* The view, for who looks up a version of the policy. */
static const struct digest in_force = {{1}};
static const struct digest before = {{2}};
static struct policy older;

const struct policy *view_policy(const struct view *v)
{
    (void)v;
    return policy;
}

const struct policy *view_known_policy(const struct view *v, const struct digest *digest)
{
    (void)v;
    return digest_equal(digest, &in_force) ? policy : digest_equal(digest, &before) ? &older : NULL;
}

/* A case in a state, with the checks of a set of 1 << enum case_check. */
static struct case_row case_in(enum case_state state, unsigned checks)
{
    struct case_row k = {.title = bytes_str("Kade")};
    k.moves[k.move_count++] = (struct case_move){.state = state, .staff = {"r.visser"}, .at_s = 1000};
    for (int c = CHECK_1; c <= CHECK_2B; c++)
        if (checks & (1u << c))
            k.checks[k.check_count++] = (struct case_checked){
                .check = (enum case_check)c, .staff = {"r.visser"}, .at_s = 1001,
                .by = bytes_str("weegploeg"), .reason = bytes_str("omdat")};
    return k;
}

#define WORKER (1u << FUNCTION_CASE_WORKER)
#define PRIVACY (1u << FUNCTION_PRIVACY_OFFICER)
#define ALL_CHECKS (1u << CHECK_1 | 1u << CHECK_2A | 1u << CHECK_2B)

static void the_policy_says_who_moves_a_case_and_after_what(void **state)
{
    (void)state;
    static const struct {
        enum case_state from; /* CASE_NONE: it is opened */
        enum case_state to;
        unsigned checks;
        uint32_t functions;
        enum err e;
        const char *says;
    } rows[] = {
        {CASE_NONE, CASE_SIGNAL, 0, WORKER, ERR_OK, ""},
        {CASE_NONE, CASE_SIGNAL, 0, PRIVACY, ERR_PERMISSION, "is for case_worker"},
        {CASE_NONE, CASE_CASE, 0, WORKER, ERR_STATE, "opened in: signal, exploration, work_up_1"},
        {CASE_SIGNAL, CASE_EXPLORATION, 0, WORKER, ERR_OK, ""},
        {CASE_SIGNAL, CASE_EXPLORATION, 0, PRIVACY, ERR_PERMISSION, "is for case_worker"},
        {CASE_SIGNAL, CASE_WORK_UP_2, ALL_CHECKS, WORKER, ERR_STATE,
         "in state signal does not move to work_up_2; it can move to: exploration, closed"},
        {CASE_EXPLORATION, CASE_WORK_UP_1, 0, WORKER, ERR_STATE, "record check_1"},
        {CASE_EXPLORATION, CASE_WORK_UP_1, 1u << CHECK_2A, WORKER, ERR_STATE, "record check_1"},
        {CASE_EXPLORATION, CASE_WORK_UP_1, 1u << CHECK_1, WORKER, ERR_OK, ""},
        {CASE_EXPLORATION, CASE_WORK_UP_1, 1u << CHECK_1, PRIVACY, ERR_PERMISSION, "case_worker"},
        {CASE_WORK_UP_2, CASE_CASE, 1u << CHECK_1, WORKER, ERR_STATE, "record check_2a, check_2b"},
        {CASE_WORK_UP_2, CASE_CASE, ALL_CHECKS, WORKER, ERR_OK, ""},
        {CASE_CASE, CASE_CASE, 0, WORKER, ERR_STATE, "already"},
        {CASE_CASE, CASE_DESTROYED, 0, PRIVACY, ERR_STATE, "does not move to destroyed"},
        {CASE_CLOSED, CASE_SIGNAL, 0, WORKER, ERR_STATE, "it can move to: destroyed"},
        {CASE_CLOSED, CASE_DESTROYED, 0, WORKER, ERR_PERMISSION, "is for privacy_officer"},
        {CASE_CLOSED, CASE_DESTROYED, 0, PRIVACY, ERR_OK, ""},
        {CASE_DESTROYED, CASE_SIGNAL, 0, WORKER, ERR_STATE, "it can move to: nothing"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct case_row k = case_in(rows[i].from, rows[i].checks);
        const struct roster_officer o = {.functions = rows[i].functions};
        struct errmsg why = {""};
        enum err e = case_may_move(policy, rows[i].from == CASE_NONE ? NULL : &k, rows[i].to, &o, &why);
        if (e != rows[i].e || strstr(why.text, rows[i].says) == NULL)
            fail_msg("row %zu: %s: %s", i, err_text(e), why.text);
    }
}

/* A file without moves lets nobody open or move a case. */
static void without_moves_nothing_moves(void **state)
{
    (void)state;
    const struct policy none = {.case_moves_count = 0};
    const struct roster_officer all = {.functions = UINT32_MAX};
    struct case_row k = case_in(CASE_SIGNAL, ALL_CHECKS);
    assert_int_equal(case_may_move(&none, NULL, CASE_SIGNAL, &all, NULL), ERR_STATE);
    for (int to = CASE_SIGNAL + 1; to <= CASE_DESTROYED; to++)
        assert_int_equal(case_may_move(&none, &k, (enum case_state)to, &all, NULL), ERR_STATE);
    assert_false(case_concerns(&none, &all));
}

static void only_whom_a_move_names_is_concerned(void **state)
{
    (void)state;
    assert_true(case_concerns(policy, &(struct roster_officer){.functions = WORKER}));
    assert_true(case_concerns(policy, &(struct roster_officer){.functions = PRIVACY}));
    assert_false(case_concerns(policy, &(struct roster_officer){
                                           .functions = 1u << FUNCTION_RELEASE_OFFICER}));
}

static void a_history_ends_with_destroyed(void **state)
{
    (void)state;
    static const enum case_state states[] = {CASE_SIGNAL, CASE_CASE};
    struct case_row k = case_in(CASE_SIGNAL, 0);
    struct case_move m = {.at_s = 2000};
    for (size_t i = 1; i < CASE_MOVES_MAX - 2; i++) {
        m.state = states[i % 2];
        assert_int_equal(case_move_to(&k, &m, NULL), ERR_OK);
    }
    m.state = CASE_INTERVENTION;
    assert_int_equal(case_move_to(&k, &m, NULL), ERR_LIMIT); /* the end has its places kept */
    m.state = CASE_CLOSED;
    assert_int_equal(case_move_to(&k, &m, NULL), ERR_OK);
    m.state = CASE_SIGNAL;
    assert_int_equal(case_move_to(&k, &m, NULL), ERR_STATE);
    m.state = CASE_DESTROYED;
    assert_int_equal(case_move_to(&k, &m, NULL), ERR_OK);
    assert_int_equal(case_move_to(&k, &m, NULL), ERR_STATE);
    assert_int_equal(k.move_count, CASE_MOVES_MAX);
}

static void a_check_is_recorded_once_and_before_the_end(void **state)
{
    (void)state;
    struct arena *a = arena_new(4096);
    struct case_row k = case_in(CASE_EXPLORATION, 0);
    const struct case_checked late = {.check = CHECK_2B, .staff = {"j.dekker"}, .at_s = 5};
    const struct case_checked early = {.check = CHECK_1, .staff = {"j.dekker"}, .at_s = 6};
    struct name_list names = {NULL, 0};
    assert_int_equal(case_record(&k, &late, NULL), ERR_OK);
    assert_int_equal(case_record(&k, &early, NULL), ERR_OK);
    assert_int_equal(case_record(&k, &early, NULL), ERR_STATE);
    assert_int_equal(case_checks(&k, a, &names), ERR_OK);
    assert_int_equal(names.count, 2); /* ascending, whatever came first */
    assert_string_equal(names.v[0].s, "check_1");
    assert_string_equal(names.v[1].s, "check_2b");
    struct case_row closed = case_in(CASE_CLOSED, 0);
    assert_int_equal(case_record(&closed, &early, NULL), ERR_STATE);
    arena_free(a);
}

static const struct rule *rule_of(const char *id)
{
    struct name n;
    assert_int_equal(name_parse(bytes_str(id), &n), ERR_OK);
    const struct rule *r = policy_rule(policy, &n);
    assert_non_null(r);
    return r;
}

static enum err close_with(const struct case_row *k, const char *intervention, const char *result,
                           struct errmsg *why)
{
    struct name codes[2] = {{""}, {""}};
    if (intervention[0] != '\0')
        assert_int_equal(name_parse(bytes_str(intervention), &codes[0]), ERR_OK);
    if (result[0] != '\0')
        assert_int_equal(name_parse(bytes_str(result), &codes[1]), ERR_OK);
    struct case_rules rules;
    case_rules_of(NULL, k, &rules);
    return case_may_close(&rules, &codes[0], &codes[1], why);
}

static void closing_wants_the_codes_of_the_rules_that_were_used(void **state)
{
    (void)state;
    struct case_row k = case_in(CASE_CASE, 0);
    struct errmsg why = {""};
    assert_int_equal(close_with(&k, "", "", &why), ERR_OK); /* nothing was asked */
    assert_int_equal(close_with(&k, "bestuurlijk", "", &why), ERR_UNKNOWN);
    assert_int_equal(case_use(&k, rule_of("riec.casus.hitnohit"), &in_force, &why), ERR_OK);
    assert_int_equal(close_with(&k, "", "", &why), ERR_OK); /* that rule wants none */
    assert_int_equal(case_use(&k, rule_of("riec.casus.verstrekking"), &in_force, &why), ERR_OK);
    assert_int_equal(case_use(&k, rule_of("riec.casus.verstrekking"), &in_force, &why), ERR_OK);
    assert_int_equal(k.use_count, 2);
    assert_int_equal(close_with(&k, "", "gestopt", &why), ERR_NOT_FOUND);
    assert_non_null(strstr(why.text, "riec.casus.verstrekking"));
    assert_non_null(strstr(why.text, "--intervention: one of bestuurlijk, fiscaal"));
    assert_int_equal(close_with(&k, "bestuurlijk", "", &why), ERR_NOT_FOUND);
    assert_non_null(strstr(why.text, "--result: one of gestopt"));
    assert_int_equal(close_with(&k, "bestuurlijk", "bestuurlijk", &why), ERR_UNKNOWN);
    assert_int_equal(close_with(&k, "bestuurlijk", "gestopt", &why), ERR_OK);
}

/* What a case owes at its end is what the rule said when it asked. */
static void closing_goes_by_the_version_that_was_asked_under(void **state)
{
    (void)state;
    const struct rule *now = rule_of("riec.casus.verstrekking");
    struct name code = {"overdracht"};
    struct closing_terms closing = {.required = true, .interventions = &code,
                                    .interventions_count = 1, .results = &code, .results_count = 1};
    struct rule then = *now;
    uint32_t order = 0;
    struct case_row k = case_in(CASE_CASE, 0);
    struct errmsg why = {""};
    then.closing = &closing;
    older = *policy;
    older.rules = &then;
    older.rules_count = 1;
    older.rule_order = &order;
    assert_int_equal(case_use(&k, now, &before, &why), ERR_OK);
    assert_int_equal(close_with(&k, "overdracht", "overdracht", &why), ERR_OK);
    assert_int_equal(close_with(&k, "bestuurlijk", "gestopt", &why), ERR_UNKNOWN);
    assert_int_equal(case_use(&k, now, &in_force, &why), ERR_OK); /* asked again, under another */
    assert_int_equal(close_with(&k, "overdracht", "overdracht", &why), ERR_UNKNOWN);
    k.uses[0].policy = (struct digest){{0}}; /* a row of before it was kept */
    assert_int_equal(close_with(&k, "bestuurlijk", "gestopt", &why), ERR_OK);
}

static void a_case_that_asked_nothing_has_an_end_too(void **state)
{
    (void)state;
    const struct case_row k = case_in(CASE_CLOSED, 0);
    const struct case_row open = case_in(CASE_EXPLORATION, 0);
    struct rule rules[2] = {*rule_of("riec.casus.hitnohit"), *rule_of("riec.casus.verstrekking")};
    struct policy two = {.rules = rules, .rules_count = 2};
    const struct policy none = {.rules = NULL};
    rules[0].retention.case_file = 1095;
    rules[1].retention.case_file = 1825;
    rules[1].retention.destroy_at_close = true; /* of what was asked */
    assert_true(case_destroy_at_s(&k, &two) == 1000 + 1095 * DAY_S);
    rules[0].process = PROCESS_INDEX; /* no case stands behind it */
    assert_true(case_destroy_at_s(&k, &two) == 1000 + 1825 * DAY_S);
    assert_true(case_destroy_at_s(&k, &none) == 1000);
    assert_true(case_destroy_at_s(&open, &two) == INT64_MAX);
}

static void the_shortest_retention_of_its_rules_ends_a_case(void **state)
{
    (void)state;
    struct case_row k = case_in(CASE_CLOSED, 0);
    struct rule keeps = {.id = {"a"}, .retention = {.case_file = 10}};
    struct rule longer = {.id = {"b"}, .retention = {.case_file = 20}};
    struct rule at_once = {.id = {"c"}, .retention = {.case_file = 20, .destroy_at_close = true}};
    assert_int_equal(case_use(&k, &longer, &in_force, NULL), ERR_OK);
    assert_true(case_destroy_at_s(&k, policy) == 1000 + 20 * DAY_S);
    assert_int_equal(case_use(&k, &keeps, &in_force, NULL), ERR_OK);
    assert_true(case_destroy_at_s(&k, policy) == 1000 + 10 * DAY_S);
    assert_int_equal(case_use(&k, &at_once, &in_force, NULL), ERR_OK);
    assert_true(case_destroy_at_s(&k, policy) == 1000);
    struct case_row open = k;
    open.moves[0].state = CASE_INTERVENTION;
    assert_true(case_destroy_at_s(&open, policy) == INT64_MAX);
}

/* What a person is shown tells what is needed next. */
static void a_case_tells_where_it_can_go(void **state)
{
    (void)state;
    struct case_row k = case_in(CASE_EXPLORATION, 1u << CHECK_1);
    struct doc *d = case_doc(&k, policy);
    const struct doc *next = NULL;
    const struct doc *checks = NULL;
    struct bytes text;
    assert_non_null(d);
    assert_int_equal(doc_get_array(d, "next", &next, NULL), ERR_OK);
    assert_int_equal(doc_count(next), 2);
    assert_int_equal(doc_get_text(doc_at(next, 0), "state", 32, &text, NULL), ERR_OK);
    assert_true(bytes_is(text, "work_up_1"));
    assert_int_equal(doc_get_array(doc_at(next, 0), "checks", &checks, NULL), ERR_OK);
    assert_int_equal(doc_count(checks), 1);
    assert_int_equal(doc_get_array(d, "checks", &checks, NULL), ERR_OK);
    assert_int_equal(doc_get_text(doc_at(checks, 0), "by", 32, &text, NULL), ERR_OK);
    assert_true(bytes_is(text, "weegploeg"));
    doc_free(d);
}

static void nothing_that_tells_of_somebody_is_left_of_an_emptied_case(void **state)
{
    (void)state;
    struct case_row k = case_in(CASE_CLOSED, ALL_CHECKS);
    assert_int_equal(case_use(&k, rule_of("riec.casus.verstrekking"), &in_force, NULL), ERR_OK);
    case_empty(&k);
    assert_int_equal(k.title.len, 0);
    assert_int_equal(k.use_count, 0);
    assert_int_equal(k.check_count, 3); /* that they were made, and who recorded them */
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(k.checks[i].by.len + k.checks[i].reason.len, 0);
    assert_int_equal(k.move_count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_policy_says_who_moves_a_case_and_after_what),
        cmocka_unit_test(without_moves_nothing_moves),
        cmocka_unit_test(only_whom_a_move_names_is_concerned),
        cmocka_unit_test(a_history_ends_with_destroyed),
        cmocka_unit_test(a_check_is_recorded_once_and_before_the_end),
        cmocka_unit_test(closing_wants_the_codes_of_the_rules_that_were_used),
        cmocka_unit_test(closing_goes_by_the_version_that_was_asked_under),
        cmocka_unit_test(a_case_that_asked_nothing_has_an_end_too),
        cmocka_unit_test(the_shortest_retention_of_its_rules_ends_a_case),
        cmocka_unit_test(a_case_tells_where_it_can_go),
        cmocka_unit_test(nothing_that_tells_of_somebody_is_left_of_an_emptied_case),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
