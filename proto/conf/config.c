#include "proto/conf/config.h"

#include "proto/base/text.h"
#include "proto/conf/config_value.h"

/* One load under way. */
struct load {
    const struct conf_table *table;
    const struct yaml_tree *tree;
    const char *file;
    const char *folder;
    struct arena *arena;
    uint8_t *config;
    struct errmsg *why;
};

static enum err refuse(const struct load *l, const struct yaml_value *at, const char *expected)
{
    return errmsg_set(l->why, ERR_CONFIG, "%s:%u:%u: '%.60s': expected %s", l->file, at->line,
                      at->column, at->key.ptr != NULL ? (const char *)at->key.ptr : "item",
                      expected);
}

/* A number outside its row's bounds is told what they are. */
static enum err refuse_value(const struct load *l, const struct yaml_value *at,
                             const struct conf_key *key, enum err bad, const char *expected)
{
    bool bounded = key->type == CONF_INT || key->type == CONF_DURATION || key->type == CONF_SIZE;
    if (bad == ERR_NOMEM)
        return ERR_NOMEM;
    if (bad != ERR_RANGE || !bounded)
        return refuse(l, at, expected);
    CLEANUP(buf_free) struct buf text = buf_new(128);
    conf_value_write(key, &key->min, &text);
    buf_put_str(&text, " to ");
    conf_value_write(key, &key->max, &text);
    return refuse(l, at, buf_text(&text));
}

static struct conf_slot slot_for(const struct load *l, const struct conf_key *key)
{
    return (struct conf_slot){.key = key, .folder = l->folder, .arena = l->arena};
}

/* ---- keys ---- */

/* The dotted path of a value that stands in the root or one map below it. */
static void path_of(const struct yaml_tree *t, const struct yaml_value *v, struct buf *out)
{
    size_t count;
    const struct yaml_value *parent = &yaml_tree_values(t, &count)[v->parent];
    buf_reset(out);
    if (parent->key.ptr != NULL) {
        buf_put(out, parent->key);
        buf_put_u8(out, '.');
    }
    buf_put(out, v->key);
}

/* True where path is a key of the table or the map around some of its keys. */
static bool is_known(const struct conf_table *t, const char *path)
{
    size_t n = strlen(path);
    for (size_t i = 0; i < t->count; i++) {
        const char *key = t->keys[i].path;
        if (strncmp(key, path, n) == 0 && (key[n] == '\0' || key[n] == '.'))
            return true;
    }
    return false;
}

static bool is_key(const struct conf_table *t, const char *path)
{
    for (size_t i = 0; i < t->count; i++)
        if (strcmp(t->keys[i].path, path) == 0)
            return true;
    return false;
}

/* Only what stands in the root or in a section is a key; what is below a key belongs to its type.
 */
static bool is_below_key(const struct load *l, const struct yaml_value *v)
{
    size_t count;
    const struct yaml_value *values = yaml_tree_values(l->tree, &count);
    const struct yaml_value *parent = &values[v->parent];
    if (v->parent == 0)
        return false;
    return parent->parent != 0 || parent->key.ptr == NULL ||
           is_key(l->table, (const char *)parent->key.ptr);
}

static enum err check_keys(const struct load *l)
{
    size_t count;
    const struct yaml_value *values = yaml_tree_values(l->tree, &count);
    if (values[0].kind != YAML_KIND_MAP)
        return refuse(l, &values[0], "keys with values");
    CLEANUP(buf_free) struct buf path = buf_new(512);
    for (size_t i = 1; i < count; i++) {
        if (is_below_key(l, &values[i]))
            continue;
        path_of(l->tree, &values[i], &path);
        const char *text = buf_text(&path);
        if (!is_known(l->table, text))
            return errmsg_set(l->why, ERR_CONFIG, "%s:%u:%u: unknown key '%.60s'", l->file,
                              values[i].line, values[i].column, text);
        bool is_empty = values[i].kind == YAML_KIND_TEXT && values[i].text.len == 0;
        if (!is_key(l->table, text) && values[i].kind != YAML_KIND_MAP && !is_empty)
            return refuse(l, &values[i], "a section with keys");
    }
    return ERR_OK;
}

