/* Inside the auditors' copy: segments (log_copy.c), what goes into them (log_copy_bodies.c), and the filler key beside them
 * (log_copy_filler.c). Worker thread. */
#ifndef SLUIS_BROKER_LOG_COPY_INTERNAL_H
#define SLUIS_BROKER_LOG_COPY_INTERNAL_H

#include "broker/copy_readers.h"
#include "broker/copy_strays.h"
#include "broker/log_copy.h"
#include "broker/store/log_copies.h"

#define LOG_COPY_DAY_S INT64_C(86400)
#define LOG_COPY_SEGMENTS_MAX 16u /* that get bodies at a time; one more takes the place of the oldest */

#define LOG_COPY_RETRIED UINT64_MAX /* the whole list was tried under the keys of now */

/* A segment that gets bodies. Its key lies in no file but sealed. */
struct segment {
    uint32_t day;
    struct body_copy_name name;
    struct secret *key;
    struct aead *aead;
    struct buf waiting; /* records that are not on disk yet */
    size_t bytes;       /* that are */
    size_t kept_bytes;  /* those of rounds that were committed */
    bool is_kept;       /* its key is in the store */
};

/* A segment that gets no more, until the store has its key, or what this round put into it. */
struct left {
    struct body_copy_name name;
    struct secret *key; /* NULL: the store has it */
    size_t kept_bytes;
};

struct log_copy {
    struct broker *broker;
    struct view *view; /* of the round; a reference of its own */
    int64_t now_s;
    bool may_sweep; /* no gate but that of the log is closed: the clock is not wrong by much */
    /* The rest belongs to the round. */
    struct arena *arena;
    struct segment segments[LOG_COPY_SEGMENTS_MAX];
    size_t count;
    struct copy_readers readers;
    struct digest sealed_for; /* for whom the segments above are sealed */
    struct log_copied next;   /* as of the end of the round */
    bool is_begun;            /* a round wrote, and is not committed */
    bool is_done;             /* next is to be kept */
    bool is_behind;           /* bodies of before are still to be copied */
    bool is_told;             /* that there is no auditor */
    int64_t swept_s;
    uint32_t gone_before; /* the files of segments that ended before this day are gone; 0: this round did not look */
    struct left *left;
    size_t left_count;
    /* Keys of segments that lie under a version of the storage key that is not there, when those of all others were sealed for
     * the readers of unsealed_for. */
    size_t unsealed;
    struct digest unsealed_for;
    uint64_t unsealed_taken; /* by the vault then */
    bool has_damaged; /* a body that did not open, and of which entry */
    uint64_t damaged;
    /* What was left out for want of a key, and is tried again. */
    uint64_t keys_taken;       /* by the vault, when that began */
    uint64_t retry_at;         /* entries of the list before it have been tried */
    uint64_t retry_next;       /* as of the end of the round */
    struct copy_missed missed; /* likewise */
    struct copy_missed before; /* as the store has it */
    uint32_t lacking;          /* the version that one of them lies under; 0: none was met */
    /* The filler key: for whom it was looked at, under which keys of the vault; nobody yet: zeros. */
    struct digest filler_for;
    uint64_t filler_taken;
    struct copy_strays strays;
    /* The loop's, as of the last round that was committed. */
    struct errmsg missed_alarm;
    struct errmsg strays_alarm;
    struct errmsg unsealed_alarm;
};

/* The envelope of a key, to the readers of now, on disk. */
enum err log_copy_write_key(struct log_copy *c, const struct body_copy_name *name, const struct secret *key,
                            struct errmsg *why) MUST_CHECK;
/* The filler key of this log, on disk for the readers of now: once after each start, and for others. One that does not open
 * is left out until the vault took other keys. */
enum err log_copy_filler(struct log_copy *c, struct kv_txn *txn, struct errmsg *why) MUST_CHECK;
/* The segment of a day; one is made where there is none with room. */
enum err log_copy_segment(struct log_copy *c, uint32_t day, struct segment **out, struct errmsg *why) MUST_CHECK;
/* Whether the time of a segment that ends on this day is over. Behind a closed gate no clock is believed. */
bool log_copy_is_over(const struct log_copy *c, uint32_t day);
/* What waits in it goes to disk. */
enum err log_copy_flush(struct log_copy *c, struct segment *s, struct errmsg *why) MUST_CHECK;

/* A round: what is tried again, then what is new up to `to`, and of what is behind a slice; on disk. */
enum err log_copy_bodies(struct log_copy *c, struct kv_txn *txn, uint64_t to, struct errmsg *why) MUST_CHECK;

#endif
