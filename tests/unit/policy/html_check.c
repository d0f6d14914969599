#include "tests/unit/policy/html_check.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MOST 32

struct reader {
    const char *all;
    const char *at;
    char open[DEPTH_MOST][16];
    unsigned depth;
    unsigned level; /* of the heading before */
    char wrong[200];
};

static bool fail(struct reader *r, const char *what)
{
    snprintf(r->wrong, sizeof r->wrong, "%s at: %.60s", what, r->at);
    return false;
}

/* &amp; &lt; &gt; &quot; &#39; */
static bool is_entity(const char *s)
{
    static const char *const known[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strncmp(s, known[i], strlen(known[i])) == 0)
            return true;
    }
    return false;
}

static bool read_text(struct reader *r)
{
    const bool in_style = r->depth > 0 && strcmp(r->open[r->depth - 1], "style") == 0;
    for (; *r->at != '\0' && *r->at != '<'; r->at++) {
        const unsigned char c = (unsigned char)*r->at;
        if ((c < 0x20 && c != '\n') || c == 0x7f)
            return fail(r, "a control character");
        if (!in_style && (c == '>' || c == '"' || c == '\'' || (c == '&' && !is_entity(r->at))))
            return fail(r, "text that is not escaped");
    }
    return true;
}

static bool heading(struct reader *r, const char *name)
{
    if (name[0] != 'h' || !isdigit((unsigned char)name[1]) || name[2] != '\0')
        return true;
    const unsigned level = (unsigned)(name[1] - '0');
    if (level > r->level + 1 || (level == 1 && r->level != 0))
        return fail(r, "a heading that skips a level");
    r->level = level;
    return true;
}

/* The value of an id or a fragment exists exactly once as an id. */
static bool is_one_id(const struct reader *r, const char *value, size_t n)
{
    char want[200];
    const int len = snprintf(want, sizeof want, " id=\"%.*s\"", (int)n, value);
    const char *first = strstr(r->all, want);
    return len < (int)sizeof want && first != NULL && strstr(first + 1, want) == NULL;
}

static bool is_named(const char *name, size_t n, const char *word)
{
    return strlen(word) == n && strncmp(name, word, n) == 0;
}

static bool attribute(struct reader *r)
{
    const char *name = r->at;
    const size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz-");
    if (n == 0 || strncmp(name + n, "=\"", 2) != 0)
        return fail(r, "an attribute without quotes");
    const char *value = name + n + 2;
    const size_t len = strcspn(value, "\"<>");
    if (value[len] != '"')
        return fail(r, "an attribute that does not end");
    if (is_named(name, n, "id") && !is_one_id(r, value, len))
        return fail(r, "an id that stands twice");
    if (is_named(name, n, "aria-labelledby") && !is_one_id(r, value, len))
        return fail(r, "a label that is not there");
    if (is_named(name, n, "href") && (value[0] != '#' || !is_one_id(r, value + 1, len - 1)))
        return fail(r, "a link to elsewhere");
    if (is_named(name, n, "src") || strncmp(name, "on", 2) == 0)
        return fail(r, "something that is fetched or runs");
    r->at = value + len + 1;
    return true;
}

static bool close_tag(struct reader *r, const char *name)
{
    if (r->depth == 0 || strcmp(r->open[r->depth - 1], name) != 0)
        return fail(r, "an element that is closed out of order");
    r->depth--;
    if (*r->at != '>')
        return fail(r, "an end tag with more");
    r->at++;
    return true;
}

static bool open_tag(struct reader *r, const char *name)
{
    if (!heading(r, name))
        return false;
    while (*r->at == ' ') {
        r->at++;
        if (!attribute(r))
            return false;
    }
    if (*r->at != '>')
        return fail(r, "a tag that does not end");
    r->at++;
    if (strcmp(name, "meta") == 0)
        return true;
    if (r->depth == DEPTH_MOST)
        return fail(r, "too deep");
    snprintf(r->open[r->depth++], sizeof r->open[0], "%s", name);
    return true;
}

static bool read_tag(struct reader *r)
{
    static const char *const known[] = {
        "html", "head",  "meta",  "title", "style", "body", "header", "nav", "main",  "article",
        "h1",   "h2",    "h3",    "h4",    "p",     "ul",   "li",     "dl",  "dt",    "dd",
        "a",    "table", "thead", "tbody", "tr",    "th",   "td",     "div", "strong"};
    char name[16] = "";
    r->at++;
    const bool closes = *r->at == '/';
    r->at += closes ? 1 : 0;
    const size_t n = strspn(r->at, "abcdefghijklmnopqrstuvwxyz1234");
    bool found = false;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        found = found || (strlen(known[i]) == n && strncmp(r->at, known[i], n) == 0);
    if (!found)
        return fail(r, "an element that does not belong here");
    memcpy(name, r->at, n);
    r->at += n;
    return closes ? close_tag(r, name) : open_tag(r, name);
}

const char *html_wrong(const char *html)
{
    static const char begin[] = "<!DOCTYPE html>\n<html lang=\"";
    static struct reader r;
    r = (struct reader){.all = html, .at = html};
    if (strncmp(html, begin, strlen(begin)) != 0)
        return "it does not begin as HTML5 with a language";
    if (strstr(html, "url(") != NULL || strstr(html, "@import") != NULL)
        return "its style fetches something";
    r.at += strlen("<!DOCTYPE html>\n");
    while (*r.at != '\0') {
        if (!(*r.at == '<' ? read_tag(&r) : read_text(&r)))
            return r.wrong;
    }
    if (r.level == 0)
        return "it has no heading";
    return r.depth == 0 ? NULL : "an element is not closed";
}
