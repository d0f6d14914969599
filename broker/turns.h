/* All messages under way: from the wire through the checks of docs/protocol.md, "Envelope", to the
 * handlers and back. What a handler sees of it is in turn.h. */
#ifndef SLUIS_BROKER_TURNS_H
#define SLUIS_BROKER_TURNS_H

#include "broker/turn.h"

struct turns;

/* How answers leave; a test has its own. */
typedef enum err (*turns_send_fn)(void *arg, const struct peer_route *to, struct bytes frame);

struct turns_params {
    struct broker *broker;
    const struct turn_handler *const *handlers; /* outlives the turns */
    size_t handler_count;
    turns_send_fn send;
    void *arg;
};

/* NULL without memory. */
struct turns *turns_new(const struct turns_params *p);
/* After the writer has drained: drops what handlers still hold. */
void turns_free(struct turns *t);
DEFINE_CLEANUP(struct turns, turns_free)

/* One message from a peer whose CURVE key is proven. */
void turns_receive(struct turns *ts, const struct wire_message *m);

/* Turns that are not over yet. */
size_t turns_pending(const struct turns *ts);

/* Messages that got no answer because their sender is not proven (checks 1 to 4), since the start. */
uint64_t turns_silent(const struct turns *ts);

#endif
