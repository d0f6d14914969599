#include "proto/conf/yaml_tree.h"

#include <stdlib.h>
#include <yaml.h>

#include "proto/base/arena.h"
#include "proto/base/text.h"

struct yaml_tree {
    const char *name;
    struct arena *text;
    struct yaml_value *values;
    uint32_t count;
    uint32_t room;
    /* Positions of what stands below each value, one value after the other: of a list in document
     * order, of a map by key. first[v] is where those of value v begin. */
    uint32_t *order;
    uint32_t *first;
};

/* An open list or map while parsing. */
struct frame {
    uint32_t value;
    bool has_key;
    struct bytes key;
    uint32_t key_line;
    uint32_t key_column;
};

struct parse {
    struct yaml_tree *tree;
    struct frame stack[YAML_MAX_DEPTH];
    uint32_t depth;
    uint32_t documents;
    struct errmsg *why;
};

static enum err refuse_at(const struct parse *p, yaml_mark_t mark, enum err e, const char *detail)
{
    return errmsg_set(p->why, e, "%s:%zu:%zu: %s", p->tree->name, mark.line + 1, mark.column + 1,
                      detail);
}

enum err yaml_tree_complain(const struct yaml_tree *t, const struct yaml_value *at, enum err e,
                            struct errmsg *why, const char *detail)
{
    return errmsg_set(why, e, "%s:%u:%u: %s", t->name, at->line, at->column, detail);
}

static enum err grow(struct yaml_tree *t)
{
    if (t->count < t->room)
        return ERR_OK;
    if (t->count >= YAML_MAX_VALUES)
        return ERR_TOO_LARGE;
    uint32_t room = t->room == 0 ? 64 : t->room * 2;
    room = room < YAML_MAX_VALUES ? room : YAML_MAX_VALUES;
    struct yaml_value *more = reallocarray(t->values, room, sizeof *more);
    if (more == NULL)
        return ERR_NOMEM;
    t->values = more;
    t->room = room;
    return ERR_OK;
}

/* A NUL-terminated copy; a scalar with an escaped NUL would end early for every C reader. */
static enum err copy_scalar(struct parse *p, const yaml_event_t *e, struct bytes *out)
{
    struct bytes text = bytes_of(e->data.scalar.value, e->data.scalar.length);
    if (!bytes_is_utf8(text))
        return refuse_at(p, e->start_mark, ERR_INVALID, "NUL or invalid UTF-8 in a value");
    struct bytes copy = arena_copy(p->tree->text, text);
    if (copy.ptr == NULL)
        return ERR_NOMEM;
    *out = copy;
    return ERR_OK;
}

/* Where the next value stands: its parent, index, key and place. */
static void place_value(struct parse *p, yaml_mark_t mark, struct yaml_value *v)
{
    v->line = (uint32_t)mark.line + 1;
    v->column = (uint32_t)mark.column + 1;
    if (p->depth == 0)
        return;
    struct frame *f = &p->stack[p->depth - 1];
    struct yaml_value *parent = &p->tree->values[f->value];
    v->parent = f->value;
    v->index = parent->count++;
    if (!f->has_key)
        return;
    v->key = f->key;
    v->line = f->key_line;
    v->column = f->key_column;
    f->has_key = false;
}

static enum err add_value(struct parse *p, const yaml_event_t *e, enum yaml_kind kind)
{
    struct yaml_value v = {.kind = kind};
    if (kind == YAML_KIND_TEXT) {
        enum err bad = copy_scalar(p, e, &v.text);
        if (bad != ERR_OK)
            return bad;
    }
    enum err bad = grow(p->tree);
    if (bad != ERR_OK)
        return refuse_at(p, e->start_mark, bad, "too many values, or no memory");
    place_value(p, e->start_mark, &v);
    p->tree->values[p->tree->count++] = v;
    return ERR_OK;
}

