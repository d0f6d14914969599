/* One scalar of a configuration file: text to value and back. Internal to proto/conf. */
#ifndef SLUIS_CONF_CONFIG_VALUE_H
#define SLUIS_CONF_CONFIG_VALUE_H

#include "proto/conf/config.h"

/* Where a value goes and what bounds it. */
struct conf_slot {
    const struct conf_key *key;
    const char *folder; /* base of relative paths */
    struct arena *arena;
};

/* Reads text as one value of a scalar type into out (a member, or one item of a list).
 * On failure *expected says what should stand there. ERR_INVALID, ERR_RANGE, ERR_UNKNOWN,
 * ERR_NOMEM. */
enum err conf_value_read(const struct conf_slot *slot, struct bytes text, void *out,
                         const char **expected) MUST_CHECK;

/* Appends a value in the form that conf_value_read takes. */
void conf_value_write(const struct conf_key *key, const void *value, struct buf *out);

/* The type of a list's items, or the type itself. */
enum conf_type conf_item_type(enum conf_type t);
bool conf_is_list(enum conf_type t);

/* Bytes of one item in memory. */
size_t conf_item_size(enum conf_type t);

#endif
