/* An entry as a line of CSV (RFC 4180) that a spreadsheet only shows: no cell of it begins a formula. */
#ifndef SLUIS_CLI_AUDIT_CSV_ROW_H
#define SLUIS_CLI_AUDIT_CSV_ROW_H

#include "proto/base/buf.h"
#include "proto/json/audit_body.h"
#include "proto/json/body_line.h"

/* Appends one cell: quoted where it holds a comma, a quote, white space or a control character; an apostrophe
 * before what a spreadsheet would calculate (= + - @, tab, carriage return in front). */
void csv_put_cell(struct buf *out, struct bytes text);

/* Appends the line with the names of the columns. */
void csv_put_head(struct buf *out);

/* Appends the line of one entry. */
void csv_put_row(struct buf *out, const struct body_line *line, const struct audit_body *b);

#endif
