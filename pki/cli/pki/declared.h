/* What the options of one command declare about a party or a person: for enrol, which asks for it, and for token, which
 * allows it. Both read the same options in the same way, so that what was agreed is typed the same twice. */
#ifndef SLUIS_CLI_PKI_DECLARED_H
#define SLUIS_CLI_PKI_DECLARED_H

#include "pki/cli/pki/work.h"

/* An agency or the broker: --oin --name --host --controller --class --purpose --regime --population --churn
 * --endpoint. Lists are in the arena. ERR_CONFIG names the option that is wrong or, of what this kind must have,
 * missing. */
enum err declared_member(struct work *w, enum member_kind kind, struct roster_member *out) MUST_CHECK;

/* A person: --oin --officer --person --function. Errors as above. */
enum err declared_officer(struct work *w, struct roster_officer *out) MUST_CHECK;

#endif
