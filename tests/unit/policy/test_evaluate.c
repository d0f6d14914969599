/* Every condition, alone: the same question is permitted before, and denied for exactly this. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <stdio.h>

#include "proto/conf/policy_load.h"
#include "proto/policy/evaluate.h"
#include "proto/policy/explain.h"
#include "proto/policy/process.h"
#include "proto/policy/selftest.h"
#include "tests/unit/policy/policy_text.h"

static struct policy_file *load(const struct policy_text *t)
{
    struct policy_file *f = NULL;
    struct errmsg why = {.text = ""};
    enum err e = policy_file_load(bytes_of(t->text, t->len), "policy", &f, &why);
    if (e != ERR_OK)
        print_error("%s\n", why.text);
    assert_int_equal(e, ERR_OK);
    return f;
}

static const struct policy_test *last_test(const struct policy_file *f)
{
    const struct policy *p = policy_file_policy(f);
    return &p->tests[p->tests_count - 1];
}

/* Ids of the failed conditions, each followed by a space. */
static void failed_ids(const struct decision *d, struct buf *out)
{
    for (uint32_t i = 0; i < d->failures_count; i++)
        buf_printf(out, "%s ", condition_id(d->failures[i].condition));
}

#define RELEASE "rule: riec.casus.verstrekking\n    role: requester\n    base: release-uwv\n"
#define HIT "rule: riec.casus.hitnohit\n    role: requester\n    base: hit-uwv\n"
#define LOAD "rule: index.uwv\n    role: holder\n    base: index-uwv\n"
#define WHOLE(rule, base) "rule: complete." rule "\n    role: requester\n    base: " base "\n"
#define HELD(rule, base) "rule: complete." rule "\n    role: holder\n    base: " base "\n"
#define BREAK(facts) "    facts: {" facts "}\n"

struct row {
    const char *failed; /* the one condition, by id */
    const char *from;   /* edit of the policy, or NULL */
    const char *to;
    const char *test; /* rule, role, base, and the facts that differ */
};

