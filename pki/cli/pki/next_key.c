#include "pki/cli/pki/next_key.h"

#include "pki/keyfile.h"
#include "proto/host/file.h"

bool next_key_has(struct work *w, const char *id)
{
    char path[WORK_PATH_MAX];
    return work_key_path(w, id, path) == ERR_OK && file_exists(path);
}

enum err next_key_copy(struct work *w, const char *from_id, const char *to_id)
{
    char from[WORK_PATH_MAX];
    char to[WORK_PATH_MAX];
    struct buf file CLEANUP(buf_free) = buf_new(KEYFILE_MAX_BYTES);
    enum err e = work_key_path(w, from_id, from);
    if (e == ERR_OK)
        e = work_key_path(w, to_id, to);
    if (e == ERR_OK)
        e = file_read(from, FILE_PRIVATE, &file, &w->why);
    return e == ERR_OK ? file_write(to, buf_bytes(&file), 0600, &w->why) : e;
}

enum err next_key_move(struct work *w, const char *next_id, const char *id)
{
    char from[WORK_PATH_MAX];
    enum err e = work_key_path(w, next_id, from);
    if (e == ERR_OK)
        e = next_key_copy(w, next_id, id);
    return e == ERR_OK ? file_erase(from, &w->why) : e;
}
