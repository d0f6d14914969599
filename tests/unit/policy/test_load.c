/* Files that must not load, each with the place in the message; and the snapshot of the one that
 * does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <stdio.h>

#include "proto/conf/policy_load.h"
#include "tests/unit/policy/policy_text.h"

static struct policy_text text;

static enum err load(struct policy_file **f, struct errmsg *why)
{
    return policy_file_load(bytes_of(text.text, text.len), "p.yaml", f, why);
}

struct bad {
    const char *from;
    const char *to;
    const char *says; /* part of the message */
};

static const struct bad bads[] = {
    /* the schema */
    {"schema: 1\n", "schema: 2\n", "schema: this program reads schema 1"},
    {"schema: 1\n", "schema: 1\ndance: true\n", "unknown key"},
    {"serial: 1\n", "serial: 1\nserial: 2\n", "p.yaml:8:1: key 'serial' stands twice"},
    {"serial: 1\n", "", "serial"},
    {"serial: 1\n", "serial: 0\n", "a serial is at least 1"},
    {"serial: 1\n", "serial: -1\n", "p.yaml:7:"},
    {"hit_visibility: holder_first", "hit_visibility: everybody", "everybody"},
    {"process: case_release", "process: gossip", "gossip"},
    {"status: adopted", "status: maybe", "maybe"},
    {"kind: officer", "kind: standing", "consent[0]: standing_since is the day"},
    {"kind: officer", "kind: officer\n        standing_since: 2026-01-01", "of no other kind"},
    {"kind: officer", "kind: standing\n        standing_since: 2026-02-30", "is YYYY-MM-DD"},
    {"kind: officer", "kind: automatic", "automatic"},
    /* cases */
    {"{from: new, to: signal,", "{from: now, to: signal,", "now"},
    {"{from: new, to: signal,", "{from: new, to: destroyed,", "case_moves[0]: a closed case is"},
    {"{from: new, to: signal,", "{from: closed, to: signal,", "case_moves[0]: a closed case is"},
    {"{from: new, to: signal,", "{from: signal, to: signal,", "it moves nowhere"},
    {"{from: new, to: signal,", "{from: new, to: exploration,", "case_moves[1]: this move stands"},
    {"to: signal, functions: [case_worker]", "to: signal, functions: [burgemeester]",
     "case_moves[0]: no function has this name"},
    {"to: signal, functions: [case_worker]", "to: signal, functions: [case_worker, compliance_officer]",
     "case_moves[0]: a compliance_officer neither asks nor decides"},
    {"deputies: [privacy_officer]", "deputies: [compliance_officer]",
     "consent[0]: a compliance_officer neither"},
    {"    functions: [case_worker]\n", "    functions: [compliance_officer]\n",
     "functions: a compliance_officer neither"},
    {"to: signal, functions: [case_worker]", "to: signal, functions: [case_worker], checks: [3]",
     "case_moves[0]: a check is"},
    {"checks: [check_1]", "checks: [check_1, check_1]", "case_moves[4]: this check stands twice"},
    {"      control_data: optional\n", "      control_data: optional\n      checks: [check_9]\n",
     "case.checks: a check is"},
    {"      results: [gestopt, verminderd, verplaatst, onbekend]\n", "", "has its codes"},
    {"results: [gestopt,", "results: [gestopt, gestopt,", "closing.results[1]: this code stands"},
    {"interventions: [bestuurlijk,", "interventions: [Bestuurlijk,", "closing.interventions[0]"},
    {"kind: officer\n        duty: may\n        functions: [release_officer]",
     "kind: prosecutor\n        duty: may\n        functions: [release_officer, prosecutor]",
     "beside the prosecutor"},
    {"kind: officer\n        duty: may\n        functions: [release_officer]\n        deputies: [privacy_officer]",
     "kind: prosecutor\n        duty: may\n        functions: [release_officer]\n        deputies: [prosecutor]",
     "beside the prosecutor"},
    {"term: {seconds: 60}", "term: {working_days: 261}", "at most 260 working days"},
    {"term: {seconds: 60}", "term: {working_days: 1, hours: 1}", "in working_days, in hours or"},
    {"term: {seconds: 60}", "term: {seconds: 60}\n        urgent_term: {seconds: 61}",
     "consent[0].urgent_term: it is longer"},
    {"term: {seconds: 60}", "term: {seconds: 60}\n        urgent_term: {days: 1}", "unknown key"},
    {"duty: may\n        functions: [release_officer]\n        deputies: [privacy_officer]\n",
     "duty: shall\n        functions: [release_officer]\n", "an overdue item goes to deputies"},
    {"kind: officer", "compartment: Zwijgers\n        kind: officer",
     "consent[0].compartment: an id is"},
    {"serial: 1\n", "serial: 1\nclosed_days: [2026-05-15, 2026-05-15]\n",
     "closed_days[1]: closed days stand in ascending order"},
    {"serial: 1\n", "serial: 1\nclosed_days: [2026-05-15T00:00:00Z]\n", "a closed day is YYYY"},
    {"serial: 1\n", "serial: 1\nclosed_days: [2026-02-30]\n", "a closed day is YYYY"},
    {"destroy_at_close: true", "destroy_at_close: yes", "true or false"},
    /* names, numbers, dates */
    {"id: riec.casus.verstrekking", "id: Riec.Casus", "rules[Riec.Casus].id: an id is"},
    {"id: riec.casus.hitnohit", "id: riec.casus.verstrekking", "stands twice"},
    {"'00000099000000003000', name: LIEC", "'00000099000000002000', name: LIEC", "stands twice"},
    {"'00000099000000003000', name: LIEC", "'00000001000000003000', name: LIEC",
     "starts with 00000099"},
    {"until: 2035-03-01}\n\nsigners", "until: 2025-02-30}\n\nsigners", "valid: a time is"},
    {"until: 2035-03-01}\n\nsigners", "until: 2024-03-01}\n\nsigners", "ends before it begins"},
    {"    version: 1\n", "    version: 0\n", "versions start at 1"},
    {"    version: 1\n", "    version: 1\n    replaces: 1\n", "an earlier version of itself"},
    {"number: 2", "number: 1", "its number stands twice"},
    {"number: 2", "number: 65536", "1 to 65535"},
    {"epoch_days: 365", "epoch_days: 0", "at least a day"},
    {"epoch_days: 365", "epoch_days: 365\n    departure_days: 15", "at most 14"},
    /* references */
    {"purpose: riec-casus\n", "purpose: lsi\n", "no such purpose"},
    {"law: wgs, article: '2.17'", "law: wxyz, article: '2.17'", "basis[0].law: the table 'laws'"},
    {"law: awr\n", "law: geheim\n", "gates[0].law: the table 'laws'"},
    {"article: '64'", "article: '65'", "ECLI:NL:RBDHA:2020:865"},
    {"article: '64'", "article: '65 lid 1'", "ECLI:NL:RBDHA:2020:865"},
    {"category: belastingschuld, sens", "category: roddel, sens", "no such category"},
    {"categories: [casus]", "categories: [roddel]", "no such category"},
    {"functions: [case_worker]", "functions: [burgemeester]", "no function has this name"},
    {"custodian: '00000099000000002000'", "custodian: '00000099000000006000'",
     "one of the participants"},
    {"on_behalf_of: ['00000099000000006000']", "on_behalf_of: ['00000099000000002000']",
     "other parties"},
    {"requesters: [riec]", "requesters: ['00000099000000007000']", "no party has this OIN"},
    {"sector_law: awr", "sector_law: wgs", "lays a secrecy"},
    {"source: BWBR0002320, secrecy: true", "source: BWBR0002320", "secrecy is true"},
    /* signers */
    {"function: jurist", "function: policy_owner", "a policy owner and a jurist sign"},
    {"Demo Universiteit", "Demo Ministerie", "different organisations"},
    {"function: jurist", "function: burgemeester", "policy_owner or jurist"},
    /* law that nobody read, and seconds, outside a demonstration */
    {"demonstration: true\n", "demonstration: false\n", "demonstration mode only"},
    {"'2.17', verified_by: none", "'2.17', verified_by: n.jansen", "verified_on"},
    {"'2.17', verified_by: none", "'2.17', verified_by: none, verified_on: 2026-01-01",
     "nobody verified"},
    {"term: {seconds: 60}", "term: {seconds: 60, hours: 1}", "in working_days, in hours or in seconds"},
    {"deadline_min: {seconds: 2}", "deadline_min: {seconds: 900}", "longer than deadline_max"},
    /* what each process needs, and may not have */
    {"    outcome: {kind: sealed}\n", "    outcome: {kind: reasoned}\n", "needs its ground"},
    {"kind: hit_no_hit", "kind: reasoned", "under this process the outcome is hit_no_hit"},
    {"hit_visibility: holder_first", "hit_visibility: direct", "direct goes with"},
    {"process: case_release", "process: case_hit", "no field travels under this process"},
    {"process: case_hit", "process: case_release", "under this process the fields are listed"},
    {"process: case_hit", "process: index", "a rule of process index has this block"},
    {"process: index", "process: case_hit", "only a rule of process index"},
    {"identifiers_per_request: 24", "identifiers_per_request: 0", "at least 1"},
    {"      hits_per_request: 10\n", "", "at least 1"},
    {"additions_per_period: 200000", "additions_per_period: 0", "at least 1"},
    {"max_share_permille: 1000", "max_share_permille: 1001", "1 to 1000"},
    {"hit: 30,", "hit: 0,", "at least a day"},
    {"        ground: {law: wabb, article: '10', verified_by: none}\n", "", "a BSN needs a ground"},
    {"type: rsin", "type: bsn", "this type stands twice"},
    {"name: laatste_aanslag", "name: invorderingsfase", "this field stands twice"},
    {"code: niet_noodzakelijk", "code: lopend_onderzoek", "this code stands twice"},
    /* tests */
    {"reasons: [on_behalf_of]", "reasons: [weather]", "names its reasons"},
    {"    reasons: [on_behalf_of]\n", "", "names its reasons"},
    {"base: release-uwv", "base: nothing", "no fixture has this id"},
    {"without: [on_behalf_of]", "without: [weather]", "not given"},
    {"facts: {necessity_chars: 12}", "facts: {weather: 12}", "no fact has this name"},
    {"facts: {necessity_chars: 12}", "facts: {necessity_chars: long}", "not a value for this fact"},
    {"identifiers: [bsn=3, telefoon=1]", "identifiers: [bsn=3, bsn=1]", "fact identifiers"},
    {"identifiers: [bsn=3, telefoon=1]", "identifiers: [bsn=0]", "fact identifiers"},
};

