/* One call at the control socket of a running daemon (docs/control.md). */
#ifndef SLUIS_CLI_PKI_SERVICE_CALL_H
#define SLUIS_CLI_PKI_SERVICE_CALL_H

#include "proto/base/bytes.h"
#include "proto/base/err.h"

struct doc;

/* Asks verb with args, which it takes; NULL: none. The whole answer, the caller's: `ok` or `error`. ERR_NOT_FOUND (nobody
 * listens there), ERR_CLOSED (the daemon does not answer this user), ERR_EXPIRED, ERR_INVALID, ERR_IO, ERR_NOMEM; why tells. */
enum err service_call(const char *socket, const char *verb, struct doc *args, struct doc **out,
                      struct errmsg *why) MUST_CHECK;

#endif
