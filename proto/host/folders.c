#include "proto/host/folders.h"

#include <fts.h>
#include <stdint.h>

#include "proto/host/file.h"

static void fts_end(FTS **walk)
{
    if (*walk != NULL)
        (void)fts_close(*walk);
}

static enum err sync_entry(const FTSENT *f, struct errmsg *why)
{
    if (f->fts_info == FTS_DNR || f->fts_info == FTS_ERR || f->fts_info == FTS_NS)
        return errmsg_set(why, ERR_IO, "%s: cannot look into it", f->fts_path);
    return f->fts_info == FTS_D ? file_sync_dir(f->fts_path, why) : ERR_OK;
}

enum err folders_sync(const char *dir, struct errmsg *why)
{
    char *roots[] = {(char *)(uintptr_t)dir, NULL};
    enum err e = file_sync_name(dir, why);
    if (e != ERR_OK)
        return e;
    CLEANUP(fts_end) FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, NULL);
    if (walk == NULL)
        return ERR_NOMEM;
    for (const FTSENT *f = fts_read(walk); e == ERR_OK && f != NULL; f = fts_read(walk))
        e = sync_entry(f, why);
    return e;
}