static bool expects_key(const struct parse *p)
{
    if (p->depth == 0)
        return false;
    const struct frame *f = &p->stack[p->depth - 1];
    return p->tree->values[f->value].kind == YAML_KIND_MAP && !f->has_key;
}

static enum err open_frame(struct parse *p, const yaml_event_t *e, enum yaml_kind kind)
{
    if (expects_key(p))
        return refuse_at(p, e->start_mark, ERR_INVALID, "a key must be text");
    if (p->depth == YAML_MAX_DEPTH)
        return refuse_at(p, e->start_mark, ERR_TOO_LARGE, "nested deeper than 32 levels");
    enum err bad = add_value(p, e, kind);
    if (bad != ERR_OK)
        return bad;
    p->stack[p->depth++] = (struct frame){.value = p->tree->count - 1};
    return ERR_OK;
}

static enum err take_scalar(struct parse *p, const yaml_event_t *e)
{
    if (!expects_key(p))
        return add_value(p, e, YAML_KIND_TEXT);
    struct frame *f = &p->stack[p->depth - 1];
    enum err bad = copy_scalar(p, e, &f->key);
    if (bad != ERR_OK)
        return bad;
    f->key_line = (uint32_t)e->start_mark.line + 1;
    f->key_column = (uint32_t)e->start_mark.column + 1;
    f->has_key = true;
    return ERR_OK;
}

static enum err check_extras(const struct parse *p, const yaml_event_t *e, const void *anchor,
                             const void *tag)
{
    if (anchor != NULL)
        return refuse_at(p, e->start_mark, ERR_INVALID, "anchors (&name) are not allowed");
    if (tag != NULL)
        return refuse_at(p, e->start_mark, ERR_INVALID, "tags (!name) are not allowed");
    return ERR_OK;
}

static enum err open_document(struct parse *p, const yaml_event_t *e)
{
    if (e->data.document_start.version_directive != NULL ||
        e->data.document_start.tag_directives.start != e->data.document_start.tag_directives.end)
        return refuse_at(p, e->start_mark, ERR_INVALID, "directives (%...) are not allowed");
    if (p->documents++ > 0)
        return refuse_at(p, e->start_mark, ERR_INVALID, "more than one document in the file");
    return ERR_OK;
}

static enum err take_event(struct parse *p, const yaml_event_t *e)
{
    enum err bad;
    switch (e->type) {
    case YAML_DOCUMENT_START_EVENT:
        return open_document(p, e);
    case YAML_ALIAS_EVENT:
        return refuse_at(p, e->start_mark, ERR_INVALID, "aliases (*name) are not allowed");
    case YAML_SCALAR_EVENT:
        bad = check_extras(p, e, e->data.scalar.anchor, e->data.scalar.tag);
        return bad != ERR_OK ? bad : take_scalar(p, e);
    case YAML_SEQUENCE_START_EVENT:
        bad = check_extras(p, e, e->data.sequence_start.anchor, e->data.sequence_start.tag);
        return bad != ERR_OK ? bad : open_frame(p, e, YAML_KIND_LIST);
    case YAML_MAPPING_START_EVENT:
        bad = check_extras(p, e, e->data.mapping_start.anchor, e->data.mapping_start.tag);
        return bad != ERR_OK ? bad : open_frame(p, e, YAML_KIND_MAP);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        p->depth--;
        return ERR_OK;
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_END_EVENT:
        return ERR_OK;
    }
    return ERR_INVALID;
}

/* Reads all events; libyaml stops with a mark of its own where the syntax is wrong. */
static enum err run_parser(struct parse *p, yaml_parser_t *parser)
{
    bool more = true;
    while (more) {
        yaml_event_t e;
        if (yaml_parser_parse(parser, &e) == 0)
            return refuse_at(p, parser->problem_mark, ERR_INVALID,
                             parser->problem != NULL ? parser->problem : "not YAML");
        enum err bad = take_event(p, &e);
        more = e.type != YAML_STREAM_END_EVENT;
        yaml_event_delete(&e);
        if (bad != ERR_OK)
            return bad;
    }
    return ERR_OK;
}

