/* A change of state of one epoch, as it is shown before and after it is made, and its signing. */
#ifndef SLUIS_CLI_PKI_EPOCH_PLAN_H
#define SLUIS_CLI_PKI_EPOCH_PLAN_H

#include "pki/cli/pki/epoch_book.h"

struct epoch_plan {
    struct epoch_book book;
    struct trust *trust;
    struct agency_id own; /* whose folder it is */
    struct epoch_change change;
    struct epoch_states next;
};

void epoch_plan_free(struct epoch_plan *p);

/* Options, roster, folder and the next word, which only the purpose's custodian can say: by --policy where it is
 * given, else who dealt and said all that is here; ERR_PERMISSION where the keys of --dir are another's. ERR_BEHIND
 * or ERR_CONFLICT: by --seen the folder is an old copy. change.state and declaration are set before, and trust
 * where the roster was read already. */
enum err epoch_plan_make(struct work *w, struct epoch_plan *p) MUST_CHECK;

/* Puts the plan on standard output, for people or as JSON; the caller of JSON closes the object. */
enum err epoch_plan_show(struct work *w, const struct epoch_plan *p) MUST_CHECK;

/* Signs the next word and keeps it, unless this is a dry run; says where it is and where it goes. */
enum err epoch_plan_issue(struct work *w, const struct epoch_plan *p) MUST_CHECK;

#endif
