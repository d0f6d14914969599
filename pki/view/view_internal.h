/* The parts of a view, for pki/view only. */
#ifndef SLUIS_PKI_VIEW_INTERNAL_H
#define SLUIS_PKI_VIEW_INTERNAL_H

#include <stdatomic.h>

#include "pki/trust.h"
#include "pki/view/view.h"
#include "proto/conf/policy_load.h"

#define VIEW_ARENA_BYTES ((size_t)96 << 20)

/* What did not hold, and whose adoptions up to which serial fall with it. */
struct view_fault {
    bool is_of_holder;
    struct agency_id holder;
    uint64_t serial;
    struct errmsg why;
};

struct view {
    atomic_int refs;
    struct arena *arena;
    struct view_files files; /* copies in the arena */
    struct trust *trust;           /* the roster with its certificates */
    struct policy_file *policy_file;
    struct digest policy_digest;
    struct adoption_doc *adoptions;
    size_t adoption_count;
    struct view_fault *faults;
    size_t fault_count;
    struct deal *deals;
    size_t deal_count;
};

/* Notes that document i of this kind does not count for anybody. Room is made by view_load_adoptions,
 * which comes before the other loads that may add one. */
void view_add_fault(struct view *v, const char *what, size_t i, const struct errmsg *of);

/* Each verifies its documents into v; errors as view_new. */
enum err view_load_policy(struct view *v, const struct view_pins *pins,
                          struct errmsg *why) MUST_CHECK;
enum err view_load_adoptions(struct view *v, const struct view_marks *marks, int64_t now_s,
                             struct errmsg *why) MUST_CHECK;
enum err view_load_deals(struct view *v, int64_t now_s, struct errmsg *why) MUST_CHECK;

#endif