static int compare_keys(const void *left, const void *right, void *arg)
{
    const struct yaml_tree *t = arg;
    const struct yaml_value *a = &t->values[*(const uint32_t *)left];
    const struct yaml_value *b = &t->values[*(const uint32_t *)right];
    int c = bytes_cmp(a->key, b->key);
    return c != 0 ? c : (a->index > b->index) - (a->index < b->index);
}

/* Gathers what stands below each value; a value knows its parent and its index there. */
static enum err gather(struct yaml_tree *t)
{
    t->order = calloc(t->count, sizeof *t->order);
    t->first = calloc(t->count, sizeof *t->first);
    if (t->order == NULL || t->first == NULL)
        return ERR_NOMEM;
    for (uint32_t i = 1; i < t->count; i++)
        t->first[i] = t->first[i - 1] + t->values[i - 1].count;
    for (uint32_t i = 1; i < t->count; i++)
        t->order[t->first[t->values[i].parent] + t->values[i].index] = i;
    return ERR_OK;
}

/* Sorts a map for look-up; two equal keys then stand side by side. */
static enum err sort_map(struct yaml_tree *t, uint32_t map, struct errmsg *why)
{
    const uint32_t count = t->values[map].count;
    uint32_t *keys = &t->order[t->first[map]];
    qsort_r(keys, count, sizeof *keys, compare_keys, t);
    for (uint32_t i = 1; i < count; i++) {
        const struct yaml_value *a = &t->values[keys[i - 1]];
        const struct yaml_value *b = &t->values[keys[i]];
        if (bytes_equal(a->key, b->key))
            return errmsg_set(why, ERR_DUPLICATE, "%s:%u:%u: key '%.60s' stands twice (line %u)",
                              t->name, b->line, b->column, (const char *)b->key.ptr, a->line);
    }
    return ERR_OK;
}

static enum err sort_values(struct yaml_tree *t, struct errmsg *why)
{
    enum err bad = gather(t);
    for (uint32_t i = 0; bad == ERR_OK && i < t->count; i++) {
        if (t->values[i].kind == YAML_KIND_MAP && t->values[i].count > 1)
            bad = sort_map(t, i, why);
    }
    return bad;
}

static enum err parse_events(const struct yaml_source *src, struct yaml_tree *t, struct errmsg *why)
{
    yaml_parser_t parser;
    if (yaml_parser_initialize(&parser) == 0)
        return ERR_NOMEM;
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, src->text.ptr, src->text.len);
    struct parse p = {.tree = t, .why = why};
    enum err bad = run_parser(&p, &parser);
    yaml_parser_delete(&parser);
    if (bad != ERR_OK)
        return bad;
    if (t->count == 0)
        return errmsg_set(why, ERR_INVALID, "%s:1:1: the file is empty", t->name);
    return sort_values(t, why);
}

static enum err check_bytes(const struct yaml_source *src, struct errmsg *why)
{
    size_t cap = src->max_bytes < YAML_MAX_BYTES ? src->max_bytes : YAML_MAX_BYTES;
    if (src->text.len > cap)
        return errmsg_set(why, ERR_TOO_LARGE, "%s: %zu bytes, more than the %zu allowed", src->name,
                          src->text.len, cap);
    if (src->text.len == 0)
        return errmsg_set(why, ERR_INVALID, "%s:1:1: the file is empty", src->name);
    if (!bytes_is_utf8(src->text))
        return errmsg_set(why, ERR_INVALID, "%s: not UTF-8, or NUL bytes in it", src->name);
    return ERR_OK;
}

