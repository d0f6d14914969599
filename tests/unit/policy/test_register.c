/* The register says all that the policy says: whatever is changed in a policy with every key, its
 * register changes with it, in both languages; and its form is the snapshot in tests/vectors. To renew
 * the two snapshots, from the top of the tree:
 *   sluis-policy show docs/policies/complete.yaml > tests/vectors/register_complete_nl.txt
 *   sluis-policy show docs/policies/complete.yaml --language en --html \
 *       > tests/vectors/register_complete_en.html */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "proto/conf/policy_load.h"
#include "proto/conf/yaml_tree.h"
#include "proto/policy/dump.h"
#include "proto/policy/register.h"
#include "tests/unit/policy/html_check.h"
#include "tests/unit/policy/policy_text.h"

#define REGISTER_MAX ((size_t)4 << 20)
#define PATHS_MOST 256
#define TOLD_ENOUGH 2 /* values of one path, in different places of the file */
#define TRIED_ENOUGH 4
#define STRIDE 7919u /* a prime: visits every value, each key in other rules first */

static const struct page_style dutch = {
    .form = PAGE_TEXT, .language = LANGUAGE_NL, .width = PAGE_WIDTH};
static const struct page_style english = {
    .form = PAGE_TEXT, .language = LANGUAGE_EN, .width = PAGE_WIDTH};

/* One policy and what is said of it. */
struct told {
    struct buf dump;
    struct buf nl;
    struct buf en;
};

static bool tell(const struct policy_text *t, struct told *out)
{
    struct policy_file *f = NULL;
    struct errmsg why = {.text = ""};
    if (policy_file_load(bytes_of(t->text, t->len), "p.yaml", &f, &why) != ERR_OK)
        return false;
    const struct policy *p = policy_file_policy(f);
    *out = (struct told){buf_new(REGISTER_MAX), buf_new(REGISTER_MAX), buf_new(REGISTER_MAX)};
    dump_policy(&out->dump, p);
    assert_int_equal(buf_err(&out->dump), ERR_OK);
    assert_int_equal(register_policy(&out->nl, p, &dutch), ERR_OK);
    assert_int_equal(register_policy(&out->en, p, &english), ERR_OK);
    policy_file_free(f);
    return true;
}

static void told_free(struct told *t)
{
    buf_free(&t->dump);
    buf_free(&t->nl);
    buf_free(&t->en);
}

/* ---- a policy with every key ---- */

/* complete.yaml without fixtures and tests, and with the keys that it leaves out. */
static void read_fuller(struct policy_text *t)
{
    static const char *const more[][2] = {
        {"closed_days: [2026-05-15]", "closed_days: [2026-05-15, 2027-05-14]"},
        {"    version: 1\n", "    version: 3\n    replaces: 2\n"},
        {"    partnership: lsi\n", "    partnership: lsi\n    region: regio-demo\n"},
        {"article: '2.17', verified_by: none}",
         "article: '2.17', jci: jci-demo, verified_by: jurist-demo, verified_on: 2025-02-01}"},
        {"lawfulness: AVG 6(1)(e)", "lawfulness: AVG 6(1)(e), special: Grond A, criminal: Grond B"},
        {"    functions: [case_worker]\n", "    functions: [case_worker]\n    excluded: [bank]\n"},
        {"sensitivity: ordinary}", "sensitivity: ordinary, holders: [gemeente]}"},
        {"kind: officer, duty: may, functions: [release_officer], deputies: [privacy_officer], "
         "term: {hours: 72}}",
         "kind: standing, standing_since: 2025-01-15, compartment: gesloten, duty: may, functions: "
         "[release_officer], deputies: [privacy_officer], term: {working_days: 5}, urgent_term: "
         "{hours: 24}}"},
        {"term: {hours: 240}", "term: {seconds: 240}"},
    };
    policy_text_read_file(t, "complete.yaml");
    char *end = strstr(t->text, "\nfixtures:");
    assert_non_null(end);
    end[1] = '\0';
    t->len = (size_t)(end + 1 - t->text);
    for (size_t i = 0; i < ARRAY_LEN(more); i++)
        policy_text_edit(t, more[i][0], more[i][1]);
}

