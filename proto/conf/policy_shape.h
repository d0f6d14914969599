/* What a schema cannot say of a policy file: names, dates, references, and the blocks that each
 * process needs. For policy_load.c alone. */
#ifndef SLUIS_CONF_POLICY_SHAPE_H
#define SLUIS_CONF_POLICY_SHAPE_H

#include "proto/conf/yaml_tree.h"
#include "proto/policy/policy.h"

struct shape {
    struct policy *policy;
    const struct yaml_tree *tree;
    struct errmsg *why;
    char prefix[96]; /* path of what is being checked: "" or "rules[riec.case]" */
};

/* A place below the prefix: list[i].key, list or key; NULL parts are left out. */
struct place {
    const char *list;
    uint32_t i;
    const char *key;
};

/* Writes "file:line: path: text" into why and returns e. */
enum err shape_fail(const struct shape *s, struct place at, enum err e, const char *text);

/* Each is ERR_OK or fails at its place. An optional name may be empty. */
enum err shape_name(const struct shape *s, const struct name *n, struct place at);
enum err shape_optional_name(const struct shape *s, const struct name *n, struct place at);
enum err shape_oin(const struct shape *s, const struct agency_id *oin, struct place at);
enum err shape_selectors(const struct shape *s, const struct selector *list, uint32_t count,
                         const char *key);
/* Functions of whom a rule lets ask, decide or move: known ones, and none that supervises. */
enum err shape_functions(const struct shape *s, const struct name *list, uint32_t count,
                         struct place at);
enum err shape_period(const struct shape *s, struct period *p);
enum err shape_period_at(const struct shape *s, struct period *p, struct place at);
enum err shape_term(const struct shape *s, const struct term *t, struct place at);
enum err shape_citation(const struct shape *s, const struct citation *c, struct place at);

/* The file's tables; fills in their dates. Needs policy_sort before it. */
enum err shape_file(struct shape *s) MUST_CHECK;

/* Moves of cases, and what a rule says of its case and of closing it. */
enum err shape_case_moves(const struct shape *s) MUST_CHECK;
enum err shape_rule_case(const struct shape *s, const struct rule *r) MUST_CHECK;

/* One rule; fills in its dates. */
enum err shape_rule(struct shape *s, struct rule *r) MUST_CHECK;

/* The blocks that only some processes have, or that any may have. */
enum err shape_blocks(const struct shape *s, const struct rule *r) MUST_CHECK;

#endif
