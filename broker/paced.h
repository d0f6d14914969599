/* Answers that cost the loop some milliseconds and leave nothing behind that bounds them (no entry, no limit): one at a time, one
 * waiting for each agency, and behind each a rest of REST times what it took. So all agencies together, however often they ask,
 * take at most a fifth of the loop. Loop thread. */
#ifndef SLUIS_BROKER_PACED_H
#define SLUIS_BROKER_PACED_H

#include "proto/base/attr.h"
#include "proto/base/err.h"

struct loop;
struct paced;
struct turn;

/* ERR_NOMEM. */
enum err paced_new(struct loop *loop, struct paced **out) MUST_CHECK;
/* Turns that wait stay with their owner, and are not answered. */
void paced_free(struct paced *p);
DEFINE_CLEANUP(struct paced, paced_free)

/* Fills in the answer of a turn. */
typedef enum err (*paced_fn)(struct turn *t);

/* From a handler's prepare: makes the answer now (what make returned), or holds the turn until it is its time (ERR_AGAIN). A
 * turn of the same agency that waits already is dropped: who asks again does not wait for the first. ERR_NOMEM. */
enum err paced_answer(struct paced *p, struct turn *t, paced_fn make) MUST_CHECK;

#endif
