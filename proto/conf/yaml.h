/* Loads a YAML file into a struct by a libcyaml schema, strictly. Only the schema and the release of
 * the memory are libcyaml's: it takes "maybe" for true, "010" for eight, places an unknown key on
 * the line before, and parses the text a second time. So the file is held against the schema on a
 * tree that keeps every place, and the struct is filled from that tree. */
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

/* The two halves of yaml_load after parsing. yaml_check holds a tree against a schema: yaml_load's
 * errors; *schema_of receives the schema of each value (NULL below what is ignored), to be released
 * with free. yaml_fill makes the struct of a tree and the schemas that yaml_check gave for it:
 * ERR_NOMEM. Of libcyaml's types they know integers, booleans, enums, texts, maps, lists that stand
 * in a map, and what is ignored; a value of any other type is ERR_INVALID. */
enum err yaml_check(const struct yaml_tree *t, const struct cyaml_schema_value *schema,
                    const struct cyaml_schema_value ***schema_of, struct errmsg *why) MUST_CHECK;
enum err yaml_fill(const struct yaml_tree *t, const struct cyaml_schema_value *const *schema_of,
                   void **out) MUST_CHECK;

#endif
