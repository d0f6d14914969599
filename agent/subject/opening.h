/* What the salted digests of an entry hide: which question, item, search or case of this agency
 * they are. */
#ifndef SLUIS_AGENT_SUBJECT_OPENING_H
#define SLUIS_AGENT_SUBJECT_OPENING_H

#include "agent/agent.h"
#include "proto/base/hash.h"
#include "proto/json/doc.h"

struct errmsg;
struct kv_txn;

/* The digests of one body, of this agency's log or the broker's, and who asks. */
struct opening {
    const struct agent *agent;
    struct name staff;
    struct salt salt;
    bool has_request;
    struct digest request;
    bool has_case;
    struct digest dossier;
};

/* Salt and digests of the body of an entry; the rest of *o stays. The arena:
 * AUDIT_BODY_ARENA_BYTES. ERR_MISMATCH: it is another entry's; ERR_INVALID: it names no request and
 * no case; ERR_NOMEM, ERR_CRYPTO; else as audit_body_parse. */
enum err opening_of_body(struct bytes body, const struct digest *entry, struct arena *a,
                         struct opening *o, struct errmsg *why) MUST_CHECK;

/* Compares every id that the store still has, a slice at a time, so that nobody waits for it. Loop
 * thread. Appends to list an object for each that fits: ids, other agency, rule, state and times, and
 * nothing of a subject; an item of a compartment only for who is listed for it. A row that is gone or
 * damaged is told in the log of operations and stands in the way of no other. o and list are
 * borrowed. ERR_NOMEM. */
struct opening_scan;
enum err opening_new(const struct opening *o, struct doc *list, struct opening_scan **out) MUST_CHECK;
void opening_free(struct opening_scan *s);
DEFINE_CLEANUP(struct opening_scan, opening_free)

/* The next slice. ERR_AGAIN: there is more; ERR_OK: that was all. ERR_NOMEM, ERR_CRYPTO; ERR_INVALID:
 * a key is damaged; else as store_next. */
enum err opening_step(struct opening_scan *s) MUST_CHECK;

#endif
