/* Goes through the index of what touched subjects thread by thread, each subject of it apart: for a
 * view in which one line is one subject (docs/audit-log.md, "Logboek Dataverwerkingen"). Subjects
 * are pseudonyms here, made from their marks under a key of this use alone. */
#ifndef SLUIS_AGENT_SUBJECT_TOUCH_WALK_H
#define SLUIS_AGENT_SUBJECT_TOUCH_WALK_H

#include "agent/subject/touch.h"

#define PSEUDONYM_BYTES 16
#define WALK_ENTRIES_MAX 4096u /* of one thread */

struct pseudonym {
    uint8_t b[PSEUDONYM_BYTES];
};

/* A subject of a thread. */
struct walk_subject {
    uint32_t group;
    enum ident_type type; /* of the identifier that the pseudonym comes from */
    struct pseudonym pseudonym;
};

/* One thread, in the arena: subjects by group, entries oldest first. */
struct walk_thread {
    struct touch_thread thread;
    struct touch_terms terms;
    struct walk_subject *subjects;
    size_t subject_count;
    struct touch *entries;
    size_t entry_count;
};

struct mac;
struct touch_walk;

/* s is borrowed. ERR_NOMEM, ERR_CRYPTO. One thread of the program at a time. */
enum err touch_walk_new(struct store *s, struct touch_walk **out) MUST_CHECK;
void touch_walk_free(struct touch_walk *w);
DEFINE_CLEANUP(struct touch_walk, touch_walk_free)

/* Makes ids of acts, under a key of that use alone; of the walk. */
struct mac *touch_walk_ids(const struct touch_walk *w);

/* The first thread behind this one, in no order that means anything; NULL: of all. Any transaction.
 * ERR_NOT_FOUND at the end; else as touch_walk_get. */
enum err touch_walk_next(struct touch_walk *w, struct kv_txn *txn, const struct touch_thread *after,
                         struct arena *a, struct walk_thread *out) MUST_CHECK;
/* This thread. ERR_NOT_FOUND: it has ended; ERR_LIMIT: more than WALK_ENTRIES_MAX; ERR_INVALID,
 * ERR_TRUNCATED: the store is damaged; else as store_next. */
enum err touch_walk_get(struct touch_walk *w, struct kv_txn *txn, const struct touch_thread *thread,
                        struct arena *a, struct walk_thread *out) MUST_CHECK;

#endif
