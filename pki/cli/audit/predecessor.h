/* verify --predecessor: a log goes on from the one before it where the first body of the one and the last head of the other
 * agree, and the last body of that names this one (decision 0408). */
#ifndef SLUIS_CLI_AUDIT_PREDECESSOR_H
#define SLUIS_CLI_AUDIT_PREDECESSOR_H

#include "pki/cli/audit/log_dir.h"
#include "pki/cli/audit/options.h"
#include "proto/json/audit_body.h"

/* What the bodies of one log say of its two ends. */
struct log_link {
    bool has_started;     /* the body of log.started was there */
    bool has_predecessor; /* and names a log */
    bool has_successor;   /* the body of log.retired was there */
    bool is_double;       /* two of them say different things */
    char predecessor[NOTE_MAX_NAME + 1];
    uint64_t size; /* of the predecessor's last head */
    struct digest root;
    char successor[NOTE_MAX_NAME + 1];
};

/* Notes what this body says; others than those two say nothing. ERR_INVALID: its facts are no such. */
enum err log_link_take(struct log_link *l, const struct audit_body *body) MUST_CHECK;

/* Verifies the log before, all of it, and compares. l, link: the log that goes on, and what its bodies said. ERR_MISMATCH: it
 * does not go on from that log; else as log_dir_open, verify_tiles and verify_bodies; why tells. */
struct predecessor_seen {
    uint64_t size; /* of the log before */
    bool saw_begin; /* the new log's first body was among those that were given */
    bool saw_end;   /* so was the old one's last */
};
enum err predecessor_verify(const struct options *o, const struct log_dir *l, const struct log_link *link,
                            struct predecessor_seen *out, struct errmsg *why) MUST_CHECK;

#endif
