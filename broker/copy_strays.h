/* Segments of the auditors' copy that were made behind the copy of the store from which this one was restored: their keys
 * are in no row, so that nobody can seal them anew, and bodies in them are nowhere else. They are told for as long as their
 * files stand in the folder. A segment without a row whose bodies the store has is what a stop in a round left: it is none. */
#ifndef SLUIS_BROKER_COPY_STRAYS_H
#define SLUIS_BROKER_COPY_STRAYS_H

#include "broker/store/log_copies.h"

struct copy_strays {
    struct body_copy_name *names;
    size_t count;
    bool is_found;
};

struct copy_strays_in {
    const char *dir;
    struct store *store;
    struct kv_txn *txn;
};

void copy_strays_clear(struct copy_strays *s);

/* Once, before this process makes a segment: reads what it finds without a row. ERR_NOMEM, ERR_IO, or as kv_get. */
enum err copy_strays_find(struct copy_strays *s, const struct copy_strays_in *in) MUST_CHECK;

/* Forgets those whose files are gone. */
void copy_strays_look(struct copy_strays *s, const char *dir);

#endif