static const struct row rows[] = {
    {"policy_valid", "until: 2035-03-01}\n\nsigners", "until: 2026-01-01}\n\nsigners", RELEASE},
    {"rule_known", NULL, NULL, "rule: nothing\n    role: requester\n    base: release-uwv\n"},
    {"rule_version", NULL, NULL, RELEASE BREAK("rule_version: 2")},
    {"status", "status: adopted", "status: draft", RELEASE},
    {"status", "status: adopted", "status: withdrawn", RELEASE},
    {"rule_valid", "adopted\n    valid: {from: 2025-03-01, until: 2035-03-01}",
     "adopted\n    valid: {from: 2025-03-01, until: 2026-06-01}", RELEASE},
    {"adoption", NULL, NULL, RELEASE BREAK("adoption: absent")},
    {"adoption", NULL, NULL, RELEASE BREAK("adoption: withdrawn")},
    {"gate", "      - holder: uwv\n        law: suwi",
     "      - holder: belastingdienst\n        law: suwi", RELEASE},
    {"gate", "sector_law: suwi", "sector_law: awr", RELEASE},
    {"gate", ", outcome_at_most: reasoned", "", WHOLE("bibob", "bibob")},
    {"gate", "outcome_at_most: reasoned", "outcome_at_most: sealed", WHOLE("bibob", "bibob")},
    {"basis", "basis: [{law: wgs,", "basis: [{law: convenant,", WHOLE("signal", "signal")},
    {"regime", "classes: [gemeente], regime: avg", "classes: [gemeente], regime: wpg",
     WHOLE("bibob", "bibob")},
    {"regime", NULL, NULL, RELEASE BREAK("requester_regime: wpg")},
    {"regime", NULL, NULL, RELEASE BREAK("holder_regime: wjsg")},
    {"gdpr", "uitkering, sensitivity: ordinary", "uitkering, sensitivity: special", RELEASE},
    {"gdpr", "uitkering, sensitivity: ordinary", "uitkering, sensitivity: criminal", RELEASE},
    {"process", NULL, NULL, RELEASE BREAK("process: case_hit")},
    {"purpose", NULL, NULL, RELEASE BREAK("purpose: ander-doel")},
    {"participant", "participants: [riec, liec, belastingdienst, uwv]",
     "participants: [riec, liec, belastingdienst]", RELEASE},
    {"requester", "requesters: [riec]", "requesters: [gemeente]", RELEASE},
    {"holder", "holders: [belastingdienst, uwv]", "holders: [belastingdienst]", RELEASE},
    {"holder", "      - holder: uwv\n        kind: four_eyes",
     "      - holder: belastingdienst\n        kind: four_eyes", RELEASE},
    {"other_party", "classes: [riec]", "classes: [riec, uwv]",
     RELEASE BREAK("holder: '00000099000000002000'")},
    {"excluded", "excluded: [liec]", "excluded: [uwv]", RELEASE},
    {"excluded", "excluded: [liec]", "excluded: ['00000099000000002000']", RELEASE},
    {"on_behalf_of", NULL, NULL, RELEASE "    without: [on_behalf_of]\n"},
    {"on_behalf_of", NULL, NULL, RELEASE BREAK("on_behalf_of: '00000099000000004000'")},
    {"function", NULL, NULL, RELEASE BREAK("function: release_officer")},
    {"region", "    region: regio-demo\n", "    region: elders\n", RELEASE},
    {"case_state", NULL, NULL, RELEASE BREAK("case_state: exploration")},
    {"case_state", NULL, NULL, RELEASE BREAK("case_state: closed")},
    {"case_state", NULL, NULL, RELEASE BREAK("case_state: destroyed")},
    {"necessity", NULL, NULL, RELEASE BREAK("necessity_chars: 39")},
    {"proportionality", NULL, NULL, RELEASE BREAK("proportionality: false")},
    {"subsidiarity", NULL, NULL, RELEASE BREAK("subsidiarity: false")},
    {"concrete_signal", NULL, NULL, RELEASE BREAK("concrete_signal: false")},
    {"control_data", "control_data: optional", "control_data: required",
     RELEASE BREAK("control_data: false")},
    {"control_data", "control_data: optional", "control_data: forbidden", RELEASE},
    {"identifiers", NULL, NULL,
     RELEASE BREAK("identifiers: [bsn=1, imei=1], norm_versions: [bsn=1, imei=1]")},
    {"identifiers", NULL, NULL, RELEASE BREAK("identifiers: []")},
    {"identifiers", "parties: [riec]", "parties: [gemeente]", RELEASE},
    {"norm_version", NULL, NULL, RELEASE BREAK("norm_versions: [bsn=2, telefoon=1]")},
    {"strength", NULL, NULL, RELEASE BREAK("weak_alone: 1")},
    {"fields", NULL, NULL, RELEASE BREAK("fields: [soort_uitkering, onbekend]")},
    {"fields", NULL, NULL, HIT BREAK("fields: [soort_uitkering]")},
    {"fields", NULL, NULL, WHOLE("phenomenon", "phenomenon") BREAK("fields: [oordeel]")},
    {"field_left", NULL, NULL, RELEASE BREAK("fields: [openstaande_schuld]")},
    {"field_left", NULL, NULL, RELEASE BREAK("fields: []")},
    {"visibility", "hit_visibility: holder_first\n    outcome:\n",
     "hit_visibility: direct\n    outcome:\n", HIT},
    {"deadline", NULL, NULL, RELEASE BREAK("deadline: 2026-06-01T10:10:01Z")},
    {"deadline", NULL, NULL, RELEASE BREAK("deadline: 2026-06-01T10:00:01Z")},
    {"deadline", NULL, NULL, RELEASE BREAK("now: 2026-06-01T10:01:00Z")},
    {"checks", "      control_data: optional\n    consent", "      control_data: optional\n      checks: [check_1, check_2a]\n    consent",
     RELEASE BREAK("checks: [check_1]")},
    {"checks", "      control_data: optional\n    consent", "      control_data: optional\n      checks: [check_1]\n    consent",
     RELEASE},
    {"deadline", "deadline_max: {seconds: 600}", "deadline_max: {working_days: 1}",
     RELEASE BREAK("deadline: 2026-06-02T22:00:00Z")},
    {"deadline", "deadline_min: {seconds: 2}\n      deadline_max: {seconds: 600}",
     "deadline_min: {working_days: 1}\n      deadline_max: {working_days: 2}",
     RELEASE BREAK("deadline: 2026-06-02T21:59:58Z")},
    {"deadline", NULL, NULL, RELEASE BREAK("issued_at: -9223372036854775807")},
    {"limit_request", NULL, NULL, RELEASE BREAK("identifiers: [bsn=25], norm_versions: [bsn=1]")},
    {"limit_agency", NULL, NULL, RELEASE BREAK("requests_today_agency: 501")},
    {"limit_agency", NULL, NULL, RELEASE BREAK("requests_today_agency: -1")},
    {"limit_officer", NULL, NULL, RELEASE BREAK("requests_today_officer: 201")},
    {"limit_case", NULL, NULL, RELEASE BREAK("unique_in_case: 101")},
    {"limit_period", NULL, NULL, RELEASE BREAK("unique_in_period: 1001")},
    {"category", NULL, NULL, LOAD BREAK("category: bezwaar")},
    {"age", NULL, NULL, LOAD BREAK("record_age_days: 365")},
    {"age", NULL, NULL, LOAD BREAK("record_age_days: -1")},
    {"share", NULL, NULL, LOAD BREAK("stock: 10001")},
    {"share", NULL, NULL, LOAD BREAK("population: 0")},
    {"share", NULL, NULL, LOAD BREAK("stock: 0, population: 0")},
    {"share", NULL, NULL, LOAD BREAK("stock: 9223372036854775807")},
    {"limit_additions", NULL, NULL, LOAD BREAK("additions_in_period: 200001")},
    /* what only some processes have: docs/policies/complete.yaml */
    {"participant", "until: 2034-01-01", "until: 2026-01-01", WHOLE("bibob", "bibob")},
    {"fields", NULL, NULL, WHOLE("joint", "joint") BREAK("fields: [oordeel]")},
    {"aim", NULL, NULL, WHOLE("area.person", "area-person") BREAK("aim: enforcement")},
    {"aim", NULL, NULL, WHOLE("area.person", "area-person") "    without: [aim]\n"},
    {"minors", NULL, NULL, WHOLE("bibob", "bibob") BREAK("minor: true")},
    {"phenomenon", NULL, NULL, WHOLE("phenomenon", "phenomenon") BREAK("phenomenon: iets-anders")},
    {"area", NULL, NULL, WHOLE("area.counts", "area-counts") BREAK("area: elders")},
    {"destination", NULL, NULL, WHOLE("export", "export") BREAK("destination: elders")},
    {"origin", NULL, NULL, WHOLE("export", "export") BREAK("origin_rule: complete.rights")},
    {"origin", NULL, NULL, WHOLE("export", "export") BREAK("origin_rule: nothing")},
    {"dimensions", NULL, NULL,
     WHOLE("phenomenon", "phenomenon") BREAK("dimensions: [jaar, straat]")},
    {"dimensions", NULL, NULL, WHOLE("phenomenon", "phenomenon") BREAK("dimensions: []")},
    {"min_holders", NULL, NULL, WHOLE("joint", "joint") BREAK("holders_asked: 1")},
    {"min_holders", NULL, NULL, WHOLE("phenomenon", "phenomenon") BREAK("holders_asked: 1")},
    {"set_size", NULL, NULL, HELD("area.counts", "area-counts") BREAK("set_size: 99")},
    {"budget", NULL, NULL,
     "rule: complete.area.counts\n    role: broker\n    base: area-counts\n" BREAK(
         "budget_used: 11")},
    {"suppression", NULL, NULL, HELD("index", "index") BREAK("suppression_checked: false")},
};

