/* A standing request: one subject, asked about again and again until a date, each time with a named
 * person's signature (docs/decisions/1206). Two rows: the head, which lists and the rule when it is due
 * need, and the words, which only an asking needs. Store thread for writes, any transaction for reads;
 * results are views in the arena. */
#ifndef SLUIS_AGENT_ASK_STANDING_ROW_H
#define SLUIS_AGENT_ASK_STANDING_ROW_H

#include "agent/ask/counts.h"
#include "agent/protected/protected_list.h"
#include "agent/subject/touch.h"
#include "pki/view/view.h"

#define STANDING_MAX 4096u     /* of an agency */
#define STANDING_DAYS_MAX 365u /* the term, and the days between two askings */
#define STANDING_WORDS_MAX ((size_t)1 << 20)

struct standing_id {
    uint8_t b[16];
};

struct standing_row {
    struct standing_id id;
    struct case_id case_id;
    struct name rule;
    uint32_t rule_version; /* of the last asking */
    struct name purpose;
    struct name begun_by;
    struct name asked_by;
    struct bytes label; /* as in a request; never leaves this agency */
    int64_t begun_s;
    int64_t until_s; /* the last second */
    uint32_t every_days;
    uint32_t askings; /* from 1 */
    struct request_id request; /* of the last asking, as what follows */
    int64_t asked_s;
    int64_t deadline_s;
    uint32_t epochs[VIEW_ACTIVE_MAX]; /* that it went in */
    size_t epoch_count;
    uint32_t refused[VIEW_ACTIVE_MAX]; /* in which the broker refused all of it */
    size_t refused_count;
};

/* What is kept of an identifier beside its value, which is random for someone protected: by these it is
 * counted, found and recognised as when it was given. */
struct standing_mark {
    uint32_t norm_version; /* of the rules by which the value was normalised */
    struct touch_mark touched;
    struct counts_mark counted;
    struct protected_key listed;
};

struct standing_words {
    struct agency_id on_behalf_of;
    const struct agency_id *holders; /* none: all of the rule at each asking */
    size_t holder_count;
    struct name_list fields; /* none: all of the rule */
    int64_t term_s;          /* from asking to deadline; 0: the latest that the rule allows */
    struct subject subject;  /* without its label */
    struct standing_mark *marks; /* one for each identifier */
};

/* ERR_LIMIT: there are STANDING_MAX; why tells. Errors as kv_table_stats. */
enum err standing_row_room(struct store *s, struct kv_txn *txn, struct errmsg *why) MUST_CHECK;

/* Errors as store_put; ERR_TOO_LARGE. */
enum err standing_row_put(struct store *s, struct kv_txn *txn, const struct standing_row *k) MUST_CHECK;
enum err standing_words_put(struct store *s, struct kv_txn *txn, const struct standing_id *id,
                            const struct standing_words *w) MUST_CHECK;

/* ERR_NOT_FOUND; ERR_INVALID, ERR_TRUNCATED, ERR_VERSION: the store is damaged; else as store_get. */
enum err standing_row_get(struct store *s, struct kv_txn *txn, const struct standing_id *id, struct arena *a,
                          struct standing_row *out) MUST_CHECK;
enum err standing_words_get(struct store *s, struct kv_txn *txn, const struct standing_id *id, struct arena *a,
                            struct standing_words *out) MUST_CHECK;

/* The one whose id begins with these hex digits. As prefix_find and standing_row_get. */
enum err standing_row_find(struct store *s, struct kv_txn *txn, struct bytes prefix, struct arena *a,
                           struct standing_row *out, struct errmsg *why) MUST_CHECK;

/* Takes a row of STORE_STANDING apart. ERR_INVALID, ERR_TRUNCATED, ERR_VERSION. */
enum err standing_row_decode(struct bytes row, struct standing_row *out) MUST_CHECK;

/* Heads one after the other, by id. One that cannot be read stands in the way of no other. */
struct standing_walk {
    struct store *store;
    struct kv_txn *txn;
    struct standing_id at; /* in: goes on behind it, all zero from the first; out: the one that was found */
    size_t unread;         /* out: so many more were passed over */
};

/* The next that can be read; resets the arena. ERR_NOT_FOUND: there is none; else this machine's trouble. */
enum err standing_row_next(struct standing_walk *w, struct arena *a, struct standing_row *out) MUST_CHECK;

/* Whether an error of reading is that of the row, which is damaged or gone, and not this machine's trouble. */
bool standing_is_damage(enum err e);

/* Both rows, also where the words are gone. As store_del. */
enum err standing_row_del(struct store *s, struct kv_txn *txn, const struct standing_id *id) MUST_CHECK;

#endif
