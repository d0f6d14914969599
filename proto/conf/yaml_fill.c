/* Fills the structs of a libcyaml schema from a tree that was held against it (yaml_check.c), in
 * one pass in document order: what encloses a value has its memory before the value comes. So the
 * text is parsed once; the memory is of the shape that cyaml_free releases. */
#include <cyaml/cyaml.h>
#include <stdlib.h>

#include "proto/base/text.h"
#include "proto/conf/yaml.h"

struct fill {
    const struct cyaml_schema_value *const *schema_of;
    char **at; /* where the content of each value lies */
    void *root;
};

/* The field whose schema this is; the schema of whatever stands in a map lies in one. */
static const struct cyaml_schema_field *field_around(const struct cyaml_schema_value *s)
{
    return (const struct cyaml_schema_field *)(const void *)((const char *)s -
                                                             offsetof(struct cyaml_schema_field,
                                                                      value));
}

static size_t item_size(const struct cyaml_schema_value *list)
{
    const struct cyaml_schema_value *entry = list->sequence.entry;
    return (entry->flags & CYAML_FLAG_POINTER) != 0 ? sizeof(void *) : entry->data_size;
}

/* Writes a number as wide as the member is. */
static void put_number(char *to, size_t size, uint64_t n)
{
    const uint8_t one = (uint8_t)n;
    const uint16_t two = (uint16_t)n;
    const uint32_t four = (uint32_t)n;
    const void *from = size == 1   ? (const void *)&one
                       : size == 2 ? (const void *)&two
                       : size == 4 ? (const void *)&four
                                   : (const void *)&n;
    memcpy(to, from, size);
}

static uint64_t number_of(struct bytes text)
{
    const bool minus = text.len > 0 && text.ptr[0] == '-';
    uint64_t n = 0;
    if (text_get_u64(bytes_of(text.ptr + minus, text.len - minus), UINT64_MAX, &n) != ERR_OK)
        return 0; /* yaml_check has refused it */
    return minus ? UINT64_C(0) - n : n;
}

static uint64_t word_of(struct bytes text, const struct cyaml_schema_value *s)
{
    for (uint32_t i = 0; i < s->enumeration.count; i++) {
        if (bytes_is(text, s->enumeration.strings[i].str))
            return (uint64_t)s->enumeration.strings[i].val;
    }
    return 0;
}

static void put_scalar(char *to, const struct yaml_value *v, const struct cyaml_schema_value *s)
{
    if (s->type == CYAML_STRING)
        memcpy(to, v->text.ptr, v->text.len); /* into zeros, which end it */
    else if (s->type == CYAML_BOOL)
        put_number(to, s->data_size, bytes_is(v->text, "true"));
    else if (s->type == CYAML_ENUM)
        put_number(to, s->data_size, word_of(v->text, s));
    else
        put_number(to, s->data_size, number_of(v->text));
}

/* Where the schema puts value i: in the struct of its map, or in the array of its list. */
static char *slot_of(struct fill *f, size_t i, const struct yaml_value *v)
{
    if (i == 0)
        return (char *)&f->root;
    const struct cyaml_schema_value *parent = f->schema_of[v->parent];
    if (parent->type == CYAML_MAPPING)
        return f->at[v->parent] + field_around(f->schema_of[i])->data_offset;
    return f->at[v->parent] + v->index * item_size(parent);
}

static size_t content_size(const struct yaml_value *v, const struct cyaml_schema_value *s)
{
    if (s->type == CYAML_STRING)
        return v->text.len + 1;
    return s->type == CYAML_SEQUENCE ? v->count * item_size(s) : s->data_size;
}

/* Memory of its own, from the allocator that cyaml_free gives it back to, for what the schema points to; an empty
 * list has none. */
static enum err allocate(const struct yaml_value *v, const struct cyaml_schema_value *s, char *slot,
                         char **out)
{
    const size_t size = content_size(v, s);
    char *made = size > 0 ? cyaml_mem(NULL, NULL, size) : NULL;
    if (made == NULL && size > 0)
        return ERR_NOMEM;
    if (made != NULL)
        memset(made, 0, size);
    memcpy(slot, &made, sizeof made);
    *out = made;
    return ERR_OK;
}

static enum err fill_value(struct fill *f, size_t i, const struct yaml_value *v)
{
    const struct cyaml_schema_value *s = f->schema_of[i];
    char *slot = slot_of(f, i, v);
    enum err bad = ERR_OK;
    f->at[i] = slot;
    if ((s->flags & CYAML_FLAG_POINTER) != 0)
        bad = allocate(v, s, slot, &f->at[i]);
    if (bad != ERR_OK)
        return bad;
    if (v->kind == YAML_KIND_TEXT)
        put_scalar(f->at[i], v, s);
    if (v->kind == YAML_KIND_LIST) {
        const struct cyaml_schema_field *field = field_around(s);
        put_number(f->at[v->parent] + field->count_offset, field->count_size, v->count);
    }
    return ERR_OK;
}

enum err yaml_fill(const struct yaml_tree *t, const struct cyaml_schema_value *const *schema_of,
                   void **out)
{
    size_t count;
    const struct yaml_value *values = yaml_tree_values(t, &count);
    struct fill f = {.schema_of = schema_of, .at = calloc(count, sizeof(char *))};
    if (f.at == NULL)
        return ERR_NOMEM;
    enum err bad = ERR_OK;
    for (size_t i = 0; bad == ERR_OK && i < count; i++) {
        if (schema_of[i] != NULL && schema_of[i]->type != CYAML_IGNORE)
            bad = fill_value(&f, i, &values[i]);
    }
    free(f.at);
    if (bad == ERR_OK)
        *out = f.root;
    else
        yaml_unload(schema_of[0], f.root);
    return bad;
}
