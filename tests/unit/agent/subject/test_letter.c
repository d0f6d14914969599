/* What a subject is told: only what every rule lets be told; and where all is deferred, the very
 * bytes of a subject of whom nothing is known. */
#include <stdio.h>

#include "tests/unit/pki/test_core.h"

#include "agent/subject/letter.h"
#include "tests/unit/agent/subject/loaded_policy.h"

#define OK(expression) assert_int_equal((expression), ERR_OK)
#define NOW INT64_C(1780300800) /* 2026-06-01 */
#define DAY_S INT64_C(86400)
#define CASEWORK "riec.casus.verstrekking"
#define HIT_ONLY "riec.casus.hitnohit"

static struct policy_file *file;
static const struct policy *policy;

/* CASEWORK informs, HIT_ONLY defers for ninety days, and the others say nothing. */
static int set_up(void **state)
{
    static struct policy_text text;
    (void)state;
    policy_text_read(&text);
    policy_text_edit_behind(&text, "  - id: " CASEWORK, "    retention:", POLICY_INFORMS);
    policy_text_edit_behind(
        &text, "  - id: " HIT_ONLY, "    retention:",
        "    subject: {inform: defer, ground: {law: wgs, article: '1.9', verified_by: none}, "
        "review_days: 90, contact: loket gegevens}\n    retention:");
    file = loaded_policy(&text);
    policy = policy_file_policy(file);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    policy_file_free(file);
    return 0;
}

static struct touch_terms terms_of(const char *rule, bool is_deferred)
{
    struct touch_terms t = {.rule_version = 1,
                            .is_deferred = is_deferred,
                            .review_days = is_deferred ? 30 : 0,
                            .began_s = NOW};
    OK(name_parse(bytes_str(rule), &t.rule));
    return t;
}

static struct touch touch_of(enum touch_role role, enum audit_event event, const char *outcome)
{
    struct touch t = {
        .thread = {.role = role, .id = {1}}, .group = TOUCH_GROUP_ALL, .event = event, .at_s = NOW};
    OK(agency_id_parse(bytes_str("00000099000000005000"), &t.peer));
    snprintf(t.outcome, sizeof t.outcome, "%s", outcome);
    return t;
}

static struct buf written(const struct touch_list *touches, enum language lang)
{
    struct buf out = buf_new((size_t)1 << 20);
    unsigned parts = 0;
    const struct letter l = {bytes_str("RIEC"), "AVG-2026-0017", NOW + DAY_S, policy, touches, 1};
    OK(letter_write(&l, lang, &out, &parts));
    assert_int_equal(parts, 1);
    return out;
}

static bool says(const struct buf *b, const char *text)
{
    return memmem(b->ptr, b->len, text, strlen(text)) != NULL;
}

static size_t lines_of(const struct buf *b)
{
    size_t lines = 0;
    for (size_t i = 0; i + 1 < b->len; i++)
        lines += b->ptr[i] == '\n' && b->ptr[i + 1] == '-';
    return lines;
}

static void deferred_and_nothing_are_the_same_bytes(void **state)
{
    (void)state;
    const struct touch_terms deferred = terms_of(HIT_ONLY, true);
    const struct touch_terms was_deferred = terms_of(CASEWORK, true);
    const struct touch_terms is_deferred = terms_of(HIT_ONLY, false);
    const struct touch_terms gone = terms_of("a.rule.that.is.gone", false);
    struct touched v[] = {
        {touch_of(TOUCH_HELD, AUDIT_EVENT_ITEM_RAISED, ""), &deferred, false},
        {touch_of(TOUCH_HELD, AUDIT_EVENT_CONSENT_ACCEPTED, "release"), &was_deferred, false},
        {touch_of(TOUCH_ASKED, AUDIT_EVENT_REQUEST_SENT, ""), &is_deferred, false},
        {touch_of(TOUCH_ASKED, AUDIT_EVENT_RELEASE_RECEIVED, "released"), &gone, false},
    };
    const struct touch_list all = {v, ARRAY_LEN(v), false};
    const struct touch_list none = {NULL, 0, false};
    static const enum language languages[] = {LANGUAGE_NL, LANGUAGE_EN};
    for (size_t i = 0; i < ARRAY_LEN(languages); i++) {
        CLEANUP(buf_free) struct buf nothing = written(&none, languages[i]);
        CLEANUP(buf_free) struct buf everything = written(&all, languages[i]);
        assert_int_equal(nothing.len, everything.len);
        assert_memory_equal(nothing.ptr, everything.ptr, nothing.len);
        assert_true(says(&nothing, "RIEC\n2026-06-02\n"));
        assert_true(says(&nothing, "AVG-2026-0017"));
    }
}

