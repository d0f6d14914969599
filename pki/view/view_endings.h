/* What ends of what a view believes: the certificates of its roster, the roster key and the epochs. */
#ifndef SLUIS_PKI_VIEW_ENDINGS_H
#define SLUIS_PKI_VIEW_ENDINGS_H

#include "pki/endings.h"

struct view;

/* An epoch ends by the policy's epoch_days; the newest active one of each purpose counts. Errors: fn's. */
enum err view_endings(const struct view *v, ending_fn fn, void *arg) MUST_CHECK;

#endif
