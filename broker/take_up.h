/* A restored store takes up the log that was published after the copy was made (decision 0409). */
#ifndef SLUIS_BROKER_TAKE_UP_H
#define SLUIS_BROKER_TAKE_UP_H

#include "broker/broker.h"

/* The entries of a published folder, or of an agency's mirror of it, behind those of the store; with an entry that says
 * so. head: a file with a signed head of the log, up to which they go, where tiles go further than the checkpoint that
 * stands beside them; NULL: up to that checkpoint. Nothing serves meanwhile. ERR_STATE (the store is no copy, or has all of it), ERR_NOT_FOUND (no checkpoint there, or
 * an entry is missing), ERR_SIGNATURE (no key of this log signed it), ERR_MISMATCH (another log, or the store is no
 * beginning of it), ERR_IO, ERR_NO_SPACE, ERR_NOMEM, ERR_CRYPTO; the store is then as it was, and why tells. */
struct take_up_from {
    const char *dir;
    const char *head;
};
enum err take_up(struct broker *b, const struct take_up_from *from, struct errmsg *why) MUST_CHECK;

#endif
