#include "proto/host/crash.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef SLUIS_CRASH_POINTS
void crash_point_pass(const char *name)
{
    static atomic_long passed;
    const char *at = getenv("SLUIS_CRASH_AT");
    size_t n = strlen(name);
    if (at == NULL || strncmp(at, name, n) != 0 || at[n] != ':')
        return;
    if (atomic_fetch_add(&passed, 1) + 1 == strtol(at + n + 1, NULL, 10))
        kill(getpid(), SIGKILL);
}
#endif
