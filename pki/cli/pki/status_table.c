#include "pki/cli/pki/status_table.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "proto/base/text.h"
#include "proto/base/when.h"
#include "proto/json/json_writer.h"

#define ROWS_FIRST 64
#define TEXT_MAX_BYTES 1024
#define SHORT_BYTES 8
#define DAY_S INT64_C(86400)

static const char *const words[] = {"ok", "soon", "NOW"};

enum err status_add(struct status_table *t, const struct status_row *row)
{
    if (row->kind == NULL || row->who == NULL || row->version == NULL || row->state == NULL ||
        row->next == NULL)
        return ERR_NOMEM;
    if (t->count == t->room) {
        const size_t room = t->room == 0 ? ROWS_FIRST : 2 * t->room;
        struct status_row *rows = arena_array(t->w->arena, room, sizeof *rows);
        if (rows == NULL)
            return ERR_NOMEM;
        if (t->count > 0)
            memcpy(rows, t->rows, t->count * sizeof *rows);
        t->rows = rows;
        t->room = room;
    }
    t->rows[t->count++] = *row;
    return ERR_OK;
}

const char *status_text(struct work *w, const char *fmt, ...)
{
    char text[TEXT_MAX_BYTES];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    return arena_text(w->arena, bytes_str(text));
}

enum err status_put_deal(struct work *w, struct status_row *row, const struct deal *d)
{
    const char **oins = arena_array(w->arena, d->participant_count, sizeof *oins);
    if (oins == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < d->participant_count; i++) {
        oins[i] = arena_text(w->arena, bytes_str(d->participants[i].id.oin));
        if (oins[i] == NULL)
            return ERR_NOMEM;
    }
    row->dealt_to = oins;
    row->dealt_to_count = d->participant_count;
    return ERR_OK;
}

const char *status_fingerprint(struct work *w, const struct digest *d)
{
    char hex[2 * SHORT_BYTES + 1] = "";
    struct buf b = buf_fixed(hex, sizeof hex - 1);
    text_put_hex(&b, bytes_of(d->b, SHORT_BYTES));
    return status_text(w, "sha256:%s", hex);
}

const char *status_who(struct work *w, const struct agency_id *oin, const struct name *staff)
{
    const bool is_person = staff != NULL && staff->s[0] != '\0';
    return status_text(w, "%s%s%s", oin->oin, is_person ? " " : "", is_person ? staff->s : "");
}

struct status_row status_of_ending(struct work *w, const struct ending *e, const char *next)
{
    const int grade = ending_grade(e, w->now_s);
    return (struct status_row){.kind = ending_kind_id(e->kind),
                               .who = status_who(w, &e->oin, &e->staff),
                               .version = status_fingerprint(w, &e->id),
                               .state = w->now_s >= e->end_s ? "over" : "in use",
                               .until_s = e->end_s,
                               .grade = grade,
                               .next = grade == 0 ? "" : next};
}

int status_grade(const struct status_table *t)
{
    int grade = 0;
    for (size_t i = 0; i < t->count; i++)
        grade = t->rows[i].grade > grade ? t->rows[i].grade : grade;
    return grade;
}

static void put_text(struct buf *out, const struct status_row *r, int64_t now_s)
{
    char when[WHEN_TEXT_SIZE];
    buf_printf(out, "%-5s%-11s%-32s%-26s %-13s", words[r->grade], r->kind, r->who, r->version, r->state);
    when_text(r->until_s, when);
    if (r->until_s != 0 && r->until_s > now_s)
        buf_printf(out, "%s, %lld days", when, (long long)((r->until_s - now_s) / DAY_S));
    else if (r->until_s != 0)
        buf_printf(out, "ended %s", when);
    buf_put_str(out, "\n");
    for (size_t i = 0; i < r->dealt_to_count; i++)
        buf_printf(out, "%s%s%s", i == 0 ? "     dealt to: " : ", ", r->dealt_to[i], i + 1 < r->dealt_to_count ? "" : "\n");
    if (r->next[0] != '\0')
        buf_printf(out, "     next: %s\n", r->next);
}

static void put_json(struct json_writer *j, const struct status_row *r, int64_t now_s)
{
    char when[WHEN_TEXT_SIZE];
    json_put_object(j, NULL);
    json_put_str(j, "kind", r->kind);
    json_put_str(j, "who", r->who);
    json_put_str(j, "version", r->version);
    json_put_str(j, "state", r->state);
    when_text(r->until_s, when);
    if (r->until_s != 0) {
        json_put_str(j, "until", when);
        json_put_int(j, "days_left", r->until_s > now_s ? (r->until_s - now_s) / DAY_S : 0);
    }
    json_put_int(j, "grade", r->grade);
    if (r->dealt_to_count > 0) {
        json_put_array(j, "dealt_to");
        for (size_t i = 0; i < r->dealt_to_count; i++)
            json_put_str(j, NULL, r->dealt_to[i]);
        json_put_end(j);
    }
    if (r->next[0] != '\0')
        json_put_str(j, "next", r->next);
    json_put_end(j);
}

static enum err show_json(const struct status_table *t)
{
    struct json_writer j = json_writer_of(&t->w->out);
    json_put_object(&j, NULL);
    json_put_int(&j, "grade", status_grade(t));
    json_put_array(&j, "rows");
    for (size_t i = 0; i < t->count; i++)
        put_json(&j, &t->rows[i], t->w->now_s);
    json_put_end(&j);
    json_put_end(&j);
    buf_put_str(&t->w->out, "\n");
    return json_writer_done(&j);
}

enum err status_show(const struct status_table *t)
{
    struct buf *out = &t->w->out;
    size_t by_grade[ARRAY_LEN(words)] = {0};
    if (t->w->o->json)
        return show_json(t);
    buf_printf(out, "%-5s%-11s%-32s%-26s %-13s%s\n", "", "key", "whose", "version", "state", "until");
    for (size_t i = 0; i < t->count; i++) {
        put_text(out, &t->rows[i], t->w->now_s);
        by_grade[t->rows[i].grade]++;
    }
    buf_printf(out, "%zu fine, %zu soon, %zu now\n", by_grade[0], by_grade[1], by_grade[2]);
    return buf_err(out);
}
