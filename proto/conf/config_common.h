/* The part of a configuration that broker and agent share. */
#ifndef SLUIS_CONF_CONFIG_COMMON_H
#define SLUIS_CONF_CONFIG_COMMON_H

#include "proto/base/log.h"
#include "proto/conf/config.h"

/* What this party trusts: all of it pinned here, nothing learned from the network. */
struct conf_trust {
    const char *roster;         /* the signed roster as last seen */
    const char *root_ca;        /* PEM of the root certificate */
    struct conf_pins roster_key; /* who signs rosters; in an overlap then who takes over */
    const char *policy;         /* the policy file */
    const char *policy_sigs;    /* folder with its detached signatures */
    const char *adoptions;      /* folder with signed adoptions */
    const char *deals;          /* folder with the custodians' signed statements of keys */
    const char *states;         /* folder with the custodians' signed words on their epochs */
    struct conf_pins signers;   /* who may sign a policy */
    const char *audit_policy;   /* the log's witnesses and their quorum, or NULL: none are asked for */
    uint64_t max_clock_skew_ms;
};

/* How the daemon opens its key files; one of the two. */
struct conf_unlock {
    const char *passphrase_file; /* NULL where a credential is used */
    const char *credential;      /* systemd credential name; NULL where a file is used */
};

struct conf_service {
    const char *keys;    /* folder of key files */
    const char *store;   /* folder of the LMDB environment */
    const char *control; /* path of the control socket */
    struct conf_staff_list staff;
    struct conf_unlock unlock;
    uint64_t map_size; /* bytes of address space that the store reserves */
    uint64_t worker_threads;
    enum log_level log_level;
    bool demonstration; /* unverified citations and terms in seconds are accepted, and said so */
};

/* ERR_CONFIG unless exactly one way to unlock is given and no uid or staff id stands twice. */
enum err config_check_service(const struct conf_service *s, struct errmsg *why) MUST_CHECK;

extern const struct conf_word conf_log_levels[];

/* The rows of the shared part, for a configuration struct C with members trust and service. */
#define CONF_TRUST_ROWS(C)                                                                         \
    {"roster",                                                                                     \
     CONF_PATH,                                                                                    \
     offsetof(C, trust.roster),                                                                    \
     NULL,                                                                                         \
     "roster.signed",                                                                              \
     0,                                                                                            \
     0,                                                                                            \
     NULL,                                                                                         \
     "The signed roster; replaced when a newer one is accepted.",                                  \
     false},                                                                                       \
        {"root_ca", CONF_PATH,     offsetof(C, trust.root_ca),                                     \
         NULL,      "root-ca.pem", 0,                                                              \
         0,         NULL,          "The root certificate that every other must lead to.",          \
         false},                                                                                   \
        {"roster_key",                                                                             \
         CONF_SOME_PINS,                                                                           \
         offsetof(C, trust.roster_key),                                                            \
         NULL,                                                                                     \
         "roster-key.pem",                                                                         \
         1,                                                                                        \
         2,                                                                                        \
         NULL,                                                                                     \
         "Certificate of the key that signs the roster; in an overlap [it, the one that follows].", \
         false},                                                                                   \
        {"policy.file",                                                                            \
         CONF_PATH,                                                                                \
         offsetof(C, trust.policy),                                                                \
         NULL,                                                                                     \
         "policy/policy.yaml",                                                                     \
         0,                                                                                        \
         0,                                                                                        \
         NULL,                                                                                     \
         "The policy in force.",                                                                   \
         false},                                                                                   \
        {"policy.signatures",                                                                      \
         CONF_PATH,                                                                                \
         offsetof(C, trust.policy_sigs),                                                           \
         NULL,                                                                                     \
         "policy/signatures",                                                                      \
         0,                                                                                        \
         0,                                                                                        \
         NULL,                                                                                     \
         "Folder with the detached signatures of the policy.",                                     \
         false},                                                                                   \
        {"policy.adoptions",                                                                       \
         CONF_PATH,                                                                                \
         offsetof(C, trust.adoptions),                                                             \
         NULL,                                                                                     \
         "policy/adoptions",                                                                       \
         0,                                                                                        \
         0,                                                                                        \
         NULL,                                                                                     \
         "Folder with the signed adoptions of the holders.",                                       \
         false},                                                                                   \
        {"policy.deals",                                                                           \
         CONF_PATH,                                                                                \
         offsetof(C, trust.deals),                                                                 \
         "policy/deals",                                                                           \
         "",                                                                                       \
         0,                                                                                        \
         0,                                                                                        \
         NULL,                                                                                     \
         "Folder with the custodians' signed statements of purpose keys.",                         \
         false},                                                                                   \
        {"policy.states",                                                                          \
         CONF_PATH,                                                                                \
         offsetof(C, trust.states),                                                                \
         "policy/states",                                                                          \
         "",                                                                                       \
         0,                                                                                        \
         0,                                                                                        \
         NULL,                                                                                     \
         "Folder with the custodians' signed words on the state of each epoch.",                   \
         false},                                                                                   \
        {"policy.signers",                                                                         \
         CONF_PINS,                                                                                \
         offsetof(C, trust.signers),                                                               \
         NULL,                                                                                     \
         "['signer-owner.pem', 'signer-jurist.pem']",                                              \
         2,                                                                                        \
         16,                                                                                       \
         NULL,                                                                                     \
         "Who may sign a policy: pins like roster_key, of two organisations at least.",            \
         false},                                                                                   \
        {"audit_policy",                                                                           \
         CONF_PATH,                                                                                \
         offsetof(C, trust.audit_policy),                                                          \
         "",                                                                                       \
         "audit-policy",                                                                           \
         0,                                                                                        \
         0,                                                                                        \
         NULL,                                                                                     \
         "Which witnesses of the audit log count, and how many there must be.",                    \
         false},                                                                                   \
    {                                                                                              \
        "max_clock_skew", CONF_DURATION, offsetof(C, trust.max_clock_skew_ms), "5m", "", 1000,     \
            300000, NULL, "How far two clocks may differ at hello.", false                         \
    }

