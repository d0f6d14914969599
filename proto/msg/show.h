/* A signed document taken apart field by field, for people and programs that want to see what was
 * signed. Reads by the schema, so a new field shows up by itself; decides nothing. */
#ifndef SLUIS_MSG_SHOW_H
#define SLUIS_MSG_SHOW_H

#include "proto/base/arena.h"
#include "proto/base/bytes.h"
#include "proto/base/err.h"
#include "proto/base/label.h"

#define SHOW_MAX_DEPTH 6 /* messages inside each other */

/* Receives the fields in the order of the schema; name is NULL for an item of a list. An object or
 * list stays open until close. A field that holds its default value and is no list is told too. */
struct show_sink {
    enum err (*text)(void *ctx, const char *name, struct bytes value);
    enum err (*number)(void *ctx, const char *name, int64_t value);
    enum err (*bytes)(void *ctx, const char *name, struct bytes value);
    enum err (*open_object)(void *ctx, const char *name);
    enum err (*open_list)(void *ctx, const char *name);
    enum err (*close)(void *ctx);
    void *ctx;
};

/* Tells sink what document, signed bytes of that kind, says. The document is scanned strictly
 * (scan.h), its values are not judged. Views live until arena_reset.
 * ERR_UNKNOWN for a kind without a message of its own here; ERR_TOO_LARGE over 2 MiB; what msg_scan
 * or the sink says; ERR_NOMEM. */
enum err msg_show(enum sign_kind kind, struct bytes document, struct arena *a,
                  const struct show_sink *sink, struct errmsg *why) MUST_CHECK;

#endif
