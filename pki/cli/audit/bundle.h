/* A folder of evidence: the rows that fit, a proof of each, and what a stranger needs to check them (docs/audit-log.md,
 * "Bundles"). */
#ifndef SLUIS_CLI_AUDIT_BUNDLE_H
#define SLUIS_CLI_AUDIT_BUNDLE_H

#include "pki/cli/audit/reading.h"
#include "pki/cert.h"

#define BUNDLE_FORMAT "sluis-bundle/1"
#define BUNDLE_ROWS_MAX 20000u
#define BUNDLE_POLICIES_MAX 256u
#define BUNDLE_MANIFEST "MANIFEST.sha256"
#define BUNDLE_SIGNATURE "MANIFEST.sha256.p7s"
#define BUNDLE_MANIFEST_MAX ((size_t)4 << 20)
#define BUNDLE_FILE_MAX ((size_t)1 << 30)

struct bundle;

/* Begins one beside path. ERR_EXISTS, or as staged_dir_new. */
enum err bundle_new(const char *path, struct bundle **out, struct errmsg *why) MUST_CHECK;
/* What is not placed is removed. NULL is a no-op. */
void bundle_free(struct bundle *b);
DEFINE_CLEANUP(struct bundle, bundle_free)

/* Adds a row with its proof from the log of r. ERR_LIMIT beyond BUNDLE_ROWS_MAX; else as prove_file. */
enum err bundle_add(struct bundle *b, struct reading *r, const struct body_line *line,
                    const struct audit_body *body) MUST_CHECK;

struct bundle_made {
    uint64_t rows;
    uint64_t policies_missing;
    struct digest sha256; /* of the manifest */
};
/* Writes all but the signature of the manifest. */
enum err bundle_finish(struct bundle *b, struct reading *r, struct bundle_made *out) MUST_CHECK;

/* Signs the manifest. ERR_MISMATCH (the key is not the certificate's), or as cms_detached_sign. */
enum err bundle_sign(struct bundle *b, const struct key *key, const struct cert *cert,
                     struct errmsg *why) MUST_CHECK;

/* Gives the folder its name. ERR_EXISTS, ERR_IO. */
enum err bundle_place(struct bundle *b, struct errmsg *why) MUST_CHECK;

#endif
