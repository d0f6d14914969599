/* The issuing CAs of the register: versions of the key "issuing" with the certificates "issuing-ca". Those that
 * the draft of the roster lists count; the highest of them whose key is here issues. */
#ifndef SLUIS_CLI_PKI_ISSUING_CA_H
#define SLUIS_CLI_PKI_ISSUING_CA_H

#include "pki/cli/pki/work.h"

#define ISSUING_KEY "issuing"
#define ISSUING_CERT "issuing-ca"

struct issuing_ca {
    unsigned version;
    struct cert *cert;
    bool has_key;
};

/* Ascending by version. */
struct issuing_set {
    struct issuing_ca v[ROSTER_MAX_ISSUERS];
    size_t count;
};
void issuing_set_free(struct issuing_set *s);

/* Those that r lists and whose certificate is in DIR. Errors as work_load_cert. */
enum err issuing_set_load(struct work *w, const struct roster *r, struct issuing_set *out) MUST_CHECK;

/* Who issues; NULL where no key is here. */
const struct issuing_ca *issuing_set_current(const struct issuing_set *s);

/* By version; NULL where it is not listed. */
const struct issuing_ca *issuing_set_version(const struct issuing_set *s, unsigned version);

/* The one that issued c; NULL where none did. */
const struct issuing_ca *issuing_set_of(const struct issuing_set *s, const struct cert *root,
                                        const struct cert *c);

/* Writes the certificates of r that DIR lacks under the next version: after `roster recover` of a folder that is
 * older than they are. Their keys are not here. */
enum err issuing_keep_listed(struct work *w, const struct roster *r) MUST_CHECK;

#endif
