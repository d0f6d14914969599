/* One HTML file: no script, nothing from elsewhere, its style inside; legible on paper and in the
 * dark. */
#include "proto/policy/page_internal.h"

#define SAY(p, nl, en) ((p)->style.language == LANGUAGE_NL ? (nl) : (en))

static const char style[] =
    ":root{color-scheme:light dark;--ink:#1a1a1a;--paper:#fff;--line:#767676;--soft:#f2f2f2;"
    "--link:#003f8a;--warn:#7a1f00;--warnpaper:#fff3e6}\n"
    "@media(prefers-color-scheme:dark){:root{--ink:#ececec;--paper:#161616;--line:#8c8c8c;"
    "--soft:#242424;--link:#9cc7ff;--warn:#ffc9a3;--warnpaper:#33200f}}\n"
    "body{font:1rem/1.5 system-ui,sans-serif;max-width:76rem;margin:0 auto;padding:1rem;"
    "color:var(--ink);background:var(--paper);overflow-wrap:break-word}\n"
    "a{color:var(--link)}\n"
    "h1,h2,h3,h4{line-height:1.25}h2{border-bottom:2px solid var(--line)}"
    "h4{margin:1.2rem 0 .3rem}\n"
    ".notice{border:2px solid var(--warn);background:var(--warnpaper);color:var(--warn);"
    "padding:.5rem .8rem;font-weight:bold}\n"
    "article{border:1px solid var(--line);border-radius:.3rem;padding:0 1rem 1rem;margin:1rem 0}\n"
    "dl{display:grid;grid-template-columns:minmax(8rem,15rem) 1fr;gap:.25rem 1rem;margin:.5rem 0}\n"
    "dt{font-weight:bold;grid-column:1}dd{margin:0;grid-column:2}\n"
    ".wide{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.95rem}\n"
    "th,td{border:1px solid var(--line);padding:.25rem .5rem;text-align:left;vertical-align:top}\n"
    "thead th{background:var(--soft)}\n"
    "@media(max-width:40rem){dl{display:block}dd{margin:0 0 .4rem 1rem}}\n"
    "@media print{:root{--ink:#000;--paper:#fff;--soft:#fff;--link:#000;--warn:#000;"
    "--warnpaper:#fff}body{max-width:none;padding:0;font-size:10pt}article{border:0;"
    "border-top:2px solid #000;border-radius:0;padding:0}h2,h3,h4{break-after:avoid}"
    "tr,dt,dd,li,.notice{break-inside:avoid}thead{display:table-header-group}"
    "a{text-decoration:none}.wide{overflow:visible}th,td{overflow-wrap:anywhere}}\n";

/* Text as content: never markup. */
static void put_escaped(struct buf *out, const char *text)
{
    bool safe = false;
    for (size_t n = 0; *text != '\0'; text += n) {
        n = page_char(text, &safe);
        if (*text == '&')
            buf_put_str(out, "&amp;");
        else if (*text == '<')
            buf_put_str(out, "&lt;");
        else if (*text == '>')
            buf_put_str(out, "&gt;");
        else if (*text == '"')
            buf_put_str(out, "&quot;");
        else if (*text == '\'')
            buf_put_str(out, "&#39;");
        else if (*text == '\n' || *text == '\t' || *text == '\r')
            buf_put_str(out, " ");
        else if (safe)
            buf_put(out, bytes_of(text, n));
        else
            buf_put_str(out, PAGE_UNSAFE);
    }
}

static void put_element(struct buf *out, const char *before, const char *text, const char *after)
{
    buf_put_str(out, before);
    put_escaped(out, text);
    buf_put_str(out, after);
}

static void html_title(struct page *p, const char *text)
{
    buf_printf(p->out,
               "<!DOCTYPE html>\n<html lang=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n"
               "<meta http-equiv=\"Content-Security-Policy\" "
               "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
               "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n",
               SAY(p, "nl", "en"));
    put_element(p->out, "<title>", text, "</title>\n");
    buf_printf(p->out, "<style>\n%s</style>\n</head>\n<body>\n", style);
    put_element(p->out, "<header><h1>", text, "</h1></header>\n");
}

