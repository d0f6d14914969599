/* Each finding is found by an edit that causes it, and the edit causes no other. */
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

struct edit {
    const char *behind; /* the first occurrence behind this; NULL: the first one */
    const char *from;
    const char *to;
};

/* In rules of complete.yaml. TWIN is a copy of complete.rights in the rows that want one. */
#define SIGNAL "id: complete.signal\n"
#define PHENOMENON "id: complete.phenomenon\n"
#define JOINT "id: complete.joint\n"
#define PERSON "id: complete.area.person\n"
#define BIBOB "id: complete.bibob\n"
#define EXPORT "id: complete.export\n"
#define RIGHTS "id: complete.rights\n"
#define TWIN "id: twin\n"
#define OTHER_FIELD                                                                                \
    {                                                                                              \
        TWIN, "wat_is_gedeeld", "iets_anders"                                                      \
    }
#define GDPR                                                                                       \
    "    gdpr: {lawfulness: AVG 6(1)(e), compatibility: Verwerking voor een bij wet bepaald doel " \
    "(AVG 6(4)), dpia: DPIA-DEMO-1, advice: ADVIES-DEMO-1, register: "                             \
    "'https://register.example/voorbeeld'}\n"
#define REGIMES_OF_SIGNAL "    regime:\n      - {party: riec, regime: avg}\n"
#define CRIMINAL                                                                                   \
    "lawfulness: AVG 6(1)(e)", "lawfulness: AVG 6(1)(e), criminal: AVG 10 met UAVG 33(1)(a)"

struct row {
    const char *code;
    enum severity severity;
    bool twin;            /* a copy of a rule in the unedited file as well */
    struct edit given[4]; /* made in the unedited file as well */
    struct edit edits[4];
    const char *also; /* a second code that the edit cannot but cause, or NULL */
};

#define E SEVERITY_ERROR
#define W SEVERITY_WARNING

static const struct row demonstration_rows[] = {
    {.code = "expired",
     .severity = E,
     .edits = {{NULL, "until: 2035-03-01}\n\nsigners", "until: 2026-01-01}\n\nsigners"}}},
    {.code = "not-yet-valid",
     .severity = W,
     .edits = {{NULL, "{from: 2025-03-01, until: 2035-03-01}\n\nsigners",
                "{from: 2027-03-01, until: 2035-03-01}\n\nsigners"}}},
    {.code = "gate-missing",
     .severity = E,
     .edits = {{NULL, "      - holder: uwv\n        law: suwi",
                "      - holder: belastingdienst\n        law: suwi"}}},
    {.code = "gate-missing",
     .severity = E,
     .edits = {{NULL, "sector_law: suwi", "sector_law: awr"}}},
    {.code = "visibility-direct",
     .severity = E,
     .edits = {{NULL, "hit_visibility: holder_first\n    outcome:\n",
                "hit_visibility: direct\n    outcome:\n"}}},
    {.code = "consent-missing",
     .severity = E,
     .edits = {{NULL, "      - holder: uwv\n        kind: four_eyes",
                "      - holder: belastingdienst\n        kind: four_eyes"}}},
    {.code = "standing-secrecy",
     .severity = E,
     .edits = {{NULL, "kind: four_eyes", "kind: standing\n        standing_since: 2025-09-01"}}},
    {.code = "regime-differs",
     .severity = E,
     .edits = {{NULL, "{party: uwv, regime: avg}", "{party: uwv, regime: wpg}"}}},
    {.code = "dpia-missing", .severity = E, .edits = {{NULL, "      dpia: DPIA-DEMO-1\n", ""}}},
    {.code = "advice-missing",
     .severity = E,
     .edits = {{NULL, "      advice: ADVIES-DEMO-1\n", ""}}},
    {.code = "register-missing",
     .severity = E,
     .edits = {{NULL, "      register: https://register.example/verwerking/riec-casus\n", ""}}},
    {.code = "compatibility-missing",
     .severity = W,
     .edits = {{NULL, "      compatibility: Verwerking voor een bij wet bepaald doel (AVG 6(4))\n",
                ""}}},
    {.code = "ground-missing",
     .severity = E,
     .edits = {{NULL, "uitkering, sensitivity: ordinary", "uitkering, sensitivity: criminal"}}},
    {.code = "class-empty",
     .severity = E,
     .edits = {{NULL, "excluded: [liec]", "excluded: [liec, politie]"}}},
    {.code = "never-applies",
     .severity = E,
     .edits = {{NULL, "region: regio-demo\n    purpose", "region: elders\n    purpose"}}},
    {.code = "never-applies",
     .severity = E,
     .edits = {{NULL, "excluded: [liec]", "excluded: [liec, gemeente]"}}},
    {.code = "draft", .severity = W, .edits = {{NULL, "status: adopted", "status: draft"}}},
    /* a draft needs no tests */
    {.code = "draft",
     .severity = W,
     .edits = {{"id: index.riec\n", "status: adopted", "status: draft"},
               {NULL, "name: riec loads a record\n    rule: index.riec",
                "name: riec loads a record\n    rule: index.liec"},
               {NULL, "the broker takes a batch of riec\n    rule: index.riec",
                "the broker takes a batch of riec\n    rule: index.liec"}}},
    {.code = "ground-missing",
     .severity = E,
     .edits = {{NULL, "uitkering, sensitivity: ordinary", "uitkering, sensitivity: special"}}},
    {.code = "retention-long", .severity = E, .edits = {{NULL, "release: 365", "release: 1827"}}},
    {.code = "retention-long",
     .severity = E,
     .edits = {{NULL, "max_age_days: 365", "max_age_days: 1827"}}},
    {.code = "term-after-deadline",
     .severity = W,
     .edits = {{NULL, "term: {seconds: 60}", "term: {seconds: 601}"}}},
    {.code = "text-missing",
     .severity = E,
     .edits = {{NULL,
                "      officer:\n        nl: Verstrek alleen de velden die voor deze casus "
                "noodzakelijk zijn; zwijgen is geen instemming.\n        en: Release only the "
                "fields that this case needs; silence is no consent.\n",
                ""}}},
    {.code = "test-missing",
     .severity = E,
     .edits = {{NULL, "name: riec loads a record\n    rule: index.riec",
                "name: riec loads a record\n    rule: index.liec"},
               {NULL, "the broker takes a batch of riec\n    rule: index.riec",
                "the broker takes a batch of riec\n    rule: index.liec"}}},
    {.code = "denial-untested",
     .severity = W,
     .edits = {{NULL, "rule: index.riec\n    role: holder\n    base: index-riec\n    facts",
                "rule: index.uwv\n    role: holder\n    base: index-riec\n    facts"}}},
};

