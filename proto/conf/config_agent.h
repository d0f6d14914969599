/* agent.yaml: what sluis-agent is told. docs/configuration.md lists the keys. */
#ifndef SLUIS_CONF_CONFIG_AGENT_H
#define SLUIS_CONF_CONFIG_AGENT_H

#include "proto/conf/config_common.h"

struct config_agent {
    struct name deployment;
    struct agency_id oin;
    const char *broker; /* endpoint; the broker's key comes from the roster */
    const char *socks5; /* host:port, or NULL */
    struct conf_trust trust;
    struct conf_service service;
    struct conf_names purposes;    /* whose keys this agency holds */
    struct conf_groups compartments; /* who sees what the policy puts in a compartment */
    bool protected_list;           /* a list of protected persons is kept */
    const char *mirror;            /* folder with a copy of the broker's log, or NULL: none is kept */
    uint64_t max_withdraw_percent; /* of a full import */
    const char *own_log_dir;       /* of this agency's own log; NULL: the store's folder with -log behind it */
    uint64_t own_log_interval_ms;  /* its blocks */
    uint64_t own_log_retention_ms; /* of bodies whose rule does not say */
    uint64_t searches_per_day;     /* in its index of subjects */
    uint64_t answer_within_ms;     /* of a data subject's request */
    uint64_t retry_first_ms;       /* wait before the first repeat of a message */
    uint64_t retry_most_ms;        /* longest wait between repeats */
    struct arena *arena;           /* owns all texts and lists */
};

/* As config_broker_load. */
enum err config_agent_load(const struct conf_source *src, struct config_agent **out,
                           struct errmsg *why) MUST_CHECK;
void config_agent_free(struct config_agent *c);
DEFINE_CLEANUP(struct config_agent, config_agent_free)

extern const struct conf_table config_agent_table;

#endif
