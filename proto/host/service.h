/* A daemon's life: notices to systemd, signals, and shutting doors behind itself. */
#ifndef SLUIS_HOST_SERVICE_H
#define SLUIS_HOST_SERVICE_H

#include <stdbool.h>

#include "proto/base/err.h"

struct loop;
struct service;

struct service_calls {
    void (*on_stop)(void *arg);   /* SIGTERM or SIGINT: drain, then loop_quit; a second one quits */
    void (*on_reload)(void *arg); /* SIGHUP: load anew, keep the old where the new is bad */
    bool (*is_alive)(void *arg);  /* asked before each watchdog ping; false: no ping */
    void *arg;
};

/* First thing in main, before any secret: no core dumps, not dumpable, no new privileges, umask
 * 0077, SIGPIPE ignored; memory lock where the limit allows it (a log line where not). ERR_IO. */
enum err service_harden(struct errmsg *why) MUST_CHECK;

/* Takes the signals (before threads start) and pings the watchdog at half its interval.
 * ERR_NOMEM, ERR_IO. */
enum err service_new(struct loop *l, const struct service_calls *calls,
                     struct service **out) MUST_CHECK;
void service_free(struct service *s);
DEFINE_CLEANUP(struct service, service_free)

/* Tell systemd; each is a no-op outside it. status: one line, never data. */
void service_ready(const char *status);
void service_reloading(void); /* followed by service_ready */
void service_stopping(const char *status);
void service_status(const char *status);

/* Last step of start, for all threads: a seccomp allow-list without new processes and programs;
 * anything else fails with EPERM and is one line in the kernel's audit log. ERR_UNSUPPORTED where
 * the kernel has none: log it and go on. ERR_IO. */
enum err service_confine(struct errmsg *why) MUST_CHECK;

#endif