static void what_may_be_told_is_told_in_both_languages(void **state)
{
    (void)state;
    const struct touch_terms told = terms_of(CASEWORK, false);
    struct touched v[] = {
        {touch_of(TOUCH_ASKED, AUDIT_EVENT_REQUEST_SENT, ""), &told, false},
        {touch_of(TOUCH_ASKED, AUDIT_EVENT_REQUEST_SENT, ""), &told, false}, /* in another epoch */
        {touch_of(TOUCH_ASKED, AUDIT_EVENT_RELEASE_RECEIVED, "released"), &told, false},
        {touch_of(TOUCH_HELD, AUDIT_EVENT_ITEM_RAISED, ""), &told, false},
        {touch_of(TOUCH_HELD, AUDIT_EVENT_CONSENT_ACCEPTED, "release"), &told, false},
        {touch_of(TOUCH_HELD, AUDIT_EVENT_ITEM_SHOWN, ""), &told, false},
        {touch_of(TOUCH_HELD, AUDIT_EVENT_CONSENT_ACCEPTED, "refuse"), &told, false},
        {touch_of(TOUCH_ASKED, AUDIT_EVENT_RELEASE_RECEIVED, "refused"), &told, false},
    };
    const struct touch_list all = {v, ARRAY_LEN(v), false};
    CLEANUP(buf_free) struct buf nl = written(&all, LANGUAGE_NL);
    CLEANUP(buf_free) struct buf en = written(&all, LANGUAGE_EN);
    const char *uwv = policy_party(policy, &v[0].what.peer)->name;
    char line[256];
    static const char *const dutch[] = {"- 2026-06-01: wij vroegen %s naar gegevens over u.\n",
                                        "wij ontvingen gegevens over u van %s.\n",
                                        "%s vroeg ons naar gegevens over u.\n",
                                        "wij verstrekten gegevens over u aan %s.\n"};
    for (size_t i = 0; i < ARRAY_LEN(dutch); i++) {
        const char *at = strstr(dutch[i], "%s");
        snprintf(line, sizeof line, "%.*s%s%s", (int)(at - dutch[i]), dutch[i], uwv, at + 2);
        if (!says(&nl, line))
            fail_msg("it does not say %s", line);
    }
    assert_true(says(&nl, "Aanspreekpunt: loket gegevens"));
    assert_true(says(&en, "we released data about you to "));
    assert_true(says(&en, policy_rule(policy, &told.rule)->text.citizen.en));
    assert_false(says(&nl, "weiger") || says(&en, "refus"));
    assert_int_equal(lines_of(&nl), 4); /* the question in two epochs once, and nothing of looks and refusals */
}

/* Two subjects of one question: what is perhaps about the other one is silent, and hides nothing.
 */
static void what_is_perhaps_about_another_is_not_told(void **state)
{
    (void)state;
    const struct touch_terms told = terms_of(CASEWORK, false);
    struct touched v[] = {{touch_of(TOUCH_ASKED, AUDIT_EVENT_REQUEST_SENT, ""), &told, true},
                          {touch_of(TOUCH_ASKED, AUDIT_EVENT_REQUEST_SENT, ""), &told, false}};
    const struct touch_list none = {NULL, 0, false};
    const struct touch_list perhaps = {v, 1, false};
    const struct touch_list both = {v, 2, false};
    CLEANUP(buf_free) struct buf nothing = written(&none, LANGUAGE_NL);
    CLEANUP(buf_free) struct buf silent = written(&perhaps, LANGUAGE_NL);
    CLEANUP(buf_free) struct buf some = written(&both, LANGUAGE_NL);
    assert_int_equal(nothing.len, silent.len);
    assert_memory_equal(nothing.ptr, silent.ptr, nothing.len);
    assert_true(says(&some, "wij vroegen"));
}

