/* What diff says of one edit each of the demonstration policy, in all of its rules: which way,
 * where, and whether it narrows. Each kind of difference by itself is in test_diff_rows.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "proto/base/buf.h"
#include "proto/conf/policy_load.h"
#include "proto/policy/diff_internal.h"
#include "proto/policy/narrowed.h"
#include "proto/policy/term.h"
#include "tests/unit/policy/policy_text.h"

#define RULE "riec.casus.verstrekking"
#define OUT_MAX ((size_t)1 << 16)

/* Loads both texts; the older one stays while `newer` is edited. */
static struct policy_text text;

static struct policy_file *load(void)
{
    struct policy_file *f = NULL;
    struct errmsg why;
    if (policy_file_load(bytes_of(text.text, text.len), "test", &f, &why) != ERR_OK)
        fail_msg("%s", why.text);
    return f;
}

/* "more! limits.unique_per_case; ": below RULE the key alone, else the whole path; `!` where it
 * narrows. */
static void put(void *ctx, const struct change *c)
{
    static const char below[] = "rules[" RULE "].";
    struct buf *out = ctx;
    bool own = strncmp(c->path, below, strlen(below)) == 0;
    buf_printf(out, "%s%s%s %s", out->len > 0 ? "; " : "", effect_id(c->effect),
               c->narrows ? "!" : "", c->path + (own ? strlen(below) : 0));
}

static void put_sentence(void *ctx, const struct change *c)
{
    buf_printf(ctx, "%s | %s\n", c->nl, c->en);
}

static void compare(const struct policy_file *a, const struct policy_file *b, change_fn fn,
                    struct buf *out)
{
    assert_int_equal(policy_diff(policy_file_policy(a), policy_file_policy(b), fn, out), ERR_OK);
    assert_int_equal(buf_err(out), ERR_OK);
}

/* One edit of a policy. */
struct edit {
    const char *from;
    const char *to;
    const char *says;
};

static void diff_of(const char *file, const struct edit *e, change_fn fn, struct buf *out)
{
    policy_text_read_file(&text, file);
    struct policy_file *a = load();
    policy_text_edit(&text, e->from, e->to);
    struct policy_file *b = load();
    compare(a, b, fn, out);
    policy_file_free(a);
    policy_file_free(b);
}