static void denies_for_exactly_one(const struct row *row, uint64_t *seen)
{
    static struct policy_text t;
    policy_text_read_file(&t, strstr(row->test, "complete.") != NULL ? "complete.yaml"
                                                                     : "demonstration.yaml");
    if (row->from != NULL)
        policy_text_edit(&t, row->from, row->to);
    policy_text_append(&t, "  - name: row\n    ");
    policy_text_append(&t, row->test);
    policy_text_append(&t, "    expect: deny\n    reasons: [");
    policy_text_append(&t, row->failed);
    policy_text_append(&t, "]\n");
    struct policy_file *f = load(&t);
    struct decision d;
    if (!selftest_run(policy_file_policy(f), last_test(f), &d)) {
        struct buf ids = buf_new(4096);
        failed_ids(&d, &ids);
        fail_msg("expected %s, failed: %s", row->failed, buf_text(&ids));
    }
    assert_int_equal(d.failures[0].fault == FAULT_BROKEN || d.failures[0].fault == FAULT_UNKNOWN,
                     1);
    *seen |= CONDITION_BIT(d.failures[0].condition);
    policy_file_free(f);
}

/* These two cannot be broken in a file that loads, so the snapshot is broken in memory. */
static void denies_without_basis_or_verification(uint64_t *seen)
{
    static struct policy_text t;
    policy_text_read(&t);
    policy_text_append(&t, "  - name: row\n    " RELEASE "    expect: permit\n");
    struct policy_file *f = load(&t);
    struct policy *p = (struct policy *)(uintptr_t)policy_file_policy(f);
    struct decision d;
    assert_true(selftest_run(p, last_test(f), &d));
    p->demonstration = false;
    policy_evaluate(p, &last_test(f)->rule, ROLE_REQUESTER, last_test(f)->facts, &d);
    assert_int_equal(d.failures_count, 1);
    assert_int_equal(d.failures[0].condition, CONDITION_VERIFIED);
    assert_non_null(d.failures[0].cite);
    p->demonstration = true;
    uint32_t count = p->rules[0].basis_count;
    p->rules[0].basis_count = 0;
    policy_evaluate(p, &last_test(f)->rule, ROLE_REQUESTER, last_test(f)->facts, &d);
    assert_int_equal(d.failures_count, 1);
    assert_int_equal(d.failures[0].condition, CONDITION_BASIS);
    p->rules[0].basis_count = count;
    *seen |= CONDITION_BIT(CONDITION_VERIFIED) | CONDITION_BIT(CONDITION_BASIS);
    policy_file_free(f);
}

