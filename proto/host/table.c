#include "proto/host/table.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define GAP "  "
#define TEXT_MAX (16u << 20)

struct table {
    size_t columns;
    bool right[TABLE_COLUMNS_MAX];
    size_t width[TABLE_COLUMNS_MAX];
    struct buf text; /* all cells, safe, one behind the other */
    size_t *ends;    /* of each cell in text; the headings first */
    size_t count;
    size_t cap;
    enum err err;
};

struct range {
    uint32_t from;
    uint32_t to;
};

/* Combining marks and other characters that take no column. */
static const struct range zero_wide[] = {
    {0x0300, 0x036f}, {0x0483, 0x0489}, {0x0591, 0x05bd}, {0x0610, 0x061a}, {0x064b, 0x065f},
    {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff}, {0x20d0, 0x20ff}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f},
};
static const struct range double_wide[] = {
    {0x1100, 0x115f},   {0x2e80, 0x303e},   {0x3041, 0xa4cf},   {0xac00, 0xd7a3},
    {0xf900, 0xfaff},   {0xfe30, 0xfe6f},   {0xff00, 0xff60},   {0xffe0, 0xffe6},
    {0x1f300, 0x1f64f}, {0x1f680, 0x1f6ff}, {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd},
};
/* Controls, invisible characters and those that turn the direction of what follows. */
static const struct range unsafe[] = {
    {0x0000, 0x001f}, {0x007f, 0x009f},   {0x00ad, 0x00ad},    {0x061c, 0x061c}, {0x180e, 0x180e},
    {0x200b, 0x200f}, {0x2028, 0x202e},   {0x2060, 0x206f},    {0xfeff, 0xfeff}, {0xfff9, 0xfffb},
    {0xe000, 0xf8ff}, {0xe0000, 0xe0fff}, {0xf0000, 0x10ffff},
};

static bool is_in(const struct range *r, size_t n, uint32_t c)
{
    for (size_t i = 0; i < n; i++) {
        if (c >= r[i].from && c <= r[i].to)
            return true;
    }
    return false;
}

/* The length of the UTF-8 sequence at the front of t, 0 where it is broken. */
static size_t sequence_length(struct bytes t)
{
    uint8_t b = t.ptr[0];
    size_t n = b < 0x80 ? 1 : b >= 0xf0 ? 4 : b >= 0xe0 ? 3 : b >= 0xc2 ? 2 : 0;
    if (n == 0 || n > t.len)
        return 0;
    return b == 0 || bytes_is_utf8(bytes_of(t.ptr, n)) ? n : 0;
}

static uint32_t code_point(const uint8_t *p, size_t n)
{
    static const uint8_t first_mask[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t c = p[0] & first_mask[n];
    for (size_t i = 1; i < n; i++)
        c = c << 6 | (p[i] & 0x3fu);
    return c;
}

/* One character of a text, made safe. */
struct glyph {
    struct bytes bytes; /* what to print */
    size_t used;        /* bytes of the input */
    size_t width;
};

static struct glyph next_glyph(struct bytes t)
{
    size_t n = sequence_length(t);
    uint32_t c = n > 0 ? code_point(t.ptr, n) : 0;
    if (n == 0 || is_in(unsafe, ARRAY_LEN(unsafe), c))
        return (struct glyph){bytes_of("?", 1), n > 0 ? n : 1, 1};
    size_t width = 1;
    if (is_in(zero_wide, ARRAY_LEN(zero_wide), c))
        width = 0;
    else if (is_in(double_wide, ARRAY_LEN(double_wide), c))
        width = 2;
    return (struct glyph){bytes_of(t.ptr, n), n, width};
}

void table_put_safe(struct buf *out, struct bytes text)
{
    while (text.len > 0) {
        struct glyph g = next_glyph(text);
        buf_put(out, g.bytes);
        text = bytes_of(text.ptr + g.used, text.len - g.used);
    }
}

size_t table_width(struct bytes text)
{
    size_t width = 0;
    while (text.len > 0) {
        struct glyph g = next_glyph(text);
        width += g.width;
        text = bytes_of(text.ptr + g.used, text.len - g.used);
    }
    return width;
}

static bool make_room(struct table *t)
{
    if (t->count < t->cap)
        return true;
    size_t cap = t->cap * 2 + 64;
    size_t *ends = reallocarray(t->ends, cap, sizeof *ends);
    if (ends == NULL)
        return false;
    t->ends = ends;
    t->cap = cap;
    return true;
}

static void add_cell(struct table *t, const char *text)
{
    if (t->err != ERR_OK)
        return;
    struct bytes raw = bytes_str(text != NULL ? text : "");
    table_put_safe(&t->text, raw);
    t->err = buf_err(&t->text);
    if (t->err == ERR_OK && !make_room(t))
        t->err = ERR_NOMEM;
    if (t->err != ERR_OK)
        return;
    size_t column = t->count % t->columns;
    size_t width = table_width(raw);
    if (width > t->width[column])
        t->width[column] = width;
    t->ends[t->count++] = t->text.len;
}

struct table *table_new(const char *const *headings, size_t columns)
{
    if (columns == 0 || columns > TABLE_COLUMNS_MAX)
        return NULL;
    struct table *t = calloc(1, sizeof *t);
    if (t == NULL)
        return NULL;
    t->columns = columns;
    t->text = buf_new(TEXT_MAX);
    for (size_t i = 0; i < columns; i++) {
        t->right[i] = headings[i][0] == '>';
        add_cell(t, headings[i] + (t->right[i] ? 1 : 0));
    }
    return t;
}

void table_free(struct table *t)
{
    if (t == NULL)
        return;
    buf_free(&t->text);
    free(t->ends);
    free(t);
}

void table_row(struct table *t, const char *const *cells)
{
    for (size_t i = 0; i < t->columns; i++)
        add_cell(t, cells[i]);
}

static struct bytes cell_at(const struct table *t, size_t i)
{
    size_t from = i == 0 ? 0 : t->ends[i - 1];
    return bytes_of(t->text.ptr + from, t->ends[i] - from);
}

static void put_times(struct buf *out, const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        buf_put_str(out, s);
}

/* One line; no blanks behind its last cell. */
static void put_line(const struct table *t, size_t first, struct buf *out)
{
    for (size_t i = 0; i < t->columns; i++) {
        struct bytes cell = cell_at(t, first + i);
        size_t pad = t->width[i] - table_width(cell);
        if (i > 0)
            buf_put_str(out, GAP);
        if (t->right[i])
            put_times(out, " ", pad);
        buf_put(out, cell);
        if (!t->right[i] && i + 1 < t->columns)
            put_times(out, " ", pad);
    }
    buf_put_u8(out, '\n');
}

static void put_rule(const struct table *t, struct buf *out)
{
    for (size_t i = 0; i < t->columns; i++) {
        put_times(out, i > 0 ? GAP : "", 1);
        put_times(out, "-", t->width[i]);
    }
    buf_put_u8(out, '\n');
}

enum err table_print(const struct table *t, struct buf *out)
{
    if (t->err != ERR_OK)
        return t->err;
    for (size_t i = 0; i < t->count; i += t->columns) {
        put_line(t, i, out);
        if (i == 0)
            put_rule(t, out);
    }
    return buf_err(out);
}
