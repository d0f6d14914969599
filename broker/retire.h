/* The broker's log ends, and its successor begins in the same store (decision 0408). */
#ifndef SLUIS_BROKER_RETIRE_H
#define SLUIS_BROKER_RETIRE_H

#include "broker/broker.h"

struct logbook_predecessor;

/* Ends the log: log.retired in its last block, which the next start signs and publishes; the gate is closed from then on
 * (GATE_RETIRED). Nothing serves meanwhile. ERR_INVALID (no origin of a log), ERR_CONFLICT (the origin of this log or of one before
 * it; or it ended with another successor), ERR_STATE (a restored copy that waits, or a store behind its folder of tiles), ERR_EXISTS (it ended so before), ERR_IO, ERR_NO_SPACE, ERR_NOMEM,
 * ERR_CRYPTO; the store is then as it was, and why tells. */
enum err retire_log(struct broker *b, const char *successor, struct errmsg *why) MUST_CHECK;

/* Whether the successor may begin under that view, before it is accepted: what is refused leaves the store to the roster of before, under
 * which it still has something to give. ERR_STATE (the log has not ended; this store is a copy; the last head is not published; a party of the
 * roster is owed a proof), ERR_MISMATCH (another log than the configuration or the roster names, or another last head), ERR_IO; why tells. */
enum err retire_check_begin(struct broker *b, const struct view *v, struct errmsg *why) MUST_CHECK;

/* Begins the successor, which the configuration names and the roster lists behind the log of this store, as it ended. The store is copied
 * to a new folder first: what it has of the old log goes. As retire_check_begin, or ERR_EXISTS (the folder), ERR_IO, ERR_NO_SPACE, ERR_NOMEM,
 * ERR_CRYPTO; the store is then as it was, and why tells. */
enum err retire_begin(struct broker *b, const char *archive, struct errmsg *why) MUST_CHECK;

/* At start: the log of store and folder is the one that configuration and roster name. One that has ended closes the gate.
 * ERR_MISMATCH, ERR_IO, ERR_NOMEM; why tells. */
enum err retire_check(struct broker *b, struct errmsg *why) MUST_CHECK;

/* The log that one which begins now goes on from, by the roster; *room holds it. NULL: none. */
const struct logbook_predecessor *retire_predecessor(const struct roster *r, struct logbook_predecessor *room);

#endif
