/* Loads a policy file into a snapshot that proto/policy evaluates. A file that loads is whole:
 * every key is known, every law, purpose and category that is named exists, every process has the
 * blocks it needs and no other, and nobody's unverified citation counts outside demonstration mode.
 * What a jurist should still look at is found by policy_findings. */
#ifndef SLUIS_CONF_POLICY_LOAD_H
#define SLUIS_CONF_POLICY_LOAD_H

#include "proto/conf/yaml_tree.h"
#include "proto/policy/facts.h"
#include "proto/policy/policy.h"

#define POLICY_MAX_BYTES ((size_t)64 << 20)

struct policy_file;

/* Loads text; name is for messages and must outlive the result. Release with policy_file_free.
 * ERR_INVALID, ERR_UNKNOWN, ERR_DUPLICATE, ERR_RANGE, ERR_NOT_FOUND, ERR_TOO_LARGE, ERR_NOMEM; why
 * names file, line and column, or the path of what is wrong with its line. */
enum err policy_file_load(struct bytes text, const char *name, struct policy_file **out,
                          struct errmsg *why) MUST_CHECK;
void policy_file_free(struct policy_file *f);
DEFINE_CLEANUP(struct policy_file, policy_file_free)

/* The snapshot; lives as long as f. */
const struct policy *policy_file_policy(const struct policy_file *f);

/* The line of a path such as "rules[riec.case].gates[0].law", or of its deepest part that exists.
 */
uint32_t policy_file_line(const struct policy_file *f, const char *path);

/* Reads facts from a map of names and values (a fact file in YAML or JSON). Times may be dates.
 * Every fact is judged, but for those that the list under the key `asserted` names.
 * Errors as policy_file_load. */
enum err policy_facts_load(struct bytes text, const char *name, struct facts *out,
                           struct errmsg *why) MUST_CHECK;

#endif
