/* A configuration on paper: the effective values, and the commented example file. */
#include "proto/conf/config.h"
#include "proto/conf/config_value.h"

#define TEXT_MAX 16384 /* one value */

static bool is_bare(enum conf_type t)
{
    return t == CONF_BOOL || t == CONF_INT;
}

/* Whether a member without a default of its own was given. */
static bool is_unset(const struct conf_key *key, const void *member)
{
    if (key->def == NULL || key->def[0] != '\0')
        return false;
    enum conf_type t = conf_item_type(key->type);
    if (conf_is_list(key->type))
        return ((const struct conf_texts *)member)->count == 0;
    if (t == CONF_NAME || t == CONF_OIN)
        return *(const char *)member == '\0';
    if (t == CONF_PIN)
        return false;
    return *(const char *const *)member == NULL;
}

static enum err text_of(const struct conf_key *key, const void *value, struct arena *a,
                        const char **out)
{
    CLEANUP(buf_free) struct buf text = buf_new(TEXT_MAX);
    conf_value_write(key, value, &text);
    enum err bad = buf_err(&text);
    if (bad != ERR_OK)
        return bad;
    *out = arena_text(a, buf_bytes(&text));
    return *out != NULL ? ERR_OK : ERR_NOMEM;
}

static enum err texts_of(const struct conf_key *key, const void *member, struct arena *a,
                         struct conf_shown *v)
{
    struct conf_texts list = {.items = NULL, .count = v->is_set ? 1 : 0};
    const uint8_t *values = member;
    if (v->is_list) {
        memcpy(&list, member, sizeof list);
        values = (const uint8_t *)list.items;
    }
    const char **texts = arena_array(a, list.count, sizeof *texts);
    if (texts == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < list.count; i++) {
        enum err bad = text_of(key, values + i * conf_item_size(key->type), a, &texts[i]);
        if (bad != ERR_OK)
            return bad;
    }
    v->texts = texts;
    v->count = list.count;
    return ERR_OK;
}

enum err config_show(const struct conf_table *t, const void *config,
                     enum err (*show)(void *ctx, const struct conf_shown *v), void *ctx)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)4 * CONFIG_MAX_BYTES);
    if (a == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < t->count; i++) {
        const struct conf_key *key = &t->keys[i];
        const void *member = (const uint8_t *)config + key->offset;
        struct conf_shown v = {.path = key->path,
                               .help = key->help,
                               .is_list = conf_is_list(key->type),
                               .is_map = key->type == CONF_GROUPS,
                               .is_bare = is_bare(key->type),
                               .is_set = !is_unset(key, member)};
        enum err bad = texts_of(key, member, a, &v);
        if (bad == ERR_OK)
            bad = show(ctx, &v);
        if (bad != ERR_OK)
            return bad;
        arena_reset(a);
    }
    return ERR_OK;
}

/* ---- YAML ---- */

struct writer {
    struct buf *out;
    char section[NAME_MAX_BYTES + 1];
};

/* Opens the section of a dotted path where it changes; returns the last part and the indent. */
static const char *enter(struct writer *w, const char *path, const char **indent)
{
    const char *dot = strchr(path, '.');
    size_t n = dot != NULL ? (size_t)(dot - path) : 0;
    *indent = dot != NULL ? "  " : "";
    if (n >= sizeof w->section)
        n = sizeof w->section - 1;
    if (dot != NULL && (strncmp(w->section, path, n) != 0 || w->section[n] != '\0'))
        buf_printf(w->out, "%.*s:\n", (int)n, path);
    memcpy(w->section, path, n);
    w->section[n] = '\0';
    return dot != NULL ? dot + 1 : path;
}

/* Single quotes take any printable text; bare values and inline maps stand as they are. */
static void put_scalar(struct buf *out, const char *text, bool bare)
{
    if (bare || text[0] == '{') {
        buf_put_str(out, text);
        return;
    }
    buf_put_u8(out, '\'');
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '\'')
            buf_put_u8(out, '\'');
        buf_put_u8(out, (uint8_t)*c);
    }
    buf_put_u8(out, '\'');
}

static enum err dump_one(void *ctx, const struct conf_shown *v)
{
    struct writer *w = ctx;
    const char *indent;
    if (!v->is_set) {
        buf_printf(w->out, "# %s is not set\n", v->path);
        return ERR_OK;
    }
    const char *last = enter(w, v->path, &indent);
    buf_printf(w->out, "%s%s:", indent, last);
    for (size_t i = 0; v->is_list && i < v->count; i++) {
        buf_printf(w->out, v->is_map ? "\n%s  " : "\n%s  - ", indent);
        put_scalar(w->out, v->texts[i], v->is_map);
    }
    if (!v->is_list) {
        buf_put_u8(w->out, ' ');
        put_scalar(w->out, v->texts[0], v->is_bare);
    } else if (v->count == 0) {
        buf_put_str(w->out, " []");
    }
    buf_put_u8(w->out, '\n');
    return ERR_OK;
}

enum err config_dump(const struct conf_table *t, const void *config, struct buf *out)
{
    struct writer w = {.out = out};
    enum err bad = config_show(t, config, dump_one, &w);
    return bad != ERR_OK ? bad : buf_err(out);
}

/* The bounds that a reader of the example needs. */
static void put_bounds(struct buf *out, const struct conf_key *key)
{
    if (key->type == CONF_CHOICE) {
        buf_put_str(out, " One of:");
        for (const struct conf_word *w = key->words; w->word != NULL; w++)
            buf_printf(out, " %s", w->word);
        buf_put_u8(out, '.');
    }
    if (key->type != CONF_INT && key->type != CONF_DURATION && key->type != CONF_SIZE)
        return;
    buf_put_str(out, " From ");
    conf_value_write(key, &key->min, out);
    buf_put_str(out, " to ");
    conf_value_write(key, &key->max, out);
    buf_put_u8(out, '.');
}

static void put_example(struct writer *w, const struct conf_key *key)
{
    const char *indent;
    bool required = key->def == NULL;
    const char *text = required || key->def[0] == '\0' ? key->example : key->def;
    const char *last = enter(w, key->path, &indent);
    buf_printf(w->out, "%s# %s", indent, key->help);
    put_bounds(w->out, key);
    buf_put_str(w->out, required ? " Required.\n" : "\n");
    buf_printf(w->out, "%s%s%s: %s\n", indent, required || key->is_shown ? "" : "#", last, text);
}

enum err config_example(const struct conf_table *t, struct buf *out)
{
    struct writer w = {.out = out};
    buf_printf(out, "# %s\n# Relative paths start at the folder of this file.\n", t->title);
    for (size_t i = 0; i < t->count; i++) {
        const char *dot = strchr(t->keys[i].path, '.');
        if (dot == NULL ||
            strncmp(w.section, t->keys[i].path, (size_t)(dot - t->keys[i].path)) != 0)
            buf_put_u8(out, '\n');
        put_example(&w, &t->keys[i]);
    }
    return buf_err(out);
}
