/* A report as text for people, and as JSON for programs. */
#include "pki/cli/audit/report.h"
#include "proto/base/when.h"
#include "proto/json/json_writer.h"

static void put_time(struct buf *out, int64_t at_s, int64_t open, const char *text)
{
    char at[WHEN_TEXT_SIZE];
    when_text(at_s, at);
    buf_put_str(out, at_s == open ? text : at);
}

static void put_head(const struct report *r, struct buf *out)
{
    buf_put_str(out, "Verslag van het logboek / report of the audit log\n  van / from          ");
    put_time(out, r->since_s, 0, "het begin / the beginning");
    buf_put_str(out, "\n  tot / until         ");
    put_time(out, r->until_s, INT64_MAX, "het einde / the end");
    buf_printf(out, "\n  regels / entries    %llu\n  onzichtbaar / not visible to this reader  %llu\n",
               (unsigned long long)r->entries, (unsigned long long)r->hidden);
    if (r->least > 1)
        buf_printf(out, "  *  achtergehouden: 1 tot %llu, of om zo'n getal niet te verraden / kept back: 1 to %llu, or "
                        "so that such a count cannot be computed\n",
                   (unsigned long long)r->least - 1, (unsigned long long)r->least - 1);
}

static void put_cell(struct buf *out, bool is_shown, uint64_t n)
{
    if (is_shown)
        buf_printf(out, " %9llu", (unsigned long long)n);
    else
        buf_printf(out, " %9s", "*");
}

static void put_row(const struct report_form *f, const struct tally *t, const struct tally_row *row, struct buf *out)
{
    for (unsigned p = 0; p < report_key_parts(f); p++) {
        const struct bytes part = report_key_part(row->key, p);
        buf_printf(out, "  %-26.*s", (int)part.len, (const char *)part.ptr);
    }
    for (unsigned c = 0; c < t->columns; c++)
        put_cell(out, !row->is_kept_back[c], row->n[c]);
    buf_put_str(out, "\n");
}

static void put_totals(const struct report_form *f, const struct tally *t, struct buf *out)
{
    for (unsigned p = 0; p < report_key_parts(f); p++)
        buf_printf(out, "  %-26s", p == 0 ? "totaal / total" : "");
    for (unsigned c = 0; c < t->columns; c++) {
        uint64_t total = 0;
        const bool is_shown = tally_total(t, c, &total);
        put_cell(out, is_shown, total);
    }
    buf_put_str(out, "\n");
}

static void put_table(const struct report_form *f, const struct tally *t, struct buf *out)
{
    buf_printf(out, "\n%s / %s\n", f->title.nl, f->title.en);
    for (unsigned c = 0; t->columns > 1 && c < t->columns; c++)
        buf_printf(out, "  %u  %s / %s\n", c + 1, f->column[c].nl, f->column[c].en);
    for (unsigned p = 0; p < report_key_parts(f); p++)
        buf_printf(out, "  %-26s", f->key[p].en);
    for (unsigned c = 0; c < t->columns; c++)
        buf_printf(out, " %9u", c + 1);
    buf_put_str(out, "\n");
    for (size_t i = 0; i < t->count; i++)
        put_row(f, t, &t->rows[i], out);
    if (!f->has_no_total)
        put_totals(f, t, out);
}

static void put_annual(const struct annual *a, struct buf *out)
{
    buf_put_str(out, "\nIn een jaarverslag / for a yearly report\n");
    for (unsigned i = 0; i < ANNUAL_COUNT; i++) {
        const struct annual_words *w = annual_item_words((enum annual_item)i);
        const struct annual_words *s = annual_state_words(a->state[i]);
        if (annual_is_shown(a->state[i]))
            buf_printf(out, "  %9llu  ", (unsigned long long)a->n[i]);
        else
            buf_printf(out, "  %9s  ", a->state[i] == ANNUAL_KEPT_BACK ? "*" : "-");
        buf_printf(out, "%s / %s", w->nl, w->en);
        if (a->state[i] != ANNUAL_COUNTED && a->state[i] != ANNUAL_KEPT_BACK)
            buf_printf(out, ": %s / %s", s->nl, s->en);
        buf_put_str(out, "\n");
    }
}

enum err report_put_text(const struct report *r, struct buf *out)
{
    put_head(r, out);
    put_annual(&r->annual, out);
    for (unsigned i = 0; i < REPORT_TABLE_COUNT; i++)
        put_table(&report_forms[i], &r->tables[i], out);
    return buf_err(out);
}

static void put_json_row(const struct report_form *f, const struct tally *t, const struct tally_row *row,
                         struct json_writer *w)
{
    json_put_object(w, NULL);
    for (unsigned p = 0; p < report_key_parts(f); p++)
        json_put_text(w, f->key[p].id, report_key_part(row->key, p));
    for (unsigned c = 0; c < t->columns; c++) {
        if (row->is_kept_back[c])
            json_put_null(w, f->column[c].id);
        else
            json_put_uint(w, f->column[c].id, row->n[c]);
    }
    json_put_end(w);
}

static void put_json_annual(const struct annual *a, struct json_writer *w)
{
    json_put_array(w, "annual");
    for (unsigned i = 0; i < ANNUAL_COUNT; i++) {
        json_put_object(w, NULL);
        json_put_str(w, "item", annual_item_words((enum annual_item)i)->id);
        json_put_str(w, "state", annual_state_words(a->state[i])->id);
        if (annual_is_shown(a->state[i]))
            json_put_uint(w, "number", a->n[i]);
        else
            json_put_null(w, "number");
        json_put_end(w);
    }
    json_put_end(w);
}

enum err report_put_json(const struct report *r, struct buf *out)
{
    char at[WHEN_TEXT_SIZE];
    struct json_writer w = json_writer_of(out);
    json_put_object(&w, NULL);
    when_text(r->since_s, at);
    json_put_str(&w, "since", r->since_s == 0 ? "" : at);
    when_text(r->until_s, at);
    json_put_str(&w, "until", r->until_s == INT64_MAX ? "" : at);
    json_put_uint(&w, "entries", r->entries);
    json_put_uint(&w, "hidden", r->hidden);
    json_put_uint(&w, "kept_back_below", r->least);
    json_put_str(&w, "log", r->annual.is_own ? "own" : "broker");
    put_json_annual(&r->annual, &w);
    for (unsigned i = 0; i < REPORT_TABLE_COUNT; i++) {
        json_put_array(&w, report_forms[i].title.id);
        for (size_t k = 0; k < r->tables[i].count; k++)
            put_json_row(&report_forms[i], &r->tables[i], &r->tables[i].rows[k], &w);
        json_put_end(&w);
    }
    json_put_end(&w);
    buf_put_str(out, "\n");
    return json_writer_done(&w);
}
