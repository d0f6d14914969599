#include "proto/host/service.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "proto/base/log.h"
#include "proto/host/loop.h"

struct service {
    struct loop *loop;
    struct service_calls calls;
    struct loop_timer *watchdog;
    bool stopping;
};

enum err service_harden(struct errmsg *why)
{
    const struct rlimit none = {0, 0};
    umask(0077);
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || setrlimit(RLIMIT_CORE, &none) != 0)
        return errmsg_set(why, ERR_IO, "cannot switch core dumps off: %s", strerrordesc_np(errno));
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return errmsg_set(why, ERR_IO, "cannot give up new privileges: %s", strerrordesc_np(errno));
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    if (sigaction(SIGPIPE, &ignore, NULL) != 0)
        return errmsg_set(why, ERR_IO, "cannot ignore SIGPIPE: %s", strerrordesc_np(errno));
    /* Only what is touched, so that a store of 64 GiB of address space is not pulled in. */
    if (mlockall(MCL_CURRENT | MCL_ONFAULT) != 0)
        log_notice("memory-lock=no reason=\"%s\" hint=\"raise LimitMEMLOCK\"",
                   strerrordesc_np(errno));
    return ERR_OK;
}

static void on_stop_signal(void *arg, int signo)
{
    struct service *s = arg;
    log_notice("stopping signal=%d", signo);
    if (s->stopping || s->calls.on_stop == NULL) {
        loop_quit(s->loop);
        return;
    }
    s->stopping = true;
    service_stopping("draining");
    s->calls.on_stop(s->calls.arg);
}

static void on_reload_signal(void *arg, int signo)
{
    struct service *s = arg;
    (void)signo;
    if (s->calls.on_reload != NULL && !s->stopping)
        s->calls.on_reload(s->calls.arg);
}

static void ping_watchdog(void *arg)
{
    struct service *s = arg;
    if (s->calls.is_alive == NULL || s->calls.is_alive(s->calls.arg))
        sd_notify(0, "WATCHDOG=1");
    else
        log_err("watchdog=silent reason=\"the store thread shows no life\"");
}

static enum err start_watchdog(struct service *s)
{
    uint64_t interval_us = 0;
    if (sd_watchdog_enabled(0, &interval_us) <= 0)
        return ERR_OK;
    s->watchdog = loop_timer_new(s->loop, ping_watchdog, s);
    if (s->watchdog == NULL)
        return ERR_NOMEM;
    loop_timer_every(s->watchdog, (int64_t)(interval_us / 2000));
    return ERR_OK;
}

enum err service_new(struct loop *l, const struct service_calls *calls, struct service **out)
{
    CLEANUP(cleanup_service_free) struct service *s = calloc(1, sizeof *s);
    if (s == NULL)
        return ERR_NOMEM;
    s->loop = l;
    s->calls = *calls;
    enum err e = loop_on_signal(l, SIGTERM, on_stop_signal, s);
    if (e == ERR_OK)
        e = loop_on_signal(l, SIGINT, on_stop_signal, s);
    if (e == ERR_OK)
        e = loop_on_signal(l, SIGHUP, on_reload_signal, s);
    if (e == ERR_OK)
        e = start_watchdog(s);
    if (e == ERR_OK)
        *out = take(s);
    return e;
}

static void ignore_signal(void *arg, int signo)
{
    (void)arg;
    (void)signo;
}

void service_free(struct service *s)
{
    if (s == NULL)
        return;
    static const int ours[] = {SIGTERM, SIGINT, SIGHUP};
    for (size_t i = 0; i < ARRAY_LEN(ours); i++) {
        if (loop_on_signal(s->loop, ours[i], ignore_signal, NULL) != ERR_OK)
            log_err("signal=%d state=unhandled", ours[i]);
    }
    loop_timer_free(s->watchdog);
    free(s);
}

void service_ready(const char *status)
{
    sd_notifyf(0, "READY=1\nSTATUS=%s", status);
}

void service_reloading(void)
{
    sd_notify(0, "RELOADING=1");
}

void service_stopping(const char *status)
{
    sd_notifyf(0, "STOPPING=1\nSTATUS=%s", status);
}

void service_status(const char *status)
{
    sd_notifyf(0, "STATUS=%s", status);
}
