#include "proto/conf/config_broker.h"

#include <stdlib.h>

#define MINUTE_MS UINT64_C(60000)
#define DAY_MS (UINT64_C(24) * 60 * MINUTE_MS)
#define RETENTION_LEAST_MS (365 * DAY_MS) /* but in a demonstration */

#define AT(member) offsetof(struct config_broker, member)

static const struct conf_key keys[] = {
    {"deployment", CONF_NAME, AT(deployment), NULL, "demo", 0, 0, NULL,
     "Name of the deployment; every message and signature carries it.", false},
    {"oin", CONF_OIN, AT(oin), NULL, "'00000099000000001000'", 0, 0, NULL,
     "OIN of the operator, as the roster lists the broker.", false},
    {"origin", CONF_TEXT, AT(origin), NULL, "sluis.example/broker", 1, 128, NULL,
     "Origin line of the audit log's checkpoints; another one begins another log (--begin-log).", false},
    {"listen", CONF_ENDPOINTS, AT(listen), NULL, "['tcp://127.0.0.1:7400']", 1, 4, NULL,
     "Endpoints to listen on.", false},
    CONF_TRUST_ROWS(struct config_broker),
    CONF_SERVICE_ROWS(struct config_broker),
    {"tiles", CONF_PATH, AT(tiles), NULL, "tiles", 0, 0, NULL,
     "Folder in which the audit log is published.", false},
    {"timing.slot_interval", CONF_DURATION, AT(slot_interval_ms), "5s", "", 50, 3600000, NULL,
     "Mailboxes deliver once in this time, whatever happened.", false},
    {"timing.match_slot", CONF_DURATION, AT(match_slot_ms), "2s", "", 50, 3600000, NULL,
     "Matching runs once in this time, apart from the request that caused it.", false},
    {"timing.publish_interval", CONF_DURATION, AT(publish_interval_ms), "5s", "", 50, 3600000, NULL,
     "A checkpoint of the audit log is published once in this time.", false},
    {"timing.witness_intervals", CONF_INT, AT(witness_intervals), "4", "", 4, 100000, NULL,
     "So many publish intervals one head waits for its quorum of witnesses; more where one cosigns by hand.", false},
    {"mailbox.pad_to", CONF_SIZE, AT(pad_to), "4KiB", "", 1024, 1 << 20, NULL,
     "Smallest size class of a delivered message.", false},
    {"mailbox.messages", CONF_INT, AT(mailbox_messages), "100000", "", 100, 10000000, NULL,
     "Most messages that may wait for one agency.", false},
    {"mailbox.size", CONF_SIZE, AT(mailbox_bytes), "1GiB", "", 1 << 20, UINT64_C(1) << 40, NULL,
     "Most bytes that may wait for one agency.", false},
    {"log.copy", CONF_PATH, AT(log_copy), "", "bodies-copy", 0, 0, NULL,
     "Folder for a second copy of the log's bodies, sealed to the auditors; none without it.", false},
    {"log.former", CONF_PATH, AT(log_former), "", "tiles-before", 0, 0, NULL,
     "Folder of the log before this one, as it was published: who was away when it ended asks for its end.", false},
    {"log.retention", CONF_DURATION, AT(log_retention_ms), "1826d", "", MINUTE_MS, 36525 * DAY_MS, NULL,
     "Bodies of the audit log are erased after this time, where no rule says another.", false},
};

static enum err check(const void *config, struct errmsg *why)
{
    const struct config_broker *c = config;
    if (c->log_retention_ms < RETENTION_LEAST_MS && !c->service.demonstration)
        return errmsg_set(why, ERR_CONFIG, "'log.retention': less than a year, and no demonstration");
    return config_check_service(&c->service, why);
}

const struct conf_table config_broker_table = {
    .title = "sluis-broker: configuration",
    .keys = keys,
    .count = ARRAY_LEN(keys),
    .check = check,
};

enum err config_broker_load(const struct conf_source *src, struct config_broker **out,
                            struct errmsg *why)
{
    CLEANUP(cleanup_config_broker_free) struct config_broker *c = calloc(1, sizeof *c);
    if (c == NULL)
        return ERR_NOMEM;
    c->arena = arena_new((size_t)4 * CONFIG_MAX_BYTES);
    if (c->arena == NULL)
        return ERR_NOMEM;
    enum err bad = config_load(&config_broker_table, src, c->arena, c, why);
    if (bad == ERR_OK)
        *out = take(c);
    return bad;
}

void config_broker_free(struct config_broker *c)
{
    if (c == NULL)
        return;
    arena_free(c->arena);
    free(c);
}
