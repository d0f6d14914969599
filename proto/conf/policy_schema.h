/* The policy file as a libcyaml schema; for policy_load.c alone. docs/policy.md is its reference.
 */
#ifndef SLUIS_CONF_POLICY_SCHEMA_H
#define SLUIS_CONF_POLICY_SCHEMA_H

struct cyaml_schema_value;

/* Loads into a struct policy. Dates, orders and facts are filled in afterwards. */
const struct cyaml_schema_value *policy_schema(void);

#endif
