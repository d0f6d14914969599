/* What lies here of an epoch that ended goes: of a retired one when the last deadline that could be open at
 * its retirement is over, of a compromised or destroyed one at once. What the source said and the keys of its rows
 * stay until an active epoch has them too, unless the epoch is destroyed: they carry nothing of its key. In
 * slices, and on where it was after a restart. Loop thread. */
#ifndef SLUIS_IMPORT_FORGET_H
#define SLUIS_IMPORT_FORGET_H

#include "proto/base/err.h"

struct agent;
struct forget;

/* ERR_NOMEM. */
enum err forget_new(struct agent *a, struct forget **out) MUST_CHECK;
void forget_free(struct forget *f);
DEFINE_CLEANUP(struct forget, forget_free)

/* Looks for what is due; also by itself every minute. */
void forget_look(struct forget *f);

#endif