static const struct row complete_rows[] = {
    {.code = "law-unknown", .severity = W, .edits = {{NULL, "BWBR0022428", "BWBR0099999"}}},
    {.code = "advice-missing",
     .severity = E,
     .edits = {{NULL, "{body: fg,", "{body: lawfulness_committee,"}}},
    {.code = "advice-missing",
     .severity = E,
     .edits = {{NULL, "{body: lawfulness_committee,", "{body: fg,"}}},
    {.code = "purpose-partnership",
     .severity = E,
     .edits = {{NULL, "partnerships: [riec, lsi, bibob, mit,",
                "partnerships: [riec, lsi, bibob,"}}},
    {.code = "non-binding",
     .severity = E,
     .edits = {{SIGNAL, "basis: [{law: wgs,", "basis: [{law: convenant,"}}},
    {.code = "non-binding",
     .severity = W,
     .edits = {{SIGNAL, "basis: [{law: wgs,",
                "basis: [{law: convenant, article: '3', verified_by: none}, {law: wgs,"}}},
    {.code = "non-binding",
     .severity = E,
     .edits = {{SIGNAL, "ground: {law: wabb", "ground: {law: convenant"}}},
    {.code = "non-binding",
     .severity = E,
     .edits = {{SIGNAL, "    regime:",
                "    gates: [{holder: gemeente, law: convenant, article: '4', verified_by: "
                "none}]\n    regime:"}}},
    {.code = "outcome-open", .severity = E, .edits = {{NULL, ", outcome_at_most: reasoned", ""}}},
    {.code = "avg-for-wpg",
     .severity = E,
     .given = {{NULL, "classes: [gemeente], regime: avg", "classes: [gemeente], regime: wpg"}},
     .edits = {{SIGNAL, "    regime:",
                "    gates: [{holder: gemeente, law: uavg, article: '33', verified_by: none}]\n"
                "    regime:"}}},
    {.code = "avg-for-wpg",
     .severity = E,
     .given = {{NULL, "classes: [gemeente], regime: avg", "classes: [gemeente], regime: wpg"}},
     .edits = {{NULL, "classes: [riec], regime: avg", "classes: [riec], regime: wpg"}},
     .also = "regime-differs"},
    {.code = "avg-for-wpg",
     .severity = E,
     .given = {{NULL, "classes: [uwv], regime: avg", "classes: [uwv], regime: wpg"}},
     .edits = {{PHENOMENON, "with: [{law: suwi", "with: [{law: uavg"}}},
    {.code = "text-missing",
     .severity = E,
     .edits = {{SIGNAL,
                "      citizen: {nl: Een gemeente kan een signaal afgeven, en: A municipality can "
                "give a signal}\n",
                ""}}},
    {.code = "gdpr-missing", .severity = E, .edits = {{SIGNAL, GDPR, ""}}},
    {.code = "state-unreachable",
     .severity = E,
     .given = {{NULL, "{from: intervention, to: closed", "{from: case, to: closed"}},
     .edits = {{NULL, "  - {from: case, to: intervention, functions: [case_worker]}\n", ""},
               {JOINT, "minimum_state: exploration", "minimum_state: intervention"}}},
    {.code = "never-closes",
     .severity = E,
     .edits = {{NULL, "  - {from: intervention, to: closed, functions: [case_worker]}\n", ""}}},
    {.code = "criminal-ground",
     .severity = E,
     .edits = {{SIGNAL, "lawfulness: AVG 6(1)(e)",
                "lawfulness: AVG 6(1)(e), criminal: AVG 10 met UAVG 31"}}},
    {.code = "not-participant",
     .severity = E,
     .given = {{SIGNAL, "requesters: [riec]", "requesters: [riec, bank]"},
               {SIGNAL, "kvk, norm_version: 1, strength: exact, parties: [riec]",
                "kvk, norm_version: 1, strength: exact, parties: [riec, bank]"}},
     .edits = {{NULL, "uwv, gemeente, bank]", "uwv, gemeente]"}}},
    {.code = "party-not-valid",
     .severity = E,
     .edits = {{NULL, "until: 2034-01-01", "until: 2026-05-01"}}},
    {.code = "party-not-valid",
     .severity = W,
     .edits = {{NULL, "{from: 2025-03-01, until: 2034-01-01}",
                "{from: 2027-03-01, until: 2034-01-01}"}}},
    {.code = "private-holder",
     .severity = E,
     .edits = {{NULL, "classes: [belastingdienst],",
                "classes: [belastingdienst], private: true,"}}},
    {.code = "riec-out-of-scope",
     .severity = E,
     .edits = {{NULL, "classes: [gemeente]", "classes: [gemeente, jeugdteam.noord]"}}},
    {.code = "never-applies",
     .severity = E,
     .edits = {{RIGHTS, "strength: exact, parties: [gemeente]", "strength: exact, parties: [uwv]"},
               {RIGHTS, "strength: exact, parties: [gemeente]",
                "strength: exact, parties: [uwv]"}}},
    {.code = "never-applies",
     .severity = E,
     .edits = {{RIGHTS, "sensitivity: ordinary}", "sensitivity: ordinary, holders: [uwv]}"}}},
    {.code = "never-applies",
     .severity = E,
     .edits = {{JOINT, "joint: {min_holders: 2}", "joint: {min_holders: 3}"}}},
    {.code = "never-applies",
     .severity = E,
     .edits = {{PHENOMENON, "min_holders: 2", "min_holders: 3"}}},
    {.code = "never-applies",
     .severity = E,
     .edits = {{SIGNAL, "valid: {from: 2025-03-01, until: 2035-03-01}",
                "valid: {from: 2036-03-01, until: 2037-03-01}"}},
     .also = "not-yet-valid"},
    {.code = "never-applies",
     .severity = E,
     .given =
         {{"\ntests:", "tests:\n",
           "tests:\n  - {name: itself, rule: complete.signal, role: holder, base: signal, facts: "
           "{requester: '00000099000000006000'}, expect: permit}\n"},
          {SIGNAL, "parties: [riec]", "parties: [riec, gemeente]"}},
     .edits = {{SIGNAL, "requesters: [riec]", "requesters: [gemeente]"}}},
    {.code = "nothing-loaded",
     .severity = W,
     .edits = {{"id: complete.index.business\n", "- {type: kvk", "- {type: lei"}}},
    {.code = "bsn-ground",
     .severity = E,
     .edits = {{NULL, "classes: [riec],", "classes: [riec], private: true,"}}},
    {.code = "bsn-ground",
     .severity = E,
     .edits = {{SIGNAL, "ground: {law: wabb, article: '10'", "ground: {law: uavg, article: '46'"}}},
    {.code = "aggregate-k", .severity = E, .edits = {{PHENOMENON, "k_min: 10", "k_min: 9"}}},
    {.code = "retention-cap", .severity = E, .edits = {{NULL, "cap_days: 1915", "cap_days: 1914"}}},
    {.code = "retention-cap",
     .severity = E,
     .given = {{NULL, "classes: [uwv],", "classes: [uwv], retention_cap_days: 1000,"}},
     .edits = {{NULL, "max_age_days: 180", "max_age_days: 1001"}}},
    {.code = "standing-sensitive",
     .severity = E,
     .given = {{SIGNAL, "sensitivity: ordinary", "sensitivity: special"},
               {SIGNAL, "lawfulness: AVG 6(1)(e)",
                "lawfulness: AVG 6(1)(e), special: AVG 9(2)(g) met UAVG 23"}},
     .edits = {{SIGNAL, "kind: officer", "kind: standing, standing_since: 2025-09-01"}}},
    {.code = "prosecutor-missing",
     .severity = W,
     .given = {{NULL, "classes: [belastingdienst], regime: avg",
                "classes: [belastingdienst], regime: wpg"},
               {RIGHTS, CRIMINAL}},
     .edits = {{RIGHTS, "sensitivity: ordinary", "sensitivity: criminal"}}},
    {.code = "prosecutor-missing",
     .severity = E,
     .given = {{NULL, "classes: [belastingdienst], regime: avg",
                "classes: [belastingdienst], regime: wpg"},
               {EXPORT, CRIMINAL},
               {EXPORT, "minimum_state: exploration", "minimum_state: work_up_3"},
               {EXPORT, "name: jaar_laatste_aanslag", "name: verdenking"}},
     .edits = {{EXPORT, "sensitivity: ordinary", "sensitivity: criminal"}}},
    {.code = "minors-unsaid",
     .severity = E,
     .edits = {{SIGNAL,
                "    minors: {excluded: false, ground: {law: uavg, article: '31', verified_by: "
                "none}}\n",
                ""}}},
    {.code = "minors-unjudged",
     .severity = E,
     .edits = {{JOINT, "control_data: required", "control_data: optional"}}},
    {.code = "minors-unjudged",
     .severity = W,
     .edits = {{SIGNAL, "{excluded: false, ground: {law: uavg, article: '31', verified_by: none}}",
                "{excluded: true}"}}},
    {.code = "area-person",
     .severity = E,
     .edits = {{PERSON, "concrete_signal: true", "concrete_signal: false"}}},
    {.code = "bibob-not-reasoned",
     .severity = E,
     .edits = {{BIBOB, "kind: reasoned", "kind: hit_no_hit"}}},
    {.code = "judged-by-requester",
     .severity = W,
     .edits = {{SIGNAL, "    consent:",
                "    case: {minimum_state: exploration, necessity_min_chars: 40, proportionality: "
                "true, subsidiarity: true, concrete_signal: true, control_data: required}\n"
                "    consent:"},
               {SIGNAL, "unique_per_period", "unique_per_case: 50, unique_per_period"}}},
    /* between two rules */
    {.code = "masking-differs",
     .severity = E,
     .twin = true,
     .given = {OTHER_FIELD},
     .edits = {{TWIN, "iets_anders, category: onderneming",
                "oordeel, masking: year, category: onderneming"}}},
    {.code = "category-differs",
     .severity = E,
     .twin = true,
     .given = {OTHER_FIELD},
     .edits = {{TWIN, "iets_anders", "omschrijving"}}},
    {.code = "sensitivity-differs",
     .severity = W,
     .twin = true,
     .given = {OTHER_FIELD,
               {TWIN, "sensitivity: ordinary", "sensitivity: special"},
               {TWIN, "lawfulness: AVG 6(1)(e)",
                "lawfulness: AVG 6(1)(e), special: AVG 9(2)(g) met UAVG 23"}},
     .edits = {{TWIN, "iets_anders", "oordeel"}}},
    {.code = "consent-differs",
     .severity = E,
     .twin = true,
     .given = {OTHER_FIELD, {TWIN, "kind: officer", "kind: four_eyes"}},
     .edits = {{TWIN, "    fields:\n",
                "    fields:\n      - {name: wat_is_gedeeld, category: onderneming, sensitivity: "
                "ordinary}\n"}}},
    {.code = "consent-differs",
     .severity = W,
     .twin = true,
     .given = {OTHER_FIELD, {TWIN, "term: {hours: 72}", "term: {hours: 48}"}},
     .edits = {{TWIN, "    fields:\n",
                "    fields:\n      - {name: wat_is_gedeeld, category: onderneming, sensitivity: "
                "ordinary}\n"}}},
    {.code = "shadowed",
     .severity = E,
     .twin = true,
     .given = {OTHER_FIELD, {TWIN, "identifiers_per_request: 12", "identifiers_per_request: 11"}},
     .edits = {{TWIN, "iets_anders", "wat_is_gedeeld"}}},
};

