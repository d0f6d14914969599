/* The broker's tables that no other part owns. One file for each family; their keys and values stand
 * as a table in docs/storage.md. Functions that take a transaction run in whatever thread owns it. */
#ifndef SLUIS_BROKER_STORE_STORE_H
#define SLUIS_BROKER_STORE_STORE_H

#include "pki/logbook/log_rows.h"

/* 1 had no lists of pairs and names beside the log, and shorter rows of when bodies end; they come by themselves. */
#define STORE_SCHEMA 2u
#define STORE_SCHEMA_OLDEST 1u

struct store {
    struct kv *kv;
    struct kv_table meta;
    struct kv_table documents;   /* every roster and policy ever accepted, by digest */
    struct kv_table known;       /* message ids and their stored replies */
    struct kv_table known_until; /* when those may be forgotten */
    struct kv_table mail;
    struct kv_table mail_state;
    struct log_tables log;       /* of the audit log; its state is in meta */
    struct kv_table log_copies;  /* keys of the auditors' copy, sealed */
    struct kv_table agency_logs; /* heads of the agencies' own logs that were cosigned */
    struct kv_table asks;        /* requests as they were accepted */
    struct kv_table ask_answers; /* what each request was answered with */
    struct kv_table ask_queue;   /* what is due for them, and when */
    struct kv_table held;        /* what their matching needs, sealed */
    struct kv_table matches;     /* what hit, sealed */
    struct kv_table settlements; /* what was decided */
    struct kv_table renewals;    /* what agencies asked the registrar, and what they were answered */
    struct kv_table limit_keys;
    struct kv_table limit_members;
    struct kv_table limit_counts;
};

/* Opens the tables, making those that are absent. ERR_IO, ERR_NO_SPACE, ERR_NOMEM; why tells. */
enum err store_new(struct kv *kv, struct store **out, struct errmsg *why) MUST_CHECK;
void store_free(struct store *s);
DEFINE_CLEANUP(struct store, store_free)

#endif
