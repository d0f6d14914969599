/* What diff says of each kind of difference: which way, where, whether it narrows, and in which
 * words. The words are the snapshot tests/vectors/diff_sentences.txt; where they differ, the test
 * leaves the new ones as diff_sentences.txt in the directory in which it runs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "proto/base/buf.h"
#include "proto/conf/policy_load.h"
#include "proto/policy/diff.h"
#include "proto/policy/narrowed.h"
#include "tests/unit/policy/diff_rows.h"
#include "tests/unit/policy/policy_text.h"

#define OUT_MAX ((size_t)1 << 18)
#define FILE_NAME "complete.yaml"

static struct policy_text text;

struct told {
    const struct diff_row *row;
    struct buf says;
    struct buf *sentences;
    bool narrows;
};

static struct policy_file *load(void)
{
    struct policy_file *f = NULL;
    struct errmsg why;
    if (policy_file_load(bytes_of(text.text, text.len), FILE_NAME, &f, &why) != ERR_OK)
        fail_msg("%s", why.text);
    return f;
}

static void edit(const struct diff_row *row, const struct diff_edit *edits, size_t count)
{
    char rule[128];
    snprintf(rule, sizeof rule, "id: %s\n", row->rule != NULL ? row->rule : "");
    for (size_t i = 0; i < count && edits[i].from != NULL; i++)
        policy_text_edit_behind(&text, edits[i].behind != NULL ? edits[i].behind : rule,
                                edits[i].from, edits[i].to);
}

/* Below the row's rule the key alone. */
static const char *short_path(const struct diff_row *row, const char *path)
{
    char below[128];
    int n = snprintf(below, sizeof below, "rules[%s].", row->rule != NULL ? row->rule : "");
    return strncmp(path, below, (size_t)n) == 0 ? path + n : path;
}

static void put(void *ctx, const struct change *c)
{
    struct told *t = ctx;
    const struct diff_row *row = t->row;
    if ((c->rule == NULL) != (row->rule == NULL) ||
        (c->rule != NULL && strcmp(c->rule->s, row->rule) != 0))
        return;
    buf_printf(&t->says, "%s%s%s %s", t->says.len > 0 ? "; " : "", effect_id(c->effect),
               c->narrows ? "!" : "", short_path(row, c->path));
    buf_printf(t->sentences, "%s%s %s\n    %s\n    %s\n", effect_id(c->effect),
               c->narrows ? "!" : "", c->path, c->nl, c->en);
    t->narrows = t->narrows || c->narrows;
}

/* What was asked under the rule ends exactly where a change of it narrows. */
static void narrows_as_told(const struct told *t, const struct policy *was, const struct policy *is)
{
    struct name id;
    bool narrowed = false;
    if (t->row->rule == NULL)
        return;
    assert_int_equal(name_parse(bytes_str(t->row->rule), &id), ERR_OK);
    assert_int_equal(policy_narrowed(was, is, &id, &narrowed), ERR_OK);
    assert_int_equal(narrowed, t->narrows);
}

static bool holds(const struct diff_row *row, struct buf *sentences)
{
    struct told t = {.row = row, .says = buf_new(OUT_MAX), .sentences = sentences};
    policy_text_read_file(&text, FILE_NAME);
    edit(row, row->given, ARRAY_LEN(row->given));
    struct policy_file *was = load();
    edit(row, row->edits, ARRAY_LEN(row->edits));
    struct policy_file *is = load();
    assert_int_equal(policy_diff(policy_file_policy(was), policy_file_policy(is), put, &t), ERR_OK);
    narrows_as_told(&t, policy_file_policy(was), policy_file_policy(is));
    bool right = strcmp(buf_text(&t.says), row->says) == 0;
    if (!right)
        print_error("'%s' -> '%s'\n  says '%s'\n  not  '%s'\n", row->edits[0].from,
                    row->edits[0].to, buf_text(&t.says), row->says);
    policy_file_free(was);
    policy_file_free(is);
    buf_free(&t.says);
    return right;
}

static unsigned count_wrong(const struct diff_row *rows, size_t count, struct buf *sentences)
{
    unsigned wrong = 0;
    for (size_t i = 0; i < count; i++)
        wrong += holds(&rows[i], sentences) ? 0 : 1;
    return wrong;
}

static void must_be_the_snapshot(const struct buf *sentences)
{
    static char was[OUT_MAX];
    FILE *in = fopen(TEST_DATA "/vectors/diff_sentences.txt", "rb");
    const size_t len = in != NULL ? fread(was, 1, sizeof was, in) : 0;
    if (in != NULL)
        fclose(in);
    if (bytes_equal(bytes_of(was, len), buf_bytes(sentences)))
        return;
    FILE *out = fopen("diff_sentences.txt", "wb");
    assert_non_null(out);
    assert_int_equal(fwrite(sentences->ptr, 1, sentences->len, out), sentences->len);
    assert_int_equal(fclose(out), 0);
    fail_msg("the sentences differ from tests/vectors/diff_sentences.txt: see diff_sentences.txt");
}

static void test_each_kind_of_difference_is_told(void **state)
{
    (void)state;
    struct buf sentences = buf_new(OUT_MAX);
    unsigned wrong = count_wrong(diff_rows_who, diff_rows_who_count, &sentences);
    wrong += count_wrong(diff_rows_terms, diff_rows_terms_count, &sentences);
    assert_int_equal(wrong, 0);
    assert_int_equal(buf_err(&sentences), ERR_OK);
    must_be_the_snapshot(&sentences);
    buf_free(&sentences);
}

static void note_demonstration(void *ctx, const struct change *c)
{
    buf_printf(ctx, "%s %s: %s\n", effect_id(c->effect), c->path, c->en);
}

/* No file loads both as a demonstration and not, so the snapshot is changed in memory. */
static void test_the_end_of_a_demonstration_is_told(void **state)
{
    (void)state;
    struct buf out = buf_new(OUT_MAX);
    policy_text_read_file(&text, FILE_NAME);
    struct policy_file *was = load();
    struct policy_file *is = load();
    struct policy *p = (struct policy *)(uintptr_t)policy_file_policy(is);
    p->demonstration = false;
    assert_int_equal(policy_diff(policy_file_policy(was), p, note_demonstration, &out), ERR_OK);
    assert_non_null(
        strstr(buf_text(&out), "changed demonstration: is no demonstration any more\n"));
    buf_reset(&out);
    assert_int_equal(policy_diff(p, policy_file_policy(was), note_demonstration, &out), ERR_OK);
    assert_non_null(strstr(buf_text(&out), "changed demonstration: is now a demonstration\n"));
    policy_file_free(was);
    policy_file_free(is);
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_kind_of_difference_is_told),
        cmocka_unit_test(test_the_end_of_a_demonstration_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
