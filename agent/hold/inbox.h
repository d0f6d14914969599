/* The inbox as one person sees it: its items, and how many wait and how many too long. Loop thread. */
#ifndef SLUIS_AGENT_HOLD_INBOX_H
#define SLUIS_AGENT_HOLD_INBOX_H

#include "agent/hold/desk.h"
#include "proto/json/doc.h"

/* One look through it. */
struct inbox_look {
    const struct roster_officer *officer;
    bool all; /* closed items too */
    enum err (*fn)(void *arg, const struct desk *d, enum desk_seat seat);
    void *arg;
};

/* Calls fn for each item that this person may see, until it returns another value than ERR_OK; d lasts for the
 * call. Of others not even the number is told. Errors as the store, or what fn returned. */
enum err inbox_each(struct agent *a, const struct inbox_look *look) MUST_CHECK;

struct inbox_counts {
    uint32_t open;
    uint32_t late;    /* of those: the term of the decision is over */
    uint32_t overdue; /* of those: this organisation shall decide */
};

void inbox_count(struct inbox_counts *n, const struct desk *d);

/* Of the items that this person may see. NULL: nobody, so none. Errors as the store. */
enum err inbox_count_for(struct agent *a, const struct roster_officer *officer,
                         struct inbox_counts *out) MUST_CHECK;

/* Adds open, late and overdue. ERR_NOMEM. */
enum err inbox_put_counts(const struct inbox_counts *n, struct doc *out) MUST_CHECK;

#endif
