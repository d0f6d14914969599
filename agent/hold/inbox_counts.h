/* How many items wait, and how many too long. No item stands in it. */
#ifndef SLUIS_AGENT_HOLD_INBOX_COUNTS_H
#define SLUIS_AGENT_HOLD_INBOX_COUNTS_H

#include "agent/hold/desk.h"
#include "proto/json/doc.h"

struct inbox_counts {
    uint32_t open;
    uint32_t late;    /* of those: the term of the decision is over */
    uint32_t overdue; /* of those: this organisation shall decide */
};

void inbox_count(struct inbox_counts *n, const struct desk *d);

/* The items that this person may see: of others not even the number is told. NULL: nobody, so none. Loop
 * thread. Errors as the store. */
enum err inbox_count_for(struct agent *a, const struct roster_officer *officer,
                         struct inbox_counts *out) MUST_CHECK;

/* Adds open, late and overdue. ERR_NOMEM. */
enum err inbox_put_counts(const struct inbox_counts *n, struct doc *out) MUST_CHECK;

#endif
