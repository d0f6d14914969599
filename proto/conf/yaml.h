/* Loads a YAML file into a struct by a libcyaml schema, strictly.
 * libcyaml alone takes "maybe" for true, "010" for eight, and places an unknown key on the line
 * before; so the file is first held against the schema on a tree that keeps every place. */
#ifndef SLUIS_CONF_YAML_H
#define SLUIS_CONF_YAML_H

#include "proto/conf/yaml_tree.h"

struct cyaml_schema_value;

/* Loads src by schema into *out (a pointer to the schema's top-level struct); *tree, where asked
 * for, receives the places of all values. Release both: yaml_unload, yaml_tree_free. Nothing is
 * written on failure. Stricter than libcyaml: booleans are true or false, integers decimal without
 * leading zeros, enum values and flags are their names. The schema must give every list a maximum.
 * ERR_UNKNOWN for an unknown key or enum value, ERR_DUPLICATE, ERR_RANGE for a number or length
 * outside its bounds, ERR_NOT_FOUND for a missing key, ERR_TOO_LARGE, ERR_INVALID, ERR_NOMEM; why
 * names file, line and column, and what was expected. */
enum err yaml_load(const struct yaml_source *src, const struct cyaml_schema_value *schema,
                   void **out, struct yaml_tree **tree, struct errmsg *why) MUST_CHECK;

/* Frees what yaml_load gave; data may be NULL. (Not yaml_free: libyaml exports that name.) */
void yaml_unload(const struct cyaml_schema_value *schema, void *data);

/* Holds a parsed file against a schema without loading it: yaml_load's errors. */
enum err yaml_check(const struct yaml_tree *t, const struct cyaml_schema_value *schema,
                    struct errmsg *why) MUST_CHECK;

#endif
