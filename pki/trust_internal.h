/* The parts of a struct trust, for pki/trust*.c only. */
#ifndef SLUIS_PKI_TRUST_INTERNAL_H
#define SLUIS_PKI_TRUST_INTERNAL_H

#include "pki/trust.h"

#define TRUST_MEMBER_CERTS 3 /* signing, sealing, transport */
#define TRUST_ROSTER_PINS 2  /* the key that signs, and the one that takes over */

/* A certificate that a renewal replaced, with the roster's entry for it. */
struct trust_former {
    const struct roster_former *listed;
    struct cert *cert;
};

struct trust {
    struct arena *arena;
    struct roster roster;
    struct digest digest;
    struct digest pins[TRUST_ROSTER_PINS]; /* fingerprints of the roster keys */
    size_t pin_count;
    bool is_by_next;
    struct cert *root;
    struct cert *issuers[ROSTER_MAX_ISSUERS];
    struct cert **members;  /* TRUST_MEMBER_CERTS for each, NULL where there is none */
    struct cert **officers; /* one for each */
    struct cert *next;      /* the broker's transport certificate that comes; NULL: none */
    struct trust_former *former; /* all of the roster, ascending by fingerprint */
    size_t former_count;
};

/* One certificate of the roster, under the name that the roster puts it under: chained, of this use, naming
 * as->oin. */
enum err trust_read_cert(const struct trust *t, const struct roster_cert *from,
                         const struct trust_query *as, struct cert **out,
                         struct errmsg *why) MUST_CHECK;

/* Reads every former certificate of the roster into t->former. ERR_CERT, ERR_NOMEM. */
enum err trust_read_formers(struct trust *t, struct errmsg *why) MUST_CHECK;
void trust_free_formers(struct trust *t);

#endif