/* ---- one value changed ---- */

/* Where a value stands, as it is written. */
struct place {
    size_t at;
    size_t len;
    char path[200]; /* "rules.limits.hits_per_request" */
};

/* What was tried for one path. */
struct seen {
    char path[200];
    unsigned tried;
    unsigned told;
};

struct trial {
    struct policy_text text;  /* the fuller policy */
    struct policy_text other; /* with one change */
    struct told told;
    struct seen seen[PATHS_MOST];
    unsigned seen_count;
};

static struct trial trial;

static size_t offset_of(const char *text, uint32_t line, uint32_t column)
{
    const char *at = text;
    for (; line > 1; line--)
        at = strchr(at, '\n') + 1;
    return (size_t)(at - text) + column - 1;
}

static void path_of(const struct yaml_value *all, const struct yaml_value *v, char out[200])
{
    const char *keys[YAML_MAX_DEPTH];
    unsigned n = 0;
    for (; v != all; v = &all[v->parent]) {
        if (v->key.ptr != NULL)
            keys[n++] = (const char *)v->key.ptr;
    }
    struct buf path = buf_fixed(out, 199);
    while (n > 0)
        buf_printf(&path, "%s%s", path.len > 0 ? "." : "", keys[--n]);
    out[path.len] = '\0';
}

/* All values of the file are short scalars on one line, plain or in single quotes. */
static struct place place_of(const struct yaml_value *all, const struct yaml_value *v)
{
    struct place p = {.at = offset_of(trial.text.text, v->line, v->column), .len = v->text.len};
    if (v->key.ptr != NULL)
        p.at += v->key.len + 2;
    if (trial.text.text[p.at] == '\'')
        p.at++;
    assert_memory_equal(trial.text.text + p.at, v->text.ptr, v->text.len);
    path_of(all, v, p.path);
    return p;
}

static void replace(const struct place *p, const char *with)
{
    struct policy_text *t = &trial.other;
    const size_t n = strlen(with);
    memcpy(t, &trial.text, sizeof *t);
    assert_true(t->len + n < sizeof t->text);
    memmove(t->text + p->at + n, t->text + p->at + p->len, t->len - p->at - p->len + 1);
    memcpy(t->text + p->at, with, n);
    t->len = t->len - p->len + n;
}

static bool is_word(char c)
{
    return isalnum((unsigned char)c) != 0 || c == '_' || c == '.' || c == '-';
}

/* The id wherever it stands, as whoever renames it would. */
static void rename_all(const char *id, size_t len)
{
    struct policy_text *t = &trial.other;
    memcpy(t, &trial.text, sizeof *t);
    for (char *at = t->text; (at = strstr(at, id)) != NULL; at += len) {
        if ((at > t->text && is_word(at[-1])) || is_word(at[len]))
            continue;
        assert_true(t->len + 2 < sizeof t->text);
        memmove(at + len + 1, at + len, strlen(at + len) + 1);
        at[len] = 'x';
        at++;
        t->len++;
    }
}

static void must_differ(const struct buf *was, const struct buf *is, const struct place *p,
                        const char *language)
{
    if (bytes_equal(buf_bytes(was), buf_bytes(is)))
        fail_msg("%s at byte %zu: changed, and the register in %s says the same", p->path, p->at,
                 language);
}

static bool ends_in(const char *path, const char *key)
{
    const size_t n = strlen(path);
    const size_t k = strlen(key);
    return n >= k && strcmp(path + n - k, key) == 0;
}

/* True where the changed policy loads and means something else; then the register must say so. */
static bool is_told(const struct place *p)
{
    struct told now;
    if (!tell(&trial.other, &now))
        return false;
    const bool differs = !bytes_equal(buf_bytes(&trial.told.dump), buf_bytes(&now.dump));
    if (differs && !ends_in(p->path, ".en"))
        must_differ(&trial.told.nl, &now.nl, p, "Dutch");
    if (differs && !ends_in(p->path, ".nl"))
        must_differ(&trial.told.en, &now.en, p, "English");
    told_free(&now);
    return differs;
}

static bool try_value(const struct place *p, const char *with)
{
    replace(p, with);
    return is_told(p);
}

