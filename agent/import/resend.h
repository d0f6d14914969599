/* Batches that the broker has accepted and, restored from an older copy, lacks: sent again as they are, one after the other,
 * from behind the last that it has (decision 0416). Loop thread. */
#ifndef SLUIS_IMPORT_RESEND_H
#define SLUIS_IMPORT_RESEND_H

#include "proto/base/arena.h"
#include "proto/msg/hello.h"

struct agent;
struct doc;
struct resend;

/* ERR_NOMEM. */
enum err resend_new(struct agent *a, struct resend **out) MUST_CHECK;
void resend_free(struct resend *r);
DEFINE_CLEANUP(struct resend, resend_free)

/* What hello says of this agency's chains; in the arena. Errors of the store, ERR_NOMEM. */
enum err resend_hello(struct agent *a, struct arena *arena, struct hello *h) MUST_CHECK;

/* What the broker lacks, by its answer; begins, or goes on, or has nothing (more) to do, once its session is open. A chain that was given up is tried
 * again once roster, policy or a word on epochs has changed, or an hour has passed. At the end of all, what the outbox keeps
 * back goes. */
void resend_hear(struct resend *r, const struct hello_reply *reply);

/* Whether some batch is on its way again, or waits for its turn. */
bool resend_is_under_way(const struct resend *r);

/* For status: what is under way; NULL without memory. */
struct doc *resend_doc(const struct resend *r);
/* Why some batch could not be sent again, one line; "": none is known. */
const char *resend_failure(const struct resend *r);

#endif
