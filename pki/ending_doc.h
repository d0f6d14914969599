/* One ending as both daemons show it in `status`. */
#ifndef SLUIS_PKI_ENDING_DOC_H
#define SLUIS_PKI_ENDING_DOC_H

#include "pki/endings.h"

struct doc;

/* {kind, oin, staff of a person, purpose and epoch or else fingerprint, ends, grade}; the caller's. NULL without
 * memory. */
struct doc *ending_doc(const struct ending *e, int64_t now_s) MUST_CHECK;

#endif
