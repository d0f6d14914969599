/* The storage key of this agent in its versions: takes the newest of the key folder and seals the store anew
 * under it, in the background. Loop thread. */
#ifndef SLUIS_AGENT_REKEY_H
#define SLUIS_AGENT_REKEY_H

#include "pki/rewrap.h"
#include "proto/base/attr.h"
#include "proto/base/err.h"

struct agent;
struct doc;
struct rekey;

/* At start, the writer runs: takes what the key folder holds and goes on with what a stop left. ERR_NOT_FOUND:
 * a version that values lie under is missing; ERR_NO_SPACE, ERR_IO, ERR_NOMEM. */
enum err rekey_new(struct agent *a, struct rekey **out, struct errmsg *why) MUST_CHECK;
/* After the writer. NULL is a no-op. */
void rekey_free(struct rekey *r);
DEFINE_CLEANUP(struct rekey, rekey_free)

/* The key folder was read anew. Errors as rekey_new: then everything stays as it was. */
enum err rekey_reload(struct rekey *r, struct errmsg *why) MUST_CHECK;

/* As of the last commit. */
const struct rewrap *rekey_state(const struct rekey *r);
/* What keeps it from going on; "": nothing does. */
const char *rekey_trouble(const struct rekey *r);

#endif
