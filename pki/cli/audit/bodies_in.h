/* Opens whatever --bodies names: a file of body lines, or a daemon's control socket. */
#ifndef SLUIS_CLI_AUDIT_BODIES_IN_H
#define SLUIS_CLI_AUDIT_BODIES_IN_H

#include "pki/cli/audit/body_socket.h"
#include "pki/cli/audit/body_source.h"
#include "pki/cli/audit/filter.h"
#include "pki/cli/audit/options.h"

struct bodies_in {
    struct body_file *file; /* one of the two */
    struct body_socket *socket;
};

/* The verb says what the bodies are read for. Errors as body_file_open, filter_of, filter_said and body_socket_open. */
enum err bodies_in_open(const struct options *o, struct bodies_in *out,
                        struct errmsg *why) MUST_CHECK;
/* Once more, as it stands now: a file is opened again, a socket stays as it is. Errors as bodies_in_open. */
enum err bodies_in_again(const struct options *o, struct bodies_in *b, struct errmsg *why) MUST_CHECK;
/* The filter as the queries say it, under the same salt; of a file, as they would. Errors as filter_said. */
enum err bodies_in_said(const struct bodies_in *b, const struct filter *f,
                        struct bodies_filter *out, struct errmsg *why) MUST_CHECK;
void bodies_in_close(struct bodies_in *b);
struct body_source bodies_in_source(const struct bodies_in *b);

#endif
