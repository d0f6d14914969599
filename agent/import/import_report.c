/* What an import found and did, as a document. No value, no record key: numbers only. */
#include <stdlib.h>

#include "agent/import/importer_internal.h"

/* {"reason": n} for every n that is not 0. */
struct tally {
    const uint64_t *counts;
    size_t count;
    const char *(*name)(size_t i);
};

static struct doc *tally_doc(struct tally t)
{
    struct doc *d = doc_new_object();
    struct doc_build b = doc_build_of(d);
    for (size_t i = 0; i < t.count; i++)
        if (t.counts[i] != 0)
            doc_put_int(&b, t.name(i), (int64_t)t.counts[i]);
    if (doc_build_done(&b) == ERR_OK)
        return d;
    doc_free(d);
    return NULL;
}

static const char *row_name(size_t i)
{
    return row_reason_id((enum row_reason)i);
}

static const char *ident_name(size_t i)
{
    return ident_reason_id((enum ident_reason)i);
}

static const char *condition_name(size_t i)
{
    return condition_id((enum condition)i);
}

static struct doc *type_doc(enum ident_type type, const struct type_counts *t)
{
    struct doc *d = doc_new_object();
    struct doc_build b = doc_build_of(d);
    doc_put_str(&b, "type", ident_type_id(type));
    doc_put_int(&b, "read", (int64_t)t->read);
    doc_put_int(&b, "accepted", (int64_t)t->accepted);
    doc_put_int(&b, "normalised", (int64_t)t->normalised);
    doc_put_int(&b, "duplicates", (int64_t)t->duplicates);
    doc_put_doc(&b, "rejected",
                tally_doc((struct tally){t->rejected, IDENT_REASON_COUNT, ident_name}));
    if (doc_build_done(&b) == ERR_OK)
        return d;
    doc_free(d);
    return NULL;
}

static struct doc *types_doc(const struct row_counts *c)
{
    struct doc *list = doc_new_array();
    enum err bad = list != NULL ? ERR_OK : ERR_NOMEM;
    for (int t = 1; bad == ERR_OK && t < IDENT_TYPE_COUNT; t++)
        if (c->types[t].read > 0)
            bad = doc_append(list, type_doc((enum ident_type)t, &c->types[t]));
    if (bad == ERR_OK)
        return list;
    doc_free(list);
    return NULL;
}

/* What kept records out, by the first condition that failed, all purposes together. */
static struct doc *kept_out_doc(const struct reading *r)
{
    uint64_t sum[CONDITION_COUNT] = {0};
    for (size_t i = 0; i < r->leg_count; i++)
        for (size_t c = 0; c < CONDITION_COUNT; c++)
            sum[c] += r->legs[i].kept_out[c];
    return tally_doc((struct tally){sum, CONDITION_COUNT, condition_name});
}

static struct doc *reading_doc(const struct reading *r)
{
    const struct row_counts *c = row_reader_counts(r->reader);
    uint64_t rejected = 0;
    for (size_t i = 0; i < ROW_REASON_COUNT; i++)
        rejected += c->rejected[i];
    struct doc *d = doc_new_object();
    struct doc_build b = doc_build_of(d);
    doc_put_int(&b, "rows", (int64_t)c->rows);
    doc_put_int(&b, "accepted", (int64_t)c->accepted);
    doc_put_int(&b, "rejected", (int64_t)rejected);
    doc_put_doc(&b, "rejected_by",
                tally_doc((struct tally){c->rejected, ROW_REASON_COUNT, row_name}));
    doc_put_int(&b, "fields_rejected", (int64_t)c->fields_rejected);
    doc_put_bool(&b, "cut_off", c->is_cut_off);
    doc_put_bool(&b, "trailer", c->trailer_found);
    doc_put_doc(&b, "kept_out_by", kept_out_doc(r));
    doc_put_doc(&b, "identifiers", types_doc(c));
    if (doc_build_done(&b) == ERR_OK)
        return d;
    doc_free(d);
    return NULL;
}

enum err importer_reading_report(const struct importer *im, struct buf *out)
{
    CLEANUP(cleanup_doc_free) struct doc *d =
        im->reading != NULL ? reading_doc(im->reading) : doc_new_object();
    return d != NULL ? doc_write(d, out) : ERR_NOMEM;
}

static struct doc *leg_doc(const struct import_leg *leg, const struct make_counts *n)
{
    struct doc *d = doc_new_object();
    struct doc_build b = doc_build_of(d);
    doc_put_str(&b, "purpose", leg->purpose.s);
    doc_put_int(&b, "epoch", leg->epoch);
    doc_put_int(&b, "added", (int64_t)n->added);
    doc_put_int(&b, "replaced", (int64_t)n->replaced);
    doc_put_int(&b, "withdrawn", (int64_t)n->withdrawn);
    doc_put_int(&b, "unchanged", (int64_t)n->unchanged);
    doc_put_int(&b, "kept_out", (int64_t)n->kept_out);
    doc_put_int(&b, "too_old", (int64_t)n->aged);
    doc_put_int(&b, "duplicates", (int64_t)n->duplicates);
    doc_put_int(&b, "batches", (int64_t)(leg->next_batch - leg->first_batch));
    if (leg->left == LEG_EPOCH_ENDED)
        doc_put_bool(&b, "epoch_ended", true);
    if (leg->left == LEG_SUSPENDED)
        doc_put_bool(&b, "suspended", true);
    if (doc_build_done(&b) == ERR_OK)
        return d;
    doc_free(d);
    return NULL;
}

