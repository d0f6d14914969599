/* One line of the view Logboek Dataverwerkingen: one act towards one subject, who is a pseudonym,
 * and no user. Pure. */
#ifndef SLUIS_AGENT_SUBJECT_LDV_H
#define SLUIS_AGENT_SUBJECT_LDV_H

#include "agent/subject/touch_walk.h"
#include "proto/json/doc.h"
#include "proto/policy/policy.h"

/* "Ok", "Unset" (it led to nothing, or nothing is known of a result) or "Error" (a technical fault,
 * and no refusal). */
const char *ldv_status(const struct touch *t);

struct ldv {
    const struct agency_id *self;
    const struct name *deployment;
    const struct policy *policy; /* the version of the thread's terms; NULL: not known here */
    const struct walk_thread *thread;
    struct mac *ids; /* touch_walk_ids */
};

/* The line of an entry towards a subject of the thread; *out is the caller's. ERR_CRYPTO,
 * ERR_NOMEM. */
enum err ldv_line(const struct ldv *l, const struct walk_subject *subject, size_t entry,
                  struct doc **out) MUST_CHECK;

#endif
