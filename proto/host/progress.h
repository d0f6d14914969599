/* Long work shown to a person: a bar with rate and time left on a terminal, a plain line every ten
 * seconds elsewhere. */
#ifndef SLUIS_HOST_PROGRESS_H
#define SLUIS_HOST_PROGRESS_H

#include <stdint.h>
#include <stdio.h>

#include "proto/base/attr.h"

struct progress;

/* out stays the caller's (usually stderr). label ("importing") and unit ("records") are kept, not
 * copied. total 0: unknown. NULL without memory; every call below accepts NULL. */
struct progress *progress_new(FILE *out, const char *label, const char *unit, uint64_t total);
void progress_free(struct progress *p);
DEFINE_CLEANUP(struct progress, progress_free)

/* done so far; cheap: draws at most five times a second. */
void progress_set(struct progress *p, uint64_t done);
void progress_set_total(struct progress *p, uint64_t total);

/* Draws the last state and ends the line. */
void progress_finish(struct progress *p);

/* One state as text, without control characters: what is drawn, for tests too. width: columns. */
struct buf;
struct progress_state {
    const char *label;
    const char *unit;
    uint64_t done;
    uint64_t total;
    int64_t elapsed_ms;
};
void progress_text(const struct progress_state *s, unsigned width, struct buf *out);

#endif
