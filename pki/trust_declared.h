/* What two officers declared destroyed: the declaration of one, and whether a custodian's word on epochs comes with both
 * for each epoch that it says is destroyed (decision 0908). */
#ifndef SLUIS_PKI_TRUST_DECLARED_H
#define SLUIS_PKI_TRUST_DECLARED_H

#include "pki/trust_docs.h"
#include "proto/msg/epoch_word.h"

/* Who may declare: these represent their organisation, or answer for its keys. */
#define TRUST_DECLARING_FUNCTIONS \
    (UINT32_C(1) << FUNCTION_MANDATED_OFFICER | UINT32_C(1) << FUNCTION_SECURITY_OFFICER)

struct trust_declaration {
    struct destruction what;
    struct bytes document;
    struct digest digest; /* of document */
    const struct roster_officer *by;
};

/* A signed declaration (SIGN_DESTRUCTION): of this deployment, by an officer of the roster who has one of those functions
 * at an agency of that purpose. The signature is verified before the document is decoded. ERR_NOT_FOUND (no such officer),
 * ERR_CERT, ERR_EXPIRED, ERR_SIGNATURE, ERR_PERMISSION (function, purpose), ERR_MISMATCH, or as the codecs. */
enum err trust_read_declaration(const struct trust_reading *r, struct bytes wire, struct trust_declaration *out,
                                struct errmsg *why) MUST_CHECK;

/* Whether two declarations are of one content and by two persons. ERR_MISMATCH, ERR_PERMISSION. */
enum err trust_check_two(const struct trust_declaration two[static 2], struct errmsg *why) MUST_CHECK;

/* Whether each epoch that said declares destroyed by this very word, at its own time, has two declarations in word, about
 * that purpose and epoch and with the digest that said names. ERR_PERMISSION (fewer than two), else as the two above. */
enum err trust_check_declared(const struct trust_reading *r, const struct epoch_states *said,
                              const struct epoch_word *word, struct errmsg *why) MUST_CHECK;

#endif
