/* Plain text, wrapped to a width: headings underlined, pairs in two columns, a table in columns
 * where they fit and row by row where they do not. */
#include "proto/policy/page_internal.h"

#define LABEL 28u /* column at which values begin */
#define COLUMN_MAX ((size_t)8 << 20)
#define INDENT 2u
#define COLUMNS_MOST 12u

/* Text that runs from a column on and continues at indent. */
struct flow {
    struct buf *out;
    unsigned width;
    unsigned indent;
    unsigned column;
};

static void put_spaces(struct buf *out, unsigned n)
{
    for (; n > 0; n--)
        buf_put_u8(out, ' ');
}

static bool is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

static unsigned count_chars(const char *s, size_t len)
{
    unsigned n = 0;
    bool safe = false;
    for (size_t at = 0; at < len; n++)
        at += page_char(s + at, &safe);
    return n;
}

static void new_line(struct flow *f)
{
    buf_put_str(f->out, "\n");
    put_spaces(f->out, f->indent);
    f->column = f->indent;
}

/* One word; cut where it is longer than a line. */
static void put_word(struct flow *f, const char *word, size_t len)
{
    bool safe = false;
    for (size_t at = 0; at < len;) {
        const size_t n = page_char(word + at, &safe);
        if (f->column >= f->width)
            new_line(f);
        if (safe)
            buf_put(f->out, bytes_of(word + at, n));
        else
            buf_put_str(f->out, PAGE_UNSAFE);
        f->column++;
        at += n;
    }
}

/* The word on this line, or on the next one where it does not fit. */
static void put_next(struct flow *f, const char *word, size_t len, bool first)
{
    const unsigned space = first ? 0 : 1;
    if (f->column > f->indent && f->column + space + count_chars(word, len) > f->width) {
        new_line(f);
    } else {
        put_spaces(f->out, space);
        f->column += space;
    }
    put_word(f, word, len);
}

/* Begins where the flow stands, without a space before the first word. */
static void put_flow(struct flow *f, const char *text)
{
    for (bool first = true;; first = false) {
        size_t n = 0;
        while (is_space(*text))
            text++;
        while (text[n] != '\0' && !is_space(text[n]))
            n++;
        if (n == 0)
            return;
        put_next(f, text, n, first);
        text += n;
    }
}

static void put_block(struct page *p, unsigned indent, const char *mark, const char *text)
{
    put_spaces(p->out, indent);
    buf_put_str(p->out, mark);
    const unsigned at = indent + (unsigned)strlen(mark);
    struct flow f = {p->out, p->style.width, at, at};
    put_flow(&f, text);
    buf_put_str(p->out, "\n");
}

static void put_bold(struct page *p, const char *text, unsigned indent)
{
    if (p->style.bold)
        buf_put_str(p->out, "\x1b[1m");
    put_block(p, indent, "", text);
    if (p->style.bold)
        buf_put_str(p->out, "\x1b[0m");
}

static void put_rule(struct page *p, const char *text, char with)
{
    const unsigned n = count_chars(text, strlen(text));
    for (unsigned i = 0; i < n && i < p->style.width; i++)
        buf_put_u8(p->out, (uint8_t)with);
    buf_put_str(p->out, "\n");
}

static void text_title(struct page *p, const char *text)
{
    put_bold(p, text, 0);
    put_rule(p, text, '=');
}

static void text_heading(struct page *p, unsigned level, const char *anchor, const char *text)
{
    (void)anchor;
    buf_put_str(p->out, level == 4 ? "\n" : "\n\n");
    put_bold(p, text, 0);
    if (level < 4)
        put_rule(p, text, level == 2 ? '=' : '-');
}

static void text_notice(struct page *p, const char *text)
{
    buf_put_str(p->out, "\n");
    put_block(p, 0, "!! ", text);
}

static void text_paragraph(struct page *p, const char *text)
{
    buf_put_str(p->out, "\n");
    put_block(p, INDENT, "", text);
}

static void text_group(struct page *p, enum page_group g, bool opens)
{
    (void)g;
    if (opens)
        buf_put_str(p->out, "\n");
}

/* The next line of text, which moves past it; what is left of the last one is empty. */
static struct bytes next_line(struct bytes *text)
{
    const uint8_t *end = text->len > 0 ? memchr(text->ptr, '\n', text->len) : NULL;
    const size_t n = end != NULL ? (size_t)(end - text->ptr) : text->len;
    const struct bytes line = bytes_of(text->ptr, n);
    *text = bytes_of(text->ptr + n + (end != NULL), text->len - n - (end != NULL));
    return line;
}

