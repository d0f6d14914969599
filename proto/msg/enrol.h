/* Enrolment by files: a party's request with its certificate requests, and the registrar's answer.
 * Both travel as `struct sheltered`, under the MAC of a one-time token (docs/trust.md). */
#ifndef SLUIS_MSG_ENROL_H
#define SLUIS_MSG_ENROL_H

#include "proto/msg/roster.h"

#define ENROL_MAX_BYTES ((size_t)64 << 10)
#define ENROL_ARENA_BYTES ((size_t)512 << 10)
#define ENROL_NONCE_BYTES 16
#define ENROL_MAX_CSR_BYTES 2048

enum enrol_subject {
    ENROL_NONE = 0,
    ENROL_MEMBER,  /* an agency or the broker */
    ENROL_OFFICER, /* a person of an agency */
};

struct enrol_request {
    struct name deployment;
    int64_t created_at; /* seconds since 1970 UTC */
    uint8_t nonce[ENROL_NONCE_BYTES];
    enum enrol_subject subject;
    struct roster_member member; /* as declared: no certificates yet; the CURVE key is there */
    struct roster_officer officer;
    struct bytes signing_csr; /* PKCS#10, DER; an officer's key for ENROL_OFFICER */
    struct bytes sealing_csr; /* agencies */
    struct bytes log_key;     /* broker */
    struct bytes log_origin;  /* broker */
};

struct enrol_answer {
    struct name deployment;
    struct digest request; /* of the request document */
    int64_t created_at;
    struct bytes root; /* certificates, DER */
    struct bytes issuer;
    struct bytes roster_key; /* SPKI, DER */
    struct bytes signing;
    struct bytes sealing;   /* agencies */
    struct bytes transport; /* agencies and broker */
};

/* Read and check; views point into a. Errors: ERR_TOO_LARGE, ERR_NOMEM, ERR_UNKNOWN, ERR_RANGE,
 * ERR_DUPLICATE, ERR_INVALID, or as msg_scan. */
enum err enrol_request_decode(struct bytes document, struct arena *a, struct enrol_request *out,
                              struct errmsg *why) MUST_CHECK;
enum err enrol_answer_decode(struct bytes document, struct arena *a, struct enrol_answer *out,
                             struct errmsg *why) MUST_CHECK;

/* Append the document after the same checks. */
enum err enrol_request_encode(const struct enrol_request *r, struct buf *out,
                              struct errmsg *why) MUST_CHECK;
enum err enrol_answer_encode(const struct enrol_answer *r, struct buf *out,
                             struct errmsg *why) MUST_CHECK;

#endif
