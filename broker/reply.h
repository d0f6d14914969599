/* Envelopes of the broker's own: answers and mail. */
#ifndef SLUIS_BROKER_REPLY_H
#define SLUIS_BROKER_REPLY_H

#include "broker/broker.h"
#include "proto/msg/envelope.h"

/* Appends the frame of a message from the broker. in_reply_to NULL: it answers nothing. ERR_TOO_LARGE,
 * ERR_NOMEM, ERR_CRYPTO. */
struct reply_to {
    const struct agency_id *agency;
    const struct message_id *in_reply_to;
    uint64_t known_roster; /* serial that the agency knows: it verifies by the keys of that roster */
};
enum err reply_seal(const struct broker *b, const struct reply_to *to, enum msg_kind kind,
                    struct bytes body, struct buf *frame) MUST_CHECK;

#endif
