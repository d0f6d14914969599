#include "proto/host/unfinished.h"

#include <errno.h>
#include <fts.h>
#include <stdint.h>
#include <string.h>

#include "proto/base/attr.h"
#include "proto/base/log.h"
#include "proto/host/file.h"

#define RANDOM_CHARS 6u /* of mkostemp */

bool unfinished_is(const char *name)
{
    static const char mark[] = ".tmp-";
    const char *at = strstr(name, mark);
    return at != NULL && at > name && strlen(at) == sizeof mark - 1 + RANDOM_CHARS;
}

static void fts_end(FTS **walk)
{
    if (*walk != NULL)
        (void)fts_close(*walk);
}

static void take_entry(const FTSENT *f)
{
    struct errmsg why = {""};
    if (f->fts_info == FTS_DNR || f->fts_info == FTS_ERR || f->fts_info == FTS_NS)
        log_warn("unfinished.not_seen file=\"%s\" errno=%d", f->fts_path, f->fts_errno);
    if (f->fts_info != FTS_F || !unfinished_is(f->fts_name))
        return;
    if (file_erase(f->fts_path, &why) == ERR_OK)
        log_notice("unfinished.removed file=\"%s\"", f->fts_path);
    else
        log_warn("unfinished.not_removed reason=\"%s\"", why.text);
}

void unfinished_remove(const char *dir)
{
    char *roots[] = {(char *)(uintptr_t)dir, NULL};
    CLEANUP(fts_end) FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    if (walk == NULL) {
        log_warn("unfinished.not_seen file=\"%s\" errno=%d", dir, errno);
        return;
    }
    for (const FTSENT *f = fts_read(walk); f != NULL; f = fts_read(walk))
        take_entry(f);
}