/* ---- values ---- */

static enum err read_staff(const struct load *l, const struct yaml_value *item,
                           struct conf_staff *out)
{
    const struct yaml_value *uid = yaml_tree_get(l->tree, item, bytes_str("uid"));
    const struct yaml_value *staff = yaml_tree_get(l->tree, item, bytes_str("staff"));
    uint64_t n;
    if (item->count != 2 || uid == NULL || staff == NULL)
        return refuse(l, item, "{uid: number, staff: id}");
    if (text_get_u64(uid->text, UINT32_MAX - 1, &n) != ERR_OK)
        return refuse(l, uid, "a Unix user number");
    if (name_parse(staff->text, &out->staff) != ERR_OK)
        return refuse(l, staff, "a staff id of a-z, 0-9, '.', '_' and '-'");
    out->uid = (uint32_t)n;
    return ERR_OK;
}

#define GROUP_STAFF_MAX 256

/* name: [staff ids], an entry of a map. */
static enum err read_group(const struct load *l, const struct yaml_value *entry,
                           struct conf_group *out)
{
    if (entry->kind != YAML_KIND_LIST || entry->count == 0 || entry->count > GROUP_STAFF_MAX)
        return refuse(l, entry, "a list of staff ids");
    if (name_parse(entry->key, &out->id) != ERR_OK)
        return refuse(l, entry, "a name of a-z, 0-9, '.', '_' and '-'");
    out->staff = arena_array(l->arena, entry->count, sizeof *out->staff);
    if (out->staff == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < entry->count; i++) {
        const struct yaml_value *item = yaml_tree_item(l->tree, entry, i);
        if (name_parse(item->text, &out->staff[i]) != ERR_OK)
            return refuse(l, item, "a staff id of a-z, 0-9, '.', '_' and '-'");
        for (size_t k = 0; k < i; k++)
            if (name_equal(&out->staff[k], &out->staff[i]))
                return refuse(l, item, "each staff id once");
    }
    out->staff_count = entry->count;
    return ERR_OK;
}

static enum err read_groups(const struct load *l, const struct conf_key *key,
                            const struct yaml_value *map, struct conf_groups *out)
{
    size_t count = 0;
    const struct yaml_value *values = yaml_tree_values(l->tree, &count);
    if (map->kind != YAML_KIND_MAP || map->count > key->max)
        return refuse(l, map, "a map of names to lists of staff ids");
    struct conf_group *items = arena_array(l->arena, map->count, sizeof *items);
    if (items == NULL)
        return ERR_NOMEM;
    size_t n = 0;
    for (size_t i = (size_t)(map - values) + 1; i < count && n < map->count; i++) {
        if (values[i].parent != (uint32_t)(map - values))
            continue;
        enum err bad = read_group(l, &values[i], &items[n++]);
        if (bad != ERR_OK)
            return bad;
    }
    *out = (struct conf_groups){items, n};
    return ERR_OK;
}

static enum err read_item(const struct load *l, const struct conf_key *key,
                          const struct yaml_value *item, void *out)
{
    if (key->type == CONF_STAFF)
        return read_staff(l, item, out);
    const char *expected = "a text";
    if (item->kind != YAML_KIND_TEXT)
        return refuse(l, item, expected);
    struct conf_slot slot = slot_for(l, key);
    enum err bad = conf_value_read(&slot, item->text, out, &expected);
    return bad != ERR_OK ? refuse_value(l, item, key, bad, expected) : ERR_OK;
}

