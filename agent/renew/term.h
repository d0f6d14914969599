/* When a certificate is to be renewed: at two thirds of its life, and a little later, so that agencies which
 * enrolled on one day do not all ask in one hour. Pure. */
#ifndef SLUIS_AGENT_RENEW_TERM_H
#define SLUIS_AGENT_RENEW_TERM_H

#include "pki/cert.h"
#include "pki/mac.h"

struct renew_term {
    int64_t from_s;  /* two thirds of its life are over */
    int64_t due_s;   /* from then on a renewal is asked */
    int64_t again_s; /* seconds after which one that was not answered is asked again: 10 minutes to a day */
    int64_t ends_s;  /* last second of the certificate */
};

/* Of c, with the part of 0 to a twelfth of its life that mac, under a secret of the agency's own, draws from the
 * certificate's fingerprint: the same after every restart. ERR_CRYPTO. */
enum err renew_term_of(const struct cert *c, struct mac *mac, struct renew_term *out) MUST_CHECK;

#endif