static struct policy_text text;

static void collect(void *ctx, const struct finding *f)
{
    buf_printf(ctx, "<%s> %s %s\n", f->code, f->severity == SEVERITY_ERROR ? "error" : "warning",
               f->path);
    assert_true(f->path[0] != '\0' && f->text[0] != '\0');
}

/* A line for each finding. */
static void findings(struct buf *out)
{
    struct policy_file *f = NULL;
    struct errmsg why = {.text = ""};
    if (policy_file_load(bytes_of(text.text, text.len), "p", &f, &why) != ERR_OK)
        fail_msg("does not load: %s", why.text);
    assert_int_equal(policy_findings(policy_file_policy(f), AT, collect, out), ERR_OK);
    policy_file_free(f);
}

static void make(const struct edit edits[4])
{
    for (size_t i = 0; i < 4 && edits[i].from != NULL; i++)
        policy_text_edit_behind(&text, edits[i].behind, edits[i].from, edits[i].to);
}

static bool has_line(const char *all, const char *line, size_t len)
{
    for (const char *at = all; *at != '\0'; at = strchr(at, '\n') + 1) {
        if (strncmp(at, line, len) == 0)
            return true;
    }
    return false;
}

/* How many lines of `a` are not in `b`; each of them is of one of the codes, or *wrong is set. */
static unsigned count_new(const char *a, const char *b, const struct row *row, bool *wrong)
{
    unsigned n = 0;
    for (const char *at = a; *at != '\0'; at = strchr(at, '\n') + 1) {
        char code[64];
        snprintf(code, sizeof code, "<%s> %s ", row->code,
                 row->severity == E ? "error" : "warning");
        if (has_line(b, at, (size_t)(strchr(at, '\n') + 1 - at)))
            continue;
        const bool wanted = strncmp(at, code, strlen(code)) == 0;
        n += wanted ? 1 : 0;
        if (wanted || (row->also != NULL && strncmp(at + 1, row->also, strlen(row->also)) == 0))
            continue;
        print_error("%.*s", (int)(strchr(at, '\n') + 1 - at), at);
        *wrong = true;
    }
    return n;
}

