#include "proto/policy/page_internal.h"

#include <stdlib.h>

#define PAGE_MAX ((size_t)256 << 20)
#define WIDTH_LEAST 40u

struct page *page_new(struct buf *out, const struct page_style *style)
{
    struct page *p = calloc(1, sizeof *p);
    if (p == NULL)
        return NULL;
    p->kind = style->form == PAGE_HTML ? &page_kind_html : &page_kind_text;
    p->style = *style;
    if (p->style.width < WIDTH_LEAST)
        p->style.width = WIDTH_LEAST;
    p->out = out;
    p->cells.text = buf_new(PAGE_MAX);
    p->contents = buf_new(PAGE_MAX);
    p->body = buf_new(PAGE_MAX);
    return p;
}

void page_free(struct page *p)
{
    if (p == NULL)
        return;
    buf_free(&p->cells.text);
    buf_free(&p->contents);
    buf_free(&p->body);
    free(p);
}

static void enter(struct page *p, enum page_group g)
{
    if (p->open == g)
        return;
    if (p->open == PAGE_GROUP_TABLE)
        p->kind->table(p);
    else if (p->open != PAGE_GROUP_NONE)
        p->kind->group(p, p->open, false);
    p->open = g;
    if (g == PAGE_GROUP_PAIRS || g == PAGE_GROUP_LIST)
        p->kind->group(p, g, true);
}

void page_title(struct page *p, const char *title)
{
    p->kind->title(p, title);
}

void page_end(struct page *p)
{
    enter(p, PAGE_GROUP_NONE);
    p->kind->end(p);
    const struct buf *parts[] = {&p->cells.text, &p->contents, &p->body};
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        if (buf_err(parts[i]) != ERR_OK)
            buf_fail(p->out, buf_err(parts[i]));
    }
}

void page_heading(struct page *p, unsigned level, const char *anchor, const char *text)
{
    enter(p, PAGE_GROUP_NONE);
    p->kind->heading(p, level, anchor, text);
}

void page_notice(struct page *p, const char *text)
{
    enter(p, PAGE_GROUP_NONE);
    p->kind->notice(p, text);
}

void page_paragraph(struct page *p, const char *text)
{
    enter(p, PAGE_GROUP_NONE);
    p->kind->paragraph(p, text);
}

void page_pair(struct page *p, const char *label, const char *value)
{
    enter(p, PAGE_GROUP_PAIRS);
    p->kind->pair(p, label, value);
}

void page_item(struct page *p, const char *text)
{
    enter(p, PAGE_GROUP_LIST);
    p->kind->item(p, text);
}

void page_table(struct page *p, const char *const *heads, unsigned columns)
{
    enter(p, PAGE_GROUP_NONE);
    enter(p, PAGE_GROUP_TABLE);
    buf_reset(&p->cells.text);
    p->cells.columns = columns;
    p->cells.count = 0;
    for (unsigned i = 0; i < columns; i++)
        page_cell(p, heads[i]);
}

void page_cell(struct page *p, const char *text)
{
    buf_put(&p->cells.text, bytes_of(text, strlen(text) + 1));
    p->cells.count++;
}

/* One of "more" following bytes behind a first byte that gave `high`. */
static size_t decode(const char *s, unsigned high, size_t more, uint32_t *out)
{
    uint32_t v = high;
    for (size_t i = 1; i <= more; i++) {
        const unsigned char c = (unsigned char)s[i];
        if ((c & 0xc0u) != 0x80u)
            return 0;
        v = v << 6 | (c & 0x3fu);
    }
    *out = v;
    return more + 1;
}

/* Controls, what breaks lines or changes their direction, and what is no character. */
static bool is_safe(uint32_t v)
{
    static const struct {
        uint32_t first;
        uint32_t last;
    } bad[] = {{0, 0x1f},        {0x7f, 0x9f},       {0x200e, 0x200f},   {0x2028, 0x202e},
               {0x2066, 0x2069}, {0xd800, 0xdfff},   {0xfdd0, 0xfdef},   {0xfeff, 0xfeff},
               {0xfffe, 0xffff}, {0x1fffe, 0x1ffff}, {0xe0000, 0xe007f}, {0x110000, UINT32_MAX}};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        if (v >= bad[i].first && v <= bad[i].last)
            return false;
    }
    return true;
}

size_t page_char(const char *s, bool *safe)
{
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    const unsigned c = (unsigned char)s[0];
    const size_t more = c < 0x80 ? 0 : c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : 1;
    const unsigned mask[] = {0x7f, 0x1f, 0x0f, 0x07};
    uint32_t v = 0;
    size_t n = c >= 0x80 && c < 0xc0 ? 0 : decode(s, c & mask[more], more, &v);
    *safe = n > 0 && v >= least[more] && is_safe(v);
    return n > 0 ? n : 1;
}
