/* Holds a parsed tree against a libcyaml schema: keys, kinds and strict scalars, each with its
 * place. One pass in document order: a value's schema follows from the schema of what encloses it.
 */
#include <cyaml/cyaml.h>
#include <stdlib.h>

#include "proto/base/text.h"
#include "proto/conf/yaml.h"

struct check {
    const struct yaml_tree *tree;
    const struct cyaml_schema_value **schema_of; /* for each value; NULL: ignored with all below */
    struct errmsg *why;
};

static enum err complain(const struct check *c, const struct yaml_value *v, enum err e,
                         const char *expected)
{
    return errmsg_set(c->why, e, "%s:%u:%u: %s%.60s%s%s", yaml_tree_name(c->tree), v->line,
                      v->column, v->key.ptr != NULL ? "'" : "",
                      v->key.ptr != NULL ? (const char *)v->key.ptr : "value",
                      v->key.ptr != NULL ? "': " : ": ", expected);
}

static const struct cyaml_schema_field *field_of(const struct cyaml_schema_value *map,
                                                 struct bytes key)
{
    for (const struct cyaml_schema_field *f = map->mapping.fields; f->key != NULL; f++)
        if (bytes_is(key, f->key))
            return f;
    return NULL;
}

static enum err check_required(const struct check *c, const struct yaml_value *v,
                               const struct cyaml_schema_value *s)
{
    for (const struct cyaml_schema_field *f = s->mapping.fields; f->key != NULL; f++) {
        bool optional = (f->value.flags & CYAML_FLAG_OPTIONAL) != 0;
        if (!optional && yaml_tree_get(c->tree, v, bytes_str(f->key)) == NULL)
            return errmsg_set(c->why, ERR_NOT_FOUND, "%s:%u:%u: the key '%s' is missing here",
                              yaml_tree_name(c->tree), v->line, v->column, f->key);
    }
    return ERR_OK;
}

/* A decimal integer within size bytes; an optional minus where the schema is signed. */
static enum err check_integer(const struct check *c, const struct yaml_value *v,
                              const struct cyaml_schema_value *s)
{
    bool is_signed = s->type == CYAML_INT;
    bool minus = is_signed && v->text.len > 0 && v->text.ptr[0] == '-';
    unsigned bits = s->data_size * 8u - (is_signed ? 1u : 0u);
    uint64_t max = bits >= 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1u;
    uint64_t n = 0;
    struct bytes digits = bytes_of(v->text.ptr + minus, v->text.len - minus);
    enum err bad = text_get_u64(digits, max, &n);
    if (bad == ERR_RANGE)
        return complain(c, v, ERR_RANGE, "the number is too large");
    return bad == ERR_OK ? ERR_OK : complain(c, v, ERR_INVALID, "expected a whole decimal number");
}

static enum err check_name(const struct check *c, const struct yaml_value *v,
                           const struct cyaml_schema_value *s)
{
    struct buf known = buf_new(200);
    for (uint32_t i = 0; i < s->enumeration.count; i++) {
        if (bytes_is(v->text, s->enumeration.strings[i].str)) {
            buf_free(&known);
            return ERR_OK;
        }
        buf_printf(&known, "%s%s", i == 0 ? "" : ", ", s->enumeration.strings[i].str);
    }
    bool fits = buf_err(&known) == ERR_OK;
    enum err e = errmsg_set(c->why, ERR_UNKNOWN, "%s:%u:%u: unknown value '%.60s'%s%s",
                            yaml_tree_name(c->tree), v->line, v->column, (const char *)v->text.ptr,
                            fits ? ", expected one of " : "", fits ? buf_text(&known) : "");
    buf_free(&known);
    return e;
}

static enum err check_text(const struct check *c, const struct yaml_value *v,
                           const struct cyaml_schema_value *s)
{
    if (v->text.len < s->string.min)
        return complain(c, v, ERR_RANGE, "the text is too short");
    if (v->text.len > s->string.max)
        return complain(c, v, ERR_RANGE, "the text is too long");
    return ERR_OK;
}