static void finds_exactly(const char *file, const struct row *row)
{
    struct buf before = buf_new(1 << 16);
    struct buf after = buf_new(1 << 16);
    bool wrong = false;
    policy_text_read_file(&text, file);
    if (row->twin)
        policy_text_copy_rule(&text, "complete.rights", "twin");
    make(row->given);
    findings(&before);
    make(row->edits);
    findings(&after);
    const char *was = buf_text(&before);
    const char *is = buf_text(&after);
    const unsigned n = count_new(is, was, row, &wrong);
    (void)count_new(was, is, &(struct row){.code = "none that went"}, &wrong);
    if (n == 0 || wrong)
        fail_msg("%s: found %u times, and the lines above besides", row->code, n);
    buf_free(&before);
    buf_free(&after);
}

static void test_each_finding_has_its_cause_and_the_cause_no_other(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(demonstration_rows); i++)
        finds_exactly("demonstration.yaml", &demonstration_rows[i]);
    for (size_t i = 0; i < ARRAY_LEN(complete_rows); i++)
        finds_exactly("complete.yaml", &complete_rows[i]);
}

static void test_the_demonstration_admits_what_it_is(void **state)
{
    (void)state;
    struct buf out = buf_new(1 << 16);
    policy_text_read(&text);
    findings(&out);
    assert_non_null(strstr(buf_text(&out), "<demonstration> warning demonstration"));
    assert_non_null(strstr(buf_text(&out), "<citation-unverified> warning rules[index.uwv].basis"));
    assert_non_null(strstr(buf_text(&out), "<law-unknown> warning laws[2]"));
    buf_free(&out);
}

