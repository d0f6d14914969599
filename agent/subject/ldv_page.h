/* Some lines of the view Logboek Dataverwerkingen, subject by subject, and where the next ones
 * begin. */
#ifndef SLUIS_AGENT_SUBJECT_LDV_PAGE_H
#define SLUIS_AGENT_SUBJECT_LDV_PAGE_H

#include "agent/agent.h"
#include "agent/subject/touch_walk.h"
#include "proto/json/doc.h"
#include "proto/msg/bodies.h"

/* Where a page begins: at these entries of a thread, with the subjects from this group on; not set:
 * at the first thread. */
struct ldv_place {
    bool is_set;
    struct walk_from from;
    uint32_t group;
};

struct ldv_page {
    const struct agent *agent; /* its configuration and view */
    struct touch_walk *walk;
    struct name staff; /* who asks: of a compartment only who is listed for it sees anything */
    const struct bodies_filter *filter; /* time, agency, rule and event; the rest must be empty */
    size_t most;         /* lines; those of one subject among some entries are never parted */
    struct ldv_place at; /* in and out */
    struct doc *lines;   /* an array, appended to; the caller's */
    bool is_over;        /* out: there is no other */
};

/* In a snapshot. ERR_NOMEM, ERR_CRYPTO; else as touch_walk_get. */
enum err ldv_page_read(struct ldv_page *p, struct kv_txn *txn) MUST_CHECK;

#endif
