/* The command line of sluis-pki. Texts are argv's own; nothing secret is ever among them. */
#ifndef SLUIS_CLI_PKI_OPTS_H
#define SLUIS_CLI_PKI_OPTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OPTS_LIST_MAX 64

struct opts_list {
    const char *v[OPTS_LIST_MAX];
    size_t count;
};

struct opts {
    const char *verb;
    const char *sub; /* "new" of "epoch new"; NULL where there is none */
    const char *dir;
    const char *passphrase_file;
    int passphrase_fd; /* -1 where it is not given */
    const char *pin_file; /* of a key in a hardware module */
    int pin_fd;           /* -1 where it is not given */
    const char *deployment;
    const char *oin;
    const char *name;
    const char *host;
    struct opts_list controllers;
    const char *regime;
    struct opts_list classes;
    struct opts_list purposes;
    uint64_t population;
    uint64_t churn;
    const char *endpoint;
    const char *socks5;
    const char *origin;
    const char *officer; /* staff id */
    const char *person;
    struct opts_list functions;
    const char *token_file;
    const char *request;
    const char *answer;
    const char *roster;
    const char *statement;
    const char *sealed;
    const char *out;
    struct opts_list norms; /* type=version */
    const char *policy;     /* YAML file */
    const char *signatures; /* folder of its signatures */
    struct opts_list signers;   /* files: certificates of who may sign it */
    struct opts_list confirmed; /* the officers' signed lists of participants */
    struct opts_list without;   /* OINs that joined after a key was dealt */
    const char *copies;        /* text file: what is declared destroyed */
    struct opts_list declared; /* the officers' signed declarations */
    uint64_t epoch;
    uint64_t days;
    uint64_t keep; /* days for which questions stay open under a sealing certificate that is replaced */
    const char *backup;
    struct opts_list shares; /* of keepers */
    struct opts_list keeper_passphrases; /* files, in the order of keepers or shares */
    const char *wrapping; /* folder of wrapping keys */
    const char *wrapping_passphrase_file;
    bool new_wrapping; /* backup may make one */
    const char *key;         /* which of a party's keys */
    const char *role;        /* of a token */
    bool replace;            /* token: of somebody who is on the roster; mailbox: of keys that serve no more */
    const char *fingerprint; /* of a request, as it was read out */
    const char *proof_cert;
    const char *proof_key;
    const char *lineage; /* fingerprint of a certificate in it */
    const char *seen;    /* a roster that somebody has */
    const char *crl;
    struct opts_list root_passphrases; /* files, of one officer or two */
    const char *root_key;              /* file of the root key, where it is not in the folder */
    const char *head;  /* file: the last head of a log that ends */
    const char *store; /* of a daemon, whose storage key is rotated */
    const char *module;                /* PKCS#11 library and object of a new key of the registrar */
    const char *pkcs11;
    uint64_t retire; /* version of a key; 0 where it is not given */
    const char *pin;  /* certificate of a roster key, to be pinned */
    bool confirm;     /* a party has read out what it pinned */
    bool lost;        /* the roster key is lost or stolen; token: the keys that are replaced are lost or over, not stolen */
    bool switch_over;
    bool remains; /* rotate --status */
    const char *broker_socket; /* control sockets that status asks */
    const char *agent_socket;
    const char *response; /* of an outside witness */
    uint64_t old;         /* size of its newest head */
    uint64_t code;        /* the number of its answer; 0 where it is not given */
    bool at_once; /* rotate --switch --now */
    bool sign;
    bool take; /* renew: what the roster lists, instead of asking */
    bool json;
    bool dry_run;
};

/* Reads argv; exits with EX_USAGE after an explanation where it is wrong, and with 0 after --help. */
void opts_parse(int argc, char **argv, struct opts *out);

#endif
