#include "agent/source/reject.h"

#include <inttypes.h>

static const char *const ids[] = {
    [ROW_REASON_NONE] = "",
    [ROW_REASON_NUL_BYTE] = "nul_byte",
    [ROW_REASON_UNCLOSED_QUOTE] = "unclosed_quote",
    [ROW_REASON_STRAY_QUOTE] = "stray_quote",
    [ROW_REASON_BAD_LINE_END] = "bad_line_end",
    [ROW_REASON_CELL_TOO_LARGE] = "cell_too_large",
    [ROW_REASON_ROW_TOO_LARGE] = "row_too_large",
    [ROW_REASON_TOO_MANY_COLUMNS] = "too_many_columns",
    [ROW_REASON_NOT_JSON] = "not_json",
    [ROW_REASON_COLUMN_COUNT] = "column_count",
    [ROW_REASON_BAD_ENCODING] = "bad_encoding",
    [ROW_REASON_CUT_OFF] = "cut_off",
    [ROW_REASON_BEHIND_TRAILER] = "behind_trailer",
    [ROW_REASON_EMPTY_KEY] = "empty_key",
    [ROW_REASON_KEY_TOO_LONG] = "key_too_long",
    [ROW_REASON_DUPLICATE_KEY] = "duplicate_key",
    [ROW_REASON_UNKNOWN_CATEGORY] = "unknown_category",
    [ROW_REASON_MISSING_IDENTIFIER] = "missing_identifier",
    [ROW_REASON_NO_IDENTIFIER] = "no_identifier",
    [ROW_REASON_MISSING_FIELD] = "missing_field",
    [ROW_REASON_BAD_DATE] = "bad_date",
    [ROW_REASON_BAD_NUMBER] = "bad_number",
    [ROW_REASON_BAD_BOOL] = "bad_bool",
};
_Static_assert(ARRAY_LEN(ids) == ROW_REASON_COUNT, "an id for each reason");

const char *row_reason_id(enum row_reason r)
{
    return (unsigned)r < ARRAY_LEN(ids) ? ids[r] : "?";
}

static const char *scope_id(enum reject_scope s)
{
    switch (s) {
    case REJECT_ROW:
        return "row";
    case REJECT_IDENTIFIER:
        return "identifier";
    case REJECT_FIELD:
        return "field";
    }
    return "?";
}

static void put_cell(struct buf *out, const char *text)
{
    buf_put_u8(out, '"');
    if (text[0] != '\0' && strchr("=+-@\t", text[0]) != NULL)
        buf_put_u8(out, '\'');
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '"')
            buf_put_u8(out, '"');
        buf_put_u8(out, (uint8_t)*c);
    }
    buf_put_u8(out, '"');
}

void reject_report_header(struct buf *out)
{
    buf_put_str(out, "row,column,reason,left_out\r\n");
}

void reject_report_line(struct buf *out, const struct reject *r)
{
    buf_printf(out, "%" PRIu64 ",", r->row);
    put_cell(out, r->column);
    buf_printf(out, ",%s,%s\r\n", r->reason, scope_id(r->scope));
}