static const struct edit demonstration[] = {
    /* nothing that matters */
    {"serial: 1\n", "serial: 2\n", ""},
    {"[riec, liec, belastingdienst, uwv]", "[uwv, belastingdienst, liec, riec]", ""},
    {"holders: [belastingdienst, uwv]", "holders: [uwv, '00000099000000004000']", ""},
    {"excluded: [liec]", "excluded: [liec, nobody]", ""},
    /* who */
    {"requesters: [riec]", "requesters: [riec, gemeente]", ""},
    {"excluded: [liec]", "excluded: [uwv]", "less! holders; less! fields"},
    {"holders: [belastingdienst, uwv]", "holders: [uwv]", "less! holders; less! fields"},
    {"\n    functions: [case_worker]", "\n    functions: [case_worker, privacy_officer]",
     "more functions"},
    {"to: intervention, functions: [case_worker]}", "to: intervention, functions: [auditor]}",
     "more case_moves; less case_moves"},
    {"  - {from: case, to: intervention, functions: [case_worker]}\n", "", "less case_moves"},
    {"checks: [check_1]", "checks: [check_1, check_2b]", "less case_moves"},
    {"checks: [check_2a, check_2b]", "checks: [check_2b]", "more case_moves"},
    {"      interventions: [bestuurlijk, fiscaal", "      interventions: [bestuurlijk, zorg",
     "more closing.interventions; less! closing.interventions"},
    {"      required: true\n      interv", "      required: false\n      interv",
     "more closing.required"},
    {"regime: [{party: riec", "regime: [{party: liec",
     "less! rules[index.riec]; less! rules[index.riec].holders; less! "
     "rules[index.riec].identifiers"},
    {"on_behalf_of: ['00000099000000006000']", "on_behalf_of: ['00000099000000004000']",
     "changed parties; less! rules[riec.casus.hitnohit].requesters; "
     "more rules[riec.casus.hitnohit].requesters; less! requesters; more requesters"},
    {"classes: [uwv], regime: avg, sector_law: suwi",
     "classes: [uwv], regime: avg, sector_law: awr",
     "changed parties; less! rules[index.uwv]; less! rules[index.uwv].holders; "
     "less! rules[index.uwv].identifiers; less! rules[riec.casus.hitnohit].holders; less! holders; "
     "less! fields"},
    /* how much */
    {"unique_per_case: 100", "unique_per_case: 99", "less! limits.unique_per_case"},
    {"unique_per_case: 100", "unique_per_case: 101", "more limits.unique_per_case"},
    {"period_days: 30", "period_days: 31", "less! limits.period_days"},
    {"deadline_min: {seconds: 2}", "deadline_min: {seconds: 3}", "less! limits.deadline_min"},
    {"categories: [casus]", "categories: [signaal]",
     "more rules[index.riec].index.categories; less! rules[index.riec].index.categories"},
    {"deadline_max: {seconds: 600}", "deadline_max: {working_days: 3}", "more limits.deadline_max"},
    {"retention: {no_hit: 7, hit: 30", "retention: {no_hit: 8, hit: 29",
     "more retention.no_hit; less! retention.hit"},
    {"destroy_at_close: true", "destroy_at_close: false", "more retention.destroy_at_close"},
    /* the case */
    {"minimum_state: work_up_1", "minimum_state: signal", "more case.minimum_state"},
    {"concrete_signal: true", "concrete_signal: false", "more case.concrete_signal"},
    {"control_data: optional", "control_data: required", "less! case.control_data"},
    {"control_data: optional", "control_data: forbidden", "less! case.control_data"},
    /* what */
    {"strength: weak", "strength: exact", "more identifiers"},
    {"- {type: lei, norm_version: 1, strength: exact, parties: [riec]}\n", "\n",
     "less! identifiers"},
    {"type: lei, norm_version: 1", "type: lei, norm_version: 2",
     "less! identifiers; more identifiers"},
    {"sensitivity: ordinary, holders: [uwv]}", "sensitivity: special, holders: [uwv]}",
     "less! fields; changed! fields"},
    {"category: dienstverband, sensitivity", "category: uitkering, sensitivity",
     "more fields; less! fields"},
    /* consent */
    {"kind: officer", "kind: four_eyes", "less! consent"},
    {"kind: four_eyes", "kind: officer", "more consent"},
    {"duty: may", "duty: shall", "more consent"},
    {"deputies: [privacy_officer]", "deputies: [privacy_officer]\n        compartment: besloten",
     "less! consent"},
    /* the law and its texts */
    {"article: '2.17'", "article: '2.18'", "changed basis; changed! basis"},
    {"paragraph: '2'", "paragraph: '3'", "changed gates; changed! gates"},
    {"dpia: DPIA-DEMO-1", "dpia: DPIA-DEMO-2", "changed gdpr.dpia"},
    {"version: 1\n", "version: 2\n", "changed version"},
    /* time */
    {"status: adopted\n    valid: {from: 2025-03-01, until: 2035-03-01}",
     "status: adopted\n    valid: {from: 2025-04-01, until: 2035-04-01}", "less! valid"},
    {"status: adopted", "status: withdrawn",
     "changed status; less! rules[riec.casus.verstrekking]; less! functions; less! requesters; "
     "less! holders; less! holders; less! identifiers; less! fields; less! fields"},
    {"valid: {from: 2025-03-01, until: 2035-03-01}\n\nsigners",
     "valid: {from: 2025-04-01, until: 2035-03-01}\n\nsigners",
     "less rules[index.belastingdienst].valid; less rules[index.liec].valid; "
     "less rules[index.riec].valid; less rules[index.uwv].valid; "
     "less rules[riec.casus.hitnohit].valid; less valid"},
    /* the file */
    {"serial: 1\n", "serial: 1\nclosed_days: [2026-05-15]\n", "changed closed_days"},
};

static unsigned run(const char *file, const struct edit *list, size_t count)
{
    unsigned wrong = 0;
    for (size_t i = 0; i < count; i++) {
        struct buf out = buf_new(OUT_MAX);
        diff_of(file, &list[i], put, &out);
        if (strcmp(buf_text(&out), list[i].says) != 0) {
            print_error("'%s' -> '%s'\n  says '%s'\n  not  '%s'\n", list[i].from, list[i].to,
                        buf_text(&out), list[i].says);
            wrong++;
        }
        buf_free(&out);
    }
    return wrong;
}

static void test_each_edit_says_what_it_does(void **state)
{
    (void)state;
    assert_int_equal(
        run("demonstration.yaml", demonstration, sizeof demonstration / sizeof *demonstration), 0);
}