/* Of the row at hand, or of another that the store has. */
static bool is_at_hand(const struct importer *im, const struct import_row *row)
{
    return row == &im->row;
}

static struct doc *legs_doc(const struct importer *im, const struct import_row *row)
{
    struct doc *list = doc_new_array();
    enum err bad = list != NULL ? ERR_OK : ERR_NOMEM;
    for (uint32_t i = 0; bad == ERR_OK && i < row->leg_count; i++) {
        /* Before anything was sent the count says what would have been. */
        bool counted = is_at_hand(im, row) && im->failed != ERR_OK;
        bad = doc_append(list, leg_doc(&row->legs[i], counted ? &im->totals[i].counts
                                                              : &row->legs[i].counts));
    }
    if (bad == ERR_OK)
        return list;
    doc_free(list);
    return NULL;
}

static const char *state_text(const struct importer *im, const struct import_row *row)
{
    if (is_at_hand(im, row) && im->failed != ERR_OK)
        return "stopped";
    switch (row->state) {
    case IMPORT_DONE:
        return "done";
    case IMPORT_FAILED:
        return "failed";
    case IMPORT_SENDING:
        break;
    }
    return is_at_hand(im, row) && im->phase != PHASE_IDLE ? "under_way" : "none";
}

static void put_reading(const struct importer *im, const struct import_row *row,
                        struct doc_build *b)
{
    const struct reading *reading = is_at_hand(im, row) ? im->reading : NULL;
    struct doc *read = NULL;
    if (reading != NULL)
        read = reading_doc(reading);
    else if (row->report.len == 0 || doc_parse(row->report, (size_t)4 << 20, &read, NULL) != ERR_OK)
        read = doc_new_object();
    doc_put_doc(b, "read", read);
    if (reading == NULL)
        return;
    doc_put_text(b, "rejects", buf_bytes(&reading->rejects));
    doc_put_bool(b, "rejects_cut", reading->rejects_cut);
}

static struct doc *report_of(const struct importer *im, const struct import_row *row)
{
    struct doc *d = doc_new_object();
    struct doc_build b = doc_build_of(d);
    doc_put_str(&b, "source", row->source.s);
    doc_put_str(&b, "mode", row->mode == IMPORT_MODE_FULL ? "full" : "delta");
    doc_put_str(&b, "state", state_text(im, row));
    doc_put_time(&b, "started", row->started_s);
    if (row->ended_s != 0)
        doc_put_time(&b, "ended", row->ended_s);
    if (row->failure.len > 0)
        doc_put_text(&b, "failure", row->failure);
    if (row->state == IMPORT_FAILED && row->leg == row->leg_count) /* nothing is wrong with the source */
        doc_put_bool(&b, "of_machine", true);
    put_reading(im, row, &b);
    doc_put_doc(&b, "purposes", legs_doc(im, row));
    if (doc_build_done(&b) == ERR_OK)
        return d;
    doc_free(d);
    return NULL;
}

struct doc *importer_make_report(const struct importer *im)
{
    return report_of(im, &im->row);
}

/* The latest import that somebody ordered, while a copy is at hand. */
static struct doc *ordered_doc(const struct importer *im)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)16 << 20);
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    struct import_row *row = a != NULL ? arena_alloc(a, sizeof *row) : NULL;
    if (row == NULL || kv_read_begin(im->agent->kv, &txn) != ERR_OK)
        return NULL;
    enum err bad = import_row_get(im->agent->store, txn, IMPORT_OF_SOURCE, a, row);
    if (bad == ERR_NOT_FOUND)
        *row = (struct import_row){.origin = IMPORT_OF_SOURCE};
    return bad == ERR_OK || bad == ERR_NOT_FOUND ? report_of(im, row) : NULL;
}

static const char *anew_state(const struct importer *im, bool is_copying)
{
    if (is_copying)
        return im->phase == PHASE_SENDING ? "sending" : "copying";
    if (im->anew_left == 0)
        return "none";
    return im->anew_why.text[0] != '\0' ? "failed" : "waits";
}

struct doc *importer_anew_doc(const struct importer *im)
{
    const bool is_copying = im->phase != PHASE_IDLE && im->row.origin == IMPORT_OF_STORE;
    const struct import_leg *leg = &im->row.legs[0];
    struct doc *d = doc_new_object();
    struct doc_build b = doc_build_of(d);
    doc_put_str(&b, "state", anew_state(im, is_copying));
    doc_put_int(&b, "left", im->anew_left);
    if (is_copying) {
        doc_put_str(&b, "source", im->row.source.s);
        doc_put_str(&b, "purpose", leg->purpose.s);
        doc_put_int(&b, "epoch", leg->epoch);
        doc_put_int(&b, "records", (int64_t)importer_made(im));
        doc_put_int(&b, "of", (int64_t)im->made_total);
        doc_put_bool(&b, "order_waits", im->waiting != NULL);
    }
    if (im->anew_why.text[0] != '\0')
        doc_put_str(&b, "failure", im->anew_why.text);
    if (doc_build_done(&b) == ERR_OK)
        return d;
    doc_free(d);
    return NULL;
}

struct doc *importer_report(struct importer *im)
{
    struct doc *d = im->row.origin == IMPORT_OF_STORE ? ordered_doc(im) : importer_make_report(im);
    if (d != NULL && doc_put(d, "anew", importer_anew_doc(im)) == ERR_OK)
        return d;
    doc_free(d);
    return NULL;
}
