/* A mapping bound to the header of its source: every column by its position. */
#ifndef SLUIS_SOURCE_ROW_PLAN_H
#define SLUIS_SOURCE_ROW_PLAN_H

#include "proto/conf/mapping.h"
#include "proto/ident/ident.h"

#define ROW_IDENTIFIERS_MAX 32u
#define ROW_FIELDS_MAX 128u
#define ROW_NO_CELL SIZE_MAX

/* An identifier's cells in the order of its parts; ROW_NO_CELL for a part that the source lacks. */
struct row_plan_identifier {
    size_t cell[IDENT_PARTS_MAX];
    size_t count;
};

/* The distinct columns that m names, into out (room for CSV_COLUMNS_MAX: no mapping in bounds names more): the header of a source that has none.
 * Returns how many; views into m. */
size_t row_plan_columns(const struct mapping *m, struct bytes *out);

struct row_plan {
    size_t columns; /* cells that each row must have */
    size_t key;
    size_t category; /* ROW_NO_CELL where it is constant */
    struct row_plan_identifier identifiers[ROW_IDENTIFIERS_MAX];
    size_t fields[ROW_FIELDS_MAX];
};

/* Finds the mapping's columns among the header's cells (UTF-8, trimmed). ERR_NOT_FOUND for a column
 * that is missing, ERR_DUPLICATE for one that stands twice, ERR_UNKNOWN for a part that the type
 * does not have, ERR_INVALID where a part is lacking; why names it. */
enum err row_plan_bind(const struct mapping *m, const struct bytes *header, size_t count,
                       struct row_plan *out, struct errmsg *why) MUST_CHECK;

/* The name that m gives the column of a cell (0: the first); "" for ROW_NO_CELL and where it names none. */
const char *row_plan_column(const struct row_plan *p, const struct mapping *m, size_t cell);

#endif