static void test_each_condition_denies_alone(void **state)
{
    (void)state;
    uint64_t seen = 0;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        denies_for_exactly_one(&rows[i], &seen);
    denies_without_basis_or_verification(&seen);
    for (unsigned c = 1; c < CONDITION_COUNT; c++) {
        if ((seen & CONDITION_BIT(c)) == 0)
            fail_msg("no row breaks %s", condition_id((enum condition)c));
    }
}

static const struct failure *failure_of(const struct decision *d, enum condition c)
{
    for (size_t i = 0; i < d->failures_count; i++)
        if (d->failures[i].condition == c)
            return &d->failures[i];
    fail_msg("%s did not fail", condition_id(c));
    return NULL;
}

/* What a holder may not release cites its gate; where the rule has none for it, the basis, except that
 * nothing can be cited for the gate itself. */
static void test_a_failure_cites_the_gate_or_else_the_basis(void **state)
{
    (void)state;
    static struct policy_text t;
    policy_text_read(&t);
    policy_text_append(&t, "  - name: row\n    " RELEASE BREAK("fields: [soort_uitkering, achternaam]")
                           "    expect: deny\n    reasons: [fields]\n");
    struct policy_file *f = load(&t);
    struct policy *p = (struct policy *)(uintptr_t)policy_file_policy(f);
    struct decision d;
    assert_true(selftest_run(p, last_test(f), &d));
    assert_string_equal(failure_of(&d, CONDITION_FIELDS)->cite->law.s, "suwi");
    const uint32_t count = p->rules[0].gates_count;
    p->rules[0].gates_count = 0;
    policy_evaluate(p, &last_test(f)->rule, ROLE_REQUESTER, last_test(f)->facts, &d);
    assert_ptr_equal(failure_of(&d, CONDITION_FIELDS)->cite, &p->rules[0].basis[0]);
    assert_null(failure_of(&d, CONDITION_GATE)->cite);
    p->rules[0].gates_count = count;
    policy_file_free(f);
}

