/* Each finding is found by an edit that causes it, and not in the demonstration policy as it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/base/buf.h"
#include "proto/conf/policy_load.h"
#include "proto/policy/findings.h"
#include "tests/unit/policy/policy_text.h"

#define AT 1780300800 /* 2026-06-01 */

struct row {
    const char *code;
    const char *from;
    const char *to;
};

static const struct row rows[] = {
    {"expired", "until: 2035-03-01}\n\nsigners", "until: 2026-01-01}\n\nsigners"},
    {"not-yet-valid", "{from: 2025-03-01, until: 2035-03-01}\n\nsigners",
     "{from: 2027-03-01, until: 2035-03-01}\n\nsigners"},
    {"gate-missing", "      - holder: uwv\n        law: suwi",
     "      - holder: belastingdienst\n        law: suwi"},
    {"gate-missing", "sector_law: suwi", "sector_law: awr"},
    {"visibility-direct", "hit_visibility: holder_first\n    outcome:\n",
     "hit_visibility: direct\n    outcome:\n"},
    {"consent-missing", "      - holder: uwv\n        kind: four_eyes",
     "      - holder: belastingdienst\n        kind: four_eyes"},
    {"standing-secrecy", "kind: four_eyes", "kind: standing\n        standing_since: 2025-09-01"},
    {"regime-differs", "{party: uwv, regime: avg}", "{party: uwv, regime: wpg}"},
    {"dpia-missing", "      dpia: DPIA-DEMO-1\n", ""},
    {"advice-missing", "      advice: ADVIES-DEMO-1\n", ""},
    {"register-missing", "      register: https://register.example/verwerking/riec-casus\n", ""},
    {"compatibility-missing",
     "      compatibility: Verwerking voor een bij wet bepaald doel (AVG 6(4))\n", ""},
    {"ground-missing", "uitkering, sensitivity: ordinary", "uitkering, sensitivity: criminal"},
    {"class-empty", "excluded: [liec]", "excluded: [liec, politie]"},
    {"not-participant", "participants: [riec, liec, belastingdienst, uwv]",
     "participants: [riec, liec, uwv]"},
    {"never-applies", "requesters: [riec]", "requesters: [liec]"},
    {"draft", "status: adopted", "status: draft"},
    {"retention-long", "release: 365", "release: 1827"},
    {"term-after-deadline", "term: {seconds: 60}", "term: {seconds: 601}"},
    {"text-missing",
     "      officer:\n        nl: Verstrek alleen de velden die voor deze casus noodzakelijk zijn; "
     "zwijgen is geen instemming.\n        en: Release only the fields that this case needs; "
     "silence is no consent.\n",
     ""},
    {"test-missing", "requesters: [riec]", "requesters: [riec, gemeente]"},
    {"denial-untested", "rule: index.riec\n    role: holder\n    base: index-riec\n    facts",
     "rule: index.uwv\n    role: holder\n    base: index-riec\n    facts"},
};

static struct policy_text text;

static void collect(void *ctx, const struct finding *f)
{
    buf_printf(ctx, "<%s> %s\n", f->code, f->path);
    assert_true(f->path[0] != '\0' && f->text[0] != '\0');
}

/* The codes found, or "" with the loader's message where the file does not even load. */
static void findings(struct buf *out)
{
    struct policy_file *f = NULL;
    struct errmsg why = {.text = ""};
    if (policy_file_load(bytes_of(text.text, text.len), "p", &f, &why) != ERR_OK) {
        buf_printf(out, "does not load: %s", why.text);
        return;
    }
    policy_findings(policy_file_policy(f), AT, collect, out);
    policy_file_free(f);
}

static void test_each_finding_has_its_cause(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char code[64];
        struct buf want = buf_fixed(code, sizeof code - 1);
        struct buf before = buf_new(1 << 16);
        struct buf after = buf_new(1 << 16);
        buf_printf(&want, "<%s>", rows[i].code);
        code[want.len] = '\0';
        policy_text_read(&text);
        findings(&before);
        policy_text_edit(&text, rows[i].from, rows[i].to);
        findings(&after);
        if (strstr(buf_text(&before), code) != NULL || strstr(buf_text(&after), code) == NULL)
            fail_msg("%s: before\n%s\nafter\n%s", code, buf_text(&before), buf_text(&after));
        buf_free(&before);
        buf_free(&after);
    }
}

static void test_the_demonstration_admits_what_it_is(void **state)
{
    (void)state;
    struct buf out = buf_new(1 << 16);
    policy_text_read(&text);
    findings(&out);
    assert_non_null(strstr(buf_text(&out), "<demonstration> demonstration"));
    assert_non_null(strstr(buf_text(&out), "<citation-unverified> rules[index.uwv].basis"));
    assert_non_null(strstr(buf_text(&out), "<law-unknown> laws"));
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_finding_has_its_cause),
        cmocka_unit_test(test_the_demonstration_admits_what_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
