/* What the two ends of a rotation of the broker's transport or log key share: the broker's folder, where the next
 * key is made and asked for, and the register, which lists it and ends the overlap (decision 0902). */
#ifndef SLUIS_CLI_PKI_ROTATE_BROKER_H
#define SLUIS_CLI_PKI_ROTATE_BROKER_H

#include "pki/cli/pki/work.h"
#include "proto/msg/rotation.h"

#define ROTATE_WIRE_MAX (ROTATION_MAX_BYTES + 512) /* a signed request */

/* "transport" or "log", as in --key and in the names of files. */
const char *rotate_id_of(enum rotation_use use);

/* At the broker: makes or finds the next key and writes the request; --switch puts it in the place of the old one;
 * --status. */
enum err rotate_at_broker(struct work *w, enum rotation_use use) MUST_CHECK;

/* At the register: --request lists the next key beside the present one; --switch ends the overlap; --status. */
enum err rotate_at_register(struct work *w, enum rotation_use use) MUST_CHECK;

#endif