static void test_a_criminal_ground_names_avg_10_and_what_goes_with_it(void **state)
{
    static const struct {
        const char *ground;
        bool enough;
    } rows[] = {
        {"AVG 10 met UAVG 33(1)(a)", true},  {"AVG 10; UAVG art. 32", true},
        {"avg artikel 10 en WGS 1.5", true}, {"AVG 10", false},
        {"UAVG 10 en UAVG 33", false},       {"AVG 10 met UAVG 3", false},
        {"AVG 10 met UAVG 331", false},      {"AVG 9 met UAVG 33", false},
        {"AVG 10 met het convenant", false}, {"AVG 10 met de wgsx", false},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf out = buf_new(1 << 16);
        char to[128];
        snprintf(to, sizeof to, "lawfulness: AVG 6(1)(e), criminal: '%s'", rows[i].ground);
        policy_text_read_file(&text, "complete.yaml");
        policy_text_edit_behind(&text, SIGNAL, "lawfulness: AVG 6(1)(e)", to);
        findings(&out);
        if ((strstr(buf_text(&out), "<criminal-ground>") == NULL) != rows[i].enough)
            fail_msg("%s", rows[i].ground);
        buf_free(&out);
    }
}

static void test_rules_overlap_only_where_one_holder_may_release_one_field_under_both(void **state)
{
    (void)state;
    struct buf out = buf_new(1 << 16);
    policy_text_read_file(&text, "complete.yaml");
    policy_text_copy_rule(&text, "complete.rights", "twin");
    policy_text_edit_behind(&text, TWIN, "kind: officer", "kind: four_eyes");
    policy_text_edit_behind(&text, TWIN, "wat_is_gedeeld", "iets_anders");
    policy_text_edit_behind(&text, TWIN, "    fields:\n",
                            "    fields:\n      - {name: wat_is_gedeeld, category: onderneming, "
                            "sensitivity: ordinary, holders: [uwv]}\n");
    findings(&out);
    assert_null(strstr(buf_text(&out), "<consent-differs>"));
    buf_free(&out);
}

