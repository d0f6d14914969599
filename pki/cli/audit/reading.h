/* One pass over bodies: each is held against its entry, and the entry against the signed log where one is given, before
 * anybody sees it. */
#ifndef SLUIS_CLI_AUDIT_READING_H
#define SLUIS_CLI_AUDIT_READING_H

#include "pki/cli/audit/bodies_in.h"
#include "pki/cli/audit/filter.h"
#include "pki/cli/audit/log_dir.h"

struct reading;

/* Takes one entry: b is NULL where the reader has no body of it, which a filtered reading hands on only as wants_gone says. Both are
 * valid until it returns. ERR_CANCELLED ends the reading without error. */
typedef enum err (*reading_fn)(struct reading *r, const struct body_line *line,
                               const struct audit_body *b);

/* The caller sets the first part, reads, and closes. */
struct reading {
    const struct options *o;
    reading_fn show;
    void *arg;
    bool is_filtered; /* only bodies that fit the filters of o */
    bool wants_gone; /* entries without a body that there was: unreadable and lost ones, and where there is no filter erased ones */

    struct filter filter;
    struct log_dir *log; /* NULL: bodies are checked against their line only */
    struct audit_policy *policy;
    struct bodies_in bodies;
    struct arena *arena;
    struct errmsg why;
    uint64_t next;   /* behind the last entry that was read: where a later pass goes on */
    uint64_t hidden; /* entries of which this reader has no body: fillers, and what it may not read */
    uint64_t erased; /* entries whose body is gone by retention */
    uint64_t unreadable; /* entries whose body does not open where it is kept */
    uint64_t lost;   /* entries whose body a restored store never had */
    bool found;      /* set by show where the entry that was asked for came by; of a reading that is not filtered */
};

/* Reads from entry `first` on. The exit status; what went wrong is printed. */
int reading_pass(struct reading *r, uint64_t first);

/* As reading_pass, and once more as the log and the bodies stand now, from r->next on; the officer's key stays open
 * meanwhile. The head must have grown from the one before: ERR_MISMATCH, with why. */
enum err reading_again(struct reading *r) MUST_CHECK;

/* Says on standard error of how many entries this reader saw no body, and how many are erased or unreadable. */
void reading_say_hidden(const struct reading *r);

void reading_close(struct reading *r);

#endif
