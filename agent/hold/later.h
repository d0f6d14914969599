/* Notices of hits that nobody can judge when they come, because their purpose is suspended here or the key of their
 * epoch is not at hand. The broker forgets what is acknowledged, and the mailbox holds up nobody for one purpose: so
 * they are kept as they came, and judged as soon as that is over. */
#ifndef SLUIS_AGENT_HOLD_LATER_H
#define SLUIS_AGENT_HOLD_LATER_H

#include "agent/mail_in.h"
#include "proto/base/hash.h"
#include "proto/base/ids.h"

#define LATER_MAX 4096u /* that wait at once */

/* A notice: of this question, about this subject and this record. */
struct later_notice {
    const struct digest *header;
    uint32_t group;
    const struct handle *handle;
    struct bytes content;
};

/* Store thread: keeps it, once however often it comes and whatever else it says. ERR_NO_SPACE: LATER_MAX wait; the
 * mailbox waits with this one then. Errors of the store. */
enum err later_put(struct agent *a, struct kv_txn *txn, const struct later_notice *n) MUST_CHECK;

/* Loop thread: judges each of them once more, as if it came now, unless that is under way. One that still waits stays;
 * of every other the row goes in the transaction of what becomes of it. Begins with the part, with another view and with
 * the timer. */
void later_try(struct agent *a);

#endif
