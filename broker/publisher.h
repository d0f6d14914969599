/* The broker's log at its fixed interval (pki/logbook/log_keeper.h): the keys of the roster sign its heads, every
 * sender gets the proof of its entry by mail, witnesses are asked, and the gate closes where it cannot be published. */
#ifndef SLUIS_BROKER_PUBLISHER_H
#define SLUIS_BROKER_PUBLISHER_H

#include "broker/broker.h"
#include "proto/base/hash.h"

struct publisher;

/* Reads the state, makes the filler key in a new store, and publishes what a stop left unpublished
 * (blocks for the disk). Then runs by itself. A folder whose checkpoint this key signed and this store
 * does not contain closes the gate (forked); a forked or reconciling log signs no new head. ERR_IO, ERR_NO_SPACE, ERR_CRYPTO, ERR_NOMEM,
 * ERR_MISMATCH (the folder of tiles holds another log); why tells. */
enum err publisher_new(struct broker *b, struct publisher **out, struct errmsg *why) MUST_CHECK;
/* Stops the timer; a round under way must have ended (publisher_is_busy, or the writer and the worker
 * pool have drained). */
void publisher_free(struct publisher *p);
DEFINE_CLEANUP(struct publisher, publisher_free)

/* Starts a round now unless one is under way. */
void publisher_tick(struct publisher *p);
bool publisher_is_busy(const struct publisher *p);

/* The published size. */
uint64_t publisher_size(const struct publisher *p);

/* Loop thread: whether the log contains the checkpoint of this note, which a key of this log signed, present,
 * next or former. ERR_OK: it does, or the note is empty. ERR_INVALID, ERR_SIGNATURE: no checkpoint of this log.
 * ERR_MISMATCH: one of these keys signed it and the log does not contain it: a fork, or an old copy. */
enum err publisher_contains(struct publisher *p, struct bytes note) MUST_CHECK;

#endif
