/* An export on its way into the log, and what is said of it afterwards. */
#ifndef SLUIS_CLI_AUDIT_EXPORTING_H
#define SLUIS_CLI_AUDIT_EXPORTING_H

#include "pki/cli/audit/reading.h"

struct exporting {
    struct reading *reading;
    struct body_export export;
    struct digest entry; /* zeroes: nobody said */
};

/* Has the log take it, where the bodies came from a daemon; of bodies from a file no daemon knows. As file_ready has it: arg
 * is a struct exporting. Errors as body_socket_exported. */
enum err exporting_tell(void *arg, struct errmsg *why) MUST_CHECK;

/* Prints what became of it: rows, digest and entry; and on standard error where nobody recorded it. */
void exporting_say(const struct exporting *x);

#endif