static bool try_number(const struct place *p, const char *text)
{
    char with[32];
    const unsigned long n = strtoul(text, NULL, 10);
    for (int step = 1; step >= -1; step -= 2) {
        snprintf(with, sizeof with, "%lu", n + (unsigned long)step);
        if (try_value(p, with))
            return true;
    }
    return false;
}

/* The same length, another last character; or one more. */
static bool try_text(const struct place *p, const char *text)
{
    char with[512];
    const size_t n = strlen(text);
    assert_true(n + 2 < sizeof with);
    memcpy(with, text, n + 1);
    with[n - 1] = with[n - 1] == '1' ? '2' : '1';
    if (try_value(p, with))
        return true;
    memcpy(with, text, n);
    memcpy(with + n, "x", 2);
    return try_value(p, with);
}

/* The closed sets, and what the file itself names. */
static bool try_words(const struct place *p)
{
    static const char *const words[] = {
        "jurist-demo, verified_on: 2025-02-01", "draft", "withdrawn", "fec", "icov", "riec", "zvh", "signal", "feedback", "subject_request",
        "case_hit", "case_release", "export", "bibob", "wpg", "wjsg", "avg", "weak", "exact",
        "special", "criminal", "ordinary", "present", "year", "postcode4", "direct", "never",
        "holder_first", "hit_no_hit", "reasoned", "sealed", "exploration", "work_up_2", "forbidden",
        "optional", "required", "officer", "four_eyes", "prosecutor", "shall", "may",
        "privacy_officer", "auditor", "enforcement", "protective", "inform", "defer",
        "after_consent", "geheim", "b", "2", "rsin", "iban", "casus", "onderneming", "fg",
        "lawfulness_committee", "policy_owner", "jurist", "awr", "suwi", "wgs", "convenant",
        "complete.bibob", "00000099000000004000", "00000099000000005000", "gemeente", "riec",
        "none", "check_1", "check_2a", "check_2b", "closed", "intervention", "new"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (try_value(p, words[i]))
            return true;
    }
    return false;
}

static bool try_simple(const struct place *p, const char *text)
{
    if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)
        return try_value(p, text[0] == 't' ? "false" : "true");
    if (strspn(text, "0123456789") == strlen(text) && strlen(text) < 10 && try_number(p, text))
        return true;
    return try_text(p, text);
}

static bool try_hard(const struct place *p, const char *text)
{
    if (try_words(p))
        return true;
    rename_all(text, p->len);
    return is_told(p);
}

static struct seen *seen_of(const char *path)
{
    for (unsigned i = 0; i < trial.seen_count; i++) {
        if (strcmp(trial.seen[i].path, path) == 0)
            return &trial.seen[i];
    }
    assert_true(trial.seen_count < PATHS_MOST);
    struct seen *s = &trial.seen[trial.seen_count++];
    snprintf(s->path, sizeof s->path, "%s", path);
    return s;
}

static void try_one(const struct yaml_value *all, const struct yaml_value *v)
{
    const struct place p = place_of(all, v);
    const char *text = (const char *)v->text.ptr;
    struct seen *s = seen_of(p.path);
    if (s->told >= TOLD_ENOUGH || (s->told > 0 && s->tried >= TRIED_ENOUGH))
        return;
    s->tried++;
    if (try_simple(&p, text) || (s->told == 0 && try_hard(&p, text)))
        s->told++;
}

/* Keys that cannot change alone, and one that cannot change at all. */
static const struct {
    const char *path;
    const char *from;
    const char *to;
} coupled[] = {
    {"schema", NULL, NULL},
    {"demonstration", NULL, NULL}, /* the_banner_stands_only_where_it_must */
    {"rules.minors.excluded", "minors: {excluded: true}",
     "minors: {excluded: false, ground: {law: uavg, article: '31', verified_by: none}}"},
    {"rules.question_use.own_task",
     "question_use: {own_task: true, ground: {law: bibob, article: '28', verified_by: none}}",
     "question_use: {own_task: false}"},
    {"rules.hit_visibility", "hit_visibility: holder_first\n    outcome: {kind: hit_no_hit",
     "hit_visibility: direct\n    outcome: {kind: hit_no_hit"},
    {"laws.secrecy", "source: Convenant Demo", "source: Convenant Demo, secrecy: true"},
    {"signers.function",
     "policy_owner, organisation: Demo Ministerie}\n  - {id: jurist, function: jurist",
     "jurist, organisation: Demo Ministerie}\n  - {id: jurist, function: policy_owner"},
    {"rules.subject.inform", "subject: {inform: inform,",
     "subject: {inform: defer, ground: {law: uavg, article: '41', verified_by: none}, "
     "review_days: 90,"},
};

