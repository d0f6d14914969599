#include "pki/cli/audit/csv_row.h"

#include <string.h>

#include "proto/base/text.h"
#include "proto/base/when.h"

#define LINE_END "\r\n"

static bool starts_formula(struct bytes text)
{
    return text.len > 0 && strchr("=+-@\t\r", text.ptr[0]) != NULL && text.ptr[0] != '\0';
}

static bool wants_quotes(struct bytes text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] <= ' ' || strchr(",;\"'", text.ptr[i]) != NULL)
            return true;
    return false;
}

void csv_put_cell(struct buf *out, struct bytes text)
{
    const bool is_formula = starts_formula(text);
    const bool is_quoted = is_formula || wants_quotes(text);
    if (is_quoted)
        buf_put_u8(out, '"');
    if (is_formula)
        buf_put_u8(out, '\'');
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '"')
            buf_put_u8(out, '"');
        buf_put_u8(out, text.ptr[i]);
    }
    if (is_quoted)
        buf_put_u8(out, '"');
}

void csv_put_head(struct buf *out)
{
    buf_put_str(out, "index,entry,time,event,decision,actor,staff,peer,rule,rule_version,policy_digest,reasons,"
                     "request,case,message,count" LINE_END);
}

static void put_text(struct buf *out, const char *text)
{
    buf_put_u8(out, ',');
    csv_put_cell(out, bytes_str(text));
}

static void put_number(struct buf *out, bool is_there, uint64_t n)
{
    buf_put_u8(out, ',');
    if (is_there)
        buf_printf(out, "%llu", (unsigned long long)n);
}

static void put_digest(struct buf *out, bool is_there, const struct digest *d)
{
    buf_put_u8(out, ',');
    if (is_there)
        text_put_hex(out, digest_bytes(d));
}

static void put_reasons(struct buf *out, const struct audit_body *b)
{
    CLEANUP(buf_free) struct buf list = buf_new(AUDIT_BODY_MAX);
    for (size_t i = 0; i < b->reasons_count; i++) {
        if (i > 0)
            buf_put_u8(&list, ' ');
        buf_put(&list, b->reasons[i]);
    }
    buf_put_u8(out, ',');
    csv_put_cell(out, buf_bytes(&list));
    buf_fail(out, buf_err(&list));
}

void csv_put_row(struct buf *out, const struct body_line *line, const struct audit_body *b)
{
    char ts[WHEN_TEXT_SIZE];
    when_text(b->ts, ts);
    buf_printf(out, "%llu,", (unsigned long long)line->index);
    text_put_hex(out, digest_bytes(&line->entry));
    put_text(out, ts);
    put_text(out, audit_event_id(b->event));
    put_text(out, b->decision == AUDIT_DECISION_NONE ? "" : audit_decision_id(b->decision));
    put_text(out, b->actor.oin);
    buf_put_u8(out, ',');
    csv_put_cell(out, b->staff);
    put_text(out, b->peer.oin);
    put_text(out, b->rule.s);
    put_number(out, b->rule.s[0] != '\0', b->rule_version);
    put_digest(out, b->has_policy_digest, &b->policy_digest);
    put_reasons(out, b);
    put_digest(out, b->has_request_ref, &b->request_ref);
    put_digest(out, b->has_case_ref, &b->case_ref);
    put_digest(out, b->has_message_ref, &b->message_ref);
    put_number(out, b->has_count, b->count);
    buf_put_str(out, LINE_END);
}
