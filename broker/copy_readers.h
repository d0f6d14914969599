/* To whom the auditors' copy of bodies is sealed, by a view: the agencies that have an auditor on the roster, each by its
 * sealing certificate. */
#ifndef SLUIS_BROKER_COPY_READERS_H
#define SLUIS_BROKER_COPY_READERS_H

#include "broker/broker.h"
#include "pki/cert.h"
#include "pki/secret.h"
#include "proto/base/buf.h"
#include "proto/log/body_copy.h"

#define COPY_READERS_MAX 64u

struct copy_readers {
    struct cert *v[COPY_READERS_MAX];
    size_t count;
    struct cert *signer;   /* the broker's signing certificate; NULL: the roster has none that can be used */
    struct digest digest;  /* of signer and readers: another one means other envelopes */
};

/* Fills *out; a certificate that cannot be used is left out. Any thread. ERR_CRYPTO, ERR_NOMEM. */
enum err copy_readers_of(const struct view *v, int64_t now_s, struct copy_readers *out) MUST_CHECK;
void copy_readers_clear(struct copy_readers *r);

/* Appends the envelope of a segment's key. by: the private half of r->signer. Errors as seal. */
struct copy_envelope {
    const struct config_broker *config; /* deployment and origin */
    const struct key *by;
    const struct body_copy_name *name;
    const struct secret *key;
};
enum err copy_readers_seal(const struct copy_readers *r, const struct copy_envelope *e,
                           struct buf *out) MUST_CHECK;

#endif
