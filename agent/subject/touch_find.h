/* All that touched one subject, looked for a slice at a time, so that nobody waits for it. Loop thread.
 *
 * A thread that shares some identifiers with the subject and is not known to be about it is_perhaps
 * about another person; one that is known to be about another is not found (likeness.h). */
#ifndef SLUIS_AGENT_SUBJECT_TOUCH_FIND_H
#define SLUIS_AGENT_SUBJECT_TOUCH_FIND_H

#include "agent/subject/likeness.h"
#include "agent/subject/touch.h"
#include "proto/base/arena.h"

struct touched {
    struct touch what;
    const struct touch_terms *terms;
    bool is_perhaps;
};
struct touch_list {
    struct touched *v;
    size_t count;
    bool is_cut; /* more fits than the most that was wanted */
};

/* Rows that are wanted of those that are found. */
struct touch_wanted {
    bool (*fits)(void *arg, const struct touched *t); /* NULL: each */
    void *arg;
    size_t max;
    struct touch_list *out; /* oldest first, in the arena, once all are found */
};

struct touch_find_params {
    struct store *store;
    struct named_list sought; /* identifiers of one subject, each once */
    struct arena *a;          /* of what is found */
    const struct touch_wanted *wanted;
    size_t wanted_count;
};

struct touch_finding;

/* p and what it points to are borrowed until touch_find_free. ERR_NOMEM. */
enum err touch_find_new(const struct touch_find_params *p, struct touch_finding **out) MUST_CHECK;
void touch_find_free(struct touch_finding *f);
DEFINE_CLEANUP(struct touch_finding, touch_find_free)

/* The next slice, in a read transaction of now. ERR_AGAIN: there is more; ERR_OK: that was all, or no list has
 * room. ERR_NOMEM; ERR_INVALID, ERR_TRUNCATED: the store is damaged; else as store_next. */
enum err touch_find_step(struct touch_finding *f, struct kv_txn *txn) MUST_CHECK;

#endif
