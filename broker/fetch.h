/* What a fetch hands out, and whether everything that a party needs has room in one answer. */
#ifndef SLUIS_BROKER_FETCH_H
#define SLUIS_BROKER_FETCH_H

#include "pki/view/view.h"

/* Whether the broker can hand out this view: its roster, and its policies in force and announced with
 * signatures, adoptions and statements of keys, each in one frame. Asked before a view is accepted, so that
 * no party is shut out by it afterwards. ERR_TOO_LARGE, ERR_LIMIT (why says of what, and how much there is
 * room for), ERR_NOMEM. */
enum err fetch_check(const struct view *v, struct errmsg *why) MUST_CHECK;

#endif
