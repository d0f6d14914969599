/* Where in a log bodies may be that fit a filter: by its lists as far as they go, one after the other where they do not. */
#ifndef SLUIS_PKI_LOGBOOK_LOG_FIND_H
#define SLUIS_PKI_LOGBOOK_LOG_FIND_H

#include "pki/logbook/logbook.h"
#include "proto/msg/bodies.h"

/* What is looked for, and how much one answer may take. */
struct log_finding {
    struct logbook *logbook;
    struct kv_txn *txn;
    const struct bodies_filter *filter;
    const struct bodies_sought *sought; /* the names behind the filter's digests, those that were said */
    uint64_t size;                      /* of the published log */
    size_t looks;                       /* entries, and places of lists */
    int64_t until_ns;                   /* on clock_mono_ns; 0: as long as it takes */
};

struct log_find;
/* f is copied. Errors as logbook_terms; ERR_INVALID: damaged. */
enum err log_find_new(const struct log_finding *f, struct log_find **out) MUST_CHECK;
void log_find_free(struct log_find *f); /* before the transaction ends */
DEFINE_CLEANUP(struct log_find, log_find_free)

/* The next index at or behind `from` whose body may fit, or of which the lists do not tell: whoever reads it holds it against
 * the filter, and tells of a body that is not there. ERR_NOT_FOUND: there is none. ERR_AGAIN: no looks or no time are left;
 * there is none before *out. Whatever was found since log_find_new, or nothing: *out is behind the first `from`. */
enum err log_find_next(struct log_find *f, uint64_t from, uint64_t *out) MUST_CHECK;

/* Whether looks and time are left. */
bool log_find_may_go_on(const struct log_find *f);

#endif
