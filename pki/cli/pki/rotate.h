/* The kinds of key that `rotate` knows, a file each. Every one reads the same options: none of them begins,
 * --switch and --retire N go on, --status says what remains; --dry-run does nothing and says what would be done;
 * and each ends by telling what comes next. A command that was killed is given again. */
#ifndef SLUIS_CLI_PKI_ROTATE_H
#define SLUIS_CLI_PKI_ROTATE_H

#include "pki/cli/pki/work.h"

/* The issuing CA of a register: rotate_issuing.c. */
enum err rotate_issuing(struct work *w) MUST_CHECK;

/* The storage key of a broker or an agency: rotate_storage.c. */
enum err rotate_storage(struct work *w) MUST_CHECK;

/* The key with which a witness cosigns, in its own folder: rotate_witness.c. */
enum err rotate_witness(struct work *w) MUST_CHECK;

/* The key of an agency's own log: rotate_own_log.c. */
enum err rotate_own_log(struct work *w) MUST_CHECK;

/* Keys of the broker, in its own folder and at the register: rotate_broker.c. */
enum err rotate_transport(struct work *w) MUST_CHECK;
enum err rotate_log(struct work *w) MUST_CHECK;
enum err rotate_signing(struct work *w) MUST_CHECK; /* rotate_signing.c */
/* The key that signs rosters, at the registrar: rotate_roster.c. In another folder: what that party pins,
 * rotate_pin.c. */
enum err rotate_roster(struct work *w) MUST_CHECK;
enum err rotate_pin(struct work *w) MUST_CHECK;

#endif
