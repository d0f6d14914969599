/* Aligned columns of text for people. Widths count terminal columns, not bytes; control characters,
 * bidirectional overrides and broken UTF-8 become '?', so that data cannot drive a terminal. */
#ifndef SLUIS_HOST_TABLE_H
#define SLUIS_HOST_TABLE_H

#include <stddef.h>

#include "proto/base/attr.h"
#include "proto/base/buf.h"

struct table;

#define TABLE_COLUMNS_MAX 16

/* One heading for each column; one that starts with '>' (not shown) aligns right. Copied. NULL
 * without memory or outside 1..TABLE_COLUMNS_MAX. */
struct table *table_new(const char *const *headings, size_t columns);
void table_free(struct table *t);
DEFINE_CLEANUP(struct table, table_free)

/* Adds one row of as many cells as there are columns (copied; NULL is empty). */
void table_row(struct table *t, const char *const *cells);

/* Heading, rule and rows, each with '\n'. ERR_NOMEM of an earlier call, or what buf_err(out) says.
 */
enum err table_print(const struct table *t, struct buf *out) MUST_CHECK;

/* Appends text with unsafe characters replaced. */
void table_put_safe(struct buf *out, struct bytes text);

/* Terminal columns of text after that replacement. */
size_t table_width(struct bytes text);

#endif
