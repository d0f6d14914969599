#include "agent/source/row_reader.h"

#include <stdlib.h>

#include "agent/source/charset.h"
#include "agent/source/csv.h"
#include "agent/source/field_value.h"
#include "agent/source/jsonl.h"
#include "agent/source/key_set.h"
#include "proto/base/text.h"

/* Windows-1252 grows to three bytes at most; field values are not longer than what they came from.
 */
#define SCRATCH_BYTES ((size_t)4 * CSV_ROW_MAX)

struct row_reader {
    struct row_reader_params p;
    struct csv *csv; /* or jsonl, as the mapping says; the other is NULL */
    struct jsonl *jsonl;
    struct charset *charset;
    struct key_set *keys;
    struct row_plan plan;
    bool has_plan;
    struct row_counts counts;
    struct buf scratch; /* fixed; holds what the row at hand became */
    struct norm_ident idents[ROW_IDENTIFIERS_MAX];
    size_t idents_count;
    struct bytes fields[ROW_FIELDS_MAX];
    uint8_t storage[SCRATCH_BYTES];
};

/* The row at hand, on its way to a record. */
struct work {
    struct row_reader *r;
    const struct csv_row *row;
    const char *column; /* what a reject would name */
};

static bool open_rows(struct row_reader *r)
{
    struct bytes columns[CSV_COLUMNS_MAX];
    const struct mapping *m = r->p.mapping;
    if (m->source.format == MAPPING_CSV)
        return (r->csv = csv_new(m->source.delimiter)) != NULL;
    size_t count = row_plan_columns(m, columns);
    return (r->jsonl = jsonl_new(columns, count)) != NULL;
}

struct row_reader *row_reader_new(const struct row_reader_params *params)
{
    CLEANUP(cleanup_row_reader_free) struct row_reader *r = calloc(1, sizeof *r);
    if (r == NULL)
        return NULL;
    r->p = *params;
    if (!open_rows(r))
        return NULL;
    r->charset = charset_new(params->mapping->source.encoding);
    if (params->sha256 != NULL)
        r->keys = key_set_new(params->sha256);
    r->scratch = buf_fixed(r->storage, sizeof r->storage);
    if (r->charset == NULL || (params->sha256 != NULL && r->keys == NULL))
        return NULL;
    return take(r);
}

static void wipe_row(struct row_reader *r)
{
    explicit_bzero(r->storage, r->scratch.len);
    buf_reset(&r->scratch);
    for (size_t i = 0; i < r->idents_count; i++)
        ident_wipe(&r->idents[i]);
    r->idents_count = 0;
}

void row_reader_free(struct row_reader *r)
{
    if (r == NULL)
        return;
    if (r->scratch.ptr != NULL)
        wipe_row(r);
    csv_free(r->csv);
    jsonl_free(r->jsonl);
    charset_free(r->charset);
    key_set_free(r->keys);
    free(r);
}

void row_reader_feed(struct row_reader *r, struct bytes chunk)
{
    if (r->csv != NULL)
        csv_feed(r->csv, chunk);
    else
        jsonl_feed(r->jsonl, chunk);
}

void row_reader_finish(struct row_reader *r)
{
    if (r->csv != NULL)
        csv_finish(r->csv);
    else
        jsonl_finish(r->jsonl);
}

const struct row_counts *row_reader_counts(const struct row_reader *r)
{
    return &r->counts;
}

/* ---- rejects ---- */

static void tell(const struct work *w, const char *reason, enum reject_scope scope)
{
    struct reject reject = {
        .row = w->row->number, .column = w->column, .reason = reason, .scope = scope};
    if (w->r->p.reject != NULL)
        w->r->p.reject(w->r->p.ctx, &reject);
}

static void reject_row(struct work *w, enum row_reason reason)
{
    w->r->counts.rejected[reason]++;
    tell(w, row_reason_id(reason), REJECT_ROW);
}

static enum row_reason reason_of_fault(enum csv_fault fault)
{
    switch (fault) {
    case CSV_FAULT_NONE:
        break;
    case CSV_FAULT_NUL:
        return ROW_REASON_NUL_BYTE;
    case CSV_FAULT_UNCLOSED_QUOTE:
        return ROW_REASON_UNCLOSED_QUOTE;
    case CSV_FAULT_STRAY_QUOTE:
        return ROW_REASON_STRAY_QUOTE;
    case CSV_FAULT_LINE_END:
        return ROW_REASON_BAD_LINE_END;
    case CSV_FAULT_CELL_SIZE:
        return ROW_REASON_CELL_TOO_LARGE;
    case CSV_FAULT_ROW_SIZE:
        return ROW_REASON_ROW_TOO_LARGE;
    case CSV_FAULT_COLUMNS:
        return ROW_REASON_TOO_MANY_COLUMNS;
    case CSV_FAULT_JSON:
        return ROW_REASON_NOT_JSON;
    }
    return ROW_REASON_NONE;
}

