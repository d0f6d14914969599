#include "proto/conf/policy_load.h"

#include <stdio.h>
#include <stdlib.h>

#include "proto/conf/policy_facts.h"
#include "proto/conf/policy_schema.h"
#include "proto/conf/policy_shape.h"
#include "proto/conf/yaml.h"
#include "proto/policy/condition.h"

struct policy_file {
    struct policy *policy; /* libcyaml's memory, but for the members below */
    struct yaml_tree *tree;
    uint32_t *orders;
    struct facts *facts; /* of the fixtures, then of the tests */
};

void policy_file_free(struct policy_file *f)
{
    if (f == NULL)
        return;
    yaml_unload(policy_schema(), f->policy);
    yaml_tree_free(f->tree);
    free(f->orders);
    free(f->facts);
    free(f);
}

const struct policy *policy_file_policy(const struct policy_file *f)
{
    return f->policy;
}

static enum err sort_ids(struct policy_file *f, struct errmsg *why)
{
    struct policy *p = f->policy;
    size_t count = (size_t)p->rules_count + p->parties_count;
    f->orders = calloc(count, sizeof *f->orders);
    if (f->orders == NULL)
        return ERR_NOMEM;
    p->rule_order = f->orders;
    p->party_order = f->orders + p->rules_count;
    enum err e = policy_sort(p, why);
    if (e != ERR_OK)
        errmsg_wrap(why, e, "%s", yaml_tree_name(f->tree));
    return e;
}

static enum err check_shape(struct policy_file *f, struct errmsg *why)
{
    struct shape s = {.policy = f->policy, .tree = f->tree, .why = why};
    enum err e = shape_file(&s);
    for (uint32_t i = 0; e == ERR_OK && i < f->policy->rules_count; i++) {
        struct rule *r = &f->policy->rules[i];
        snprintf(s.prefix, sizeof s.prefix, "rules[%s]", r->id.s);
        e = shape_rule(&s, r);
    }
    return e;
}

/* ---- tests ---- */

static const struct yaml_value *item_of(const struct policy_file *f, const char *list, uint32_t i)
{
    const struct yaml_value *all = yaml_tree_get(f->tree, yaml_tree_root(f->tree), bytes_str(list));
    return yaml_tree_item(f->tree, all, i);
}

/* The rule of a path "rules[id]..." and what stands behind "rules[id]"; NULL for other paths. A
 * tree finds an id by looking at each item, which is too slow for the findings of 10,000 rules. */
static const struct yaml_value *rule_of(const struct policy_file *f, const char *path,
                                        const char **rest)
{
    static const char list[] = "rules[";
    struct name id;
    if (strncmp(path, list, strlen(list)) != 0)
        return NULL;
    const size_t n = strcspn(path + strlen(list), "]");
    if (path[strlen(list) + n] != ']' ||
        name_parse(bytes_of(path + strlen(list), n), &id) != ERR_OK)
        return NULL;
    const struct rule *r = policy_rule(f->policy, &id);
    if (r == NULL)
        return NULL;
    *rest = path + strlen(list) + n + 1;
    return item_of(f, "rules", (uint32_t)(r - f->policy->rules));
}

uint32_t policy_file_line(const struct policy_file *f, const char *path)
{
    const char *rest = NULL;
    const struct yaml_value *rule = rule_of(f, path, &rest);
    return rule != NULL ? yaml_tree_line_below(f->tree, rule, rest) : yaml_tree_line(f->tree, path);
}

static enum err read_facts(const struct policy_file *f, const struct yaml_value *item,
                           struct facts *out, struct errmsg *why)
{
    const struct yaml_value *map = yaml_tree_get(f->tree, item, bytes_str("facts"));
    return map == NULL ? ERR_OK : policy_facts_read(f->tree, map, NULL, out, why);
}

static const struct facts *base_of(const struct policy *p, const struct name *id)
{
    for (uint32_t i = 0; i < p->fixtures_count; i++) {
        if (name_equal(&p->fixtures[i].id, id))
            return p->fixtures[i].facts;
    }
    return NULL;
}

static bool mark_all(struct facts *f, const struct name *list, uint32_t count, enum provenance by)
{
    for (uint32_t i = 0; i < count; i++) {
        enum fact_id id = FACT_COUNT;
        if (fact_parse(bytes_str(list[i].s), &id) != ERR_OK ||
            fact_provenance(f, id) == PROVENANCE_UNKNOWN)
            return false;
        facts_mark(f, id, by);
    }
    return true;
}

static bool reasons_known(const struct policy_test *t)
{
    for (uint32_t i = 0; i < t->reasons_count; i++) {
        enum condition c = CONDITION_NONE;
        if (condition_parse(bytes_str(t->reasons[i].s), &c) != ERR_OK)
            return false;
    }
    return (t->expect == EXPECT_DENY) == (t->reasons_count > 0);
}

static enum err read_test(const struct policy_file *f, uint32_t i, struct errmsg *why)
{
    struct policy_test *t = &f->policy->tests[i];
    const struct yaml_value *item = item_of(f, "tests", i);
    if (t->base.s[0] != '\0') {
        const struct facts *base = base_of(f->policy, &t->base);
        if (base == NULL)
            return yaml_tree_complain(f->tree, item, ERR_UNKNOWN, why, "no fixture has this id");
        *t->facts = *base;
    }
    enum err e = read_facts(f, item, t->facts, why);
    if (e != ERR_OK)
        return e;
    if (!mark_all(t->facts, t->asserted, t->asserted_count, PROVENANCE_ASSERTED) ||
        !mark_all(t->facts, t->without, t->without_count, PROVENANCE_UNKNOWN))
        return yaml_tree_complain(f->tree, item, ERR_UNKNOWN, why,
                                  "asserted or without names a fact that is not given");
    if (!reasons_known(t))
        return yaml_tree_complain(f->tree, item, ERR_UNKNOWN, why,
                                  "a denial names its reasons, by id; a permit has none");
    return ERR_OK;
}

static enum err read_tests(struct policy_file *f, struct errmsg *why)
{
    struct policy *p = f->policy;
    size_t count = (size_t)p->fixtures_count + p->tests_count;
    if (count == 0)
        return ERR_OK;
    f->facts = calloc(count, sizeof *f->facts);
    if (f->facts == NULL)
        return ERR_NOMEM;
    enum err e = ERR_OK;
    for (uint32_t i = 0; e == ERR_OK && i < p->fixtures_count; i++) {
        p->fixtures[i].facts = &f->facts[i];
        e = read_facts(f, item_of(f, "fixtures", i), &f->facts[i], why);
    }
    for (uint32_t i = 0; e == ERR_OK && i < p->tests_count; i++) {
        p->tests[i].facts = &f->facts[p->fixtures_count + i];
        e = read_test(f, i, why);
    }
    return e;
}

enum err policy_file_load(struct bytes text, const char *name, struct policy_file **out,
                          struct errmsg *why)
{
    CLEANUP(cleanup_policy_file_free) struct policy_file *f = calloc(1, sizeof *f);
    if (f == NULL)
        return ERR_NOMEM;
    struct yaml_source src = {.text = text, .name = name, .max_bytes = POLICY_MAX_BYTES};
    void *data = NULL;
    enum err e = yaml_load(&src, policy_schema(), &data, &f->tree, why);
    f->policy = data;
    if (e == ERR_OK)
        e = sort_ids(f, why);
    if (e == ERR_OK)
        e = check_shape(f, why);
    if (e == ERR_OK)
        e = read_tests(f, why);
    if (e == ERR_OK)
        *out = take(f);
    return e;
}
