/* The keys that sign rosters: versions of the key "roster" with the certificates "roster-key". At the registrar the
 * draft says which one signs and which is announced; in every folder the certificates that lie there are what it
 * pins, one or two. */
#ifndef SLUIS_CLI_PKI_ROSTER_KEY_H
#define SLUIS_CLI_PKI_ROSTER_KEY_H

#include "pki/cli/pki/work.h"
#include "pki/trust.h"

#define ROSTER_KEY "roster"
#define ROSTER_CERT "roster-key"
#define ROSTER_FORMER "former-roster-key"
#define ROSTER_PINS_MAX 2

/* What DIR pins, ascending by version. */
struct roster_pins {
    struct cert *v[ROSTER_PINS_MAX];
    unsigned version[ROSTER_PINS_MAX];
    size_t count;
};
void roster_pins_free(struct roster_pins *p);

/* ERR_NOT_FOUND (none), ERR_LIMIT (more than two: the oldest must be dropped). */
enum err roster_pins_load(struct work *w, struct roster_pins *out) MUST_CHECK;

/* The version among p whose key has this SubjectPublicKeyInfo; 0: none. */
unsigned roster_pins_version(const struct roster_pins *p, struct bytes spki);
const struct cert *roster_pins_cert(const struct roster_pins *p, unsigned version);

/* The certificate of the key that signs by draft r, and its key. ERR_NOT_FOUND. */
enum err roster_key_cert(struct work *w, const struct roster *r, struct cert **out) MUST_CHECK;
enum err roster_key_open(struct work *w, const struct roster *r, struct key **out) MUST_CHECK;

/* DIR pins this one no more: the certificate stays as former-roster-key. */
enum err roster_key_unpin(struct work *w, unsigned version) MUST_CHECK;

/* Appends the fingerprint by which parties pin a key, "sha256:…"; errors as key_fingerprint. */
enum err roster_key_put_pin(const struct cert *c, struct buf *out) MUST_CHECK;

#endif
