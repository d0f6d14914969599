/* The loop: one thread that waits for descriptors, timers, signals and work posted by other
 * threads. Everything here is for the loop thread except loop_post, loop_post_task and loop_quit.
 */
#ifndef SLUIS_HOST_LOOP_H
#define SLUIS_HOST_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/attr.h"
#include "proto/base/err.h"

struct loop;
struct loop_watch;
struct loop_timer;

#define LOOP_IN 1u  /* readable, or the other side is gone */
#define LOOP_OUT 2u /* writable */

typedef void (*loop_fn)(void *arg);
typedef void (*loop_fd_fn)(void *arg, unsigned events);
typedef void (*loop_signal_fn)(void *arg, int signo);
/* Returns true where it has more to do at once; the loop then polls instead of waiting. */
typedef bool (*loop_prepare_fn)(void *arg);

/* A piece of posted work inside the owner's own memory, so that posting cannot fail. */
struct loop_task {
    loop_fn fn;
    void *arg;
    struct loop_task *next; /* the loop's */
};

/* ERR_IO, ERR_NOMEM. */
enum err loop_new(struct loop **out) MUST_CHECK;

/* Runs what is still posted, then frees; watches and timers must be gone. loop_free(NULL) is a
 * no-op. */
void loop_free(struct loop *l);
DEFINE_CLEANUP(struct loop, loop_free)

/* Runs until loop_quit. ERR_IO where waiting fails. */
enum err loop_run(struct loop *l) MUST_CHECK;

/* One turn: waits at most max_wait_ms (-1: until something happens), then handles what is there. */
enum err loop_turn(struct loop *l, int max_wait_ms) MUST_CHECK;

/* Makes loop_run return after the present turn. Any thread; also from a callback. */
void loop_quit(struct loop *l);

/* Calls fn(arg) once on the loop thread, in order of posting. Any thread. ERR_NOMEM. */
enum err loop_post(struct loop *l, loop_fn fn, void *arg) MUST_CHECK;

/* The same without allocation: t stays the caller's and untouched until fn is called. */
void loop_post_task(struct loop *l, struct loop_task *t);

/* Runs everything posted so far, and what that posts, now. For orderly shutdown. */
void loop_flush(struct loop *l);

/* Calls fn(arg, events) while fd is ready (level-triggered) for any of events. fd stays the
 * caller's. ERR_IO (among others: fd is watched already), ERR_NOMEM. */
enum err loop_watch_fd(struct loop *l, int fd, unsigned events, loop_fd_fn fn, void *arg,
                       struct loop_watch **out) MUST_CHECK;
/* Changes the events of w (0: pause). */
void loop_watch_set(struct loop_watch *w, unsigned events);
/* Ends a watch and frees it, also from its own callback; before fd is closed. NULL is a no-op. */
void loop_unwatch(struct loop_watch *w);

/* A timer that is not running yet. NULL without memory. fn may set, stop or free its own timer. */
struct loop_timer *loop_timer_new(struct loop *l, loop_fn fn, void *arg);
/* Runs once after delay_ms (0: at the next turn); a running timer is moved. */
void loop_timer_after(struct loop_timer *t, int64_t delay_ms);
/* Runs every period_ms (at least 1), first after one period; missed periods are not made up. */
void loop_timer_every(struct loop_timer *t, int64_t period_ms);
void loop_timer_stop(struct loop_timer *t);
void loop_timer_free(struct loop_timer *t);
DEFINE_CLEANUP(struct loop_timer, loop_timer_free)

/* Blocks signo for the calling thread (call before any other thread starts: they inherit it) and
 * calls fn on the loop thread when it arrives. ERR_IO, ERR_RANGE. */
enum err loop_on_signal(struct loop *l, int signo, loop_signal_fn fn, void *arg) MUST_CHECK;

/* Calls fn(arg) before each wait: for sources whose descriptor is edge-triggered (link).
 * At most 16; ERR_LIMIT. */
enum err loop_prepare(struct loop *l, loop_prepare_fn fn, void *arg) MUST_CHECK;
void loop_unprepare(struct loop *l, loop_prepare_fn fn, void *arg);

#endif
