/* RFC 4180 rows out of chunks of bytes, under caps. A row that breaks a rule is told and passed
 * over; reading goes on at the next row. Quotes are followed inside a bad row too, so that the
 * content of a quoted cell never turns into rows. */
#ifndef SLUIS_SOURCE_CSV_H
#define SLUIS_SOURCE_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/attr.h"
#include "proto/base/bytes.h"
#include "proto/base/err.h"

#define CSV_CELL_MAX (64u << 10)
#define CSV_ROW_MAX (1u << 20)
#define CSV_COLUMNS_MAX 512u

enum csv_fault {
    CSV_FAULT_NONE = 0,
    CSV_FAULT_NUL,            /* a NUL byte */
    CSV_FAULT_UNCLOSED_QUOTE, /* the input ends within a quoted cell that began in this row */
    CSV_FAULT_STRAY_QUOTE,    /* a quote within a plain cell, or text behind a closing quote */
    CSV_FAULT_LINE_END,       /* a carriage return that no line feed follows */
    CSV_FAULT_CELL_SIZE,      /* a cell over CSV_CELL_MAX */
    CSV_FAULT_ROW_SIZE,       /* a row over CSV_ROW_MAX */
    CSV_FAULT_COLUMNS,        /* more than CSV_COLUMNS_MAX cells */
    CSV_FAULT_JSON,           /* a line of JSON Lines that is no flat object (jsonl.h) */
};

enum csv_event {
    CSV_ROW = 1, /* a row */
    CSV_BAD_ROW, /* number, line, fault and cell are set; there are no cells */
    CSV_MORE,    /* all input is used up: feed or finish */
    CSV_END,     /* nothing follows */
};

/* One row. Cells are views that live until the next call. */
struct csv_row {
    uint64_t number; /* 1-based, as a spreadsheet counts: header and blank lines included */
    uint64_t line;   /* 1-based line of the file on which it starts */
    bool is_ended;   /* a line end stood behind it */
    enum csv_fault fault;
    size_t fault_cell; /* 1-based */
    size_t count;
    const struct bytes *cells;
};

struct csv;

/* A reader for cells divided by delimiter and quoted by '"'. A UTF-8 byte order mark is skipped.
 * NULL without memory (about 1 MiB). */
struct csv *csv_new(char delimiter);
void csv_free(struct csv *c);
DEFINE_CLEANUP(struct csv, csv_free)

/* Gives the next chunk; kept as a view until csv_next says CSV_MORE. Only then may more be fed. */
void csv_feed(struct csv *c, struct bytes chunk);

/* Says that no chunk follows. */
void csv_finish(struct csv *c);

/* The next event; row is written for CSV_ROW and CSV_BAD_ROW. Blank lines are passed over. */
enum csv_event csv_next(struct csv *c, struct csv_row *row);

#endif