static bool try_coupled(const char *path)
{
    for (size_t i = 0; i < ARRAY_LEN(coupled); i++) {
        const struct place p = {.path = "a coupled key"};
        if (strcmp(coupled[i].path, path) != 0)
            continue;
        if (coupled[i].from == NULL)
            return true;
        memcpy(&trial.other, &trial.text, sizeof trial.other);
        policy_text_edit(&trial.other, coupled[i].from, coupled[i].to);
        return is_told(&p);
    }
    return false;
}

static void whatever_changes_is_told(void **state)
{
    (void)state;
    struct yaml_tree *tree = NULL;
    struct errmsg why;
    size_t count = 0;
    read_fuller(&trial.text);
    if (!tell(&trial.text, &trial.told))
        fail_msg("the fuller policy does not load");
    const struct yaml_source src = {bytes_of(trial.text.text, trial.text.len), "p.yaml",
                                    POLICY_MAX_BYTES};
    assert_int_equal(yaml_tree_parse(&src, &tree, &why), ERR_OK);
    const struct yaml_value *all = yaml_tree_values(tree, &count);
    assert_true(count % STRIDE != 0);
    for (size_t i = 0; i < count; i++) {
        const struct yaml_value *v = &all[i * STRIDE % count];
        if (v->kind == YAML_KIND_TEXT)
            try_one(all, v);
    }
    unsigned told = 0;
    unsigned untold = 0;
    for (unsigned i = 0; i < trial.seen_count; i++) {
        told += trial.seen[i].told;
        if (trial.seen[i].told > 0 || try_coupled(trial.seen[i].path))
            continue;
        print_error("%s: no change of it loads\n", trial.seen[i].path);
        untold++;
    }
    print_message("%u keys, %u values changed, each told\n", trial.seen_count, told);
    assert_int_equal(untold, 0);
    assert_true(trial.seen_count > 100);
    told_free(&trial.told);
    yaml_tree_free(tree);
}

/* ---- the register as it is ---- */

static struct policy_file *load(const struct policy_text *t)
{
    struct policy_file *f = NULL;
    struct errmsg why = {.text = ""};
    if (policy_file_load(bytes_of(t->text, t->len), "p.yaml", &f, &why) != ERR_OK)
        fail_msg("%s", why.text);
    return f;
}

static void read_vector(const char *name, struct buf *out)
{
    char path[256];
    snprintf(path, sizeof path, "%s/vectors/%s", TEST_DATA, name);
    FILE *f = fopen(path, "rb");
    if (f == NULL)
        fail_msg("cannot read %s", path);
    uint8_t *into = buf_reserve(out, REGISTER_MAX - 1);
    assert_non_null(into);
    out->len = fread(into, 1, REGISTER_MAX - 1, f);
    fclose(f);
}

static void is_snapshot(const struct policy *p, const struct page_style *style, const char *name)
{
    struct buf now = buf_new(REGISTER_MAX);
    struct buf was = buf_new(REGISTER_MAX);
    assert_int_equal(register_policy(&now, p, style), ERR_OK);
    read_vector(name, &was);
    if (!bytes_equal(buf_bytes(&now), buf_bytes(&was)))
        fail_msg("the register differs from tests/vectors/%s; the head of test_register.c says how "
                 "to renew it",
                 name);
    buf_free(&now);
    buf_free(&was);
}

