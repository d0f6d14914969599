/* What has been gathered for the next batches: content of records that enter, entries of those that
 * leave, notes. Turns it into the leaves, rows and wire form of a batch; for maker.c. */
#ifndef SLUIS_IMPORT_GATHER_H
#define SLUIS_IMPORT_GATHER_H

#include "agent/import/made_batch.h"

struct gather;

/* A record that enters. */
struct entering {
    struct live_entry entry; /* its place is found when the batch is made */
    uint32_t rules;
    struct bytes content; /* copied */
};

enum err gather_new(struct gather **out) MUST_CHECK;
void gather_free(struct gather *g);
DEFINE_CLEANUP(struct gather, gather_free)

/* ERR_NOMEM, ERR_TOO_LARGE. */
enum err gather_enter(struct gather *g, const struct entering *e) MUST_CHECK;
enum err gather_withdraw(struct gather *g, const struct live_entry *was) MUST_CHECK;
/* An entry for LIVE that nothing on the wire goes with; entered_day 0 deletes it. Rides on the next add
 * or end batch. */
enum err gather_note(struct gather *g, const struct live_entry *e) MUST_CHECK;

bool gather_is_full(const struct gather *g, uint32_t tokens_most);
bool gather_has_entering(const struct gather *g);
bool gather_has_withdrawn(const struct gather *g);

/* Ends gathering: draws the order and the secret of the records that enter, and digests their fields,
 * which is most of the work. ERR_CRYPTO, ERR_NOMEM; ERR_TRUNCATED: the content is none of the shape. */
enum err gather_prepare(struct gather *g, const struct record_shape *shape) MUST_CHECK;

/* Notes for which g makes no batch ride with the next one. */
void gather_pass_notes(struct gather *g, struct gather *next);

/* After gather_prepare. Makes a batch of b->kind out of what was gathered for it, which is then gone: leaves, blocks, items,
 * wire and secret of b. Records in random order, tokens of a record too. ERR_CRYPTO, ERR_NOMEM,
 * ERR_LIMIT; errors as wire_load_entries. */
enum err gather_make(struct gather *g, const struct wire_source *s,
                     struct made_batch *b) MUST_CHECK;

#endif
