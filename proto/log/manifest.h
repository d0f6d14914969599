/* A list of files with their SHA-256, as sha256sum reads it: 64 hex digits in lower case, two spaces, the name, one line each. Names
 * ascend by bytes and stay inside their folder, at most one level deep. */
#ifndef SLUIS_LOG_MANIFEST_H
#define SLUIS_LOG_MANIFEST_H

#include "proto/base/buf.h"
#include "proto/base/hash.h"

#define MANIFEST_NAME_SIZE 128

struct manifest_line {
    struct digest digest;
    char name[MANIFEST_NAME_SIZE];
};

/* Appends a line. ERR_INVALID: a name out of form. */
enum err manifest_put(struct buf *out, const char *name, const struct digest *digest) MUST_CHECK;

/* Takes the first line of *rest, which must be named behind `after` ("" at the beginning); *rest is then what follows.
 * ERR_NOT_FOUND at the end; ERR_INVALID: not in form, or not in order. after may be out->name. */
enum err manifest_next(struct bytes *rest, const char *after, struct manifest_line *out) MUST_CHECK;

#endif
