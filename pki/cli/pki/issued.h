/* The certificates that the register knows, DIR/issued and their lines of the journal, against those that a roster lists. */
#ifndef SLUIS_CLI_PKI_ISSUED_H
#define SLUIS_CLI_PKI_ISSUED_H

#include "pki/cli/pki/work.h"

/* After an old copy was restored: each certificate that r lists and that the copy does not know is kept and gets its line in the
 * journal, so that its holder can renew it and `revoke --lineage` finds it. It continues the line of renewals of that party's other
 * certificates of that use; where the copy knows none of them, the oldest listed begins one. So a register that cannot tell
 * two lines of one party apart takes them for one, and a revocation takes both. Repeated, it adds nothing. ERR_CERT, ERR_NOMEM, ERR_IO. */
enum err issued_take_over(struct work *w, const struct roster *r) MUST_CHECK;

/* Removes the copies of certificates that have ended and that r neither lists nor has among the revoked. The journal keeps their
 * lines; no list of revoked certificates names one that has ended. ERR_NOMEM, ERR_IO. */
enum err issued_prune(struct work *w, const struct roster *r) MUST_CHECK;

#endif
