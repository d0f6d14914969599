/* A machine whose clock is ahead, in place of proto/host/clock.c: the programs linked with this add
 * SLUIS_CLOCK_AHEAD_S, seconds, to wall time. They stand in a folder of their own and are never installed. */
#include "proto/host/clock.h"

#include <stddef.h>
#include <stdlib.h>
#include <time.h>

static int64_t read_ns(clockid_t id)
{
    struct timespec ts = {0};
    clock_gettime(id, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static int64_t moved_wall_ms(void *arg)
{
    (void)arg;
    const char *ahead = getenv("SLUIS_CLOCK_AHEAD_S");
    return read_ns(CLOCK_REALTIME) / 1000000 + (ahead == NULL ? 0 : strtoll(ahead, NULL, 10) * 1000);
}

const struct clock *clock_system(void)
{
    static const struct clock moved = {moved_wall_ms, NULL};
    return &moved;
}

int64_t clock_now_ms(const struct clock *c)
{
    return c->wall_ms(c->arg);
}

int64_t clock_now_s(const struct clock *c)
{
    return clock_now_ms(c) / 1000;
}

int64_t clock_mono_ns(void)
{
    return read_ns(CLOCK_MONOTONIC);
}

int64_t clock_mono_ms(void)
{
    return clock_mono_ns() / 1000000;
}
