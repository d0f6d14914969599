#include "agent/source/jsonl.h"

#include <stdlib.h>
#include <string.h>

#include "proto/base/buf.h"
#include "proto/json/doc.h"

struct jsonl {
    struct bytes in;
    bool is_finished;
    bool has_header;   /* the row of column names was given */
    bool is_too_large; /* the line at hand passed CSV_ROW_MAX */
    bool is_held;      /* a whole line lies in text: the header row went first */
    bool is_held_ended;
    uint64_t line;
    struct buf text;  /* the line at hand */
    struct buf names; /* the column names, one behind the other */
    struct buf values;
    size_t count;
    struct bytes columns[CSV_COLUMNS_MAX];
    struct bytes cells[CSV_COLUMNS_MAX];
};

struct jsonl *jsonl_new(const struct bytes *columns, size_t count)
{
    CLEANUP(cleanup_jsonl_free) struct jsonl *j = calloc(1, sizeof *j);
    if (j == NULL || count > CSV_COLUMNS_MAX)
        return NULL;
    j->text = buf_new(CSV_ROW_MAX);
    j->values = buf_new(CSV_ROW_MAX);
    j->names = buf_new(CSV_ROW_MAX);
    for (size_t i = 0; i < count; i++)
        buf_put(&j->names, columns[i]);
    if (buf_reserve(&j->values, CSV_ROW_MAX) == NULL || buf_err(&j->names) != ERR_OK)
        return NULL;
    buf_reset(&j->values);
    j->count = count;
    size_t at = 0;
    for (size_t i = 0; i < count; at += columns[i++].len)
        j->columns[i] = bytes_of(j->names.ptr + at, columns[i].len);
    return take(j);
}

void jsonl_free(struct jsonl *j)
{
    if (j == NULL)
        return;
    buf_free(&j->text);
    buf_free(&j->values);
    buf_free(&j->names);
    free(j);
}

void jsonl_feed(struct jsonl *j, struct bytes chunk)
{
    j->in = chunk;
}

void jsonl_finish(struct jsonl *j)
{
    j->is_finished = true;
}

/* ---- one line ---- */

/* The members that columns name, as cells; what is wrong otherwise. */
static enum csv_fault read_cells(struct jsonl *j, const struct doc *object)
{
    for (size_t i = 0; i < j->count; i++)
        j->cells[i] = bytes_of(j->columns[i].ptr, 0);
    void *iter = NULL;
    const char *key;
    const struct doc *value;
    while (doc_next(object, &iter, &key, &value)) {
        for (size_t i = 0; i < j->count; i++) {
            if (!bytes_is(j->columns[i], key))
                continue;
            size_t from = j->values.len;
            if (doc_plain_of(value, &j->values) != ERR_OK)
                return CSV_FAULT_JSON;
            size_t n = j->values.len - from;
            if (n > CSV_CELL_MAX)
                return CSV_FAULT_CELL_SIZE;
            j->cells[i] = bytes_of(j->values.ptr + from, n);
        }
    }
    return CSV_FAULT_NONE;
}

static enum csv_fault read_line(struct jsonl *j)
{
    struct bytes line = buf_bytes(&j->text);
    CLEANUP(cleanup_doc_free) struct doc *object = NULL;
    if (j->is_too_large)
        return CSV_FAULT_ROW_SIZE;
    if (line.len > 0 && memchr(line.ptr, 0, line.len) != NULL)
        return CSV_FAULT_NUL;
    if (doc_parse(line, CSV_ROW_MAX, &object, NULL) != ERR_OK || !doc_is_object(object))
        return CSV_FAULT_JSON;
    return read_cells(j, object);
}

static bool is_blank(const struct jsonl *j)
{
    for (size_t i = 0; i < j->text.len; i++)
        if (strchr(" \t\r", j->text.ptr[i]) == NULL || j->text.ptr[i] == '\0')
            return false;
    return !j->is_too_large;
}

static enum csv_event give_header(struct jsonl *j, struct csv_row *row)
{
    j->has_header = true;
    *row = (struct csv_row){.number = 0, .line = 1, .is_ended = true, .count = j->count,
                            .cells = j->columns};
    return CSV_ROW;
}

static enum csv_event give_line(struct jsonl *j, bool is_ended, struct csv_row *row)
{
    buf_reset(&j->values);
    enum csv_fault fault = read_line(j);
    *row = (struct csv_row){.number = j->line, .line = j->line, .is_ended = is_ended,
                            .fault = fault, .cells = j->cells,
                            .count = fault == CSV_FAULT_NONE ? j->count : 0};
    buf_reset(&j->text);
    j->is_too_large = false;
    return fault == CSV_FAULT_NONE ? CSV_ROW : CSV_BAD_ROW;
}

/* A whole line lies in text. False where it is blank, and passed over. */
static bool take_line(struct jsonl *j, bool is_ended, struct csv_row *row, enum csv_event *event)
{
    j->line++;
    if (is_blank(j)) {
        buf_reset(&j->text);
        return false;
    }
    if (j->has_header) {
        *event = give_line(j, is_ended, row);
        return true;
    }
    j->is_held = true;
    j->is_held_ended = is_ended;
    *event = give_header(j, row);
    return true;
}

static void append(struct jsonl *j, struct bytes part)
{
    if (j->text.len + part.len > CSV_ROW_MAX)
        j->is_too_large = true;
    else
        buf_put(&j->text, part);
}

static void skip_bom(struct jsonl *j)
{
    static const uint8_t bom[3] = {0xef, 0xbb, 0xbf};
    if (j->line == 0 && j->text.len >= sizeof bom && memcmp(j->text.ptr, bom, sizeof bom) == 0) {
        memmove(j->text.ptr, j->text.ptr + sizeof bom, j->text.len - sizeof bom);
        j->text.len -= sizeof bom;
    }
}

enum csv_event jsonl_next(struct jsonl *j, struct csv_row *row)
{
    enum csv_event event = CSV_END;
    if (j->is_held) {
        j->is_held = false;
        return give_line(j, j->is_held_ended, row);
    }
    while (j->in.len > 0) {
        const uint8_t *end = memchr(j->in.ptr, '\n', j->in.len);
        size_t n = end != NULL ? (size_t)(end - j->in.ptr) : j->in.len;
        append(j, bytes_of(j->in.ptr, n));
        n += end != NULL;
        j->in = bytes_of(j->in.ptr + n, j->in.len - n);
        if (end == NULL)
            continue;
        skip_bom(j);
        if (take_line(j, true, row, &event))
            return event;
    }
    if (!j->is_finished)
        return CSV_MORE;
    skip_bom(j);
    return (j->text.len > 0 || j->is_too_large) && take_line(j, false, row, &event) ? event : CSV_END;
}
