/* Ids of the messages of this agency: 64 random bits, and 64 of an HMAC of them under a key of the agency's own. So it knows
 * its messages without keeping a list, and finds in the log what somebody else sent in its name. To everybody else an id
 * is 128 random bits. Loop thread. */
#ifndef SLUIS_AGENT_MESSAGE_IDS_H
#define SLUIS_AGENT_MESSAGE_IDS_H

#include "agent/store/store.h"
#include "proto/msg/envelope.h"

struct message_ids;

/* With the key of this store; another store knows no id of it. ERR_CRYPTO, ERR_NOMEM. */
enum err message_ids_new(struct store *s, struct message_ids **out) MUST_CHECK;
void message_ids_free(struct message_ids *m);
DEFINE_CLEANUP(struct message_ids, message_ids_free)

/* A new one. ERR_CRYPTO. */
enum err message_ids_make(struct message_ids *m, struct message_id *out) MUST_CHECK;

/* Whether it was made here; somebody else's passes once in 2^64. ERR_CRYPTO. */
enum err message_ids_know(struct message_ids *m, const struct message_id *id, bool *out) MUST_CHECK;

#endif
