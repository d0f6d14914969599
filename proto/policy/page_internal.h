/* What page.c and the two ways of writing share. */
#ifndef SLUIS_POLICY_PAGE_INTERNAL_H
#define SLUIS_POLICY_PAGE_INTERNAL_H

#include "proto/policy/page.h"

/* Blocks that stand in a group. */
enum page_group {
    PAGE_GROUP_NONE = 0,
    PAGE_GROUP_PAIRS,
    PAGE_GROUP_LIST,
    PAGE_GROUP_TABLE,
};

/* Row 0 holds the heads. Each cell ends in a NUL. */
struct page_cells {
    struct buf text;
    unsigned columns;
    unsigned count;
};

struct page_kind {
    void (*title)(struct page *p, const char *text);
    void (*heading)(struct page *p, unsigned level, const char *anchor, const char *text);
    void (*notice)(struct page *p, const char *text);
    void (*paragraph)(struct page *p, const char *text);
    void (*group)(struct page *p, enum page_group g, bool opens);
    void (*pair)(struct page *p, const char *label, const char *value);
    void (*item)(struct page *p, const char *text);
    void (*table)(struct page *p);
    void (*end)(struct page *p);
};

struct page {
    const struct page_kind *kind;
    struct page_style style;
    struct buf *out;
    enum page_group open;
    struct page_cells cells;
    /* HTML only: the list of contents stands before what it lists. */
    struct buf contents;
    struct buf body;
    unsigned contents_level;
    bool in_article;
};

extern const struct page_kind page_kind_text;
extern const struct page_kind page_kind_html;

/* The length of the character at s (not at its NUL), at least 1; safe: it may be shown as it is. */
size_t page_char(const char *s, bool *safe);

#define PAGE_UNSAFE "\xef\xbf\xbd" /* stands for a character that may not be shown */

#endif
