/* Where bodies of audit entries come from: a file of body lines, or a daemon's control socket. */
#ifndef SLUIS_CLI_AUDIT_BODY_SOURCE_H
#define SLUIS_CLI_AUDIT_BODY_SOURCE_H

#include "proto/json/body_line.h"

/* Takes one line; its body is valid until it returns. ERR_CANCELLED ends the reading without error. */
typedef enum err (*body_line_fn)(void *arg, const struct body_line *line);

/* Calls fn for each line the reader may know of, from index `first` on, in ascending order. Returns
 * ERR_OK, what fn returned, or its own error with why. */
struct body_source {
    enum err (*each)(void *ctx, uint64_t first, body_line_fn fn, void *arg, struct errmsg *why);
    void *ctx;
};

/* A file of body lines. */
struct body_file;

/* ERR_NOT_FOUND, ERR_IO, ERR_NOMEM. */
enum err body_file_open(const char *path, struct body_file **out, struct errmsg *why) MUST_CHECK;
void body_file_close(struct body_file *f);
DEFINE_CLEANUP(struct body_file, body_file_close)

/* Valid as long as f. Lines must ascend: ERR_INVALID. */
struct body_source body_file_source(struct body_file *f);

#endif
