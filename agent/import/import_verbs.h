/* The verbs of contribution: import, imports, withdraw. */
#ifndef SLUIS_IMPORT_IMPORT_VERBS_H
#define SLUIS_IMPORT_IMPORT_VERBS_H

#include "agent/control.h"

extern const struct verb import_verbs[]; /* ended by a verb with name NULL */

#endif
