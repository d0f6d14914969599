/* Whether a folder of evidence holds, from beginning to end: signature, manifest, rows, proofs, policies, filter. */
#ifndef SLUIS_CLI_AUDIT_BUNDLE_CHECK_H
#define SLUIS_CLI_AUDIT_BUNDLE_CHECK_H

#include "pki/cert.h"
#include "pki/cli/audit/log_dir.h"
#include "proto/base/buf.h"

struct bundle_check {
    const char *dir;
    const struct audit_policy *policy; /* the reader's own */
    const struct cert *signer;         /* NULL: whoever signed it */
};

struct bundle_found {
    uint64_t rows;
    uint64_t size; /* of the head */
    uint64_t policies;
    uint64_t policies_missing; /* that rows name and the bundle says it does not have */
    bool has_refs;             /* the filter names a case or a question: only who knows it can compare */
    struct buf origin;
    struct cert *signer;
};
void bundle_found_clear(struct bundle_found *f);

/* Every failure is ERR_MISMATCH, ERR_SIGNATURE, ERR_CERT or a form error, with why naming file or row; ERR_NOT_FOUND where
 * a file is missing. *out: bundle_found_clear. */
enum err bundle_check(const struct bundle_check *c, struct bundle_found *out, struct errmsg *why) MUST_CHECK;

#endif
