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

/* Removes what a crash left of folders that were made beside path: PATH.tmp-XXXXXX, with the files in them. ERR_RANGE, ERR_IO; why
 * names the one that it could not. */
enum err staged_dir_remove_left(const char *path, struct errmsg *why) MUST_CHECK;

/* Where it is made, for whoever writes there by itself. Until it is placed or freed. */
const char *staged_dir_path(const struct staged_dir *d);

/* Gives a file inside that was synced the name `to`, over nothing that is there, and syncs the folder of that name. For what is
 * whole with one file; the rest goes with the folder. ERR_EXISTS, ERR_RANGE, ERR_IO. */
enum err staged_dir_take(const struct staged_dir *d, const char *name, const char *to, struct errmsg *why) MUST_CHECK;

/* Makes a folder inside, one level deep. ERR_EXISTS, ERR_IO, ERR_NO_SPACE. */
enum err staged_dir_folder(struct staged_dir *d, const char *name, struct errmsg *why) MUST_CHECK;

/* Writes a file inside ("name" or "folder/name"), mode 0600, synced. Errors as file_create. */
enum err staged_dir_put(struct staged_dir *d, const char *name, struct bytes data,
                        struct errmsg *why) MUST_CHECK;

/* Gives the folder its name, over nothing that is there. ERR_EXISTS, ERR_IO. */
enum err staged_dir_place(struct staged_dir *d, struct errmsg *why) MUST_CHECK;

#endif
