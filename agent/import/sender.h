/* The chunks of batches that were announced: from memory where the batch was just made, else out of
 * the store. Loop thread. */
#ifndef SLUIS_IMPORT_SENDER_H
#define SLUIS_IMPORT_SENDER_H

#include "agent/import/wire.h"
#include "agent/outbox.h"

struct sender;

/* ERR_NOMEM, ERR_CRYPTO. */
enum err sender_new(struct agent *a, struct sender **out) MUST_CHECK;
void sender_free(struct sender *s);
DEFINE_CLEANUP(struct sender, sender_free)

/* Keeps a batch for when it is announced; takes wire. */
void sender_keep(struct sender *s, uint32_t no, struct wire_batch *wire);
/* The batch was answered. */
void sender_forget(struct sender *s, uint32_t no);

/* The batch was announced (again): its chunks follow, from the first. */
void sender_start(struct sender *s, uint32_t no);

/* fn hears of each batch that was announced and of which no chunk can be made, and why; of none where it is NULL. It starts no
 * batch. */
typedef void (*sender_lost_fn)(void *arg, uint32_t no, enum err why);
void sender_watch(struct sender *s, sender_lost_fn fn, void *arg);

/* Whether a job of the pool still uses s. */
bool sender_is_busy(const struct sender *s);

#endif
