/* Folders that another process wrote before it was killed. Whoever comes next sees every name in them, and a name that was not
 * synced is not on the disk yet: it goes with the power, and what was built on it stays. */
#ifndef SLUIS_HOST_FOLDERS_H
#define SLUIS_HOST_FOLDERS_H

#include "proto/base/attr.h"
#include "proto/base/err.h"

/* Syncs the name of dir and all names in it and in the folders below; symbolic links below are not followed. Contents are the business of
 * whoever gave the name. ERR_IO, ERR_NOT_FOUND, ERR_PERMISSION; ERR_LIMIT (100,000 names in one folder), ERR_RANGE (too long a path),
 * ERR_NOMEM; why tells. */
enum err folders_sync(const char *dir, struct errmsg *why) MUST_CHECK;

#endif
