/* Pages for people: wrapping, tables, what hostile content becomes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/policy/page.h"
#include "tests/unit/policy/html_check.h"

#define HOSTILE "<script>alert(\"1\")</script> & ' \x1b[31mred\x1b[0m \x07 \xc2\x9b" \
                "2J \xe2\x80\xae" "drow \xff \xc0\xaf \xed\xa0\x80 end"

static struct page *begin(struct buf *out, enum page_form form, unsigned width)
{
    const struct page_style style = {.form = form, .language = LANGUAGE_EN, .width = width};
    struct page *p = page_new(out, &style);
    assert_non_null(p);
    return p;
}

static void end_is(struct page *p, struct buf *out, const char *expected)
{
    page_end(p);
    page_free(p);
    assert_int_equal(buf_err(out), ERR_OK);
    assert_string_equal(buf_text(out), expected);
    buf_free(out);
}

static void text_is_wrapped(void **state)
{
    (void)state;
    struct buf out = buf_new(1 << 16);
    struct page *p = begin(&out, PAGE_TEXT, 40);
    page_title(p, "T\xc3\xa9st");
    page_paragraph(p, "one two three four five six seven eight nine");
    page_pair(p, "a label that is long and wraps", "a value that wraps too");
    page_pair(p, NULL, "0123456789abcdefghij");
    page_item(p, "an item of a list\nthat goes on and on and on");
    end_is(p, &out,
           "T\xc3\xa9st\n====\n\n"
           "  one two three four five six seven\n  eight nine\n\n"
           "  a label that is long and  a value that\n"
           "  wraps                       wraps too\n"
           "                            0123456789ab\n"
           "                              cdefghij\n\n"
           "  - an item of a list that goes on and\n    on and on\n");
}

static void a_table_stands_in_columns_where_it_fits(void **state)
{
    (void)state;
    static const char *const heads[] = {"Who", "What"};
    struct buf out = buf_new(1 << 16);
    struct page *p = begin(&out, PAGE_TEXT, 40);
    page_table(p, heads, 2);
    page_cell(p, "\xc3\xa9\xc3\xa9n functionaris");
    page_cell(p, "decides");
    page_table(p, heads, 2);
    page_cell(p, "an officer");
    page_cell(p, "decides within the term, or nothing travels");
    end_is(p, &out,
           "\n  Who               What\n  ----------------  -------\n"
           "  \xc3\xa9\xc3\xa9n functionaris  decides\n"
           "\n  - an officer\n      What: decides within the term, or\n        nothing travels\n");
}

static void headings_are_bold_only_where_asked(void **state)
{
    (void)state;
    const struct page_style bold = {
        .form = PAGE_TEXT, .language = LANGUAGE_NL, .width = 80, .bold = true};
    struct buf out = buf_new(1 << 16);
    struct page *p = page_new(&out, &bold);
    assert_non_null(p);
    page_heading(p, 4, NULL, "Kop");
    end_is(p, &out, "\n\x1b[1mKop\n\x1b[0m");
    p = begin(&out, PAGE_TEXT, 80);
    page_heading(p, 2, "a", "Kop");
    page_heading(p, 3, "b", "Deel");
    end_is(p, &out, "\n\nKop\n===\n\n\nDeel\n----\n");
}

static void put_hostile(struct page *p)
{
    static const char *const heads[] = {HOSTILE, "b"};
    page_title(p, HOSTILE);
    page_heading(p, 2, "a", HOSTILE);
    page_heading(p, 3, "b", HOSTILE);
    page_heading(p, 4, NULL, HOSTILE);
    page_notice(p, HOSTILE);
    page_paragraph(p, HOSTILE);
    page_pair(p, HOSTILE, HOSTILE);
    page_item(p, HOSTILE);
    page_table(p, heads, 2);
    page_cell(p, HOSTILE);
    page_cell(p, HOSTILE);
    page_heading(p, 3, "c", "c");
    page_heading(p, 2, "d", "d");
}

static void nothing_in_a_text_is_markup(void **state)
{
    (void)state;
    struct buf out = buf_new(1 << 20);
    struct page *p = begin(&out, PAGE_HTML, 80);
    put_hostile(p);
    page_end(p);
    page_free(p);
    const char *html = buf_text(&out);
    if (html_wrong(html) != NULL)
        fail_msg("%s", html_wrong(html));
    assert_non_null(strstr(html, "<p>&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; &#39; "
                                 "\xef\xbf\xbd[31mred\xef\xbf\xbd[0m \xef\xbf\xbd \xef\xbf\xbd"
                                 "2J \xef\xbf\xbd" "drow \xef\xbf\xbd \xef\xbf\xbd \xef\xbf\xbd end</p>"));
    assert_null(strstr(html, "<script"));
    assert_null(strchr(html, '\x1b'));
    buf_free(&out);
}

static void nothing_in_a_text_moves_a_terminal(void **state)
{
    (void)state;
    struct buf out = buf_new(1 << 20);
    struct page *p = begin(&out, PAGE_TEXT, 60);
    put_hostile(p);
    page_end(p);
    page_free(p);
    const char *text = buf_text(&out);
    for (const char *c = text; *c != '\0'; c++)
        assert_true((unsigned char)*c >= 0x20 || *c == '\n');
    assert_null(strstr(text, "\xc2\x9b"));
    assert_null(strstr(text, "\xe2\x80\xae"));
    assert_null(strchr(text, '\xff'));
    buf_free(&out);
}

static void a_page_without_room_says_so(void **state)
{
    (void)state;
    struct buf out = buf_new(100);
    struct page *p = begin(&out, PAGE_HTML, 80);
    page_title(p, "a title");
    page_end(p);
    page_free(p);
    assert_int_equal(buf_err(&out), ERR_TOO_LARGE);
    buf_free(&out);
}

/* The checker itself finds what it is there for. */
static void the_checker_finds_faults(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "<html lang=\"nl\"></html>",
        "<!DOCTYPE html>\n<html lang=\"nl\"><h1>a</h1>",
        "<!DOCTYPE html>\n<html lang=\"nl\"><h1>a</h1><h3>b</h3></html>",
        "<!DOCTYPE html>\n<html lang=\"nl\"><h1>a</h1><p>b</h1></p></html>",
        "<!DOCTYPE html>\n<html lang=\"nl\"><h1>a & b</h1></html>",
        "<!DOCTYPE html>\n<html lang=\"nl\"><h1>a\"b</h1></html>",
        "<!DOCTYPE html>\n<html lang=\"nl\"><h1>a\x1b</h1></html>",
        "<!DOCTYPE html>\n<html lang=\"nl\"><h1>a</h1><a href=\"https://x\">b</a></html>",
        "<!DOCTYPE html>\n<html lang=\"nl\"><h1>a</h1><a href=\"#b\">b</a></html>",
        "<!DOCTYPE html>\n<html lang=\"nl\"><h1 id=\"a\">a</h1><p id=\"a\">b</p></html>",
        "<!DOCTYPE html>\n<html lang=\"nl\"><h1>a</h1><script>b</script></html>",
        "<!DOCTYPE html>\n<html lang=\"nl\"><h1 class=a>a</h1></html>",
        "<!DOCTYPE html>\n<html lang=\"nl\"><style>p{background:url(x)}</style><h1>a</h1></html>",
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        if (html_wrong(bad[i]) == NULL)
            fail_msg("nothing is wrong with: %s", bad[i]);
    }
    assert_null(html_wrong("<!DOCTYPE html>\n<html lang=\"nl\"><h1 id=\"a\">a &amp; b</h1>"
                           "<a href=\"#a\">b</a></html>"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_wrapped),
        cmocka_unit_test(a_table_stands_in_columns_where_it_fits),
        cmocka_unit_test(headings_are_bold_only_where_asked),
        cmocka_unit_test(nothing_in_a_text_is_markup),
        cmocka_unit_test(nothing_in_a_text_moves_a_terminal),
        cmocka_unit_test(a_page_without_room_says_so),
        cmocka_unit_test(the_checker_finds_faults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