static void test_the_policys_own_tests_pass(void **state)
{
    (void)state;
    static struct policy_text t;
    policy_text_read(&t);
    struct policy_file *f = load(&t);
    const struct policy *p = policy_file_policy(f);
    struct decision d;
    for (uint32_t i = 0; i < p->tests_count; i++) {
        if (!selftest_run(p, &p->tests[i], &d))
            fail_msg("%s", p->tests[i].name);
    }
    policy_file_free(f);
}

/* A test of the file whose expectation is turned round must fail, or the runner proves nothing. */
static void test_a_wrong_expectation_is_found(void **state)
{
    (void)state;
    static struct policy_text t;
    policy_text_read(&t);
    policy_text_append(&t,
                       "  - name: row\n    " RELEASE "    expect: deny\n    reasons: [status]\n");
    struct policy_file *f = load(&t);
    struct decision d;
    assert_false(selftest_run(policy_file_policy(f), last_test(f), &d));
    policy_file_free(f);
}

/* A fact that the requester must see, but does not or only hears, denies. */
static void test_unknown_and_asserted_facts_deny_whoever_must_judge(void **state)
{
    (void)state;
    static struct policy_text t;
    policy_text_read(&t);
    policy_text_append(&t, "  - name: row\n    " RELEASE "    expect: permit\n");
    struct policy_file *f = load(&t);
    const struct policy *p = policy_file_policy(f);
    unsigned tried = 0;
    for (unsigned id = 0; id < FACT_COUNT; id++) {
        struct facts facts = *last_test(f)->facts;
        struct decision d;
        /* The demonstration rule leaves control data to the requester. */
        if (fact_provenance(&facts, (enum fact_id)id) == PROVENANCE_UNKNOWN ||
            id == FACT_control_data)
            continue;
        tried++;
        facts_mark(&facts, (enum fact_id)id, PROVENANCE_UNKNOWN);
        policy_evaluate(p, &last_test(f)->rule, ROLE_REQUESTER, &facts, &d);
        assert_false(d.permit);
        facts_mark(&facts, (enum fact_id)id, PROVENANCE_ASSERTED);
        policy_evaluate(p, &last_test(f)->rule, ROLE_REQUESTER, &facts, &d);
        assert_false(d.permit);
        assert_int_equal(d.failures[0].fault, FAULT_ASSERTED);
    }
    assert_true(tried > 20);
    policy_file_free(f);
}

static void test_no_facts_and_no_role_deny(void **state)
{
    (void)state;
    static struct policy_text t;
    policy_text_read(&t);
    struct policy_file *f = load(&t);
    const struct policy *p = policy_file_policy(f);
    struct facts none;
    memset(&none, 0, sizeof none);
    for (uint32_t r = 0; r < p->rules_count; r++) {
        for (unsigned role = 0; role <= ROLE_COUNT; role++) {
            struct decision d;
            policy_evaluate(p, &p->rules[r].id, (enum role)role, &none, &d);
            assert_false(d.permit);
            assert_true(d.failures_count > 0);
        }
    }
    struct decision d;
    policy_evaluate(p, &(struct name){"index.uwv"}, ROLE_REQUESTER, &none, &d);
    assert_true(decision_failed(&d, CONDITION_PROCESS));
    policy_file_free(f);
}

/* What the requester may not know stays out of a denial; a permit names the holder's terms. */
static void test_obligations_follow_the_holder(void **state)
{
    (void)state;
    static struct policy_text t;
    policy_text_read(&t);
    policy_text_append(
        &t, "  - name: row\n    " RELEASE
            "    facts: {fields: [openstaande_schuld, werkgever]}\n    expect: permit\n");
    struct policy_file *f = load(&t);
    struct decision d;
    assert_true(selftest_run(policy_file_policy(f), last_test(f), &d));
    assert_true(d.obligations.four_eyes);
    assert_int_equal(d.obligations.outcome, OUTCOME_SEALED);
    assert_int_equal(d.obligations.fields_count, 1);
    assert_string_equal(d.obligations.fields[0].s, "werkgever");
    assert_int_equal(d.obligations.strength[IDENT_BSN], STRENGTH_EXACT);
    assert_int_equal(d.obligations.strength[IDENT_TELEFOON], STRENGTH_WEAK);
    assert_int_equal(d.obligations.strength[IDENT_IMEI], STRENGTH_NONE);
    assert_int_equal(d.obligations.consent->term.seconds, 60);
    policy_file_free(f);
}

