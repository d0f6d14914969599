/* The parts of a view, for pki/view only. */
#ifndef SLUIS_PKI_VIEW_INTERNAL_H
#define SLUIS_PKI_VIEW_INTERNAL_H

#include <stdatomic.h>

#include "pki/endings.h"
#include "pki/trust.h"
#include "pki/view/view.h"
#include "proto/conf/policy_load.h"

#define VIEW_NOTICES_MAX 32
#define VIEW_ARENA_BYTES ((size_t)96 << 20)

/* What did not hold, and whose adoptions up to which serial fall with it. */
struct view_fault {
    bool is_of_holder;
    struct agency_id holder;
    uint64_t serial;
    bool is_quiet; /* of a holder that is no member any more, or of a signer that is pinned no more: nobody has to act */
    struct errmsg why;
};

/* A version of the policy that verified. */
struct policy_version {
    struct view_version file;
    struct policy_file *loaded;
    struct digest digest;
    bool is_unpinned; /* one of its signatures is by somebody whom nobody pins here (any more) */
};

/* What an agency was to a purpose when it signed something, by the versions of the policy that are known here. */
enum custody {
    CUSTODY_NONE = 0,
    CUSTODY_NOW,    /* its custodian by the version in force */
    CUSTODY_FORMER, /* by one that was in force then; another is custodian now */
    CUSTODY_COMING, /* by one that is announced only */
};

/* A custodian's word on the epochs of its purpose. */
struct states_said {
    struct epoch_states states;
    struct bytes document;
    struct bytes file;
    struct digest digest; /* of the document */
    const struct view_declared *declared; /* the signed declarations that came with it and were verified */
    size_t declared_count;
    enum custody by;      /* whose word it is */
    bool is_overtaken;    /* while the words are read */
};

struct view_declared {
    struct bytes wire;    /* signed */
    struct digest digest; /* of the declaration */
};

/* One that does not verify. */
struct states_unread {
    bool is_claimed; /* it says of which purpose and serial it is */
    struct epoch_states_claim claim;
    struct errmsg why;
    struct view_refused_deal refused; /* what and why, for an entry */
    bool is_fault;                    /* it would say more than what is believed */
};

/* One that does not count as it stands, until all are read. */
struct states_aside {
    size_t place; /* among the files */
    struct bytes document;
    struct errmsg why;
    struct view_refused_deal refused;
    bool is_history; /* only its declarations do not count */
    struct states_said said;
};

/* What is believed of the epochs of one purpose. */
struct purpose_states {
    struct name purpose;
    const struct view_states_mark *mark; /* of the caller of view_new, while that runs; NULL: none */
    const struct states_said *head;      /* the newest that verified; NULL: none */
    bool is_suspended;
    struct errmsg why;
};

struct view {
    atomic_int refs;
    struct arena *arena;
    struct view_files files; /* copies in the arena */
    struct trust *trust;           /* the roster with its certificates */
    struct ending roster_key;
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
    struct view_refused_deal *refused_deals;
    size_t refused_deal_count;
    struct states_said *said; /* every word on epochs that verified */
    size_t said_count;
    struct bytes *kept_states; /* the files of those, one for each document */
    size_t kept_state_count;
    struct states_aside *aside; /* while they are read */
    size_t aside_count;
    struct states_unread *unread; /* and every other */
    size_t unread_count;
    struct purpose_states *purposes; /* ascending by name */
    size_t purpose_count;
    const char *doubt; /* why what nobody signed does not count either; NULL: it does */
    struct digest states_digest;
    struct errmsg *notices;
    size_t notice_count;
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

/* Of this agency, at that time, by all versions that are known here. */
enum custody view_custody(const struct view *v, const struct name *purpose,
                          const struct agency_id *id, int64_t signed_at_s);

/* Each verifies its documents into v; errors as view_new. */
enum err view_load_versions(struct view *v, const struct view_pins *pins, int64_t now_s,
                            struct errmsg *why) MUST_CHECK;
enum err view_load_adoptions(struct view *v, const struct view_marks *marks, int64_t now_s,
                             struct errmsg *why) MUST_CHECK;
enum err view_load_deals(struct view *v, int64_t now_s, struct errmsg *why) MUST_CHECK;
enum err view_load_states(struct view *v, const struct view_marks *marks, int64_t now_s,
                          struct errmsg *why) MUST_CHECK;

/* The declarations in the file of a word that was verified; errors as digest_sha256, ERR_NOMEM. */
struct epoch_word;
enum err view_keep_declared(struct view *v, const struct epoch_word *word, struct states_said *out) MUST_CHECK;

/* The term of the pinned roster key's certificate. */
enum err view_read_roster_key(struct view *v, const struct view_pins *pins,
                              struct errmsg *why) MUST_CHECK;

/* What the operator should know of what holds; after the loads. ERR_NOMEM. */
enum err view_load_notices(struct view *v) MUST_CHECK;

/* Raises the marks of states; as view_raise_marks. */
enum err view_raise_states(const struct view *v, struct view_marks *marks,
                           struct errmsg *why) MUST_CHECK;

#endif
