#include "proto/host/clock.h"

#include <stddef.h>
#include <time.h>

static int64_t read_ns(clockid_t id)
{
    struct timespec ts = {0};
    clock_gettime(id, &ts); /* cannot fail for these two ids */
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static int64_t system_wall_ms(void *arg)
{
    (void)arg;
    return read_ns(CLOCK_REALTIME) / 1000000;
}

const struct clock *clock_system(void)
{
    static const struct clock system_clock = {system_wall_ms, NULL};
    return &system_clock;
}

int64_t clock_now_ms(const struct clock *c)
{
    return c->wall_ms(c->arg);
}

int64_t clock_now_s(const struct clock *c)
{
    int64_t ms = clock_now_ms(c);
    return ms / 1000 - (ms % 1000 < 0 ? 1 : 0);
}

int64_t clock_mono_ns(void)
{
    return read_ns(CLOCK_MONOTONIC);
}

int64_t clock_mono_ms(void)
{
    return clock_mono_ns() / 1000000;
}
