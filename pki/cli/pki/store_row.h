/* A row that a daemon keeps open in its store for `sluis-pki`, read beside the running daemon. */
#ifndef SLUIS_CLI_PKI_STORE_ROW_H
#define SLUIS_CLI_PKI_STORE_ROW_H

#include "pki/cli/pki/work.h"

/* The folder of the store: --store, else DIR/store. ERR_TOO_LARGE. */
enum err store_row_place(struct work *w, char store[static WORK_PATH_MAX]) MUST_CHECK;

/* The row of the table `meta` by its name, appended to out. ERR_NOT_FOUND without a why: the store has none; with one:
 * no store lies there. Errors as kv_open and kv_get. */
struct store_row {
    const char *store;
    const char *name;
};
enum err store_row_read(struct work *w, const struct store_row *row, struct buf *out) MUST_CHECK;

#endif
