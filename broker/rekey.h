/* The storage key of this broker in its versions: takes the newest of the key folder and seals the store anew
 * under it, in the background (pki/rewrap.h). Loop thread. */
#ifndef SLUIS_BROKER_REKEY_H
#define SLUIS_BROKER_REKEY_H

#include "broker/broker.h"
#include "pki/rewrap.h"

struct doc;

/* Before anything is sealed or opened: the version under which the store seals at present. ERR_NOT_FOUND: a
 * version that values lie under is missing; ERR_IO, ERR_INVALID; why tells. */
enum err rekey_version(struct broker *b, uint32_t *out, struct errmsg *why) MUST_CHECK;

/* The key folder was read anew. */
void rekey_reload(struct broker *b);

/* For status; the caller's. NULL: out of memory. */
struct doc *rekey_doc(const struct broker *b);
/* What keeps it from going on; "": nothing does. */
const char *rekey_trouble(const struct broker *b);

#endif