/* Steps to a level of the list of contents, 2 or 3; 0 closes it. */
static void contents_to(struct page *p, unsigned level)
{
    struct buf *out = &p->contents;
    if (p->contents_level == 3 && level != 3)
        buf_put_str(out, "</ul></li>\n");
    else if (p->contents_level == 2 && level == 3)
        buf_put_str(out, "\n<ul>\n");
    else if (p->contents_level == 2)
        buf_put_str(out, "</li>\n");
    p->contents_level = level;
}

static void add_to_contents(struct page *p, unsigned level, const char *anchor, const char *text)
{
    contents_to(p, level);
    buf_printf(&p->contents, "<li><a href=\"#%s\">", anchor);
    put_element(&p->contents, "", text, level == 3 ? "</a></li>\n" : "</a>");
}

static void close_article(struct page *p)
{
    if (p->in_article)
        buf_put_str(&p->body, "</article>\n");
    p->in_article = false;
}

static void html_heading(struct page *p, unsigned level, const char *anchor, const char *text)
{
    if (level == 4) {
        put_element(&p->body, "<h4>", text, "</h4>\n");
        return;
    }
    close_article(p);
    add_to_contents(p, level, anchor, text);
    if (level == 3) {
        buf_printf(&p->body, "<article aria-labelledby=\"%s\">\n", anchor);
        p->in_article = true;
    }
    buf_printf(&p->body, "<h%u id=\"%s\">", level, anchor);
    put_escaped(&p->body, text);
    buf_printf(&p->body, "</h%u>\n", level);
}

static void html_notice(struct page *p, const char *text)
{
    put_element(&p->body, "<p class=\"notice\" role=\"note\">", text, "</p>\n");
}

static void html_paragraph(struct page *p, const char *text)
{
    put_element(&p->body, "<p>", text, "</p>\n");
}

static void html_group(struct page *p, enum page_group g, bool opens)
{
    if (g == PAGE_GROUP_PAIRS)
        buf_put_str(&p->body, opens ? "<dl>\n" : "</dl>\n");
    else
        buf_put_str(&p->body, opens ? "<ul>\n" : "</ul>\n");
}

static void html_pair(struct page *p, const char *label, const char *value)
{
    if (label != NULL)
        put_element(&p->body, "<dt>", label, "</dt>\n");
    put_element(&p->body, "<dd>", value, "</dd>\n");
}

static void html_item(struct page *p, const char *text)
{
    put_element(&p->body, "<li>", text, "</li>\n");
}

static void put_cell(struct page *p, unsigned row, unsigned column, const char *text)
{
    if (column == 0)
        buf_put_str(&p->body, "<tr>");
    if (row == 0)
        put_element(&p->body, "<th scope=\"col\">", text, "</th>");
    else if (column == 0)
        put_element(&p->body, "<th scope=\"row\">", text, "</th>");
    else
        put_element(&p->body, "<td>", text, "</td>");
    if (column + 1 == p->cells.columns)
        buf_put_str(&p->body, row == 0 ? "</tr></thead>\n<tbody>\n" : "</tr>\n");
}

static void html_table(struct page *p)
{
    if (buf_err(&p->cells.text) != ERR_OK || p->cells.columns == 0)
        return;
    const char *cell = (const char *)p->cells.text.ptr;
    buf_put_str(&p->body, "<div class=\"wide\" tabindex=\"0\"><table>\n<thead>");
    for (unsigned i = 0; i < p->cells.count; i++, cell += strlen(cell) + 1)
        put_cell(p, i / p->cells.columns, i % p->cells.columns, cell);
    buf_put_str(&p->body, "</tbody>\n</table></div>\n");
}

static void html_end(struct page *p)
{
    close_article(p);
    contents_to(p, 0);
    if (p->contents.len > 0) {
        const char *name = SAY(p, "Inhoud", "Contents");
        buf_printf(p->out, "<nav aria-label=\"%s\">\n<p><strong>%s</strong></p>\n<ul>\n", name,
                   name);
        buf_put(p->out, buf_bytes(&p->contents));
        buf_put_str(p->out, "</ul>\n</nav>\n");
    }
    buf_put_str(p->out, "<main>\n");
    buf_put(p->out, buf_bytes(&p->body));
    buf_put_str(p->out, "</main>\n</body>\n</html>\n");
}

const struct page_kind page_kind_html = {
    .title = html_title,
    .heading = html_heading,
    .notice = html_notice,
    .paragraph = html_paragraph,
    .group = html_group,
    .pair = html_pair,
    .item = html_item,
    .table = html_table,
    .end = html_end,
};
