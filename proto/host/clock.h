/* Where time comes from. Programs use clock_system(); tests pass a clock of their own.
 * There is no switch in configuration or environment that moves a product's clock. */
#ifndef SLUIS_HOST_CLOCK_H
#define SLUIS_HOST_CLOCK_H

#include <stdint.h>

struct clock {
    int64_t (*wall_ms)(void *arg); /* milliseconds since 1970 UTC */
    void *arg;
};

/* The machine's clock; a static object, never NULL. */
const struct clock *clock_system(void);

/* Wall time of c in milliseconds and in seconds (floor) since 1970 UTC. */
int64_t clock_now_ms(const struct clock *c);
int64_t clock_now_s(const struct clock *c);

/* Milliseconds and nanoseconds on the monotonic clock: for durations and timers only. */
int64_t clock_mono_ms(void);
int64_t clock_mono_ns(void);

#endif
