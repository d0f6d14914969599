#include "proto/conf/config_agent.h"

#include <stdlib.h>

#define MINUTE_MS UINT64_C(60000)
#define DAY_MS (UINT64_C(24) * 60 * MINUTE_MS)
#define RETENTION_LEAST_MS (365 * DAY_MS) /* but in a demonstration */

#define AT(member) offsetof(struct config_agent, member)

static const struct conf_key keys[] = {
    {"deployment", CONF_NAME, AT(deployment), NULL, "demo", 0, 0, NULL,
     "Name of the deployment; every message and signature carries it.", false},
    {"oin", CONF_OIN, AT(oin), NULL, "'00000099000000002000'", 0, 0, NULL,
     "OIN of the agency, as the roster lists it.", false},
    {"broker.endpoint", CONF_ENDPOINT, AT(broker), NULL, "'tcp://127.0.0.1:7400'", 0, 0, NULL,
     "Where the broker listens; its key comes from the roster.", false},
    {"broker.socks5", CONF_HOST_PORT, AT(socks5), "", "'127.0.0.1:1080'", 0, 0, NULL,
     "SOCKS5 proxy for the way out.", false},
    CONF_TRUST_ROWS(struct config_agent),
    CONF_SERVICE_ROWS(struct config_agent),
    {"purposes", CONF_NAMES, AT(purposes), "", "[riec]", 0, 64, NULL,
     "Purposes (key domains) in which this agency takes part.", false},
    {"protected_list", CONF_BOOL, AT(protected_list), "false", "", 0, 0, NULL,
     "Keep a list of protected persons, who leave no trace.", false},
    {"compartments", CONF_GROUPS, AT(compartments), "", "{ondermijning: [a.jansen]}", 0, 64, NULL,
     "For each compartment that the policy names: the staff who see and decide its items.", false},
    {"mirror", CONF_PATH, AT(mirror), "", "mirror", 0, 0, NULL,
     "Folder for a copy of the broker's published audit log.", false},
    {"import.max_withdraw_percent", CONF_INT, AT(max_withdraw_percent), "2", "", 0, 100, NULL,
     "A full import that would withdraw more of the records stops and asks.", false},
    {"own_log.dir", CONF_PATH, AT(own_log_dir), "", "own-log", 0, 0, NULL,
     "Folder in which this agency's own audit log is published; without it the store's with -log behind its name.", false},
    {"own_log.publish_interval", CONF_DURATION, AT(own_log_interval_ms), "1m", "", 50, 3600000, NULL,
     "Time between two blocks of that log.", false},
    {"own_log.retention", CONF_DURATION, AT(own_log_retention_ms), "1826d", "", MINUTE_MS, 36525 * DAY_MS, NULL,
     "Bodies of that log are erased after this time, where no rule says another.", false},
    {"own_log.searches_per_day", CONF_INT, AT(searches_per_day), "20", "", 1, 1000, NULL,
     "Searches for data subjects (sluis own-log) in 24 hours.", false},
    {"own_log.answer_within", CONF_DURATION, AT(answer_within_ms), "28d", "", DAY_MS, 366 * DAY_MS, NULL,
     "Term for the answer to a data subject, from the day on which the request came in.", false},
    {"retry.first", CONF_DURATION, AT(retry_first_ms), "1s", "", 100, 60000, NULL,
     "Wait before a message without an answer is sent again; doubles each time.", false},
    {"retry.most", CONF_DURATION, AT(retry_most_ms), "1m", "", 1000, 3600000, NULL,
     "Longest wait between two tries.", false},
};

/* A purpose that stands twice is a slip that may hide a missing one. */
static enum err check_purposes(const struct conf_names *list, struct errmsg *why)
{
    for (size_t i = 0; i < list->count; i++)
        for (size_t j = 0; j < i; j++)
            if (name_equal(&list->items[i], &list->items[j]))
                return errmsg_set(why, ERR_CONFIG, "'purposes': '%s' stands twice",
                                  list->items[i].s);
    return ERR_OK;
}

static enum err check(const void *config, struct errmsg *why)
{
    const struct config_agent *c = config;
    if (c->retry_most_ms < c->retry_first_ms)
        return errmsg_set(why, ERR_CONFIG, "'retry.most' is shorter than 'retry.first'");
    if (c->own_log_retention_ms < RETENTION_LEAST_MS && !c->service.demonstration)
        return errmsg_set(why, ERR_CONFIG, "'own_log.retention': less than a year, and no demonstration");
    enum err bad = check_purposes(&c->purposes, why);
    return bad != ERR_OK ? bad : config_check_service(&c->service, why);
}

const struct conf_table config_agent_table = {
    .title = "sluis-agent: configuration",
    .keys = keys,
    .count = ARRAY_LEN(keys),
    .check = check,
};

enum err config_agent_load(const struct conf_source *src, struct config_agent **out,
                           struct errmsg *why)
{
    CLEANUP(cleanup_config_agent_free) struct config_agent *c = calloc(1, sizeof *c);
    if (c == NULL)
        return ERR_NOMEM;
    c->arena = arena_new((size_t)4 * CONFIG_MAX_BYTES);
    if (c->arena == NULL)
        return ERR_NOMEM;
    enum err bad = config_load(&config_agent_table, src, c->arena, c, why);
    if (bad == ERR_OK)
        *out = take(c);
    return bad;
}

void config_agent_free(struct config_agent *c)
{
    if (c == NULL)
        return;
    arena_free(c->arena);
    free(c);
}
