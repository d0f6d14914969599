/* What `sluis-audit verify` checks. Every failure is ERR_MISMATCH, ERR_SIGNATURE or a form error, with
 * why naming the place. */
#ifndef SLUIS_CLI_AUDIT_VERIFY_H
#define SLUIS_CLI_AUDIT_VERIFY_H

#include "pki/cli/audit/body_source.h"
#include "pki/cli/audit/log_dir.h"
#include "pki/filler.h"

struct log_link;
struct progress;

/* What was counted on the way. */
struct verify_counts {
    uint64_t entries;
    uint64_t hash_tiles;
    uint64_t bundles;
    uint64_t old_partials; /* narrower tiles of earlier heads, checked too */
    uint64_t ahead;        /* wider ones than the head has: written, not published yet */
    uint64_t present;      /* bodies that were seen and are what their entry says */
    uint64_t hidden;
    uint64_t erased;
    uint64_t unreadable; /* bodies that do not open where they are kept */
    uint64_t lost;       /* bodies that a restored store never had */
    uint64_t fillers;  /* proved by the filler key, or said by the source without it */
    uint64_t unheard;  /* entries that the source says nothing about */
    bool is_committed; /* the log's first event was seen to commit to the filler key */
};

/* Every entry, every hash tile and the root, from the entries up. */
enum err verify_tiles(struct log_dir *l, struct progress *bar, struct verify_counts *n,
                      struct errmsg *why) MUST_CHECK;

/* Entries [from, to). */
struct verify_range_params {
    struct log_dir *log;
    uint64_t from;
    uint64_t to;
    struct progress *bar; /* or NULL */
};

/* Each by its own path from the hash tiles to the root. */
enum err verify_range(const struct verify_range_params *p, struct verify_counts *n, struct errmsg *why) MUST_CHECK;

/* Is the head of an earlier checkpoint a prefix of this log? */
enum err verify_old(struct log_dir *l, const struct audit_policy *policy, struct bytes note,
                    uint64_t *old_size, struct errmsg *why) MUST_CHECK;

struct verify_bodies_params {
    struct log_dir *log;
    const struct body_source *source;
    struct filler *fillers;                 /* NULL: not checked */
    const struct digest *filler_commitment; /* with fillers */
    bool sees_all;                          /* with fillers: no body is hidden from the reader, so that what has none is a filler */
    struct log_link *link;                  /* what bodies say of the log before and behind; NULL: nobody asks */
    struct progress *bar;                   /* in entries; or NULL */
};

/* Every body that the source gives, against its entry. With fillers: every entry is a body, a filler,
 * or said to be hidden (where the reader does not see all), erased, unreadable or lost; and no event of the log's beginning commits to
 * another filler key: n says whether one committed to this. */
enum err verify_bodies(const struct verify_bodies_params *p, struct verify_counts *n,
                       struct errmsg *why) MUST_CHECK;

struct proof_result {
    uint64_t index;
    uint64_t size;
    struct digest entry;
};

/* A proof file: its checkpoint under the policy, and the path. entry NULL: the one that the file
 * carries as `extra`. */
enum err verify_proof(const struct audit_policy *policy, struct bytes file,
                      const struct digest *entry, struct proof_result *out,
                      struct errmsg *why) MUST_CHECK;

#endif