/* ---- cells ---- */

/* A cell as trimmed UTF-8; the empty view for an empty cell and for a null token. */
static bool read_cell(const struct work *w, size_t cell, struct bytes *out)
{
    const struct mapping *m = w->r->p.mapping;
    struct bytes text;
    if (charset_convert(w->r->charset, w->row->cells[cell], &w->r->scratch, &text) != ERR_OK)
        return false;
    text = field_trim(text);
    for (uint32_t i = 0; i < m->null_tokens_count; i++)
        if (bytes_is(text, m->null_tokens[i]))
            text.len = 0;
    *out = text;
    return true;
}

/* ---- header and trailer ---- */

static enum err read_header(struct row_reader *r, const struct csv_row *row, struct errmsg *why)
{
    struct bytes names[CSV_COLUMNS_MAX];
    struct work w = {.r = r, .row = row};
    for (size_t i = 0; i < row->count; i++)
        if (!read_cell(&w, i, &names[i]))
            return errmsg_set(why, ERR_INVALID,
                              "the header has bytes that are not %s: is the encoding right?",
                              mapping_encoding_id(r->p.mapping->source.encoding));
    enum err bad = row_plan_bind(r->p.mapping, names, row->count, &r->plan, why);
    r->has_plan = bad == ERR_OK;
    return bad;
}

static bool is_trailer(const struct row_reader *r, const struct csv_row *row)
{
    const struct mapping_trailer *t = r->p.mapping->source.trailer;
    return t != NULL && bytes_is(field_trim(row->cells[0]), t->marker);
}

static void read_trailer(struct row_reader *r, const struct csv_row *row)
{
    const struct mapping_trailer *t = r->p.mapping->source.trailer;
    uint64_t n = 0;
    bool fits = t->count_column <= row->count &&
                text_get_u64(field_trim(row->cells[t->count_column - 1]), UINT64_MAX, &n) == ERR_OK;
    r->counts.trailer_found = true;
    if (!fits || n != r->counts.rows)
        r->counts.is_cut_off = true;
}

/* ---- identifiers ---- */

static void count_warnings(struct type_counts *counts, uint32_t warnings)
{
    for (unsigned bit = 0; bit < IDENT_WARN_COUNT; bit++)
        counts->warnings[bit] += (warnings >> bit) & 1u;
}

static bool is_present(const struct row_reader *r, const struct norm_ident *id)
{
    for (size_t i = 0; i < r->idents_count; i++)
        if (ident_equal(&r->idents[i], id))
            return true;
    return false;
}

/* Reads the cells of one identifier; *is_empty where none holds anything. */
static enum row_reason gather(struct work *w, size_t at, struct raw_ident *raw, bool *is_empty)
{
    const struct row_plan_identifier *plan = &w->r->plan.identifiers[at];
    *raw = (struct raw_ident){.type = w->r->p.mapping->identifiers[at].type, .count = plan->count};
    *is_empty = true;
    for (size_t i = 0; i < plan->count; i++) {
        if (plan->cell[i] == ROW_NO_CELL)
            continue;
        if (!read_cell(w, plan->cell[i], &raw->part[i]))
            return ROW_REASON_BAD_ENCODING;
        *is_empty = *is_empty && raw->part[i].len == 0;
    }
    return ROW_REASON_NONE;
}

/* The column that a refused part came from. */
static const char *column_of(const struct mapping_identifier *d, size_t part)
{
    if (d->column != NULL)
        return d->column;
    for (size_t i = 0; i < d->parts_count; i++)
        if (strcmp(d->parts[i].part.s, ident_part_name(d->type, part)) == 0)
            return d->parts[i].column;
    return d->parts[0].column;
}

/* Normalises one identifier into the record, or tells why not. */
static enum err keep_identifier(struct work *w, const struct mapping_identifier *d,
                                const struct raw_ident *raw, bool *is_kept)
{
    struct row_reader *r = w->r;
    struct type_counts *counts = &r->counts.types[d->type];
    struct ident_report report;
    struct norm_ident *id = &r->idents[r->idents_count];
    enum err bad = ident_normalise(raw, id, &report);
    if (bad != ERR_OK && bad != ERR_INVALID)
        return bad;
    counts->read++;
    *is_kept = bad == ERR_OK;
    if (bad == ERR_INVALID) {
        counts->rejected[report.reason]++;
        w->column = column_of(d, report.part);
        tell(w, ident_reason_id(report.reason), REJECT_IDENTIFIER);
        return ERR_OK;
    }
    count_warnings(counts, report.warnings);
    if (is_present(r, id)) {
        counts->duplicates++;
        ident_wipe(id);
        return ERR_OK;
    }
    counts->accepted++;
    counts->normalised += report.changed;
    r->idents_count++;
    return ERR_OK;
}

