/* When a standing request is asked again, and when it ends by itself. Pure. */
#ifndef SLUIS_AGENT_ASK_STANDING_DUE_H
#define SLUIS_AGENT_ASK_STANDING_DUE_H

#include "agent/ask/standing_row.h"

enum standing_due {
    STANDING_NOT_DUE = 0,
    STANDING_TERM,  /* its days have gone, and the last asking has closed */
    STANDING_EPOCH, /* an epoch that a question goes in now is one that the last did not go in; where the broker refused it
                       there, after its days */
    STANDING_REFUSED, /* the last went in none: the broker refused or lost it */
};

/* "", "term", "epoch", "refused". */
const char *standing_due_id(enum standing_due d);

#define STANDING_NEVER INT64_MAX

/* When it is due by its days: the first second; STANDING_NEVER: not before it ends. */
int64_t standing_next_s(const struct standing_row *k);

/* Why it is due at now_s; epochs: those that a question under its rule goes in now. The epoch comes before the term. */
enum standing_due standing_due_now(const struct standing_row *k, const uint32_t *epochs, size_t count, int64_t now_s);

/* The first of these epochs that the last asking did not go in, one in which it was refused last; 0: none. */
uint32_t standing_new_epoch(const struct standing_row *k, const uint32_t *epochs, size_t count);

/* From when it is due in that epoch: 0, at once; or, where the broker refused it there and it went in another of these,
 * after its days: what it refuses now it would refuse again. */
int64_t standing_epoch_s(const struct standing_row *k, uint32_t epoch, const uint32_t *epochs, size_t count);

enum standing_end {
    STANDING_GOES_ON = 0,
    STANDING_END_DATE,    /* its date has passed */
    STANDING_END_CASE,    /* its case is closed, destroyed or gone */
    STANDING_END_RULE,    /* the policy has no such rule any more for this agency and purpose */
    STANDING_END_OFFICER, /* somebody ended it */
    STANDING_END_REFUSED, /* the broker refused its first asking */
};

/* "date", "case", "rule", "officer", "refused"; "" for the first. */
const char *standing_end_id(enum standing_end e);

/* Whether it has to end at now_s. state: of its case, CASE_NONE where there is none. A roster that is not valid
 * at now_s ends nothing by its date: the clock may be wrong. */
enum standing_end standing_end_now(const struct standing_row *k, const struct view *v, const struct agency_id *self,
                                   enum case_state state, int64_t now_s);

#endif
