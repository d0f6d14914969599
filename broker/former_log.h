/* The log before this one, as it was published: agencies that were away when it ended ask how their newest head of it grew to
 * the last one (decision 0408). Loop thread. */
#ifndef SLUIS_BROKER_FORMER_LOG_H
#define SLUIS_BROKER_FORMER_LOG_H

#include "broker/turn.h"
#include "proto/msg/cosign.h"

struct former_log;

/* Opens the folder that the configuration names (`log.former`); *out NULL: it names none. ERR_MISMATCH: it holds no log that the
 * roster says has ended; ERR_NOT_FOUND (no checkpoint), ERR_IO, ERR_NOMEM; why tells. */
enum err former_log_new(struct broker *b, struct former_log **out, struct errmsg *why) MUST_CHECK;
void former_log_free(struct former_log *f);
DEFINE_CLEANUP(struct former_log, former_log_free)

/* From a head of that size to the last head, as a request of the add-checkpoint form in the arena of the turn; empty: another log, a greater
 * head, or the folder does not have it. ERR_NOMEM, ERR_CRYPTO. */
enum err former_log_request(struct turn *t, const struct cosign *from, struct bytes *out) MUST_CHECK;

#endif
