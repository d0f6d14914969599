/* A scratch folder for tests of proto/host, removed with everything in it. */
#ifndef SLUIS_TEST_HOST_TMP_H
#define SLUIS_TEST_HOST_TMP_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct host_tmp {
    char dir[64];
    char path[160]; /* of the last host_tmp_path */
};

static inline void host_tmp_make(struct host_tmp *t)
{
    snprintf(t->dir, sizeof t->dir, "/tmp/sluis-host-XXXXXX");
    if (mkdtemp(t->dir) == NULL)
        abort();
}

static inline const char *host_tmp_path(struct host_tmp *t, const char *name)
{
    snprintf(t->path, sizeof t->path, "%s/%s", t->dir, name);
    return t->path;
}

static inline int host_tmp_remove_one(const char *path, const struct stat *st, int kind,
                                      struct FTW *ftw)
{
    (void)st;
    (void)kind;
    (void)ftw;
    return remove(path);
}

static inline void host_tmp_remove(struct host_tmp *t)
{
    nftw(t->dir, host_tmp_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

#endif
