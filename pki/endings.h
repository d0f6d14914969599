/* What ends, and when a warning of it is due: certificates that the roster lists, and whatever a caller adds.
 * Pure: the time is an argument. */
#ifndef SLUIS_PKI_ENDINGS_H
#define SLUIS_PKI_ENDINGS_H

#include "pki/trust.h"

enum ending_kind {
    ENDING_NONE = 0,
    ENDING_ROOT,
    ENDING_ISSUER,
    ENDING_ROSTER_KEY,
    ENDING_SIGNING,
    ENDING_SEALING,
    ENDING_TRANSPORT,
    ENDING_OFFICER,
    ENDING_EPOCH,
    ENDING_KIND_COUNT,
};

const char *ending_kind_id(enum ending_kind k);

struct ending {
    enum ending_kind kind;
    struct agency_id oin; /* whose; of an epoch, its custodian's; of the first three, the registrar's */
    struct name staff;    /* an officer's, else "" */
    struct name purpose;  /* an epoch's, else "" */
    uint32_t epoch;
    struct digest id; /* fingerprint of the certificate; of an epoch, of purpose and check value */
    int64_t start_s;  /* seconds since 1970 UTC */
    int64_t end_s;    /* the first second in which it counts no more */
};

/* Returning an error ends the walk with it. */
typedef enum err (*ending_fn)(void *arg, const struct ending *e);

/* Each certificate of the roster that is not revoked, root and issuing CAs first. */
enum err endings_of_roster(const struct trust *t, ending_fn fn, void *arg) MUST_CHECK;

/* The same of one certificate. */
struct ending ending_of_cert(enum ending_kind kind, const struct cert *c);

/* How many days before the end the warning that is due now is given: 14 or 3; 0: none, also where it is over.
 * What never lived longer than that gets no warning of that many days (a certificate of a week is always in
 * its last fourteen days). */
#define ENDING_SOON_DAYS 14
#define ENDING_CLOSE_DAYS 3
int ending_warning_days(const struct ending *e, int64_t now_s);

/* 0: fine; 1: a warning of 14 days stands; 2: one of 3 days, or it is over. */
int ending_grade(const struct ending *e, int64_t now_s);

/* Names this end of this thing: another end is another one. ERR_CRYPTO. */
enum err ending_digest(const struct ending *e, struct digest *out) MUST_CHECK;

#endif
