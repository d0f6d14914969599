/* The register's end of rotate --key log --origin: the broker's log ends, and the next roster lists its successor
 * (decision 0408). */
#ifndef SLUIS_CLI_PKI_ROTATE_SUCCESSOR_H
#define SLUIS_CLI_PKI_ROTATE_SUCCESSOR_H

#include "pki/cli/pki/work.h"
#include "proto/msg/roster.h"

/* Whether the draft lists the log of --origin under key behind the end that --head says; without --head: behind any. A head that cannot be
 * read is none of the draft's: successor_put tells. */
bool successor_is_listed(struct work *w, const struct roster *draft, struct bytes key);

/* The log of the draft joins its former origins, with its keys and with --head, the last head; its successor is --origin
 * under key, a verifier key. Where the draft lists just that, a greater --head replaces the one that was named. Lists live in the arena. ERR_CONFIG (no --head, or the origin of now), ERR_MISMATCH (the key or the
 * head is another log's), ERR_SIGNATURE (no key of the log signed the head), ERR_TOO_LARGE (too many origins), ERR_CONFLICT (no greater head), or as
 * roster_check; w->why tells. The draft is then of no use. */
enum err successor_put(struct work *w, struct roster *draft, struct bytes key) MUST_CHECK;

#endif
