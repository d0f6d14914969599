/* Which witnesses announced that they will be away, so that whoever runs the broker knows it before heads are late. It is
 * said and nothing else: no quorum is lower for it. Loop thread. */
#ifndef SLUIS_BROKER_AWAYS_H
#define SLUIS_BROKER_AWAYS_H

#include "broker/broker.h"
#include "proto/log/note.h"
#include "proto/msg/cosign.h"

struct aways;

/* One announcement, of the last one that an agency brought. */
struct away {
    struct agency_id agency;
    char witness[NOTE_MAX_NAME + 1];
    int64_t from_s;
    int64_t until_s;
};

/* With what the store has; rows that are over, or whose agency is no member any more, are dropped. ERR_INVALID (a damaged row), ERR_IO, ERR_NOMEM. */
enum err aways_new(struct broker *b, struct aways **out) MUST_CHECK;
void aways_free(struct aways *x);
DEFINE_CLEANUP(struct aways, aways_free)

/* An agency says what is so now: a change is kept, with its entry in the same transaction, unless another one is on its
 * way or its last one was less than a publish interval ago; it says it again. Of more agencies than there can be witnesses
 * the rest is not kept. */
void aways_heard(struct aways *x, const struct agency_id *from, const struct cosign *c);

/* The announcement about a witness of that name that is not over at now_s and whose agency is a member; NULL: none. Until the loop turns. */
const struct away *aways_of(const struct aways *x, const char *witness, int64_t now_s);

#endif