/* The same for docs/policies/complete.yaml, which has every block. */
static const struct bad complete_bads[] = {
    {"body: fg", "body: burgemeester", "advice[0]: advice is by"},
    {"digest: 3b5d", "digest: XXXX", "64 lower-case hex digits"},
    {"partnerships: [riec,", "partnerships: [club,", "no partnership has this name"},
    {"valid: {from: 2025-03-01, until: 2034-01-01}", "valid: {from: 2025-03-01, until: soon}",
     "parties[3]: a time is"},
    {"aims: [enforcement,", "aims: [revenge,", "enforcement or protective"},
    {"aims: [enforcement, protective]", "aims: [protective, protective]", "this stands twice"},
    {"minors: {excluded: true}", "minors: {excluded: false}", "minors are excluded, or"},
    {"question_use: {own_task: true,", "question_use: {own_task: false,", "the own task needs"},
    {"    joint: {min_holders: 2}\n", "", "process joint_target has this block"},
    {"joint: {min_holders: 2}", "joint: {min_holders: 1}", "at least 2"},
    {"    areas: [wijk-demo]\n", "", "lists its areas"},
    {"k_min: 10", "k_min: 0", "are at least 1"},
    {"dimensions: [gemeente, jaar]", "dimensions: [jaar, jaar]", "this stands twice"},
    {"hit_visibility: never", "hit_visibility: holder_first", "never goes with"},
    {"min_set_size: 100, ", "", "a rule that counts has"},
    {"    aggregate: {k_min: 10, rounding: 5, budget: 20, min_holders: 2, epsilon_milli: 500, "
     "secondary_suppression: true, dimensions: [gemeente, jaar]}\n",
     "", "this process only counts"},
    {"classification: confidentieel", "classification: nieuws", "handling.classification"},
    {"source: a,", "source: z,", "a to f"},
    {"content: '1'", "content: '9'", "1 to 6"},
    {"rules: [complete.bibob]", "rules: [complete.rights]", "be passed on"},
    {"rules: [complete.bibob]", "rules: [nothing]", "no rule has this id"},
    {"process: export", "process: case_release", "process export has this block"},
    {"inform: defer,", "inform: inform,", "deferring has a ground"},
    {"review_days: 90, ", "", "deferring has a ground"},
    {"term: {hours: 240}", "term: {hours: 240, seconds: 1}", "feedback.term"},
    {"masking: year", "masking: moustache", "moustache"},
    {"    case: {minimum_state: exploration, necessity_min_chars: 40, proportionality: true, "
     "subsidiarity: true, concrete_signal: true, control_data: required}\n",
     "", "has a case behind it"},
};