/* To the last second of the working day; a day that the file closes makes it a day longer. */
static void test_a_deadline_can_count_in_working_days(void **state)
{
    (void)state;
    static const char *const deadlines[] = {"2026-06-02T21:59:59Z", "2026-06-03T21:59:59Z"};
    for (size_t closed = 0; closed < ARRAY_LEN(deadlines); closed++) {
        static struct policy_text t;
        policy_text_read(&t);
        policy_text_edit(&t, "deadline_max: {seconds: 600}", "deadline_max: {working_days: 1}");
        if (closed > 0)
            policy_text_edit(&t, "serial: 1\n", "serial: 1\nclosed_days: [2026-06-02]\n");
        policy_text_append(&t, "  - name: row\n    " RELEASE "    facts: {deadline: ");
        policy_text_append(&t, deadlines[closed]);
        policy_text_append(&t, "}\n    expect: permit\n");
        struct policy_file *f = load(&t);
        struct decision d;
        assert_true(selftest_run(policy_file_policy(f), last_test(f), &d));
        policy_file_free(f);
    }
}

/* From and including its first second, until and excluding its last. */
static void test_a_party_takes_part_within_its_period(void **state)
{
    (void)state;
    static const char *const periods[] = {"{from: 2026-06-01T10:00:00Z, until: 2034-01-01}",
                                          "{from: 2026-06-01T10:00:01Z, until: 2034-01-01}",
                                          "{from: 2025-03-01, until: 2026-06-01T10:00:01Z}",
                                          "{from: 2025-03-01, until: 2026-06-01T10:00:00Z}"};
    for (size_t i = 0; i < ARRAY_LEN(periods); i++) {
        static struct policy_text t;
        policy_text_read_file(&t, "complete.yaml");
        policy_text_edit(&t, "{from: 2025-03-01, until: 2034-01-01}", periods[i]);
        policy_text_append(&t, "  - name: row\n    " WHOLE("bibob", "bibob"));
        policy_text_append(&t, i % 2 == 0 ? "    expect: permit\n"
                                          : "    expect: deny\n    reasons: [participant]\n");
        struct policy_file *f = load(&t);
        struct decision d;
        if (!selftest_run(policy_file_policy(f), last_test(f), &d))
            fail_msg("%s", periods[i]);
        policy_file_free(f);
    }
}

static void test_denials_are_explained_in_two_languages(void **state)
{
    (void)state;
    static struct policy_text t;
    policy_text_read(&t);
    policy_text_append(&t,
                       "  - name: row\n    " RELEASE BREAK(
                           "necessity_chars: 3") "    expect: deny\n    reasons: [necessity]\n");
    struct policy_file *f = load(&t);
    const struct policy *p = policy_file_policy(f);
    struct decision d;
    assert_true(selftest_run(p, last_test(f), &d));
    struct buf out = buf_new(1 << 16);
    explain_decision(&out, p, &d, LANGUAGE_NL);
    assert_non_null(
        strstr(buf_text(&out), "geweigerd onder regel riec.casus.verstrekking versie 1"));
    assert_non_null(
        strstr(buf_text(&out), "de noodzaakmotivering ontbreekt of is te kort (3 < 40)"));
    assert_non_null(strstr(buf_text(&out), "door niemand geverifieerd"));
    buf_reset(&out);
    explain_decision(&out, p, &d, LANGUAGE_EN);
    assert_non_null(strstr(buf_text(&out), "the necessity text is missing or too short (3 < 40)"));
    buf_reset(&out);
    explain_basis(&out, p, d.rule, policy_party(p, &last_test(f)->facts->holder.v), LANGUAGE_NL);
    assert_non_null(strstr(buf_text(&out), "werk en inkomen art. 62"));
    assert_null(strstr(buf_text(&out), "rijksbelastingen"));
    buf_free(&out);
    policy_file_free(f);
}

static bool is_seen_by_another(enum condition c, enum process p)
{
    return condition_sight(c, p, ROLE_BROKER) == SIGHT_JUDGES ||
           condition_sight(c, p, ROLE_HOLDER) != SIGHT_NONE;
}

