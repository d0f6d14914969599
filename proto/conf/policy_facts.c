#include "proto/conf/policy_facts.h"

#include "proto/base/text.h"
#include "proto/base/when.h"
#include "proto/conf/policy_load.h"

/* The parsed form of one map, with room for one list at a time. */
struct reader {
    const struct yaml_tree *tree;
    struct errmsg *why;
    char list[FACTS_NAMES_MAX][FACT_TEXT_SIZE];
};

static enum err copy_text(struct bytes text, char out[static FACT_TEXT_SIZE])
{
    if (text.len >= FACT_TEXT_SIZE)
        return ERR_TOO_LARGE;
    memcpy(out, text.ptr, text.len);
    out[text.len] = '\0';
    return ERR_OK;
}

static enum err read_number(struct bytes text, int64_t *out)
{
    bool minus = text.len > 0 && text.ptr[0] == '-';
    uint64_t n = 0;
    if (when_parse(text, out) == ERR_OK)
        return ERR_OK;
    enum err e = text_get_u64(bytes_of(text.ptr + minus, text.len - minus), INT64_MAX, &n);
    if (e == ERR_OK)
        *out = minus ? -(int64_t)n : (int64_t)n;
    return e;
}

static enum err read_list(struct reader *r, const struct yaml_value *v, struct fact_pair *out)
{
    if (v->count > FACTS_NAMES_MAX)
        return ERR_TOO_LARGE;
    for (uint32_t i = 0; i < v->count; i++) {
        const struct yaml_value *item = yaml_tree_item(r->tree, v, i);
        if (item == NULL || item->kind != YAML_KIND_TEXT)
            return ERR_INVALID;
        enum err e = copy_text(item->text, r->list[i]);
        if (e != ERR_OK)
            return e;
    }
    out->list = r->list;
    out->list_count = v->count;
    return ERR_OK;
}

static enum err read_value(struct reader *r, const struct yaml_value *v, struct fact_pair *out)
{
    bool is_list = out->kind == FACT_VALUE_LIST;
    if (v->kind != (is_list ? YAML_KIND_LIST : YAML_KIND_TEXT))
        return ERR_INVALID;
    switch (out->kind) {
    case FACT_VALUE_LIST:
        return read_list(r, v, out);
    case FACT_VALUE_TEXT:
        return copy_text(v->text, out->text);
    case FACT_VALUE_INT:
        return read_number(v->text, &out->number);
    case FACT_VALUE_BOOL:
        out->number = bytes_is(v->text, "true") ? 1 : 0;
        return out->number == 1 || bytes_is(v->text, "false") ? ERR_OK : ERR_INVALID;
    }
    return ERR_INVALID;
}

static enum err read_fact(struct reader *r, const struct yaml_value *v, struct facts *f)
{
    enum fact_id id = FACT_COUNT;
    if (fact_parse(v->key, &id) != ERR_OK)
        return yaml_tree_complain(r->tree, v, ERR_UNKNOWN, r->why, "no fact has this name");
    struct fact_pair pair = {
        .name = fact_name_of(id), .by = PROVENANCE_JUDGED, .kind = fact_kind(id)};
    enum err e = read_value(r, v, &pair);
    if (e != ERR_OK)
        return yaml_tree_complain(r->tree, v, e, r->why, "not a value for this fact");
    facts_mark(f, id, PROVENANCE_UNKNOWN);
    struct errmsg detail;
    e = facts_from_pair(f, &pair, &detail);
    return e == ERR_OK ? ERR_OK : yaml_tree_complain(r->tree, v, e, r->why, detail.text);
}

enum err policy_facts_read(const struct yaml_tree *t, const struct yaml_value *map,
                           const char *skip, struct facts *f, struct errmsg *why)
{
    if (map->kind != YAML_KIND_MAP)
        return yaml_tree_complain(t, map, ERR_INVALID, why, "expected facts with values");
    size_t count = 0;
    const struct yaml_value *values = yaml_tree_values(t, &count);
    uint32_t parent = (uint32_t)(map - values);
    struct reader r = {.tree = t, .why = why};
    uint32_t left = map->count;
    for (size_t i = parent + (size_t)1; i < count && left > 0; i++) {
        if (values[i].parent != parent)
            continue;
        left--;
        if (skip != NULL && bytes_is(values[i].key, skip))
            continue;
        enum err e = read_fact(&r, &values[i], f);
        if (e != ERR_OK)
            return e;
    }
    return ERR_OK;
}

static enum err mark_asserted(const struct yaml_tree *t, const struct yaml_value *list,
                              struct facts *f, struct errmsg *why)
{
    if (list->kind != YAML_KIND_LIST)
        return yaml_tree_complain(t, list, ERR_INVALID, why, "expected a list of facts");
    for (uint32_t i = 0; i < list->count; i++) {
        const struct yaml_value *item = yaml_tree_item(t, list, i);
        enum fact_id id = FACT_COUNT;
        if (item == NULL || fact_parse(item->text, &id) != ERR_OK ||
            fact_provenance(f, id) == PROVENANCE_UNKNOWN)
            return yaml_tree_complain(t, list, ERR_UNKNOWN, why, "names a fact that is not given");
        facts_mark(f, id, PROVENANCE_ASSERTED);
    }
    return ERR_OK;
}

enum err policy_facts_load(struct bytes text, const char *name, struct facts *out,
                           struct errmsg *why)
{
    CLEANUP(cleanup_yaml_tree_free) struct yaml_tree *t = NULL;
    struct yaml_source src = {.text = text, .name = name, .max_bytes = 1u << 20};
    enum err e = yaml_tree_parse(&src, &t, why);
    if (e != ERR_OK)
        return e;
    struct facts f;
    memset(&f, 0, sizeof f);
    const struct yaml_value *root = yaml_tree_root(t);
    e = policy_facts_read(t, root, "asserted", &f, why);
    const struct yaml_value *list = yaml_tree_get(t, root, bytes_str("asserted"));
    if (e == ERR_OK && list != NULL)
        e = mark_asserted(t, list, &f, why);
    if (e == ERR_OK)
        *out = f;
    return e;
}
