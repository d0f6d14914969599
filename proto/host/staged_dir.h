/* A folder that is made under a temporary name and gets its own when it is whole. */
#ifndef SLUIS_HOST_STAGED_DIR_H
#define SLUIS_HOST_STAGED_DIR_H

#include "proto/base/bytes.h"
#include "proto/base/err.h"

struct staged_dir;

/* Makes the folder, mode 0700, beside path. ERR_EXISTS where path is there, ERR_RANGE, ERR_PERMISSION, ERR_IO, ERR_NOMEM. */
enum err staged_dir_new(const char *path, struct staged_dir **out, struct errmsg *why) MUST_CHECK;

/* Removes what was not placed, and frees. NULL is a no-op. */
void staged_dir_free(struct staged_dir *d);
DEFINE_CLEANUP(struct staged_dir, staged_dir_free)

/* Makes a folder inside, one level deep. ERR_EXISTS, ERR_IO, ERR_NO_SPACE. */
enum err staged_dir_folder(struct staged_dir *d, const char *name, struct errmsg *why) MUST_CHECK;

/* Writes a file inside ("name" or "folder/name"), mode 0600, synced. Errors as file_create. */
enum err staged_dir_put(struct staged_dir *d, const char *name, struct bytes data,
                        struct errmsg *why) MUST_CHECK;

/* Gives the folder its name, over nothing that is there. ERR_EXISTS, ERR_IO. */
enum err staged_dir_place(struct staged_dir *d, struct errmsg *why) MUST_CHECK;

#endif