static void test_every_condition_has_an_id_and_both_texts(void **state)
{
    (void)state;
    for (unsigned c = 1; c < CONDITION_COUNT; c++) {
        enum condition back = CONDITION_NONE;
        assert_int_equal(condition_parse(bytes_str(condition_id((enum condition)c)), &back),
                         ERR_OK);
        assert_int_equal(back, c);
        assert_true(strlen(condition_nl((enum condition)c)) > 10);
        assert_true(strlen(condition_en((enum condition)c)) > 10);
        /* Somebody besides the requester judges it, or a counter of the broker, or the holder hears
         * the requester's signed word and weighs it. */
        for (unsigned p = 1; p < PROCESS_COUNT; p++) {
            if (condition_applies((enum condition)c, (enum process)p))
                assert_true(is_seen_by_another((enum condition)c, (enum process)p));
        }
    }
    enum condition none;
    assert_int_equal(condition_parse(bytes_str("?"), &none), ERR_UNKNOWN);
    assert_string_equal(condition_id(CONDITION_COUNT), "?");
}

static const char *sight_word(enum sight s)
{
    return s == SIGHT_JUDGES ? "judges" : s == SIGHT_TOLD ? "is told" : "-";
}

/* case_release, or the first process that asks and has the condition. */
static enum process process_that_has(enum condition c)
{
    if (condition_applies(c, PROCESS_CASE_RELEASE))
        return PROCESS_CASE_RELEASE;
    for (unsigned p = 1; p < PROCESS_COUNT; p++) {
        if (process_asks((enum process)p) && condition_applies(c, (enum process)p))
            return (enum process)p;
    }
    return PROCESS_CASE_RELEASE;
}

/* One row of the table "Who judges what" in docs/policy.md. */
static void put_row(struct buf *out, enum condition c)
{
    static const struct {
        enum process process;
        enum role role;
    } columns[] = {
        {PROCESS_CASE_RELEASE, ROLE_REQUESTER}, {PROCESS_CASE_RELEASE, ROLE_BROKER},
        {PROCESS_CASE_RELEASE, ROLE_HOLDER},    {PROCESS_INDEX, ROLE_HOLDER},
        {PROCESS_INDEX, ROLE_BROKER},
    };
    const enum process own = process_that_has(c);
    buf_printf(out, "| `%s` | %s |", condition_id(c), condition_en(c));
    for (size_t i = 0; i < ARRAY_LEN(columns); i++) {
        enum process p = columns[i].process == PROCESS_INDEX ? PROCESS_INDEX : own;
        bool applies = condition_applies(c, p);
        buf_printf(out, " %s |", applies ? sight_word(condition_sight(c, p, columns[i].role)) : "");
    }
    buf_put_str(out, "\n");
}

static void test_the_documentation_says_who_judges(void **state)
{
    (void)state;
    static char doc[1 << 18];
    FILE *f = fopen(TEST_DATA "/../docs/policy.md", "rb");
    assert_non_null(f);
    doc[fread(doc, 1, sizeof doc - 1, f)] = '\0';
    fclose(f);
    for (unsigned c = 1; c < CONDITION_COUNT; c++) {
        struct buf row = buf_new(1024);
        put_row(&row, (enum condition)c);
        if (strstr(doc, buf_text(&row)) == NULL)
            fail_msg("docs/policy.md lacks: %s", buf_text(&row));
        buf_free(&row);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_condition_denies_alone),
        cmocka_unit_test(test_a_failure_cites_the_gate_or_else_the_basis),
        cmocka_unit_test(test_the_policys_own_tests_pass),
        cmocka_unit_test(test_a_wrong_expectation_is_found),
        cmocka_unit_test(test_unknown_and_asserted_facts_deny_whoever_must_judge),
        cmocka_unit_test(test_no_facts_and_no_role_deny),
        cmocka_unit_test(test_obligations_follow_the_holder),
        cmocka_unit_test(test_a_deadline_can_count_in_working_days),
        cmocka_unit_test(test_a_party_takes_part_within_its_period),
        cmocka_unit_test(test_denials_are_explained_in_two_languages),
        cmocka_unit_test(test_the_documentation_says_who_judges),
        cmocka_unit_test(test_every_condition_has_an_id_and_both_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