enum err yaml_tree_parse(const struct yaml_source *src, struct yaml_tree **out, struct errmsg *why)
{
    enum err bad = check_bytes(src, why);
    if (bad != ERR_OK)
        return bad;
    CLEANUP(cleanup_yaml_tree_free) struct yaml_tree *t = calloc(1, sizeof *t);
    if (t == NULL)
        return ERR_NOMEM;
    t->name = src->name;
    /* Escapes grow by half at most; each copy costs a NUL and the alignment. */
    t->text = arena_new(src->text.len * 2 + (size_t)YAML_MAX_VALUES * 64);
    if (t->text == NULL)
        return ERR_NOMEM;
    bad = parse_events(src, t, why);
    if (bad != ERR_OK)
        return bad;
    *out = take(t);
    return ERR_OK;
}

void yaml_tree_free(struct yaml_tree *t)
{
    if (t == NULL)
        return;
    arena_free(t->text);
    free(t->values);
    free(t->order);
    free(t->first);
    free(t);
}

const char *yaml_tree_name(const struct yaml_tree *t)
{
    return t->name;
}

const struct yaml_value *yaml_tree_values(const struct yaml_tree *t, size_t *count)
{
    *count = t->count;
    return t->values;
}

const struct yaml_value *yaml_tree_root(const struct yaml_tree *t)
{
    return &t->values[0];
}

const struct yaml_value *yaml_tree_get(const struct yaml_tree *t, const struct yaml_value *map,
                                       struct bytes key)
{
    if (map->kind != YAML_KIND_MAP)
        return NULL;
    const uint32_t *keys = &t->order[t->first[map - t->values]];
    uint32_t low = 0;
    uint32_t high = map->count;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        int c = bytes_cmp(t->values[keys[mid]].key, key);
        if (c == 0)
            return &t->values[keys[mid]];
        if (c < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return NULL;
}

const struct yaml_value *yaml_tree_item(const struct yaml_tree *t, const struct yaml_value *list,
                                        size_t i)
{
    if (list->kind != YAML_KIND_LIST || i >= list->count)
        return NULL;
    return &t->values[t->order[t->first[list - t->values] + i]];
}

/* The item of a list that "[text]" names: by its id, or by its number. */
static const struct yaml_value *pick_item(const struct yaml_tree *t, const struct yaml_value *list,
                                          struct bytes text)
{
    for (size_t i = 0; list->kind == YAML_KIND_LIST && i < list->count; i++) {
        const struct yaml_value *item = yaml_tree_item(t, list, i);
        if (item == NULL)
            return NULL;
        const struct yaml_value *id = yaml_tree_get(t, item, bytes_str("id"));
        if (id != NULL && bytes_equal(id->text, text))
            return item;
    }
    uint64_t n = 0;
    if (text_get_u64(text, YAML_MAX_VALUES, &n) != ERR_OK)
        return NULL;
    return yaml_tree_item(t, list, (size_t)n);
}

/* Takes one step of a path; *path moves behind it. NULL at a step that leads nowhere. */
static const struct yaml_value *step(const struct yaml_tree *t, const struct yaml_value *at,
                                     const char **path)
{
    const char *s = *path;
    if (*s == '[') {
        size_t n = strcspn(s + 1, "]");
        *path = s[1 + n] == ']' ? s + n + 2 : s + n + 1;
        return pick_item(t, at, bytes_of(s + 1, n));
    }
    s += *s == '.';
    size_t n = strcspn(s, ".[");
    *path = s + n;
    return yaml_tree_get(t, at, bytes_of(s, n));
}

const struct yaml_value *yaml_tree_find(const struct yaml_tree *t, const char *path)
{
    const struct yaml_value *at = &t->values[0];
    while (at != NULL && *path != '\0')
        at = step(t, at, &path);
    return at;
}

uint32_t yaml_tree_line(const struct yaml_tree *t, const char *path)
{
    return yaml_tree_line_below(t, &t->values[0], path);
}

uint32_t yaml_tree_line_below(const struct yaml_tree *t, const struct yaml_value *at,
                              const char *path)
{
    const struct yaml_value *deepest = at;
    while (at != NULL && *path != '\0') {
        at = step(t, at, &path);
        deepest = at != NULL ? at : deepest;
    }
    return deepest->line;
}
