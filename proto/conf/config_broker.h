/* broker.yaml: what sluis-broker is told. docs/configuration.md lists the keys. */
#ifndef SLUIS_CONF_CONFIG_BROKER_H
#define SLUIS_CONF_CONFIG_BROKER_H

#include "proto/conf/config_common.h"

struct config_broker {
    struct name deployment;
    struct agency_id oin;     /* of the operator, as in the roster */
    const char *origin;       /* of the audit log */
    struct conf_texts listen; /* endpoints, one to four; the first is the roster's */
    struct conf_trust trust;
    struct conf_service service;
    const char *tiles;            /* folder of the published log */
    uint64_t slot_interval_ms;    /* mailbox delivery */
    uint64_t match_slot_ms;       /* matching */
    uint64_t publish_interval_ms; /* checkpoints */
    uint64_t witness_intervals;   /* publish intervals that one head may wait for its quorum */
    uint64_t pad_to;              /* bytes: smallest mailbox size class */
    uint64_t mailbox_messages;    /* most that wait for one agency */
    uint64_t mailbox_bytes;
    const char *log_copy;      /* folder of the auditors' copy of bodies; NULL: none */
    const char *log_former;    /* folder of the log that ended before this one; NULL: none */
    uint64_t log_retention_ms; /* of bodies whose rule does not say */
    struct arena *arena; /* owns all texts and lists */
};

/* Loads, checks and returns a configuration; release with config_broker_free. ERR_CONFIG with file,
 * line and column; ERR_NOMEM. */
enum err config_broker_load(const struct conf_source *src, struct config_broker **out,
                            struct errmsg *why) MUST_CHECK;
void config_broker_free(struct config_broker *c);
DEFINE_CLEANUP(struct config_broker, config_broker_free)

/* The table, for config_show, config_dump and config_example. */
extern const struct conf_table config_broker_table;

#endif
