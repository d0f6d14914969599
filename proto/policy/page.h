/* A page for people: neutral blocks, written as plain text for a terminal or as one self-contained
 * HTML file. All text that comes in is content: nothing in it can become markup, a terminal's
 * escape sequence or a change of direction; such characters become U+FFFD. Pure. */
#ifndef SLUIS_POLICY_PAGE_H
#define SLUIS_POLICY_PAGE_H

#include <stdbool.h>

#include "proto/base/buf.h"
#include "proto/policy/explain.h"

#define PAGE_WIDTH 80u /* where nobody knows better */

enum page_form {
    PAGE_TEXT = 1,
    PAGE_HTML,
};

struct page_style {
    enum page_form form;
    enum language language;
    unsigned width; /* columns of text; less than 40 counts as 40 */
    bool bold;      /* text: headings in bold, by the escape codes of a terminal */
};

struct page;

/* A page that appends to out, which outlives it. NULL where there is no memory. */
struct page *page_new(struct buf *out, const struct page_style *style);
void page_free(struct page *p);
DEFINE_CLEANUP(struct page, page_free)

/* The title comes first; page_end writes what is still open. Errors of memory stay in out. */
void page_title(struct page *p, const char *title);
void page_end(struct page *p);

/* Level 2 to 4, in order. The anchor ([a-z0-9._-], unique on the page) puts it into the table of
 * contents of HTML; NULL for a heading of level 4. */
void page_heading(struct page *p, unsigned level, const char *anchor, const char *text);
/* Something that nobody may miss. */
void page_notice(struct page *p, const char *text);
void page_paragraph(struct page *p, const char *text);
/* Label and value; the label NULL: one more value under the label before. */
void page_pair(struct page *p, const char *label, const char *value);
void page_item(struct page *p, const char *text);

/* The heads first, then the cells row by row; the next block of another kind ends the table. The
 * first cell of a row names it. */
void page_table(struct page *p, const char *const *heads, unsigned columns);
void page_cell(struct page *p, const char *text);

#endif
