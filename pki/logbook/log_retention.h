/* Erases the bodies of a log at the end of their time (decision 0412). Each entry that stands in the log gets a time once:
 * that of its rule in the version of the policy that its body names, else that of the configuration. When it comes, the
 * body's key and the body go, in slices, with one entry for each slice. Entry, row, tree and proofs stay. */
#ifndef SLUIS_PKI_LOGBOOK_LOG_RETENTION_H
#define SLUIS_PKI_LOGBOOK_LOG_RETENTION_H

#include "pki/logbook/log_due.h"
#include "pki/logbook/logbook.h"
#include "pki/view/view.h"

struct clock;
struct log_retention;
struct loop;
struct writer;

/* What whose log it is says and does. */
struct log_retention_calls {
    /* Loop thread: the view to judge by, a reference that is taken; NULL: nothing may be erased now. A clock that is wrong by
     * years has no valid roster behind it: then it is NULL. */
    struct view *(*view)(void *arg);
    /* Store thread: the entry that tells how many bodies this transaction erased. */
    enum err (*tell)(void *arg, struct kv_txn *txn, int64_t now_s, size_t erased);
    /* Loop thread: what became of a look. */
    void (*looked)(void *arg, enum err result);
};

struct log_retention_params {
    struct logbook *logbook; /* all of these outlive it */
    struct loop *loop;
    struct writer *writer;
    const struct clock *clock;
    int64_t default_s; /* term of bodies whose rule says none */
    struct log_retention_calls calls;
    void *arg;
};

/* Loop thread, as all below. It looks at once and then every minute. ERR_NOMEM. */
enum err log_retention_new(const struct log_retention_params *p, struct log_retention **out) MUST_CHECK;
/* No job of it is under way any more. NULL is a no-op. */
void log_retention_free(struct log_retention *x);
DEFINE_CLEANUP(struct log_retention, log_retention_free)

/* Begins a look now, unless one is under way. It goes on by itself while there is more. */
void log_retention_look(struct log_retention *x);

/* The log has a new head; its entries get their time, and their places on lists, soon. NULL is a no-op. */
void log_retention_on_head(struct log_retention *x);

#endif
