/* Facts from a parsed YAML map; for policy_load.c and fact files. */
#ifndef SLUIS_CONF_POLICY_FACTS_H
#define SLUIS_CONF_POLICY_FACTS_H

#include "proto/conf/yaml_tree.h"
#include "proto/policy/facts.h"

/* Sets each fact of the map in f, over what f holds. Keys in `skip` (may be NULL) are left alone.
 * ERR_UNKNOWN, ERR_INVALID, ERR_RANGE, ERR_DUPLICATE with the place in why. */
enum err policy_facts_read(const struct yaml_tree *t, const struct yaml_value *map,
                           const char *skip, struct facts *f, struct errmsg *why) MUST_CHECK;

#endif