static void the_snapshots_hold(void **state)
{
    (void)state;
    const struct page_style html = {
        .form = PAGE_HTML, .language = LANGUAGE_EN, .width = PAGE_WIDTH};
    policy_text_read_file(&trial.text, "complete.yaml");
    struct policy_file *f = load(&trial.text);
    is_snapshot(policy_file_policy(f), &dutch, "register_complete_nl.txt");
    is_snapshot(policy_file_policy(f), &html, "register_complete_en.html");
    policy_file_free(f);
}

static unsigned widest(const char *text)
{
    unsigned most = 0;
    unsigned n = 0;
    for (; *text != '\0'; text++) {
        n = *text == '\n' ? 0 : n + (((unsigned char)*text & 0xc0u) != 0x80u ? 1 : 0);
        most = n > most ? n : most;
    }
    return most;
}

static void every_width_is_kept(void **state)
{
    (void)state;
    policy_text_read(&trial.text);
    struct policy_file *f = load(&trial.text);
    for (unsigned width = 40; width <= 120; width += 20) {
        const struct page_style style = {
            .form = PAGE_TEXT, .language = LANGUAGE_EN, .width = width};
        struct buf out = buf_new(REGISTER_MAX);
        assert_int_equal(register_policy(&out, policy_file_policy(f), &style), ERR_OK);
        assert_true(widest(buf_text(&out)) <= width);
        assert_null(strchr(buf_text(&out), '\x1b'));
        buf_free(&out);
    }
    policy_file_free(f);
}

static void html_is_sound(const struct policy *p, enum language language)
{
    const struct page_style style = {.form = PAGE_HTML, .language = language, .width = PAGE_WIDTH};
    struct buf out = buf_new(REGISTER_MAX);
    assert_int_equal(register_policy(&out, p, &style), ERR_OK);
    const char *wrong = html_wrong(buf_text(&out));
    if (wrong != NULL)
        fail_msg("%s", wrong);
    buf_reset(&out);
    assert_int_equal(register_rule(&out, p, &p->rules[0], &style), ERR_OK);
    assert_null(html_wrong(buf_text(&out)));
    buf_free(&out);
}

/* Texts of a policy are content, wherever they stand. */
static void html_is_sound_whatever_the_policy_says(void **state)
{
    (void)state;
    static const char bad[] = "\"</dd><script src='x'>\\x1b & \\u202e</script>\\\"\"";
    static const char *const places[] = {"name: RIEC Demo", "nl: Een gemeente kan een signaal afgeven",
                                         "en: A municipality can give a signal",
                                         "dpia: DPIA-DEMO-1", "organisation: Demo Ministerie",
                                         "reference: FG-DEMO-1", "title: Wet Bibob",
                                         "en: The necessity is not convincing",
                                         "contact: functionaris gegevensbescherming"};
    policy_text_read_file(&trial.text, "complete.yaml");
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        char with[200];
        snprintf(with, sizeof with, "%.*s %s", (int)(strchr(places[i], ':') + 1 - places[i]),
                 places[i], bad);
        policy_text_edit(&trial.text, places[i], with);
    }
    struct policy_file *f = load(&trial.text);
    html_is_sound(policy_file_policy(f), LANGUAGE_NL);
    html_is_sound(policy_file_policy(f), LANGUAGE_EN);
    policy_file_free(f);
}

static void the_banner_stands_only_where_it_must(void **state)
{
    (void)state;
    struct buf out = buf_new(REGISTER_MAX);
    policy_text_read_file(&trial.text, "complete.yaml");
    struct policy_file *f = load(&trial.text);
    struct policy p = *policy_file_policy(f);
    assert_int_equal(register_policy(&out, &p, &english), ERR_OK);
    assert_non_null(strstr(buf_text(&out), "!! Demonstration:"));
    assert_non_null(strstr(buf_text(&out), "!! Verified by nobody:"));
    p.demonstration = false;
    p.rules_count = 0;
    buf_reset(&out);
    assert_int_equal(register_policy(&out, &p, &english), ERR_OK);
    assert_null(strstr(buf_text(&out), "!!"));
    buf_free(&out);
    policy_file_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_snapshots_hold),
        cmocka_unit_test(every_width_is_kept),
        cmocka_unit_test(html_is_sound_whatever_the_policy_says),
        cmocka_unit_test(the_banner_stands_only_where_it_must),
        cmocka_unit_test(whatever_changes_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