static enum err read_identifiers(struct work *w, enum row_reason *reason)
{
    const struct mapping *m = w->r->p.mapping;
    for (size_t i = 0; i < m->identifiers_count && *reason == ROW_REASON_NONE; i++) {
        const struct mapping_identifier *d = &m->identifiers[i];
        struct raw_ident raw;
        bool is_empty;
        bool is_kept = false;
        w->column = column_of(d, 0);
        *reason = gather(w, i, &raw, &is_empty);
        if (*reason != ROW_REASON_NONE)
            break;
        enum err bad = is_empty ? ERR_OK : keep_identifier(w, d, &raw, &is_kept);
        if (bad != ERR_OK)
            return bad;
        if (!is_kept && d->required)
            *reason = ROW_REASON_MISSING_IDENTIFIER;
    }
    if (*reason == ROW_REASON_NONE && w->r->idents_count == 0) {
        w->column = "";
        *reason = ROW_REASON_NO_IDENTIFIER;
    }
    return ERR_OK;
}

/* ---- fields ---- */

static enum row_reason reason_of_kind(enum mapping_kind kind)
{
    switch (kind) {
    case MAPPING_TEXT:
        return ROW_REASON_BAD_ENCODING;
    case MAPPING_DATE:
        return ROW_REASON_BAD_DATE;
    case MAPPING_NUMBER:
        return ROW_REASON_BAD_NUMBER;
    case MAPPING_BOOL:
        return ROW_REASON_BAD_BOOL;
    }
    return ROW_REASON_BAD_ENCODING;
}

static enum row_reason read_field(struct work *w, size_t at)
{
    struct row_reader *r = w->r;
    const struct mapping_field *f = &r->p.mapping->fields[at];
    struct bytes text;
    w->column = f->column;
    if (!read_cell(w, r->plan.fields[at], &text))
        return ROW_REASON_BAD_ENCODING;
    r->fields[at] = bytes_of(r->storage, 0);
    if (text.len == 0)
        return f->required ? ROW_REASON_MISSING_FIELD : ROW_REASON_NONE;
    size_t from = r->scratch.len;
    if (field_value(f, r->p.mapping->source.decimal, text, &r->scratch) == ERR_OK) {
        r->fields[at] = bytes_of(r->storage + from, r->scratch.len - from);
        return ROW_REASON_NONE;
    }
    enum row_reason reason = reason_of_kind(f->kind);
    if (f->required)
        return reason;
    r->scratch.len = from;
    r->scratch.err = ERR_OK;
    r->counts.fields_rejected++;
    tell(w, row_reason_id(reason), REJECT_FIELD);
    return ROW_REASON_NONE;
}

static enum row_reason read_fields(struct work *w)
{
    for (size_t i = 0; i < w->r->p.mapping->fields_count; i++) {
        enum row_reason reason = read_field(w, i);
        if (reason != ROW_REASON_NONE)
            return reason;
    }
    return ROW_REASON_NONE;
}

/* ---- key and category ---- */

static enum row_reason read_key(struct work *w, struct bytes *key)
{
    w->column = w->r->p.mapping->record_key;
    if (!read_cell(w, w->r->plan.key, key))
        return ROW_REASON_BAD_ENCODING;
    if (key->len == 0)
        return ROW_REASON_EMPTY_KEY;
    return key->len > ROW_KEY_MAX ? ROW_REASON_KEY_TOO_LONG : ROW_REASON_NONE;
}

static enum row_reason read_category(struct work *w, const struct name **out)
{
    const struct mapping_category *g = &w->r->p.mapping->category;
    *out = &g->constant;
    if (w->r->plan.category == ROW_NO_CELL)
        return ROW_REASON_NONE;
    struct bytes text;
    w->column = g->column;
    if (!read_cell(w, w->r->plan.category, &text))
        return ROW_REASON_BAD_ENCODING;
    for (uint32_t i = 0; i < g->values_count; i++) {
        if (!bytes_is(text, g->values[i].from))
            continue;
        *out = &g->values[i].category;
        return ROW_REASON_NONE;
    }
    return ROW_REASON_UNKNOWN_CATEGORY;
}

/* ---- rows ---- */