/* The last words are those of every letter, so that what was told does not say that it was all. */
static void a_letter_ends_alike_whatever_it_tells(void **state)
{
    (void)state;
    const struct touch_terms told = terms_of(CASEWORK, false);
    struct touched v[] = {{touch_of(TOUCH_ASKED, AUDIT_EVENT_REQUEST_SENT, ""), &told, false}};
    const struct touch_list one = {v, 1, false};
    const struct touch_list none = {NULL, 0, false};
    CLEANUP(buf_free) struct buf some = written(&one, LANGUAGE_NL);
    CLEANUP(buf_free) struct buf nothing = written(&none, LANGUAGE_NL);
    const char *end = "Meer kunnen wij u op dit moment niet meedelen.";
    const uint8_t *a = memmem(some.ptr, some.len, end, strlen(end));
    const uint8_t *b = memmem(nothing.ptr, nothing.len, end, strlen(end));
    assert_non_null(a);
    assert_non_null(b);
    assert_int_equal(some.ptr + some.len - a, nothing.ptr + nothing.len - b);
    assert_memory_equal(a, b, (size_t)(nothing.ptr + nothing.len - b));
}

static void the_stricter_of_two_rules_counts(void **state)
{
    (void)state;
    static const struct {
        const char *rule;
        bool was_deferred;
        int64_t days; /* since it began */
        enum telling wanted;
        int64_t until_days;
    } cases[] = {
        {CASEWORK, false, 1, TELL_NOW, 0},          {CASEWORK, true, 1, TELL_LATER, 30},
        {CASEWORK, true, 30, TELL_REVIEW, 0},       {HIT_ONLY, false, 1, TELL_LATER, 90},
        {HIT_ONLY, true, 89, TELL_LATER, 90},       {HIT_ONLY, true, 90, TELL_REVIEW, 0},
        {"index.uwv", false, 0, TELL_REVIEW, 0}, /* says nothing of it */
        {"no.such.rule", false, 0, TELL_REVIEW, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct touch_terms t = terms_of(cases[i].rule, cases[i].was_deferred);
        int64_t until_s = 0;
        if (tell_touch(&t, policy, NOW + cases[i].days * DAY_S, &until_s) != cases[i].wanted)
            fail_msg("case %zu", i);
        if (cases[i].wanted == TELL_LATER)
            assert_int_equal(until_s, NOW + cases[i].until_days * DAY_S);
    }
}

/* Every line in one part, none of what is deferred, and a number of parts that does not tell of it. */
static void a_long_letter_has_parts(void **state)
{
    (void)state;
    enum { TOLD = 2 * LETTER_LINES + 3, ALL = 2 * TOLD };
    static struct touched v[ALL];
    const struct touch_terms told = terms_of(CASEWORK, false);
    const struct touch_terms deferred = terms_of(HIT_ONLY, true);
    const struct touch_list all = {v, ALL, false};
    size_t lines = 0;
    unsigned parts = 3;
    for (size_t i = 0; i < ALL; i++) {
        v[i] = (struct touched){touch_of(TOUCH_ASKED, AUDIT_EVENT_REQUEST_SENT, ""), i % 2 == 0 ? &told : &deferred, false};
        v[i].what.thread.id[1] = (uint8_t)(i >> 8);
        v[i].what.thread.id[2] = (uint8_t)i;
    }
    struct letter l = {bytes_str("RIEC"), "AVG-2026-0017", NOW + DAY_S, policy, &all, 0};
    for (l.part = 1; l.part <= parts; l.part++) {
        CLEANUP(buf_free) struct buf out = buf_new((size_t)4 << 20);
        char head[32];
        OK(letter_write(&l, LANGUAGE_NL, &out, &parts));
        assert_int_equal(parts, 3);
        snprintf(head, sizeof head, "Deel %u van 3\n", l.part);
        assert_true(says(&out, head) && says(&out, "Meer kunnen wij u op dit moment niet meedelen."));
        assert_int_equal(lines_of(&out), l.part < 3 ? LETTER_LINES : 3);
        lines += lines_of(&out);
    }
    assert_int_equal(lines, TOLD);
    CLEANUP(buf_free) struct buf beyond = buf_new(4096);
    assert_int_equal(letter_write(&l, LANGUAGE_NL, &beyond, &parts), ERR_RANGE);
    l.part = 0;
    assert_int_equal(letter_write(&l, LANGUAGE_NL, &beyond, &parts), ERR_RANGE);
    assert_int_equal(beyond.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(deferred_and_nothing_are_the_same_bytes),
        cmocka_unit_test(what_may_be_told_is_told_in_both_languages),
        cmocka_unit_test(what_is_perhaps_about_another_is_not_told),
        cmocka_unit_test(a_letter_ends_alike_whatever_it_tells),
        cmocka_unit_test(the_stricter_of_two_rules_counts),
        cmocka_unit_test(a_long_letter_has_parts),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
