#include "agent/source/csv.h"

#include <stdlib.h>

enum state {
    AT_ROW = 1, /* nothing of the row was seen */
    AT_CELL,    /* at the first byte of a later cell */
    IN_PLAIN,
    IN_QUOTED,
    AFTER_QUOTE, /* behind a quote within a quoted cell: closing, or the first of two */
    AFTER_CR,
};

struct csv {
    char delimiter;
    enum state state;
    struct bytes in;
    bool is_finished;
    unsigned
        bom_seen; /* bytes of the byte order mark that were passed over; 4: no longer looked for */
    uint64_t row; /* number of the row at hand */
    uint64_t line;
    uint64_t row_line;
    bool row_is_blank;
    enum csv_fault fault;
    size_t fault_cell;
    size_t cell_start;
    size_t len;
    size_t most; /* bytes of text that were ever in use */
    size_t count;
    struct bytes cells[CSV_COLUMNS_MAX];
    uint8_t text[CSV_ROW_MAX];
};

static void start_row(struct csv *c)
{
    c->state = AT_ROW;
    c->row++;
    c->row_line = c->line;
    c->row_is_blank = true;
    c->fault = CSV_FAULT_NONE;
    c->cell_start = 0;
    c->most = c->len > c->most ? c->len : c->most;
    c->len = 0;
    c->count = 0;
}

struct csv *csv_new(char delimiter)
{
    struct csv *c = malloc(sizeof *c);
    if (c == NULL)
        return NULL;
    c->delimiter = delimiter;
    c->in = bytes_of(NULL, 0);
    c->is_finished = false;
    c->bom_seen = 0;
    c->row = 0;
    c->line = 1;
    c->len = 0;
    c->most = 0;
    start_row(c);
    return c;
}

void csv_free(struct csv *c)
{
    if (c == NULL)
        return;
    start_row(c);
    explicit_bzero(c->text, c->most); /* cells name people */
    free(c);
}

void csv_feed(struct csv *c, struct bytes chunk)
{
    c->in = chunk;
}

void csv_finish(struct csv *c)
{
    c->is_finished = true;
}

/* The first fault of a row stays. */
static void fail_row(struct csv *c, enum csv_fault fault)
{
    if (c->fault != CSV_FAULT_NONE)
        return;
    c->fault = fault;
    c->fault_cell = c->count + 1;
}

static void append(struct csv *c, uint8_t b)
{
    if (b == 0)
        fail_row(c, CSV_FAULT_NUL);
    if (c->fault != CSV_FAULT_NONE)
        return;
    if (c->len - c->cell_start == CSV_CELL_MAX)
        fail_row(c, CSV_FAULT_CELL_SIZE);
    else if (c->len == CSV_ROW_MAX)
        fail_row(c, CSV_FAULT_ROW_SIZE);
    else
        c->text[c->len++] = b;
}

static void end_cell(struct csv *c)
{
    if (c->count == CSV_COLUMNS_MAX)
        fail_row(c, CSV_FAULT_COLUMNS);
    if (c->fault == CSV_FAULT_NONE)
        c->cells[c->count] = bytes_of(c->text + c->cell_start, c->len - c->cell_start);
    c->count += c->count < CSV_COLUMNS_MAX;
    c->cell_start = c->len;
    c->state = AT_CELL;
}

/* A byte outside quotes. True where it ends the row. */
static bool take_plain(struct csv *c, uint8_t b)
{
    if (b == '\n')
        return true;
    if (b == '\r') {
        c->state = AFTER_CR;
        return false;
    }
    c->row_is_blank = false;
    if (b == (uint8_t)c->delimiter) {
        end_cell(c);
        return false;
    }
    c->state = IN_PLAIN;
    if (b == '"')
        fail_row(c, CSV_FAULT_STRAY_QUOTE);
    else
        append(c, b);
    return false;
}

static bool take_byte(struct csv *c, uint8_t b)
{
    switch (c->state) {
    case AT_ROW:
    case AT_CELL:
        if (b != '"')
            return take_plain(c, b);
        c->row_is_blank = false;
        c->state = IN_QUOTED;
        return false;
    case IN_PLAIN:
        return take_plain(c, b);
    case IN_QUOTED:
        if (b == '"')
            c->state = AFTER_QUOTE;
        else
            append(c, b);
        return false;
    case AFTER_QUOTE:
        if (b == '"') {
            append(c, b);
            c->state = IN_QUOTED;
            return false;
        }
        if (b != '\n' && b != '\r' && b != (uint8_t)c->delimiter)
            fail_row(c, CSV_FAULT_STRAY_QUOTE);
        return take_plain(c, b);
    case AFTER_CR:
        if (b == '\n')
            return true;
        fail_row(c, CSV_FAULT_LINE_END);
        return take_plain(c, b);
    }
    return false;
}

/* Passes over EF BB BF at the start; without it, what looked like it becomes content again. */
static bool skip_bom(struct csv *c, uint8_t b)
{
    static const uint8_t bom[3] = {0xef, 0xbb, 0xbf};
    if (c->bom_seen < sizeof bom && b == bom[c->bom_seen]) {
        c->bom_seen++;
        return true;
    }
    unsigned seen = c->bom_seen;
    c->bom_seen = 4;
    for (unsigned i = 0; seen < sizeof bom && i < seen; i++)
        take_byte(c, bom[i]);
    return false;
}

static enum csv_event hand_out(struct csv *c, bool is_ended, struct csv_row *row)
{
    end_cell(c);
    *row = (struct csv_row){.number = c->row,
                            .line = c->row_line,
                            .is_ended = is_ended,
                            .fault = c->fault,
                            .fault_cell = c->fault_cell,
                            .count = c->count,
                            .cells = c->cells};
    bool is_bad = c->fault != CSV_FAULT_NONE;
    if (is_bad)
        row->count = 0;
    start_row(c);
    return is_bad ? CSV_BAD_ROW : CSV_ROW;
}

static enum csv_event finish(struct csv *c, struct csv_row *row)
{
    if (!c->is_finished)
        return CSV_MORE;
    if (c->state == AT_ROW || (c->row_is_blank && c->fault == CSV_FAULT_NONE))
        return CSV_END;
    if (c->state == IN_QUOTED) {
        c->fault = CSV_FAULT_NONE; /* the open quote explains any other fault */
        fail_row(c, CSV_FAULT_UNCLOSED_QUOTE);
    }
    return hand_out(c, false, row);
}

enum csv_event csv_next(struct csv *c, struct csv_row *row)
{
    while (c->in.len > 0) {
        uint8_t b = *c->in.ptr++;
        c->in.len--;
        if (c->bom_seen < 4 && skip_bom(c, b))
            continue;
        c->line += b == '\n';
        if (!take_byte(c, b))
            continue;
        if (!c->row_is_blank || c->fault != CSV_FAULT_NONE)
            return hand_out(c, true, row);
        start_row(c);
    }
    return finish(c, row);
}
