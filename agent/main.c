/* sluis-agent: one agency's service. Reads like the script that it is. */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "agent/agent_run.h"
#include "agent/control_run.h"
#include "agent/keys.h"
#include "agent/log/take_up.h"
#include "agent/part.h"
#include "agent/store/store.h"
#include "agent/trust.h"
#include "pki/secret.h"
#include "proto/base/log.h"
#include "proto/host/clock.h"
#include "proto/host/file.h"
#include "proto/host/loop.h"
#include "proto/host/service.h"
#include "proto/host/writer.h"

#define DRAIN_MS 100
#define DRAIN_MOST_MS 30000
#define STORE_ALIVE_MS 30000

enum { OPT_CONFIG = 'c', OPT_CHECK = 0x100, OPT_BACKUP, OPT_TAKE_UP };

struct options {
    const char *config;
    const char *backup;
    const char *take_up;
    bool check;
};

static const struct argp_option option_rows[] = {
    {"config", OPT_CONFIG, "FILE", 0, "agent.yaml", 0},
    {"check-config", OPT_CHECK, NULL, 0,
     "print the effective configuration, check keys, roster and policy, and end", 0},
    {"backup", OPT_BACKUP, "DIR", 0, "copy the store to DIR, also while the agent runs, and end", 0},
    {"take-up", OPT_TAKE_UP, "DIR", 0,
     "in a store that is an old copy: take up what this agency's own log published since, from its folder, and end", 0},
    {0},
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;
    switch (key) {
    case OPT_CONFIG: o->config = arg; return 0;
    case OPT_CHECK: o->check = true; return 0;
    case OPT_BACKUP: o->backup = arg; return 0;
    case OPT_TAKE_UP: o->take_up = arg; return 0;
    case ARGP_KEY_END:
        if (o->config == NULL)
            argp_error(state, "say which configuration: --config FILE");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

const char *argp_program_version = "sluis-agent 0.1.0";

static const struct argp argp = {
    .options = option_rows,
    .parser = parse_option,
    .doc = "The service of one agency: keeps its records, asks, decides and releases.\v"
           "Examples:\n"
           "  sluis-agent --config /etc/sluis/agent-riec.yaml --check-config\n"
           "  sluis-agent --config /etc/sluis/agent-riec.yaml\n"
           "  sluis-agent -c /etc/sluis/agent-riec.yaml --backup /backup/2026-11-24\n"
           "  sluis-agent -c /etc/sluis/agent-riec.yaml --take-up /var/lib/sluis/riec-log\n"
           "SIGTERM: finishes what was accepted, then ends. SIGHUP: reads keys, roster and policy again.\n"
           "Exit codes: 64 usage, 70 a fault of the program, 74 input or output, 78 configuration.",
};

/* One line for whoever started the service. */
static int stop_with(int exit_code, enum err e, const struct errmsg *why)
{
    log_err("start.failed reason=\"%s\"", why->text[0] != '\0' ? why->text : err_text(e));
    return exit_code;
}

static int exit_of(enum err e)
{
    bool is_fault = e == ERR_NOMEM || e == ERR_CRYPTO;
    bool is_io = e == ERR_IO || e == ERR_NO_SPACE;
    return is_fault ? EX_SOFTWARE : is_io ? EX_IOERR : EX_CONFIG;
}

static enum err load_config(const char *path, struct config_agent **out, struct errmsg *why)
{
    CLEANUP(buf_free) struct buf text = buf_new(CONFIG_MAX_BYTES);
    enum err bad = file_read(path, FILE_OWN, &text, why);
    const struct conf_source source = {.text = buf_bytes(&text), .path = path};
    return bad == ERR_OK ? config_agent_load(&source, out, why) : bad;
}

static enum err check_trust(const struct config_agent *config, struct errmsg *why)
{
    CLEANUP(cleanup_agent_keys_free) struct agent_keys *keys = NULL;
    CLEANUP(cleanup_agent_trust_free) struct agent_trust *trust = NULL;
    CLEANUP(cleanup_view_free) struct view *view = NULL;
    enum err bad = agent_keys_load(&config->service, &keys, why);
    if (bad == ERR_OK)
        bad = agent_trust_new(config, &trust, why);
    if (bad == ERR_OK)
        bad = agent_trust_load(trust, NULL, clock_now_s(clock_system()), &view, why);
    return bad;
}

static int check_config(const struct config_agent *config)
{
    struct errmsg why = {""};
    CLEANUP(buf_free) struct buf text = buf_new(CONFIG_MAX_BYTES);
    enum err bad = config_dump(&config_agent_table, config, &text);
    if (bad != ERR_OK)
        return stop_with(EX_SOFTWARE, bad, &why);
    fwrite(text.ptr, 1, text.len, stdout);
    fflush(stdout);
    bad = check_trust(config, &why);
    return bad == ERR_OK ? EX_OK : stop_with(exit_of(bad), bad, &why);
}

static int make_backup(const struct config_agent *config, const char *dir)
{
    struct errmsg why = {""};
    CLEANUP(cleanup_agent_keys_free) struct agent_keys *keys = NULL;
    CLEANUP(cleanup_agent_store_free) struct store *store = NULL;
    enum err bad = agent_keys_load(&config->service, &keys, &why);
    if (bad == ERR_OK) {
        const struct store_params p = {.dir = config->service.store,
                                       .map_bytes = config->service.map_size,
                                       .keys = agent_keys_storage(keys),
                                       .agency = &config->oin};
        bad = agent_store_open(&p, &store, &why);
    }
    if (bad == ERR_OK)
        bad = kv_backup(store_kv(store), dir, &why);
    if (bad != ERR_OK)
        return stop_with(exit_of(bad), bad, &why);
    log_notice("backup.made dir=%s", dir);
    return EX_OK;
}

/* Nobody is served meanwhile, and no agent runs on this store: the control socket is this process's. */
static int take_up(const struct config_agent *config, const char *dir)
{
    static const struct agent_part *const none[] = {NULL};
    struct errmsg why = {""};
    struct agent *agent = NULL;
    CLEANUP(cleanup_loop_free) struct loop *loop = NULL;
    enum err bad = loop_new(&loop);
    const struct agent_params params = {config, none, loop, clock_system()};
    if (bad == ERR_OK)
        bad = agent_new(&params, &agent, &why);
    if (bad == ERR_OK)
        bad = own_log_take_up(agent, dir, &why);
    agent_free(agent);
    return bad == ERR_OK ? EX_OK : stop_with(exit_of(bad), bad, &why);
}

/* The running service. */
struct running {
    struct agent *agent;
    struct loop *loop;
    struct loop_timer *drain;
    int64_t drain_since_ms;
};

static void on_drain(void *arg)
{
    struct running *p = arg;
    bool is_late = clock_mono_ms() - p->drain_since_ms > DRAIN_MOST_MS;
    if (agent_control_pending(p->agent->control) == 0 || is_late)
        loop_quit(p->loop);
}

static void on_stop(void *arg)
{
    struct running *p = arg;
    log_notice("agent.stopping");
    service_stopping("finishing what was accepted");
    agent_drain(p->agent);
    p->drain_since_ms = clock_mono_ms();
    loop_timer_every(p->drain, DRAIN_MS);
}

static void on_reload(void *arg)
{
    struct running *p = arg;
    struct errmsg why = {""};
    service_reloading();
    enum err bad = agent_reload(p->agent, &why);
    if (bad != ERR_OK)
        log_err("reload.failed keeps=old reason=\"%s\"",
                why.text[0] != '\0' ? why.text : err_text(bad));
    else
        log_notice("reload.done");
    service_ready(bad == ERR_OK ? "running" : "running with what was loaded before");
}

static bool is_alive(void *arg)
{
    const struct running *p = arg;
    return clock_mono_ms() - writer_heartbeat_ms(p->agent->writer) < STORE_ALIVE_MS;
}

static enum err confine(struct errmsg *why)
{
    enum err bad = service_confine(why);
    if (bad == ERR_UNSUPPORTED)
        log_warn("start.not_confined reason=\"%s\"", why->text);
    return bad == ERR_UNSUPPORTED ? ERR_OK : bad;
}

static enum err run(struct running *p, struct errmsg *why)
{
    enum err bad = agent_start(p->agent, why);
    if (bad == ERR_OK)
        bad = confine(why);
    if (bad != ERR_OK)
        return bad;
    log_notice("agent.ready oin=%s roster=%llu", p->agent->config->oin.oin,
               (unsigned long long)view_roster(p->agent->view)->serial);
    service_ready("running");
    return loop_run(p->loop);
}

static int serve(const struct config_agent *config)
{
    struct errmsg why = {""};
    CLEANUP(cleanup_loop_free) struct loop *loop = NULL;
    struct running p = {.agent = NULL};
    CLEANUP(cleanup_service_free) struct service *service = NULL;
    const struct service_calls calls = {on_stop, on_reload, is_alive, &p};
    enum err bad = loop_new(&loop);
    if (bad == ERR_OK)
        bad = service_new(loop, &calls, &service);
    p.loop = loop;
    p.drain = bad == ERR_OK ? loop_timer_new(loop, on_drain, &p) : NULL;
    const struct agent_params params = {config, agent_parts, loop, clock_system()};
    if (bad == ERR_OK)
        bad = p.drain != NULL ? agent_new(&params, &p.agent, &why) : ERR_NOMEM;
    if (bad == ERR_OK)
        bad = run(&p, &why);
    agent_free(p.agent);
    loop_timer_free(p.drain);
    if (bad != ERR_OK)
        return stop_with(exit_of(bad), bad, &why);
    log_notice("agent.stopped");
    return EX_OK;
}

int main(int argc, char **argv)
{
    struct options o = {.config = NULL};
    struct errmsg why = {""};
    log_init("sluis-agent", LOG_LEVEL_INFO);
    argp_err_exit_status = EX_USAGE;
    argp_parse(&argp, argc, argv, 0, NULL, &o);
    enum err bad = service_harden(&why);
    if (bad != ERR_OK)
        return stop_with(EX_OSERR, bad, &why);
    bad = secret_init();
    if (bad == ERR_PERMISSION)
        log_warn("start.memory_not_locked raise=LimitMEMLOCK");
    else if (bad != ERR_OK)
        return stop_with(EX_OSERR, bad, &why);
    CLEANUP(cleanup_config_agent_free) struct config_agent *config = NULL;
    bad = load_config(o.config, &config, &why);
    if (bad != ERR_OK)
        return stop_with(EX_CONFIG, bad, &why);
    log_init("sluis-agent", config->service.log_level);
    if (o.check)
        return check_config(config);
    if (o.take_up != NULL)
        return take_up(config, o.take_up);
    return o.backup != NULL ? make_backup(config, o.backup) : serve(config);
}