/* Label and value beside each other, line by line. */
static void put_beside(struct page *p, struct bytes label, struct bytes value)
{
    while (label.len + value.len > 0) {
        const struct bytes left = next_line(&label);
        const struct bytes right = next_line(&value);
        put_spaces(p->out, INDENT);
        buf_put(p->out, left);
        if (right.len > 0)
            put_spaces(p->out, LABEL - INDENT - count_chars((const char *)left.ptr, left.len));
        buf_put(p->out, right);
        buf_put_str(p->out, "\n");
    }
}

static void text_pair(struct page *p, const char *label, const char *value)
{
    CLEANUP(buf_free) struct buf left = buf_new(COLUMN_MAX);
    CLEANUP(buf_free) struct buf right = buf_new(COLUMN_MAX);
    struct flow labels = {&left, LABEL - INDENT - 2, 0, 0};
    struct flow values = {&right, p->style.width - LABEL, 2, 0};
    put_flow(&labels, label != NULL ? label : "");
    put_flow(&values, value);
    if (buf_err(&left) != ERR_OK)
        buf_fail(p->out, buf_err(&left));
    if (buf_err(&right) != ERR_OK)
        buf_fail(p->out, buf_err(&right));
    put_beside(p, buf_bytes(&left), buf_bytes(&right));
}

static void text_item(struct page *p, const char *text)
{
    put_block(p, INDENT, "- ", text);
}

/* ---- tables ---- */

/* The widest of each column; false where they do not fit beside each other. */
static bool measure(const struct page *p, const char *cells, unsigned widths[COLUMNS_MOST])
{
    const unsigned columns = p->cells.columns;
    unsigned total = INDENT;
    for (unsigned i = 0; i < p->cells.count; i++, cells += strlen(cells) + 1) {
        const unsigned n = count_chars(cells, strlen(cells));
        if (n > widths[i % columns])
            widths[i % columns] = n;
    }
    for (unsigned i = 0; i < columns; i++)
        total += widths[i] + (i > 0 ? INDENT : 0);
    return total <= p->style.width;
}

static void put_columns(struct page *p, const char *cells, const unsigned widths[COLUMNS_MOST])
{
    const unsigned columns = p->cells.columns;
    for (unsigned i = 0; i < p->cells.count; i++, cells += strlen(cells) + 1) {
        const unsigned at = i % columns;
        struct flow f = {p->out, p->style.width, 0, 0};
        put_spaces(p->out, INDENT);
        put_word(&f, cells, strlen(cells));
        if (at + 1 < columns)
            put_spaces(p->out, widths[at] - f.column);
        else
            buf_put_str(p->out, "\n");
        if (i + 1 != columns)
            continue;
        for (unsigned k = 0; k < columns; k++) {
            put_spaces(p->out, INDENT);
            for (unsigned n = widths[k]; n > 0; n--)
                buf_put_u8(p->out, '-');
        }
        buf_put_str(p->out, "\n");
    }
}

/* Each row as an item: what names it, then "head: cell" for the others. */
static void put_rows(struct page *p, const char *cells)
{
    const unsigned columns = p->cells.columns;
    const char *heads[COLUMNS_MOST] = {NULL};
    for (unsigned i = 0; i < p->cells.count; i++, cells += strlen(cells) + 1) {
        const unsigned at = i % columns;
        struct flow f = {p->out, p->style.width, INDENT + 6, INDENT + 4};
        if (i < columns) {
            heads[at] = cells;
            continue;
        }
        if (at == 0) {
            put_block(p, INDENT, "- ", cells);
            continue;
        }
        put_spaces(p->out, f.column);
        if (heads[at] != NULL)
            put_flow(&f, heads[at]);
        buf_put_str(p->out, ": ");
        f.column += 2;
        put_flow(&f, cells);
        buf_put_str(p->out, "\n");
    }
}

static void text_table(struct page *p)
{
    unsigned widths[COLUMNS_MOST] = {0};
    if (buf_err(&p->cells.text) != ERR_OK || p->cells.columns > COLUMNS_MOST ||
        p->cells.columns == 0)
        return;
    const char *cells = (const char *)p->cells.text.ptr;
    buf_put_str(p->out, "\n");
    if (measure(p, cells, widths))
        put_columns(p, cells, widths);
    else
        put_rows(p, cells);
}

static void text_end(struct page *p)
{
    (void)p;
}

const struct page_kind page_kind_text = {
    .title = text_title,
    .heading = text_heading,
    .notice = text_notice,
    .paragraph = text_paragraph,
    .group = text_group,
    .pair = text_pair,
    .item = text_item,
    .table = text_table,
    .end = text_end,
};
