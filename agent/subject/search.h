/* A search in the index of what touched a subject, for a request of a data subject: proposed by one
 * privacy officer and confirmed by another person, who says by himself about whom. Its row holds
 * marks, never an identifier. */
#ifndef SLUIS_AGENT_SUBJECT_SEARCH_H
#define SLUIS_AGENT_SUBJECT_SEARCH_H

#include "agent/subject/touch.h"
#include "proto/base/enums.h"

#define SEARCH_REFERENCE_MAX 32
#define SEARCH_MARKS_MAX 16u
#define SEARCH_DAYS 7       /* for which it can be confirmed, and then shown again */
#define SEARCH_KEEP_DAYS 30 /* then its row goes */
#define SEARCH_RECEIVED_DAYS 731 /* the longest ago that a request came in */

/* By which law the subject asks; it must be the one under which the agency processes. */
enum search_ground {
    SEARCH_GROUND_NONE = 0,
    SEARCH_AVG15,
    SEARCH_WPG25,
    SEARCH_WJSG,
};

/* "avg15", "wpg25", "wjsg"; "?" outside the set. */
const char *search_ground_id(enum search_ground g);
enum err search_ground_parse(struct bytes text,
                             enum search_ground *out) MUST_CHECK; /* ERR_UNKNOWN */
enum regime search_ground_regime(enum search_ground g);

/* Whether a text can be the code of a request: a letter, then letters, digits, '.', '_', '/' and
 * '-', at most SEARCH_REFERENCE_MAX, with at most eight digits and no eight in a row, so that no
 * BSN is taken for one. */
bool search_reference_is_code(struct bytes text);

enum search_state {
    SEARCH_ASKED = 1,
    SEARCH_CONFIRMED,
    SEARCH_VOID, /* the second person named another subject */
};

struct search_id {
    uint8_t b[16];
};

/* One of the two. */
struct search_who {
    struct name staff;
    struct name person;
};

struct search {
    struct search_id id;
    enum search_state state;
    enum search_ground ground;
    char reference[SEARCH_REFERENCE_MAX + 1];
    struct search_who first;
    struct search_who second; /* staff "": nobody yet */
    int64_t received_s; /* the day on which the subject's request came in; its first second in UTC */
    int64_t asked_s;
    int64_t confirmed_s;
    struct touch_named marks[SEARCH_MARKS_MAX]; /* ascending by mark, each once; of group 0 */
    size_t mark_count;
};

/* Adds a mark in its place; one that is there is no error. ERR_LIMIT: there are SEARCH_MARKS_MAX;
 * ERR_DUPLICATE: there is another of the same personal type (likeness.h), which is another person.
 */
enum err search_add_mark(struct search *s, const struct touch_named *m) MUST_CHECK;

/* A second person confirms what was proposed, about the same subject; the row is the caller's to
 * write, also where it became void. ERR_STATE: it does not wait; ERR_EXPIRED: for more than
 * SEARCH_DAYS; ERR_PERMISSION: the same person; ERR_MISMATCH: about another subject, and it is
 * void. */
enum err search_confirm(struct search *s, const struct search_who *who, const struct search *same,
                        int64_t now_s) MUST_CHECK;
/* Whole days from the day on which the request came in to that of a time; none for a time before it. */
int64_t search_days(const struct search *s, int64_t at_s);

/* Whether it may be shown once more. ERR_STATE, ERR_EXPIRED, ERR_PERMISSION: neither of the two. */
enum err search_may_show(const struct search *s, const struct search_who *who,
                         int64_t now_s) MUST_CHECK;

/* Store thread; errors as store_put. */
enum err search_put(struct store *st, struct kv_txn *txn, const struct search *s) MUST_CHECK;
/* Any transaction. ERR_NOT_FOUND; ERR_INVALID, ERR_TRUNCATED: the store is damaged; else as
 * store_get. */
enum err search_get(struct store *st, struct kv_txn *txn, const struct search_id *id,
                    struct search *out) MUST_CHECK;
/* How many were proposed after a time, whatever became of them; a damaged row is none. Errors as store_next. */
enum err search_count(struct store *st, struct kv_txn *txn, int64_t after_s,
                      int64_t *out) MUST_CHECK;
/* Store thread: at most max rows that are old enough go, and what is damaged: nobody can confirm or see it. */
enum err search_prune(struct store *st, struct kv_txn *txn, int64_t now_s, size_t max,
                      size_t *gone) MUST_CHECK;

#endif
