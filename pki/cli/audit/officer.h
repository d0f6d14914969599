/* The officer who asks for bodies: her key, opened here and nowhere else, and what she signs with it. */
#ifndef SLUIS_CLI_AUDIT_OFFICER_H
#define SLUIS_CLI_AUDIT_OFFICER_H

#include "pki/sign.h"
#include "proto/msg/bodies.h"

struct body_export;

/* Opens a key file with the passphrase of a file, or of the terminal where passphrase_file is NULL.
 * ERR_CONFIG (no key was given), ERR_PERMISSION, ERR_SIGNATURE (wrong passphrase), ERR_NOT_FOUND. */
enum err officer_key_open(const char *key, const char *passphrase_file, struct key **out,
                          struct errmsg *why) MUST_CHECK;

/* What the officer means to sign. */
struct officer_meant {
    enum sign_kind kind; /* SIGN_BODIES or SIGN_EXPORT */
    const struct bodies_filter *filter;
    enum bodies_purpose purpose; /* of a query, as the next two */
    uint64_t from;
    uint32_t max;
    bool narrow;
    const struct bodies_sought *sought; /* NULL: no name is to be said; else this or none */
    const struct body_export *export; /* of an export */
};

/* Signs a document that a service brings, where it says what was meant: nothing else gets a signature. ERR_MISMATCH, or as
 * bodies_query_decode, bodies_exported_decode and sign_document. */
enum err officer_sign(const struct key *key, const struct officer_meant *meant,
                      struct bytes document, struct signature *out) MUST_CHECK;

#endif
