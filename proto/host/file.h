/* Whole files, read under a cap and written so that a crash leaves the old or the new one. */
#ifndef SLUIS_HOST_FILE_H
#define SLUIS_HOST_FILE_H

#include <stdbool.h>
#include <sys/types.h>

#include "proto/base/buf.h"
#include "proto/base/err.h"

enum file_trust {
    FILE_ANY = 1, /* input that is checked otherwise: symbolic links and any owner allowed */
    FILE_OWN,     /* configuration: regular, ours or root's, not writable by group or others */
    FILE_PRIVATE, /* key files: the same and not a symbolic link, not readable by group or others */
};

/* Appends the whole file to out, up to out->max. ERR_NOT_FOUND, ERR_PERMISSION (mode, owner, kind
 * of file), ERR_TOO_LARGE, ERR_NOMEM, ERR_IO; why names the file and what to do. */
enum err file_read(const char *path, enum file_trust trust, struct buf *out,
                   struct errmsg *why) MUST_CHECK;

/* Replaces path by data: temporary file in the same folder, fsync, rename, fsync of the folder.
 * mode as for open (0600 …), whatever the umask. ERR_IO, ERR_NO_SPACE, ERR_PERMISSION. */
enum err file_write(const char *path, struct bytes data, mode_t mode,
                    struct errmsg *why) MUST_CHECK;

/* As file_write, but ERR_EXISTS where path is there: nothing is ever overwritten. */
enum err file_create(const char *path, struct bytes data, mode_t mode,
                     struct errmsg *why) MUST_CHECK;

/* As file_create, but once the data are on disk under a temporary name, and only then, ready is asked: where it returns an
 * error, with why, nothing is left of the file and that error is returned. It is not asked where path is there. */
struct file_ready {
    enum err (*fn)(void *arg, struct errmsg *why);
    void *arg;
};
enum err file_create_when(const char *path, struct bytes data, mode_t mode,
                          const struct file_ready *ready, struct errmsg *why) MUST_CHECK;

/* Makes the folder with mode 0700 (its parent must exist), or checks that the one there is a folder
 * of ours that group and others cannot enter. Its name is on the disk afterwards. ERR_PERMISSION, ERR_IO, ERR_NOT_FOUND (parent). */
enum err file_make_dir(const char *path, struct errmsg *why) MUST_CHECK;

/* fsyncs the folder that path lies in: that path was made, renamed or removed is on the disk afterwards. ERR_NOT_FOUND,
 * ERR_PERMISSION, ERR_RANGE, ERR_IO. */
enum err file_sync_parent(const char *path, struct errmsg *why) MUST_CHECK;

/* The same for a folder that was there: whoever made it may have been killed before he synced its name. Where the folder above
 * may not be read nothing is done: it was made by another. Errors as above. */
enum err file_sync_name(const char *dir, struct errmsg *why) MUST_CHECK;

/* fsyncs a folder: what was made, renamed or removed in it is on the disk afterwards. Errors as above. */
enum err file_sync_dir(const char *dir, struct errmsg *why) MUST_CHECK;

/* A descriptor for appending; made with mode where absent, fsync of the folder then. No symbolic
 * link is followed. */
enum err file_open_append(const char *path, mode_t mode, int *fd, struct errmsg *why) MUST_CHECK;

/* Writes all of data at the end and fdatasyncs. ERR_NO_SPACE (a partial write is cut off again),
 * ERR_IO. */
enum err file_append(int fd, struct bytes data) MUST_CHECK;

/* Removes a file and fsyncs its folder. ERR_NOT_FOUND, ERR_IO, ERR_PERMISSION. */
enum err file_remove(const char *path, struct errmsg *why) MUST_CHECK;

/* Overwrites the file with zeros where it lies, syncs, and removes it as file_remove does. What a disk, a
 * file system or a snapshot keeps of the old blocks, and every copy, is beyond it. ERR_PERMISSION where it
 * is a symbolic link or no regular file; else as file_remove. */
enum err file_erase(const char *path, struct errmsg *why) MUST_CHECK;

/* Whether path names something (without following a last symbolic link). */
bool file_exists(const char *path);

/* Calls fn for each name in dir in byte order, without "." and ".."; ends at its first error and
 * returns it. ERR_NOT_FOUND, ERR_LIMIT over 100,000 names, ERR_NOMEM, ERR_IO. */
typedef enum err (*file_name_fn)(void *arg, const char *name);
enum err file_list(const char *dir, file_name_fn fn, void *arg) MUST_CHECK;

#endif