static void test_a_sentence_names_whom_and_what(void **state)
{
    (void)state;
    static const struct edit edit = {"sensitivity: ordinary, holders: [uwv]}",
                                     "sensitivity: ordinary, holders: [riec]}", ""};
    struct buf out = buf_new(OUT_MAX);
    diff_of("demonstration.yaml", &edit, put_sentence, &out);
    assert_string_equal(buf_text(&out), "UWV Demo: mag niet meer verstrekken: soort_uitkering | "
                                        "UWV Demo: may no longer release: soort_uitkering\n");
    buf_free(&out);
}

static bool narrowed(const struct edit *before, const struct edit *after, const char *rule)
{
    struct name id;
    bool out = false;
    assert_int_equal(name_parse(bytes_str(rule), &id), ERR_OK);
    policy_text_read(&text);
    if (before != NULL)
        policy_text_edit(&text, before->from, before->to);
    struct policy_file *a = load();
    policy_text_edit(&text, after->from, after->to);
    struct policy_file *b = load();
    assert_int_equal(policy_narrowed(policy_file_policy(a), policy_file_policy(b), &id, &out),
                     ERR_OK);
    policy_file_free(a);
    policy_file_free(b);
    return out;
}

static void test_only_what_takes_away_narrows(void **state)
{
    (void)state;
    static const struct edit wider = {"unique_per_case: 100", "unique_per_case: 200", ""};
    static const struct edit tighter = {"unique_per_case: 100", "unique_per_case: 50", ""};
    static const struct edit gone = {"- id: riec.casus.hitnohit", "- id: riec.casus.anders", ""};
    static const struct edit later = {"valid: {from: 2025-03-01, until: 2035-03-01}\n\nsigners",
                                      "valid: {from: 2026-03-01, until: 2035-03-01}\n\nsigners",
                                      ""};
    static const struct edit shorter = {"valid: {from: 2025-03-01, until: 2035-03-01}\n\nsigners",
                                        "valid: {from: 2025-03-01, until: 2034-03-01}\n\nsigners",
                                        ""};
    static const struct edit days = {"serial: 1\n", "serial: 1\nclosed_days: [2026-05-15]\n", ""};
    static const struct edit worked = {"deadline_max: {seconds: 600}",
                                       "deadline_max: {working_days: 3}", ""};
    assert_false(narrowed(NULL, &wider, RULE));
    assert_true(narrowed(NULL, &tighter, RULE));
    assert_false(narrowed(NULL, &tighter, "riec.casus.hitnohit"));
    assert_true(narrowed(NULL, &gone, "riec.casus.hitnohit"));
    assert_false(narrowed(NULL, &gone, "riec.casus.anders"));
    assert_false(narrowed(NULL, &gone, RULE));
    assert_false(narrowed(NULL, &later, RULE));
    assert_true(narrowed(NULL, &shorter, RULE));
    assert_false(narrowed(NULL, &days, RULE));
    assert_false(narrowed(&worked, &days, RULE)); /* the longest deadline grows */
}

/* A term in working days against the longest that it ever lasts, from 1970 to 2100, and against
 * less. */
static void test_working_days_outlast_what_they_can(void **state)
{
    (void)state;
    static const uint32_t counts[] = {1, 2, 3, 4, 5, 8, 10, 21, 60, 260};
    policy_text_read(&text);
    struct policy_file *f = load();
    const struct policy *p = policy_file_policy(f);
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        struct term days = {.working_days = counts[i]};
        int64_t most = 0;
        for (int64_t from = 0; from < INT64_C(4102444800);
             from += counts[i] < 30 ? 86400 : 864000) {
            int64_t lasts = term_end(p, &days, from) - from;
            most = lasts > most ? lasts : most;
        }
        struct term shorter = {.seconds = (uint32_t)most - 1};
        struct term longer = {.hours = counts[i] * 48 + 240};
        assert_true(term_outlasts(p, &days, p, &shorter));
        assert_false(term_outlasts(p, &days, p, &longer));
        assert_false(term_outlasts(p, &days, p, &days));
    }
    policy_file_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_edit_says_what_it_does),
        cmocka_unit_test(test_a_sentence_names_whom_and_what),
        cmocka_unit_test(test_only_what_takes_away_narrows),
        cmocka_unit_test(test_working_days_outlast_what_they_can),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
