/* A report as one HTML page: no script, nothing that is fetched. A count is a number and a bar of its length. */
#include "pki/cli/audit/report.h"
#include "proto/base/when.h"

static const char style[] =
    "body{font:16px/1.5 sans-serif;margin:2em auto;max-width:70em;padding:0 1em;color:#1a1a1a}"
    "table{border-collapse:collapse;margin:.5em 0 2em;width:100%}"
    "th,td{border-bottom:1px solid #bbb;padding:.25em .6em;text-align:left;vertical-align:top}"
    "td.n,th.n{text-align:right}.bar{background:#2a5d8f;height:.45em;margin-left:auto}"
    "tfoot td{font-weight:bold}caption{font-size:1.2em;text-align:left;font-weight:bold}";

static void put_escaped(struct buf *out, struct bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        const char c = (char)text.ptr[i];
        if (c == '&')
            buf_put_str(out, "&amp;");
        else if (c == '<')
            buf_put_str(out, "&lt;");
        else if (c == '>')
            buf_put_str(out, "&gt;");
        else if (c == '"')
            buf_put_str(out, "&quot;");
        else
            buf_put_u8(out, (uint8_t)c);
    }
}

static void put_both(struct buf *out, const char *nl, const char *en)
{
    put_escaped(out, bytes_str(nl));
    buf_put_str(out, "<br><span lang=\"en\">");
    put_escaped(out, bytes_str(en));
    buf_put_str(out, "</span>");
}

static void put_words(struct buf *out, const char *tag, const char *class, const struct report_words *w)
{
    buf_printf(out, "<%s%s>", tag, class);
    put_both(out, w->nl, w->en);
    buf_printf(out, "</%s>", tag);
}

/* The largest count of a column that is shown, so that no bar tells of one that is not. */
static uint64_t largest(const struct tally *t, unsigned column)
{
    uint64_t most = 1;
    for (size_t i = 0; i < t->count; i++)
        if (!t->rows[i].is_kept_back[column] && t->rows[i].n[column] > most)
            most = t->rows[i].n[column];
    return most;
}

static void put_cell(struct buf *out, const struct tally *t, const struct tally_row *row, unsigned column)
{
    if (row->is_kept_back[column]) {
        buf_put_str(out, "<td class=\"n\">*</td>");
        return;
    }
    const unsigned long long percent = 100 * row->n[column] / largest(t, column);
    buf_printf(out, "<td class=\"n\">%llu<div class=\"bar\" style=\"width:%llu%%\"></div></td>",
               (unsigned long long)row->n[column], percent);
}

static void put_row(const struct report_form *f, const struct tally *t, const struct tally_row *row, struct buf *out)
{
    buf_put_str(out, "<tr>");
    for (unsigned p = 0; p < report_key_parts(f); p++) {
        buf_put_str(out, "<td>");
        put_escaped(out, report_key_part(row->key, p));
        buf_put_str(out, "</td>");
    }
    for (unsigned c = 0; c < t->columns; c++)
        put_cell(out, t, row, c);
    buf_put_str(out, "</tr>\n");
}

static void put_totals(const struct report_form *f, const struct tally *t, struct buf *out)
{
    buf_printf(out, "<tfoot><tr><td colspan=\"%u\">totaal / <span lang=\"en\">total</span></td>", report_key_parts(f));
    for (unsigned c = 0; c < t->columns; c++) {
        uint64_t total = 0;
        if (tally_total(t, c, &total))
            buf_printf(out, "<td class=\"n\">%llu</td>", (unsigned long long)total);
        else
            buf_put_str(out, "<td class=\"n\">*</td>");
    }
    buf_put_str(out, "</tr></tfoot>");
}

static void put_table(const struct report_form *f, const struct tally *t, struct buf *out)
{
    buf_put_str(out, "<table>");
    put_words(out, "caption", "", &f->title);
    buf_put_str(out, "<thead><tr>");
    for (unsigned p = 0; p < report_key_parts(f); p++)
        put_words(out, "th", "", &f->key[p]);
    for (unsigned c = 0; c < t->columns; c++)
        put_words(out, "th", " class=\"n\"", &f->column[c]);
    buf_put_str(out, "</tr></thead>\n");
    if (!f->has_no_total)
        put_totals(f, t, out);
    buf_put_str(out, "<tbody>\n");
    for (size_t i = 0; i < t->count; i++)
        put_row(f, t, &t->rows[i], out);
    buf_put_str(out, "</tbody></table>\n");
}

static void put_annual(const struct annual *a, struct buf *out)
{
    buf_put_str(out, "<table><caption>");
    put_both(out, "In een jaarverslag", "For a yearly report");
    buf_put_str(out, "</caption><tbody>\n");
    for (unsigned i = 0; i < ANNUAL_COUNT; i++) {
        const struct annual_words *w = annual_item_words((enum annual_item)i);
        const struct annual_words *s = annual_state_words(a->state[i]);
        buf_put_str(out, "<tr><td>");
        put_both(out, w->nl, w->en);
        buf_put_str(out, "</td><td class=\"n\">");
        if (annual_is_shown(a->state[i]))
            buf_printf(out, "%llu ", (unsigned long long)a->n[i]);
        if (a->state[i] == ANNUAL_KEPT_BACK)
            buf_put_str(out, "*");
        else if (a->state[i] != ANNUAL_COUNTED)
            put_both(out, s->nl, s->en);
        buf_put_str(out, "</td></tr>\n");
    }
    buf_put_str(out, "</tbody></table>\n");
}

static void put_period(const struct report *r, struct buf *out)
{
    char from[WHEN_TEXT_SIZE];
    char to[WHEN_TEXT_SIZE];
    when_text(r->since_s, from);
    when_text(r->until_s, to);
    buf_printf(out, "<p>%s &ndash; %s. Regels: %llu; voor deze lezer onzichtbaar: %llu. <span lang=\"en\">Entries: %llu; not "
                    "visible to this reader: %llu.</span></p>",
               r->since_s == 0 ? "begin" : from, r->until_s == INT64_MAX ? "einde / end" : to,
               (unsigned long long)r->entries, (unsigned long long)r->hidden, (unsigned long long)r->entries,
               (unsigned long long)r->hidden);
    if (r->least > 1)
        buf_printf(out, "<p>* achtergehouden: 1 tot %llu, of om zo'n getal niet te verraden. <span lang=\"en\">Kept back: 1 to "
                        "%llu, or so that such a count cannot be computed.</span></p>",
                   (unsigned long long)r->least - 1, (unsigned long long)r->least - 1);
}

enum err report_put_html(const struct report *r, struct buf *out)
{
    buf_printf(out, "<!DOCTYPE html>\n<html lang=\"nl\"><head><meta charset=\"utf-8\"><title>Sluis: verslag van het "
                    "logboek</title><style>%s</style></head><body>\n<h1>Verslag van het logboek<br><span lang=\"en\">Report "
                    "of the audit log</span></h1>",
               style);
    put_period(r, out);
    put_annual(&r->annual, out);
    for (unsigned i = 0; i < REPORT_TABLE_COUNT; i++)
        put_table(&report_forms[i], &r->tables[i], out);
    buf_put_str(out, "</body></html>\n");
    return buf_err(out);
}