#define CONF_SERVICE_ROWS(C)                                                                       \
    {"keys", CONF_PATH, offsetof(C, service.keys),                                                 \
     NULL,   "keys",    0,                                                                         \
     0,      NULL,      "Folder of key files; mode 0700, the files 0600.",                         \
     false},                                                                                       \
        {"unlock.passphrase_file",                                                                 \
         CONF_PATH,                                                                                \
         offsetof(C, service.unlock.passphrase_file),                                              \
         "",                                                                                       \
         "passphrase",                                                                             \
         0,                                                                                        \
         0,                                                                                        \
         NULL,                                                                                     \
         "File with the passphrase of the key files; mode 0600.",                                  \
         true},                                                                                    \
        {"unlock.credential",                                                                      \
         CONF_TEXT,                                                                                \
         offsetof(C, service.unlock.credential),                                                   \
         "",                                                                                       \
         "sluis-passphrase",                                                                       \
         1,                                                                                        \
         64,                                                                                       \
         NULL,                                                                                     \
         "Instead of a file: the systemd credential that holds the passphrase.",                   \
         false},                                                                                   \
        {"store.dir", CONF_PATH, offsetof(C, service.store),        NULL, "store", 0,              \
         0,           NULL,      "Folder of the store; mode 0700.", false},                        \
        {"store.map_size",                                                                         \
         CONF_SIZE,                                                                                \
         offsetof(C, service.map_size),                                                            \
         "64GiB",                                                                                  \
         "",                                                                                       \
         UINT64_C(64) << 20,                                                                       \
         UINT64_C(16) << 40,                                                                       \
         NULL,                                                                                     \
         "Most that the store may grow to; address space, not disk.",                              \
         false},                                                                                   \
        {"control", CONF_PATH,      offsetof(C, service.control),                                  \
         NULL,      "control.sock", 0,                                                             \
         0,         NULL,           "Control socket for the command line programs.",               \
         false},                                                                                   \
        {"staff",                                                                                  \
         CONF_STAFF,                                                                               \
         offsetof(C, service.staff),                                                               \
         "",                                                                                       \
         "[{uid: 1001, staff: a.jansen}]",                                                         \
         0,                                                                                        \
         1024,                                                                                     \
         NULL,                                                                                     \
         "Who may use the control socket: Unix user and staff id of the roster.",                  \
         false},                                                                                   \
        {"log_level", CONF_CHOICE,     offsetof(C, service.log_level),        "info", "", 0,       \
         0,           conf_log_levels, "Most verbose lines that are logged.", false},              \
        {"worker_threads",                                                                         \
         CONF_INT,                                                                                 \
         offsetof(C, service.worker_threads),                                                      \
         "2",                                                                                      \
         "",                                                                                       \
         1,                                                                                        \
         64,                                                                                       \
         NULL,                                                                                     \
         "Threads for signatures, digests and tokens.",                                            \
         false},                                                                                   \
    {                                                                                              \
        "demonstration", CONF_BOOL, offsetof(C, service.demonstration), "false", "", 0, 0, NULL,   \
            "Accept unverified citations and terms in seconds. Never with real data.", false       \
    }

#endif