static void must_not_load(const char *file, const struct bad *bad)
{
    struct policy_file *f = NULL;
    struct errmsg why = {.text = ""};
    policy_text_read_file(&text, file);
    policy_text_edit(&text, bad->from, bad->to);
    if (load(&f, &why) == ERR_OK)
        fail_msg("loaded: %s", bad->to);
    assert_null(f);
    if (strstr(why.text, bad->says) == NULL || strncmp(why.text, "p.yaml", 6) != 0)
        fail_msg("'%s' says: %s", bad->to, why.text);
}

static void test_what_must_not_load_says_where(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bads); i++)
        must_not_load("demonstration.yaml", &bads[i]);
    for (size_t i = 0; i < ARRAY_LEN(complete_bads); i++)
        must_not_load("complete.yaml", &complete_bads[i]);
}

/* Cut anywhere, the file is refused: tests stand last, so every cut loses something that is needed.
 */
static void test_cut_files_do_not_crash(void **state)
{
    (void)state;
    policy_text_read(&text);
    size_t whole = text.len;
    for (size_t n = 0; n < whole; n += 211) {
        struct policy_file *f = NULL;
        struct errmsg why = {.text = ""};
        text.len = n;
        if (load(&f, &why) == ERR_OK)
            policy_file_free(f);
        else
            assert_true(why.text[0] != '\0');
    }
}

