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

/* A version of the policy that verified. */
struct policy_version {
    struct view_version file;
    struct policy_file *loaded;
    struct digest digest;
};

struct view {
    atomic_int refs;
    struct arena *arena;
    struct view_files files; /* copies in the arena */
    struct trust *trust;           /* the roster with its certificates */
    struct policy_version *versions; /* descending by serial */
    size_t version_count;
    size_t current;                  /* the place of the one in force */
    uint64_t given_serial;           /* of the policy that view_new was given as such */
    struct digest adoptions_digest;
    struct adoption_doc *adoptions;
    size_t adoption_count;
    struct view_fault *faults;
    size_t fault_count;
    struct deal *deals;
    size_t deal_count;
};

/* Room for every fault that these files and marks can have; before the loads. ERR_NOMEM. */
enum err view_make_faults(struct view *v, const struct view_marks *marks) MUST_CHECK;

/* Notes that document i of this kind does not count for anybody. */
void view_add_fault(struct view *v, const char *what, size_t i, const struct errmsg *of);

/* Loads one version and verifies its two signatures; policy_file_free(out->loaded). */
enum err view_read_version(const struct view_pins *pins, const struct view_version *file,
                           struct policy_version *out, struct errmsg *why) MUST_CHECK;

static inline const struct policy_version *view_current(const struct view *v)
{
    return &v->versions[v->current];
}

static inline const struct policy *version_policy(const struct policy_version *p)
{
    return policy_file_policy(p->loaded);
}

/* Each verifies its documents into v; errors as view_new. */
enum err view_load_versions(struct view *v, const struct view_pins *pins, int64_t now_s,
                            struct errmsg *why) MUST_CHECK;
enum err view_load_adoptions(struct view *v, const struct view_marks *marks, int64_t now_s,
                             struct errmsg *why) MUST_CHECK;
enum err view_load_deals(struct view *v, int64_t now_s, struct errmsg *why) MUST_CHECK;

#endif
