/* From a question to what is signed and sent: one header for each holder, its subject tree and its
 * sealed parts (docs/protocol.md, "Ask"). Needs no store and no loop. */
#ifndef SLUIS_AGENT_ASK_COMPOSE_H
#define SLUIS_AGENT_ASK_COMPOSE_H

#include "agent/ask/subject.h"
#include "proto/msg/request.h"

struct agency_half;
struct cert;
struct key;

#define COMPOSE_CLASS_MIN 8192u /* least size class of what is sealed */

struct compose {
    const struct request_header *header; /* all of it but subject_root */
    const struct subject_list *subjects;
    struct name_list checks; /* recorded in the case; ascending */
    struct agency_half *half;   /* of the header's purpose and epoch */
    const struct key *signing;  /* of signer */
    const struct cert *signer;  /* the agency's */
    const struct cert *holder;  /* its sealing certificate */
};

/* All in the arena. Signatures and the case worker's fingerprint are still empty in message. */
struct composed {
    struct request_header header;
    struct bytes header_bytes;
    struct digest header_digest;
    struct request_message message;
};

/* Fresh salts, random places, random padding, sealed parts of one size class. ERR_TOO_LARGE (texts that
 * no class takes), ERR_CRYPTO, ERR_NOMEM, or as seal. */
enum err compose(const struct compose *c, struct arena *a, struct composed *out,
                 struct errmsg *why) MUST_CHECK;

/* The places of the tree over count identifiers: a power of two, at least 8. */
size_t compose_places(size_t count);

#endif
