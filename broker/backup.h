/* A copy of the store in a folder of its own. */
#ifndef SLUIS_BROKER_BACKUP_H
#define SLUIS_BROKER_BACKUP_H

#include "proto/base/err.h"
#include "proto/host/kv.h"

/* Copies the store and marks the copy, as it was at now_s (s since 1970 UTC) at the earliest: a broker that starts on it reconciles before
 * it opens, and no log ends or begins in it. In dir, which is absent or empty, there is a store once it is whole and marked, and none
 * before; what an earlier call left there that was broken off is removed. Errors as kv_backup. */
enum err backup_make(struct kv *kv, const char *dir, int64_t now_s, struct errmsg *why) MUST_CHECK;

#endif
