/* What a crash leaves of files that were being written: NAME.tmp-XXXXXX. */
#ifndef SLUIS_HOST_UNFINISHED_H
#define SLUIS_HOST_UNFINISHED_H

#include <stdbool.h>

/* Whether file_write, spool or staged_dir would give this name to what has none of its own yet. */
bool unfinished_is(const char *name);

/* Overwrites and removes such files in dir and in the folders below; symbolic links are not followed. Only for whoever alone writes
 * there, before it does. Says each in the log, also what it could not remove: that keeps nobody from working. */
void unfinished_remove(const char *dir);

#endif
