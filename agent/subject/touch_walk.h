/* Goes through the index of what touched subjects thread by thread, each subject of it apart: for a
 * view in which one line is one subject (docs/audit-log.md, "Logboek Dataverwerkingen"). Subjects
 * are pseudonyms here, made from their marks under a key of this use alone. */
#ifndef SLUIS_AGENT_SUBJECT_TOUCH_WALK_H
#define SLUIS_AGENT_SUBJECT_TOUCH_WALK_H

#include "agent/subject/touch.h"

#define PSEUDONYM_BYTES 16
#define WALK_ENTRIES_MAX 4096u /* of a thread at a time */

struct pseudonym {
    uint8_t b[PSEUDONYM_BYTES];
};

/* A subject of a thread. */
struct walk_subject {
    uint32_t group;
    enum ident_type type; /* of the identifier that the pseudonym comes from */
    struct pseudonym pseudonym;
    bool has_first;
    struct touch first; /* of the whole thread the first entry towards this subject */
};

/* Some entries of a thread, in the arena: subjects by group, entries oldest first. */
struct walk_thread {
    struct touch_thread thread;
    struct touch_terms terms;
    struct walk_subject *subjects;
    size_t subject_count;
    struct touch *entries;
    size_t entry_count;
    bool is_cut; /* there are more behind the last one */
};

/* Entries of a thread: from its first one on, or those behind one that has this time and hash. */
struct walk_from {
    struct touch_thread thread;
    bool is_behind;
    int64_t at_s;
    struct digest entry;
};

struct mac;
struct touch_walk;

/* s is borrowed. ERR_NOMEM, ERR_CRYPTO. One thread of the program at a time. */
enum err touch_walk_new(struct store *s, struct touch_walk **out) MUST_CHECK;
void touch_walk_free(struct touch_walk *w);
DEFINE_CLEANUP(struct touch_walk, touch_walk_free)

/* Makes ids of acts, under a key of that use alone; of the walk. */
struct mac *touch_walk_ids(const struct touch_walk *w);

/* The thread behind this one, from its first entry on, in no order that means anything; NULL: the
 * first of all. Any transaction. ERR_NOT_FOUND at the end; else as touch_walk_get. */
enum err touch_walk_next(struct touch_walk *w, struct kv_txn *txn, const struct touch_thread *after,
                         struct arena *a, struct walk_thread *out) MUST_CHECK;
/* At most WALK_ENTRIES_MAX entries of a thread. ERR_NOT_FOUND: it has ended; ERR_INVALID,
 * ERR_TRUNCATED: the store is damaged; else as store_next. */
enum err touch_walk_get(struct touch_walk *w, struct kv_txn *txn, const struct walk_from *from,
                        struct arena *a, struct walk_thread *out) MUST_CHECK;

#endif