static enum err read_list(const struct load *l, const struct conf_key *key,
                          const struct yaml_value *list, void *member)
{
    if (list->kind != YAML_KIND_LIST || list->count < key->min || list->count > key->max)
        return errmsg_set(l->why, ERR_CONFIG, "%s:%u:%u: '%s': expected a list of %u to %u items",
                          l->file, list->line, list->column, key->path, (unsigned)key->min,
                          (unsigned)key->max);
    size_t size = conf_item_size(key->type);
    uint8_t *items = arena_array(l->arena, list->count, size);
    if (items == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < list->count; i++) {
        enum err bad = read_item(l, key, yaml_tree_item(l->tree, list, i), items + i * size);
        if (bad != ERR_OK)
            return bad;
    }
    /* All list structs have this shape. */
    struct conf_texts made = {.items = (void *)items, .count = list->count};
    memcpy(member, &made, sizeof made);
    return ERR_OK;
}

/* A list of one, written as its item. */
static enum err read_only(const struct load *l, const struct conf_key *key,
                          const struct yaml_value *item, void *member)
{
    uint8_t *one = arena_array(l->arena, 1, conf_item_size(key->type));
    if (one == NULL)
        return ERR_NOMEM;
    enum err bad = read_item(l, key, item, one);
    struct conf_texts made = {.items = (void *)one, .count = 1};
    memcpy(member, &made, sizeof made);
    return bad;
}

static enum err use_default(const struct load *l, const struct conf_key *key, void *member)
{
    if (key->def == NULL)
        return errmsg_set(l->why, ERR_CONFIG, "%s: the key '%s' is missing (%s)", l->file,
                          key->path, key->help);
    if (key->def[0] == '\0')
        return ERR_OK; /* unset: the struct starts zeroed */
    const char *expected = "";
    struct conf_slot slot = slot_for(l, key);
    enum err bad = conf_value_read(&slot, bytes_str(key->def), member, &expected);
    if (bad != ERR_OK)
        return errmsg_set(l->why, ERR_CONFIG, "%s: default of '%s': expected %s", l->file,
                          key->path, expected);
    return ERR_OK;
}

static enum err load_key(const struct load *l, const struct conf_key *key)
{
    void *member = l->config + key->offset;
    const struct yaml_value *v = yaml_tree_find(l->tree, key->path);
    if (v == NULL)
        return use_default(l, key, member);
    if (key->type == CONF_GROUPS)
        return read_groups(l, key, v, member);
    if (key->type == CONF_SOME_PINS && v->kind == YAML_KIND_TEXT)
        return read_only(l, key, v, member);
    if (conf_is_list(key->type))
        return read_list(l, key, v, member);
    return read_item(l, key, v, member);
}

static const char *folder_of(struct arena *a, const char *path)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL)
        return ".";
    return arena_text(a, bytes_of(path, slash == path ? 1 : (size_t)(slash - path)));
}

static enum err load_tree(struct load *l)
{
    enum err bad = check_keys(l);
    for (size_t i = 0; bad == ERR_OK && i < l->table->count; i++)
        bad = load_key(l, &l->table->keys[i]);
    if (bad == ERR_OK && l->table->check != NULL) {
        bad = l->table->check(l->config, l->why);
        if (bad != ERR_OK)
            errmsg_wrap(l->why, bad, "%s", l->file);
    }
    return bad;
}

enum err config_load(const struct conf_table *t, const struct conf_source *src, struct arena *a,
                     void *config, struct errmsg *why)
{
    struct yaml_source yaml = {.text = src->text, .name = src->path, .max_bytes = CONFIG_MAX_BYTES};
    CLEANUP(cleanup_yaml_tree_free) struct yaml_tree *tree = NULL;
    enum err bad = yaml_tree_parse(&yaml, &tree, why);
    if (bad != ERR_OK)
        return bad == ERR_NOMEM ? bad : ERR_CONFIG;
    struct load l = {.table = t,
                     .tree = tree,
                     .file = src->path,
                     .folder = folder_of(a, src->path),
                     .arena = a,
                     .config = config,
                     .why = why};
    if (l.folder == NULL)
        return ERR_NOMEM;
    return load_tree(&l);
}
