/* The register at its beginning: root, issuing CA, roster key, and the first draft of the roster. */
#ifndef SLUIS_CLI_PKI_AUTHORITY_H
#define SLUIS_CLI_PKI_AUTHORITY_H

#include "pki/cli/pki/work.h"

/* So that a clock slightly behind takes a new certificate. */
#define AUTHORITY_BACKDATE_S 300

struct authority {
    struct key *root_key;
    struct key *issuing_key;
    struct key *roster_key;
    struct cert *root;
    struct cert *issuing;
    struct cert *roster;
};

void authority_free(struct authority *a);

/* Common name and life of a certificate. */
struct authority_term {
    const char *name;
    int64_t days;
};

/* What the register is called, by whom, and what came before it. */
struct authority_spec {
    struct name deployment;
    struct agency_id oin;
    struct agency_id host;
    const char *name;
    struct authority_term root;
    struct authority_term issuing;
    struct authority_term roster;
    const struct digest *ceremony; /* of the transcript; NULL without a ceremony */
};

/* DIR with its folders. */
enum err authority_make_folders(struct work *w) MUST_CHECK;

/* The three certificates of the three keys, which are there. */
enum err authority_certify(struct work *w, const struct authority_spec *s,
                           struct authority *a) MUST_CHECK;

/* Certificates, deployment, the key of the token box, and the first draft: the registrar alone. */
enum err authority_save(struct work *w, const struct authority_spec *s,
                        const struct authority *a) MUST_CHECK;

/* Prints what every party pins. */
enum err authority_report(struct work *w, const struct authority *a) MUST_CHECK;

#endif