static enum err check_scalar(const struct check *c, const struct yaml_value *v,
                             const struct cyaml_schema_value *s)
{
    switch (s->type) {
    case CYAML_INT:
    case CYAML_UINT:
        return check_integer(c, v, s);
    case CYAML_BOOL:
        if (bytes_is(v->text, "true") || bytes_is(v->text, "false"))
            return ERR_OK;
        return complain(c, v, ERR_INVALID, "expected true or false");
    case CYAML_ENUM:
        return check_name(c, v, s);
    case CYAML_STRING:
        return check_text(c, v, s);
    case CYAML_IGNORE:
        return ERR_OK;
    case CYAML_SEQUENCE:
        return complain(c, v, ERR_INVALID, "expected a list");
    case CYAML_MAPPING:
        return complain(c, v, ERR_INVALID, "expected keys with values");
    case CYAML_FLOAT:
    case CYAML_FLAGS:
    case CYAML_BITFIELD:
    case CYAML_SEQUENCE_FIXED:
    case CYAML__TYPE_COUNT:
        break; /* yaml_fill does not know them */
    }
    return complain(c, v, ERR_INVALID, "the schema has no such type");
}

static enum err check_list(const struct check *c, const struct yaml_value *v,
                           const struct cyaml_schema_value *s)
{
    if (s->type == CYAML_IGNORE)
        return ERR_OK;
    if (s->type != CYAML_SEQUENCE || v->key.ptr == NULL)
        return complain(c, v, ERR_INVALID, "a list is not expected here");
    if (v->count < s->sequence.min)
        return complain(c, v, ERR_RANGE, "the list has too few items");
    if (v->count > s->sequence.max)
        return complain(c, v, ERR_RANGE, "the list has too many items");
    return ERR_OK;
}

static enum err check_map(const struct check *c, const struct yaml_value *v,
                          const struct cyaml_schema_value *s)
{
    if (s->type == CYAML_IGNORE)
        return ERR_OK;
    if (s->type != CYAML_MAPPING)
        return complain(c, v, ERR_INVALID, "keys with values are not expected here");
    return check_required(c, v, s);
}

/* NULL below what is ignored. */
static enum err schema_below(const struct check *c, const struct yaml_value *v,
                             const struct cyaml_schema_value *parent,
                             const struct cyaml_schema_value **out)
{
    *out = NULL;
    if (parent->type == CYAML_IGNORE)
        return ERR_OK;
    if (parent->type == CYAML_SEQUENCE)
        *out = parent->sequence.entry;
    if (parent->type != CYAML_MAPPING)
        return ERR_OK;
    const struct cyaml_schema_field *f = field_of(parent, v->key);
    if (f == NULL)
        return complain(c, v, ERR_UNKNOWN, "unknown key");
    *out = &f->value;
    return ERR_OK;
}

static enum err check_value(const struct check *c, const struct yaml_value *v,
                            const struct cyaml_schema_value *s)
{
    switch (v->kind) {
    case YAML_KIND_TEXT:
        return check_scalar(c, v, s);
    case YAML_KIND_LIST:
        return check_list(c, v, s);
    case YAML_KIND_MAP:
        return check_map(c, v, s);
    }
    return ERR_INVALID;
}

static enum err check_all(struct check *c, const struct cyaml_schema_value *top)
{
    size_t count;
    const struct yaml_value *values = yaml_tree_values(c->tree, &count);
    for (size_t i = 0; i < count; i++) {
        const struct yaml_value *v = &values[i];
        const struct cyaml_schema_value *parent = i == 0 ? NULL : c->schema_of[v->parent];
        c->schema_of[i] = i == 0 ? top : NULL;
        enum err bad = ERR_OK;
        if (parent != NULL)
            bad = schema_below(c, v, parent, &c->schema_of[i]);
        if (bad == ERR_OK && c->schema_of[i] != NULL)
            bad = check_value(c, v, c->schema_of[i]);
        if (bad != ERR_OK)
            return bad;
    }
    return ERR_OK;
}

enum err yaml_check(const struct yaml_tree *t, const struct cyaml_schema_value *schema,
                    const struct cyaml_schema_value ***schema_of, struct errmsg *why)
{
    size_t count;
    yaml_tree_values(t, &count);
    struct check c = {.tree = t, .why = why};
    c.schema_of = calloc(count, sizeof(struct cyaml_schema_value *));
    if (c.schema_of == NULL)
        return ERR_NOMEM;
    enum err bad = check_all(&c, schema);
    if (bad == ERR_OK)
        *schema_of = c.schema_of;
    else
        free(c.schema_of);
    return bad;
}
