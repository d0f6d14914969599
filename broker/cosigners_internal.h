/* What the files about the witnesses of the log share: the head that is asked about, and how a line counts for it. */
#ifndef SLUIS_BROKER_COSIGNERS_INTERNAL_H
#define SLUIS_BROKER_COSIGNERS_INTERNAL_H

#include <stdatomic.h>

#include "broker/cosigners.h"

/* The head that witnesses are asked to cosign. */
struct asked {
    uint64_t size;
    struct buf note;
    struct buf lines; /* of witnesses, each once */
    bool cosigned[AUDIT_POLICY_MAX_WITNESSES];
    bool is_met;
    int64_t since_ms;
};

struct cosigners {
    struct broker *broker;
    struct tiles *tiles;
    struct buf file; /* the audit policy; empty: none */
    struct audit_policy *policy;
    atomic_bool is_wanted;
    struct aways *aways;
    struct errmsg trouble; /* why the file that lies there cannot be used; "": it is in use */
    struct asked asked;
    struct buf shown; /* stands on disk */
    struct buf next;  /* on its way there */
    bool is_writing;
    bool is_stale; /* more lines came while it was on its way */
    int64_t quorum_s;
    enum quorum_age told;
};

/* The lines as signatures over the text of the head that is asked about. Errors as note_parse_sigs. */
enum err cosigners_parse(const struct cosigners *c, struct bytes lines, struct arena *a, struct note *out,
                         struct errmsg *why) MUST_CHECK;

/* Counts one line of witness i of the audit policy, of as many as there are; *added becomes true where it had not cosigned. ERR_NOT_FOUND (there is
 * none), ERR_SIGNATURE, ERR_CRYPTO; why tells of the latter two. */
enum err cosigners_take_line(struct cosigners *c, const struct note *note, size_t i, bool *added,
                             struct errmsg *why) MUST_CHECK;

/* A line was added: shows the head where its quorum is met. ERR_NOMEM, ERR_TOO_LARGE. */
enum err cosigners_settle(struct cosigners *c) MUST_CHECK;

/* The request to cosign the head that is asked about, from this size, which is no greater; in the arena. ERR_IO, ERR_NOMEM,
 * ERR_CRYPTO. */
enum err cosigners_put_request(struct cosigners *c, uint64_t size, struct arena *a, struct bytes *out) MUST_CHECK;

#endif
