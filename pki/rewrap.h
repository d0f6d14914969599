/* How far a store is with sealing its values under a newer version of the storage key: one row of the
 * store, written in the transaction of each step, open, so that `sluis-pki` reads it beside the daemon.
 *
 * A step seals anew what it meets under another version than the target. A pass goes through every table;
 * passes follow each other until one met nothing. Only then values lie under the target alone, and any other
 * version may go. Bytes in, bytes out. */
#ifndef SLUIS_PKI_REWRAP_H
#define SLUIS_PKI_REWRAP_H

#include "pki/storage_keys.h"
#include "proto/base/buf.h"

#define REWRAP_ROW "storage_key" /* its key in the table `meta` of either daemon */
#define REWRAP_PLACE_MAX 511
#define REWRAP_ROW_MAX 1024
/* Of a step, so that others wait no longer than a few milliseconds: values looked at, and bytes sealed anew
 * before it ends with the value at hand. */
#define REWRAP_STEP_VALUES 512u
#define REWRAP_STEP_BYTES ((size_t)1 << 20)

enum rewrap_state {
    REWRAP_NONE = 0,
    REWRAP_UNDER_WAY,
    REWRAP_DONE,
};

struct rewrap {
    enum rewrap_state state;
    uint32_t target;                          /* new values are sealed under it */
    uint32_t versions[STORAGE_VERSIONS_MAX];  /* values may lie under these, ascending; target is among them */
    size_t version_count;
    int64_t begun_s; /* 0: never */
    int64_t ended_s; /* 0: under way, or never */
    uint64_t total;  /* values in the store when it began */
    uint64_t renewed; /* since it began */
    /* The pass under way; the first is 1. */
    uint32_t pass;
    uint64_t looked;
    uint64_t met; /* under another version */
    uint32_t tables; /* that the program knew */
    uint32_t table;
    uint8_t place[REWRAP_PLACE_MAX]; /* the last key of that table that was looked at */
    size_t place_len;
};

enum err rewrap_encode(const struct rewrap *r, struct buf *out) MUST_CHECK;
/* ERR_TRUNCATED, ERR_INVALID, ERR_VERSION (a format of a newer program). */
enum err rewrap_decode(struct bytes row, struct rewrap *out) MUST_CHECK;

/* Of a store without a row: every value lies under one of the versions at hand, new ones under the lowest. */
void rewrap_none(const struct storage_keys *keys, struct rewrap *out);

/* Whether values may lie under a version. */
bool rewrap_uses(const struct rewrap *r, uint32_t version);
/* The lowest version that values may lie under and keys lack; 0: none. */
uint32_t rewrap_lacks(const struct rewrap *r, const struct storage_keys *keys);

/* Whether the newest of keys is newer than the target: rewrap_begin. */
bool rewrap_is_due(const struct rewrap *r, const struct storage_keys *keys);
/* The newest version becomes the target, from the start; total: values in the store. ERR_LIMIT: too many
 * versions are in use. */
enum err rewrap_begin(struct rewrap *r, const struct storage_keys *keys, uint64_t total,
                      int64_t now_s) MUST_CHECK;

/* How far it is: 100 once it is done. */
unsigned rewrap_percent(const struct rewrap *r);
const char *rewrap_state_id(enum rewrap_state state);

/* In front of a step: the pass starts anew where the program knows another number of tables than the one that
 * began it, for they may stand in another order. */
void rewrap_resume(struct rewrap *r, uint32_t tables);
/* A table ends: on to the next; behind the last one the pass ends, and with a pass that met
 * nothing the whole. */
void rewrap_table_ended(struct rewrap *r, int64_t now_s);

#endif
