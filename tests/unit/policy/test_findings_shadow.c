/* Which of two rules is in the shadow of the other: a copy of a rule that is changed in one term.
 * Whatever makes it stricter puts the copy in the shadow, whatever makes it laxer the original, and
 * another scope neither. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "proto/base/buf.h"
#include "proto/conf/policy_load.h"
#include "proto/policy/findings.h"
#include "tests/unit/policy/policy_text.h"

#define AT 1780300800 /* 2026-06-01 */

enum shadowed { NEITHER, COPY, ORIGINAL };

struct row {
    const char *rule; /* of complete.yaml, without "complete." */
    const char *from; /* in the copy */
    const char *to;
    enum shadowed shadowed;
};

static const struct row rows[] = {
    {"joint", "", "", COPY}, /* the same rule twice: the later one */
    {"joint", "until: 2035-03-01}", "until: 2034-03-01}", COPY},
    {"joint", "from: 2025-03-01", "from: 2024-03-01", ORIGINAL},
    {"joint", "minimum_state: exploration", "minimum_state: work_up_1", COPY},
    {"joint", "minimum_state: exploration", "minimum_state: signal", ORIGINAL},
    {"joint", "min_chars: 40", "min_chars: 41", COPY},
    {"joint", "min_chars: 40", "min_chars: 39", ORIGINAL},
    {"joint", "proportionality: true", "proportionality: false", ORIGINAL},
    {"joint", "subsidiarity: true", "subsidiarity: false", ORIGINAL},
    {"joint", "concrete_signal: true", "concrete_signal: false", ORIGINAL},
    {"joint", "control_data: required", "control_data: optional", ORIGINAL},
    {"joint", "control_data: required", "control_data: forbidden", NEITHER},
    {"joint", "{excluded: true}",
     "{excluded: false, ground: {law: uavg, article: '31', verified_by: none}}", ORIGINAL},
    {"joint", "{min_holders: 2}", "{min_holders: 3}", COPY},
    {"joint", "identifiers_per_request: 12", "identifiers_per_request: 11", COPY},
    {"joint", "identifiers_per_request: 12", "identifiers_per_request: 13", ORIGINAL},
    {"joint", "day_agency: 50", "day_agency: 49", COPY},
    {"joint", "day_officer: 20", "day_officer: 19", COPY},
    {"joint", "unique_per_case: 50", "unique_per_case: 49", COPY},
    {"joint", "unique_per_period: 500", "unique_per_period: 499", COPY},
    {"joint", "period_days: 30", "period_days: 31", COPY},
    {"joint", "hits_per_request: 10", "hits_per_request: 9", COPY},
    {"joint", "deadline_min: {hours: 1}", "deadline_min: {hours: 2}", COPY},
    {"joint", "deadline_max: {hours: 720}", "deadline_max: {hours: 721}", ORIGINAL},
    {"joint", "parties: [riec]", "parties: [gemeente]", NEITHER},
    {"joint", "strength: exact", "strength: weak", NEITHER},
    {"joint", "functions: [case_worker]", "functions: [case_worker, release_officer]", NEITHER},
    {"joint", "holders: [belastingdienst, uwv]", "holders: [uwv, belastingdienst]", COPY},
    {"joint", "    purpose:", "    region: regio-demo\n    purpose:", NEITHER},
    {"joint", "    joint:", "    aims: [protective]\n    joint:", NEITHER},
    {"joint", "status: adopted", "status: draft", NEITHER},
    {"phenomenon", "k_min: 10", "k_min: 11", COPY},
    {"phenomenon", "k_min: 10", "k_min: 9", ORIGINAL},
    {"phenomenon", "rounding: 5", "rounding: 6", COPY},
    {"phenomenon", "budget: 20", "budget: 19", COPY},
    {"phenomenon", "min_holders: 2", "min_holders: 1", ORIGINAL},
    {"phenomenon", "epsilon_milli: 500", "epsilon_milli: 400", NEITHER},
    {"phenomenon", "secondary_suppression: true", "secondary_suppression: false", ORIGINAL},
    {"phenomenon", "min_set_size: 100", "min_set_size: 101", COPY},
    {"phenomenon", "dimensions: [gemeente, jaar]", "dimensions: [gemeente]", NEITHER},
    {"phenomenon", "phenomena: [", "phenomena: [elders, ", NEITHER},
    {"index", "max_share_permille: 500", "max_share_permille: 499", COPY},
    {"index", "max_age_days: 180", "max_age_days: 181", ORIGINAL},
    {"index", "suppression: true", "suppression: false", ORIGINAL},
    {"index", "additions_per_period: 100000", "additions_per_period: 99999", COPY},
    {"index", "categories: [uitkering]", "categories: [uitkering, casus]", NEITHER},
    {"bibob", "outcome: {kind: reasoned", "outcome: {kind: hit_no_hit", COPY},
    {"export", "destinations: [partner-demo]", "destinations: [elders]", NEITHER},
    {"rights", "sensitivity: ordinary}", "sensitivity: ordinary, holders: [belastingdienst]}",
     NEITHER},
};