static unsigned line_of(const char *what)
{
    const char *found = strstr(text.text, what);
    unsigned line = 1;
    assert_non_null(found);
    for (const char *at = text.text; at < found; at++)
        line += *at == '\n' ? 1 : 0;
    return line;
}

static void test_a_path_has_the_line_of_its_deepest_part(void **state)
{
    (void)state;
    struct policy_file *f = NULL;
    struct errmsg why = {.text = ""};
    policy_text_read_file(&text, "complete.yaml");
    assert_int_equal(policy_file_load(bytes_of(text.text, text.len), "p", &f, &why), ERR_OK);
    assert_int_equal(policy_file_line(f, "rules[complete.signal]"), line_of("id: complete.signal"));
    assert_int_equal(policy_file_line(f, "rules[complete.phenomenon].gates[1].law"),
                     line_of("{holder: uwv, law: suwi"));
    assert_int_equal(policy_file_line(f, "rules[complete.phenomenon].gates[7].law"),
                     line_of("gates:"));
    assert_int_equal(policy_file_line(f, "rules[complete.joint].joint"), line_of("joint: {"));
    assert_int_equal(policy_file_line(f, "rules[no.rule].joint"), line_of("rules:"));
    assert_int_equal(policy_file_line(f, "laws[6]"), line_of("{id: convenant"));
    assert_int_equal(policy_file_line(f, "nothing"), line_of("schema:"));
    policy_file_free(f);
}

static void test_a_withdrawn_rule_has_no_findings(void **state)
{
    (void)state;
    struct buf out = buf_new(1 << 16);
    policy_text_read(&text);
    policy_text_edit(&text, "status: adopted", "status: withdrawn");
    policy_text_edit(&text, "      dpia: DPIA-DEMO-1\n", "");
    findings(&out);
    assert_null(strstr(buf_text(&out), "rules[riec.casus.verstrekking]"));
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_finding_has_its_cause_and_the_cause_no_other),
        cmocka_unit_test(test_the_demonstration_admits_what_it_is),
        cmocka_unit_test(test_a_criminal_ground_names_avg_10_and_what_goes_with_it),
        cmocka_unit_test(test_rules_overlap_only_where_one_holder_may_release_one_field_under_both),
        cmocka_unit_test(test_a_path_has_the_line_of_its_deepest_part),
        cmocka_unit_test(test_a_withdrawn_rule_has_no_findings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