static void test_a_finding_has_its_line(void **state)
{
    (void)state;
    struct policy_file *f = NULL;
    struct errmsg why;
    policy_text_read(&text);
    assert_int_equal(load(&f, &why), ERR_OK);
    uint32_t rule = policy_file_line(f, "rules[riec.casus.hitnohit]");
    uint32_t gate = policy_file_line(f, "rules[riec.casus.hitnohit].gates[1].law");
    assert_true(rule > 100 && gate > rule && gate < rule + 40);
    assert_int_equal(policy_file_line(f, "rules[riec.casus.hitnohit].no.such.key"), rule);
    policy_file_free(f);
}

static bool is_key_in(const char *policy, const char *key, size_t len)
{
    for (const char *at = policy; (at = strstr(at, key)) != NULL; at += len) {
        bool begins = at == policy || strchr(" \n{", at[-1]) != NULL;
        if (begins && at[len] == ':')
            return true;
    }
    return false;
}

/* The example that documents the form has each key of the schema; one would say that somebody
 * verified a provision, and nobody did. */
static void test_the_complete_policy_has_every_key(void **state)
{
    (void)state;
    static char schema[1 << 18];
    unsigned keys = 0;
    FILE *in = fopen(TEST_DATA "/../proto/conf/policy_schema.c", "rb");
    assert_non_null(in);
    schema[fread(schema, 1, sizeof schema - 1, in)] = '\0';
    fclose(in);
    policy_text_read_file(&text, "complete.yaml");
    for (const char *at = schema; (at = strstr(at, "(\"")) != NULL; at++) {
        char key[64];
        const size_t len = strcspn(at + 2, "\"");
        if (!isupper((unsigned char)at[-1]) || len >= sizeof key)
            continue;
        snprintf(key, sizeof key, "%.*s", (int)len, at + 2);
        keys++;
        if (strcmp(key, "verified_on") != 0 && !is_key_in(text.text, key, len))
            fail_msg("docs/policies/complete.yaml lacks the key '%s'", key);
    }
    assert_true(keys > 150);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_must_not_load_says_where),
        cmocka_unit_test(test_cut_files_do_not_crash),
        cmocka_unit_test(test_a_finding_has_its_line),
        cmocka_unit_test(test_the_complete_policy_has_every_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
