/* Rows out of JSON Lines: one object a line, its members are cells. The same rows, caps and faults as
 * csv.h, so that what reads rows need not know the format. */
#ifndef SLUIS_SOURCE_JSONL_H
#define SLUIS_SOURCE_JSONL_H

#include "agent/source/csv.h"

struct jsonl;

/* A reader whose rows have one cell for each of columns (copied; at most CSV_COLUMNS_MAX): the text of
 * the member of that name, empty where it is absent or null. Numbers and truth values come as JSON
 * writes them; members that no column names are passed over. The first row carries the column names,
 * like a CSV header; it comes with the first line, so that an empty source has none.
 * A line that is no object, or has an object or a list under a column, is CSV_FAULT_JSON.
 * NULL without memory (about 2 MiB). */
struct jsonl *jsonl_new(const struct bytes *columns, size_t count);
void jsonl_free(struct jsonl *j);
DEFINE_CLEANUP(struct jsonl, jsonl_free)

/* As csv_feed, csv_finish and csv_next; rows are numbered by their line. A UTF-8 byte order mark is
 * skipped. */
void jsonl_feed(struct jsonl *j, struct bytes chunk);
void jsonl_finish(struct jsonl *j);
enum csv_event jsonl_next(struct jsonl *j, struct csv_row *row);

#endif
