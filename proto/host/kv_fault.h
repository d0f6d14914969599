/* Failure injection, for tests only: a lint test refuses this header outside tests/ and kv.c. */
#ifndef SLUIS_HOST_KV_FAULT_H
#define SLUIS_HOST_KV_FAULT_H

#include "proto/host/kv.h"

/* Makes the nth fallible call on k from now (1 = the next; 0 = none) fail with e, once. */
void kv_fault_set(struct kv *k, unsigned nth, enum err e);

/* Fallible calls made on k since kv_fault_set. */
unsigned kv_fault_calls(const struct kv *k);

#endif
