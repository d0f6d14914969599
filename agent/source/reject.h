/* Why a row, an identifier or a field of a source was not taken. A report carries row, column and
 * code; never a value. */
#ifndef SLUIS_SOURCE_REJECT_H
#define SLUIS_SOURCE_REJECT_H

#include <stdint.h>

#include "proto/base/buf.h"

enum row_reason {
    ROW_REASON_NONE = 0,
    ROW_REASON_NUL_BYTE,
    ROW_REASON_UNCLOSED_QUOTE,
    ROW_REASON_STRAY_QUOTE,
    ROW_REASON_BAD_LINE_END,
    ROW_REASON_CELL_TOO_LARGE,
    ROW_REASON_ROW_TOO_LARGE,
    ROW_REASON_TOO_MANY_COLUMNS,
    ROW_REASON_NOT_JSON,       /* JSON Lines: no object, or a value that is an object or a list */
    ROW_REASON_COLUMN_COUNT,   /* not as many cells as the header has */
    ROW_REASON_BAD_ENCODING,   /* bytes that the encoding of the mapping does not have */
    ROW_REASON_CUT_OFF,        /* the last row has no end */
    ROW_REASON_BEHIND_TRAILER, /* rows follow the trailer */
    ROW_REASON_EMPTY_KEY,      /* the cell of the record key is empty */
    ROW_REASON_KEY_TOO_LONG,
    ROW_REASON_DUPLICATE_KEY,      /* an earlier row, taken or not, has this key */
    ROW_REASON_UNKNOWN_CATEGORY,   /* a value that the mapping gives no category */
    ROW_REASON_MISSING_IDENTIFIER, /* a required one is empty or was refused */
    ROW_REASON_NO_IDENTIFIER,      /* none is left */
    ROW_REASON_MISSING_FIELD,      /* a required one is empty */
    ROW_REASON_BAD_DATE,
    ROW_REASON_BAD_NUMBER,
    ROW_REASON_BAD_BOOL,
    ROW_REASON_COUNT,
};

/* What is left out because of it. */
enum reject_scope {
    REJECT_ROW = 1,
    REJECT_IDENTIFIER, /* the row is taken without this identifier */
    REJECT_FIELD,      /* the row is taken, this field is empty */
};

struct reject {
    uint64_t row;       /* as a spreadsheet counts: the header is row 1 */
    const char *column; /* its name in the header; "" where the row as a whole is meant */
    const char *reason; /* id of a row_reason or an ident_reason */
    enum reject_scope scope;
};

/* Text id ("duplicate_key"); "?" outside the set, "" for NONE. */
const char *row_reason_id(enum row_reason r);

/* The report, CSV with CRLF as RFC 4180 says: its header, and one line for each reject. A column
 * name that a spreadsheet would take for a formula gets an apostrophe. */
void reject_report_header(struct buf *out);
void reject_report_line(struct buf *out, const struct reject *r);

#endif
