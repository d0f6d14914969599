/* A store of the broker with its audit log, for what measures it. */
#ifndef SLUIS_BENCH_AUDIT_STORE_H
#define SLUIS_BENCH_AUDIT_STORE_H

#include "broker/broker.h"

struct storage_keys;

/* Ends the program, with what could not be done, unless e is ERR_OK. */
void audit_store_must(enum err e, const char *what);

/* Opens kv, loop, store, writer, vaults and audit of b in a folder, which it makes; ends the program where it cannot. */
void audit_store_open(struct broker *b, const char *dir, struct storage_keys *keys);
void audit_store_close(struct broker *b);

#endif
