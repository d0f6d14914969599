/* sluis-broker: arguments, configuration, keys and store, doors, loop, drain. */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "broker/daemon.h"
#include "broker/take_up.h"
#include "pki/secret.h"
#include "proto/base/log.h"
#include "proto/host/clock.h"
#include "proto/host/file.h"
#include "proto/host/service.h"

struct options {
    const char *config;
    const char *backup;
    struct take_up_from take_up; /* dir NULL: not asked for */
    const char *successor;       /* of --retire-log */
    const char *begin_log;
    bool retire_log;
    bool check;
};

enum option_key { OPT_CHECK = 256, OPT_BACKUP, OPT_TAKE_UP, OPT_HEAD, OPT_RETIRE_LOG, OPT_SUCCESSOR, OPT_BEGIN_LOG };

static const struct argp_option options[] = {
    {"config", 'c', "FILE", 0, "Configuration; see /usr/share/doc/sluis/examples/broker.yaml", 0},
    {"check-config", OPT_CHECK, NULL, 0, "Print the effective configuration and stop", 0},
    {"backup", OPT_BACKUP, "DIR", 0,
     "Copy the store into a new folder and stop; the service may run meanwhile", 0},
    {"take-up", OPT_TAKE_UP, "DIR", 0,
     "Take up, into a restored store, the log as it was published in DIR, and stop; the service is stopped", 0},
    {"head", OPT_HEAD, "FILE", 0, "With --take-up: up to this signed head, which DIR's checkpoint may not have yet", 0},
    {"retire-log", OPT_RETIRE_LOG, NULL, 0, "End the log of a stopped broker, for good, and stop; --successor names who goes on", 0},
    {"successor", OPT_SUCCESSOR, "ORIGIN", 0, "With --retire-log: the origin of the log that goes on", 0},
    {"begin-log", OPT_BEGIN_LOG, "DIR", 0,
     "Begin the successor of a log that ended, and stop; the store is copied into the new folder DIR first", 0},
    {0},
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;
    switch (key) {
    case 'c':
        o->config = arg;
        return 0;
    case OPT_CHECK:
        o->check = true;
        return 0;
    case OPT_BACKUP:
        o->backup = arg;
        return 0;
    case OPT_TAKE_UP:
        o->take_up.dir = arg;
        return 0;
    case OPT_HEAD:
        o->take_up.head = arg;
        return 0;
    case OPT_RETIRE_LOG:
        o->retire_log = true;
        return 0;
    case OPT_SUCCESSOR:
        o->successor = arg;
        return 0;
    case OPT_BEGIN_LOG:
        o->begin_log = arg;
        return 0;
    case ARGP_KEY_END:
        if (o->config == NULL)
            argp_error(state, "--config FILE is needed");
        if (o->take_up.head != NULL && o->take_up.dir == NULL)
            argp_error(state, "--head goes with --take-up");
        if (o->retire_log != (o->successor != NULL))
            argp_error(state, "--retire-log and --successor go together");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp parser = {
    .options = options,
    .parser = parse_option,
    .doc = "The broker of a Sluis deployment: stores tokens, matches requests, carries sealed "
           "messages and keeps the audit log."
           "\vExamples:\n"
           "  sluis-broker --config /etc/sluis/broker.yaml --check-config\n"
           "  sluis-broker -c /etc/sluis/broker.yaml --backup /var/backups/2026-11-23\n"
           "  sluis-broker -c /etc/sluis/broker.yaml --take-up /srv/tiles --head head-of-riec\n"
           "  sluis-broker -c /etc/sluis/broker.yaml --retire-log --successor sluis.example/log-2\n"
           "  sluis-broker -c /etc/sluis/broker.yaml --begin-log /var/backups/first-log\n",
};

static int fail(enum err e, const struct errmsg *why)
{
    fprintf(stderr, "sluis-broker: %s\n", why->text[0] != '\0' ? why->text : err_text(e));
    switch ((int)e) {
    case ERR_CONFIG:
    case ERR_MISMATCH:
    case ERR_NOT_FOUND:
        return EX_CONFIG;
    case ERR_PERMISSION:
        return EX_NOPERM;
    case ERR_NO_SPACE:
    case ERR_IO:
        return EX_IOERR;
    default:
        return EX_SOFTWARE;
    }
}

static enum err read_config(const char *path, struct config_broker **out, struct errmsg *why)
{
    CLEANUP(buf_free) struct buf text = buf_new(CONFIG_MAX_BYTES);
    enum err e = file_read(path, FILE_OWN, &text, why);
    const struct conf_source src = {.text = buf_bytes(&text), .path = path};
    return e == ERR_OK ? config_broker_load(&src, out, why) : e;
}

static enum err print_config(const struct config_broker *c)
{
    CLEANUP(buf_free) struct buf text = buf_new(CONFIG_MAX_BYTES);
    enum err e = config_dump(&config_broker_table, c, &text);
    if (e == ERR_OK && fwrite(text.ptr, 1, text.len, stdout) != text.len)
        e = ERR_IO;
    return e;
}

static enum err serve(const struct config_broker *c, struct errmsg *why)
{
    CLEANUP(cleanup_daemon_free) struct daemon *d = NULL;
    enum err e = daemon_new(c, clock_system(), &d, why);
    return e == ERR_OK ? daemon_run(d, why) : e;
}

static enum err open_heap(struct errmsg *why)
{
    enum err e = secret_init();
    if (e == ERR_PERMISSION) {
        log_warn("secrets locked=false: raise LimitMEMLOCK to 1 MiB or more");
        return ERR_OK;
    }
    return e == ERR_OK ? e : errmsg_set(why, e, "secure heap: %s", err_text(e));
}

/* What is done on the store, or with it. */
static enum err work(const struct options *o, const struct config_broker *config, struct errmsg *why)
{
    if (o->take_up.dir != NULL)
        return daemon_take_up(config, clock_system(), &o->take_up, why);
    if (o->retire_log)
        return daemon_retire_log(config, clock_system(), o->successor, why);
    if (o->begin_log != NULL)
        return daemon_begin_log(config, clock_system(), o->begin_log, why);
    return serve(config, why);
}

int main(int argc, char **argv)
{
    struct options o = {0};
    struct errmsg why = {""};
    CLEANUP(cleanup_config_broker_free) struct config_broker *config = NULL;
    if (argp_parse(&parser, argc, argv, 0, NULL, &o) != 0)
        return EX_USAGE;
    enum err e = service_harden(&why);
    if (e == ERR_OK)
        e = read_config(o.config, &config, &why);
    if (e == ERR_OK)
        log_init("sluis-broker", config->service.log_level);
    if (e == ERR_OK && o.check)
        e = print_config(config);
    else if (e == ERR_OK && o.backup != NULL)
        e = daemon_backup(config, o.backup, &why);
    else if (e == ERR_OK && (e = open_heap(&why)) == ERR_OK)
        e = work(&o, config, &why);
    return e == ERR_OK ? EX_OK : fail(e, &why);
}
