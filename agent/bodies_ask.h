/* What an officer signs about audit bodies goes to the broker, and its answer to the caller. */
#ifndef SLUIS_AGENT_BODIES_ASK_H
#define SLUIS_AGENT_BODIES_ASK_H

#include "agent/control.h"
#include "proto/base/buf.h"
#include "proto/base/ids.h"
#include "proto/base/label.h"
#include "proto/msg/bodies.h"
#include "proto/msg/envelope.h"

/* Who reads what the agency may read of the broker's log, and all of its own. */
#define BODIES_READERS                                                                             \
    (1u << FUNCTION_AUDITOR | 1u << FUNCTION_PRIVACY_OFFICER | 1u << FUNCTION_COMPLIANCE_OFFICER)

/* What is alike in every document about bodies: who asks, as of now. */
struct bodies_head {
    struct name staff; /* the pseudonym of this month */
    struct name function;
    int64_t issued_at_s;
    struct bodies_nonce nonce;
};
/* ERR_NOMEM, ERR_CRYPTO. */
enum err bodies_head_of(const struct call *c, struct bodies_head *out) MUST_CHECK;

struct bodies_ask {
    enum sign_kind kind;   /* of the document */
    enum msg_kind message; /* that carries it */
    enum msg_kind reply;   /* that answers it; a refusal is told here */
    /* Ends the call with the body of that reply, to the message with this id. */
    void (*show)(struct call *c, const struct message_id *id, struct bytes body);
};

/* Has the caller sign the document, sends it and ends the call. ask outlives the call; the document is copied. */
void bodies_ask(struct call *c, const struct bodies_ask *ask, struct bytes document);

#endif
