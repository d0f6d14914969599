/* What a reader of audit bodies says of them over a control socket (docs/control.md, `bodies` and `exported`), between
 * its tool and a daemon: purpose, filter, and what was exported. */
#ifndef SLUIS_JSON_BODIES_ARGS_H
#define SLUIS_JSON_BODIES_ARGS_H

#include "proto/json/doc.h"
#include "proto/msg/bodies.h"

/* A filter as an object of its own; only members that let less than everything through, and the salt. NULL: no memory. */
struct doc *bodies_filter_doc(const struct bodies_filter *f);

/* The names that are said, as an object of its own. NULL: no memory. */
struct doc *bodies_sought_doc(const struct bodies_sought *s);
/* Reads args.sought, where there is one. ERR_INVALID; why names the member. */
enum err bodies_sought_read(const struct doc *args, struct bodies_sought *out, struct errmsg *why) MUST_CHECK;

/* Reads args.filter alone. Errors as bodies_args_read. */
enum err bodies_filter_read(const struct doc *args, struct bodies_filter *out,
                            struct errmsg *why) MUST_CHECK;

/* Reads args.purpose and args.filter. ERR_NOT_FOUND (one of them, or the salt, is missing), ERR_UNKNOWN (purpose),
 * ERR_INVALID, ERR_RANGE; why names the member. */
enum err bodies_args_read(const struct doc *args, enum bodies_purpose *purpose,
                          struct bodies_filter *filter, struct errmsg *why) MUST_CHECK;

/* Reads format, rows, sha256 and filter of args; other members of *out stay. Errors as bodies_args_read. */
enum err exported_args_read(const struct doc *args, struct bodies_exported *out,
                            struct errmsg *why) MUST_CHECK;

#endif