static struct policy_text text;

static void collect(void *ctx, const struct finding *f)
{
    if (strcmp(f->code, "shadowed") == 0)
        buf_printf(ctx, "%s: %s\n", f->path, f->text);
}

static void shadows(struct buf *out)
{
    struct policy_file *f = NULL;
    struct errmsg why = {.text = ""};
    if (policy_file_load(bytes_of(text.text, text.len), "p", &f, &why) != ERR_OK)
        fail_msg("does not load: %s", why.text);
    assert_int_equal(policy_findings(policy_file_policy(f), AT, collect, out), ERR_OK);
    policy_file_free(f);
}

static void shows_which(const struct row *row)
{
    char id[64];
    char want[2][96];
    struct buf out = buf_new(1 << 14);
    snprintf(id, sizeof id, "complete.%s", row->rule);
    snprintf(want[0], sizeof want[0], "rules[twin]: %s permits", id);
    snprintf(want[1], sizeof want[1], "rules[%s]: twin permits", id);
    policy_text_read_file(&text, "complete.yaml");
    policy_text_copy_rule(&text, id, "twin");
    policy_text_edit_behind(&text, "id: twin\n", row->from, row->to);
    shadows(&out);
    const char *found = buf_text(&out);
    const bool copy = strncmp(found, want[0], strlen(want[0])) == 0;
    const bool original = strncmp(found, want[1], strlen(want[1])) == 0;
    if (copy != (row->shadowed == COPY) || original != (row->shadowed == ORIGINAL) ||
        (row->shadowed == NEITHER) != (found[0] == '\0'))
        fail_msg("%s: %s: %s", row->rule, row->to, found);
    buf_free(&out);
}

static void test_the_stricter_of_two_rules_is_in_the_shadow(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        shows_which(&rows[i]);
}

/* Neither of the two is stricter in all; the third one is laxer than both. */
static void test_one_rule_can_have_several_in_its_shadow(void **state)
{
    (void)state;
    struct buf out = buf_new(1 << 14);
    policy_text_read_file(&text, "complete.yaml");
    policy_text_copy_rule(&text, "complete.joint", "second");
    policy_text_copy_rule(&text, "complete.joint", "third");
    policy_text_edit_behind(&text, "id: complete.joint\n", "min_chars: 40", "min_chars: 41");
    policy_text_edit_behind(&text, "id: second\n", "hits_per_request: 10", "hits_per_request: 9");
    shadows(&out);
    assert_non_null(strstr(buf_text(&out), "rules[complete.joint]: third permits"));
    assert_non_null(strstr(buf_text(&out), "rules[second]: third permits"));
    assert_null(strstr(buf_text(&out), "rules[third]"));
    buf_free(&out);
}

/* More of one scope than are remembered at once, each stricter in one term and laxer in another. */
static void test_many_rules_of_one_scope_need_not_be_in_each_others_shadow(void **state)
{
    (void)state;
    struct buf out = buf_new(1 << 14);
    policy_text_read_file(&text, "complete.yaml");
    for (unsigned i = 1; i <= 20; i++) {
        char id[32];
        char behind[48];
        char chars[32];
        char hits[32];
        snprintf(id, sizeof id, "copy-%u", i);
        snprintf(behind, sizeof behind, "id: %s\n", id);
        snprintf(chars, sizeof chars, "min_chars: %u", 40 + i);
        snprintf(hits, sizeof hits, "hits_per_request: %u", 10 + i);
        policy_text_copy_rule(&text, "complete.joint", id);
        policy_text_edit_behind(&text, behind, "min_chars: 40", chars);
        policy_text_edit_behind(&text, behind, "hits_per_request: 10", hits);
    }
    policy_text_copy_rule(&text, "copy-20", "stricter");
    policy_text_edit_behind(&text, "id: stricter\n", "min_chars: 60", "min_chars: 61");
    shadows(&out);
    assert_string_equal(buf_text(&out),
                        "rules[stricter]: copy-20 permits whatever this permits, to the same "
                        "parties: its conditions protect nobody\n");
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_stricter_of_two_rules_is_in_the_shadow),
        cmocka_unit_test(test_one_rule_can_have_several_in_its_shadow),
        cmocka_unit_test(test_many_rules_of_one_scope_need_not_be_in_each_others_shadow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
