/* One process at a time: a lock on a file, which ends with the process however it ends. Advisory: only who asks for
 * it is held. */
#ifndef SLUIS_HOST_FILE_LOCK_H
#define SLUIS_HOST_FILE_LOCK_H

#include "proto/base/err.h"

enum file_lock_wait {
    FILE_LOCK_TRY,
    FILE_LOCK_WAIT,
};

/* Makes path (0600) where it is not there, and takes its lock. *fd is the caller's: to close it gives the lock back.
 * ERR_AGAIN: another process has it (of FILE_LOCK_TRY); ERR_NOT_FOUND: no such folder; ERR_PERMISSION, ERR_IO;
 * why names the file. */
enum err file_lock(const char *path, enum file_lock_wait wait, int *fd,
                   struct errmsg *why) MUST_CHECK;

#endif
