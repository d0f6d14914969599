/* Contribution, one import at a time: a source is read into the stage, compared, and sent as batches;
 * a withdrawal is an import whose rows say what is to go. From the moment at which the difference is
 * known it lasts: it goes on after a restart. Loop thread. */
#ifndef SLUIS_IMPORT_IMPORTER_H
#define SLUIS_IMPORT_IMPORTER_H

#include "agent/control.h"
#include "agent/import/import_row.h"

struct importer;

/* ERR_NOMEM, ERR_CRYPTO; errors as import_row_get. */
enum err importer_new(struct agent *a, struct importer **out, struct errmsg *why) MUST_CHECK;
void importer_free(struct importer *im);
DEFINE_CLEANUP(struct importer, importer_free)

/* What a caller asked for. */
struct import_order {
    struct name source;
    enum import_mode mode;
    struct mapping *mapping; /* taken; NULL: a withdrawal */
    bool withdraw_all;       /* a withdrawal of all that the source contributed, or of keys */
    const struct bytes *keys;
    size_t key_count;
    bool has_confirmed; /* so many withdrawals were confirmed */
    uint64_t confirmed;
};

/* Starts an import or a withdrawal for the caller, and answers it when it is over or stopped. While records are
 * contributed anew in another epoch it waits for the data set that is on its way. Takes the mapping. */
void importer_start(struct importer *im, struct call *c, struct import_order *order);

/* What the latest import did, for the caller of `imports`; NULL without memory. */
struct doc *importer_report(struct importer *im);

/* What is being contributed anew in another epoch, for `imports` and `status`; NULL without memory. */
struct doc *importer_anew_doc(const struct importer *im);
/* Why the last attempt at it failed; "": it did not. */
const char *importer_anew_failure(const struct importer *im);

/* Whether what is under way reads or writes this data set. */
bool importer_uses(const struct importer *im, uint32_t data_set);

/* The view changed; the session opened. */
void importer_on_view(struct importer *im);
void importer_on_open(struct importer *im);

/* Of the outbox. */
struct sender;
struct sender *importer_sender(struct importer *im);
void importer_answered(struct importer *im, uint32_t batch, bool is_accepted);
/* Store thread, before importer_answered: what the broker said. */
struct refused;
void importer_note_refusal(struct importer *im, const struct refused *reply);

#endif