/* What is wrong with the row before its cells are looked at. */
static enum row_reason check_shape(struct work *w)
{
    const struct row_reader *r = w->r;
    if (r->counts.trailer_found)
        return ROW_REASON_BEHIND_TRAILER;
    if (!w->row->is_ended && !r->p.mapping->source.final_newline_optional)
        return ROW_REASON_CUT_OFF;
    if (w->row->count != r->plan.columns)
        return w->row->is_ended ? ROW_REASON_COLUMN_COUNT : ROW_REASON_CUT_OFF;
    return ROW_REASON_NONE;
}

/* The first row with a key counts: a second one is told, whatever became of the first. */
static enum err check_key(struct work *w, struct bytes key, enum row_reason *reason)
{
    bool is_new = true;
    if (w->r->keys == NULL)
        return ERR_OK;
    enum err bad = key_set_add(w->r->keys, key, &is_new);
    if (bad == ERR_OK && !is_new) {
        w->column = w->r->p.mapping->record_key;
        *reason = ROW_REASON_DUPLICATE_KEY;
    }
    return bad;
}

static enum err read_record(struct work *w, struct row_record *rec, enum row_reason *reason)
{
    *reason = check_shape(w);
    if (*reason == ROW_REASON_NONE)
        *reason = read_key(w, &rec->key);
    if (*reason == ROW_REASON_NONE)
        *reason = read_category(w, &rec->category);
    enum err bad = ERR_OK;
    if (*reason == ROW_REASON_NONE)
        bad = check_key(w, rec->key, reason);
    if (bad == ERR_OK && *reason == ROW_REASON_NONE)
        bad = read_identifiers(w, reason);
    if (bad == ERR_OK && *reason == ROW_REASON_NONE)
        *reason = read_fields(w);
    return bad;
}

/* One row behind the header: a record, or a reject. */
static enum err take_row(struct row_reader *r, const struct csv_row *row, struct row_record *out,
                         bool *is_record)
{
    struct work w = {.r = r, .row = row, .column = ""};
    struct row_record rec = {.row = row->number};
    enum row_reason reason;
    *is_record = false;
    if (row->fault == CSV_FAULT_NONE && !r->counts.trailer_found && is_trailer(r, row)) {
        read_trailer(r, row);
        return ERR_OK;
    }
    r->counts.rows++;
    reason = reason_of_fault(row->fault);
    if (reason != ROW_REASON_NONE)
        w.column = row_plan_column(&r->plan, r->p.mapping, row->fault_cell - 1);
    enum err bad = reason == ROW_REASON_NONE ? read_record(&w, &rec, &reason) : ERR_OK;
    if (bad != ERR_OK)
        return bad;
    if (reason == ROW_REASON_CUT_OFF || reason == ROW_REASON_UNCLOSED_QUOTE ||
        reason == ROW_REASON_BEHIND_TRAILER ||
        (reason == ROW_REASON_NOT_JSON && !row->is_ended))
        r->counts.is_cut_off = true;
    if (reason != ROW_REASON_NONE) {
        reject_row(&w, reason);
        return ERR_OK;
    }
    rec.identifiers = r->idents;
    rec.identifiers_count = r->idents_count;
    rec.fields = r->fields;
    rec.fields_count = r->p.mapping->fields_count;
    r->counts.accepted++;
    *out = rec;
    *is_record = true;
    return ERR_OK;
}

static enum err take_header(struct row_reader *r, const struct csv_row *row, struct errmsg *why)
{
    if (row->fault == CSV_FAULT_NONE)
        return read_header(r, row, why);
    const char *hint = row->fault == CSV_FAULT_NUL ? " (is it UTF-16?)" : "";
    return errmsg_set(why, ERR_INVALID, "the header cannot be read: %s%s",
                      row_reason_id(reason_of_fault(row->fault)), hint);
}

static enum err end_source(struct row_reader *r, struct errmsg *why)
{
    if (!r->has_plan)
        return errmsg_set(why, ERR_INVALID, "the source is empty: not even a header or a line");
    if (r->p.mapping->source.trailer != NULL && !r->counts.trailer_found)
        r->counts.is_cut_off = true;
    return ERR_OK;
}

enum err row_reader_next(struct row_reader *r, enum row_event *event, struct row_record *out,
                         struct errmsg *why)
{
    for (;;) {
        struct csv_row row;
        bool is_record = false;
        wipe_row(r);
        enum csv_event e = r->csv != NULL ? csv_next(r->csv, &row) : jsonl_next(r->jsonl, &row);
        if (e == CSV_MORE || e == CSV_END) {
            *event = e == CSV_MORE ? ROW_MORE : ROW_END;
            return e == CSV_MORE ? ERR_OK : end_source(r, why);
        }
        enum err bad = r->has_plan ? take_row(r, &row, out, &is_record) : take_header(r, &row, why);
        if (bad != ERR_OK)
            return bad;
        *event = ROW_RECORD;
        if (is_record)
            return ERR_OK;
    }
}
