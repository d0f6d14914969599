#include "proto/policy/facts.h"

#include "proto/base/buf.h"
#include "proto/base/text.h"

enum kind {
    KIND_oin,
    KIND_name,
    KIND_int,
    KIND_bool,
    KIND_names,
    KIND_types,
    KIND_process,
    KIND_regime,
    KIND_case_state,
    KIND_adoption,
};

struct column {
    const char *name;
    enum kind kind;
    size_t value;
    size_t by;
};

static const struct column columns[FACT_COUNT] = {
#define FACTS_COLUMN(k, member)                                                                    \
    [FACT_##member] = {#member, KIND_##k, offsetof(struct facts, member),                          \
                       offsetof(struct facts, member.by)},
    FACTS(FACTS_COLUMN)
#undef FACTS_COLUMN
};

static enum provenance *by_of(struct facts *f, const struct column *c)
{
    return (enum provenance *)(void *)((char *)f + c->by);
}

const char *fact_name_of(enum fact_id id)
{
    return (unsigned)id < FACT_COUNT ? columns[id].name : "?";
}

enum err fact_parse(struct bytes name, enum fact_id *out)
{
    for (unsigned i = 0; i < FACT_COUNT; i++) {
        if (bytes_is(name, columns[i].name)) {
            *out = (enum fact_id)i;
            return ERR_OK;
        }
    }
    return ERR_UNKNOWN;
}

enum provenance fact_provenance(const struct facts *f, enum fact_id id)
{
    if ((unsigned)id >= FACT_COUNT)
        return PROVENANCE_UNKNOWN;
    return *(const enum provenance *)(const void *)((const char *)f + columns[id].by);
}

static enum err add_name(struct fact_names *list, const struct name *n)
{
    if (list->count >= FACTS_NAMES_MAX)
        return ERR_TOO_LARGE;
    list->v[list->count++] = *n;
    return ERR_OK;
}

enum err facts_add_field(struct facts *f, const struct name *field)
{
    return add_name(&f->fields, field);
}

enum err facts_add_check(struct facts *f, const struct name *check)
{
    return add_name(&f->checks, check);
}

enum err facts_add_identifiers(struct facts *f, enum ident_type type, uint32_t n,
                               uint32_t norm_version)
{
    if (type <= IDENT_NONE || type >= IDENT_TYPE_COUNT)
        return ERR_UNKNOWN;
    uint32_t *count = &f->identifiers.v[type];
    if (__builtin_add_overflow(*count, n, count))
        *count = UINT32_MAX;
    f->norm_versions.v[type] = norm_version;
    return ERR_OK;
}

/* ---- to the flat form ---- */

static bool put_word(struct fact_pair *out, const char *word)
{
    out->kind = FACT_VALUE_TEXT;
    size_t len = strlen(word);
    if (len > sizeof out->text - 1)
        len = sizeof out->text - 1;
    memcpy(out->text, word, len);
    out->text[len] = '\0';
    return strcmp(word, "?") != 0;
}

static void put_number(struct fact_pair *out, enum fact_value_kind kind, int64_t v)
{
    out->kind = kind;
    out->number = v;
}

static void put_names(struct fact_pair *out, char (*list)[FACT_TEXT_SIZE],
                      const struct fact_names *f)
{
    out->kind = FACT_VALUE_LIST;
    out->list = list;
    for (uint32_t i = 0; i < f->count && i < FACTS_NAMES_MAX; i++)
        memcpy(list[out->list_count++], f->v[i].s, FACT_TEXT_SIZE);
}

static void put_types(struct fact_pair *out, char (*list)[FACT_TEXT_SIZE],
                      const struct fact_types *f)
{
    out->kind = FACT_VALUE_LIST;
    out->list = list;
    for (unsigned t = 1; t < IDENT_TYPE_COUNT; t++) {
        if (f->v[t] == 0)
            continue;
        struct buf item = buf_fixed(list[out->list_count++], FACT_TEXT_SIZE - 1);
        buf_printf(&item, "%s=%u", ident_type_id((enum ident_type)t), f->v[t]);
    }
}

/* Each fact that is a list of names has its own place. */
static size_t room_of(enum fact_id id)
{
    if (id == FACT_fields)
        return 0;
    return id == FACT_dimensions ? 1 : 2;
}

/* False where the value is outside its set. */
static bool put_value(struct fact_pairs *all, struct fact_pair *out, const struct facts *f,
                      enum fact_id id)
{
    const void *v = (const char *)f + columns[id].value;
    switch (columns[id].kind) {
    case KIND_oin:
        return put_word(out, ((const struct fact_oin *)v)->v.oin);
    case KIND_name:
        return put_word(out, ((const struct fact_name *)v)->v.s);
    case KIND_int:
        put_number(out, FACT_VALUE_INT, ((const struct fact_int *)v)->v);
        return true;
    case KIND_bool:
        put_number(out, FACT_VALUE_BOOL, ((const struct fact_bool *)v)->v ? 1 : 0);
        return true;
    case KIND_names:
        put_names(out, all->names[room_of(id)], v);
        return true;
    case KIND_types:
        put_types(out, id == FACT_identifiers ? all->types[0] : all->types[1], v);
        return true;
    case KIND_process:
        return put_word(out, process_id(((const struct fact_process *)v)->v));
    case KIND_regime:
        return put_word(out, regime_id(((const struct fact_regime *)v)->v));
    case KIND_case_state:
        return put_word(out, case_state_id(((const struct fact_case_state *)v)->v));
    case KIND_adoption:
        return put_word(out, adoption_id(((const struct fact_adoption *)v)->v));
    }
    return false;
}

void facts_to_pairs(const struct facts *f, struct fact_pairs *out)
{
    memset(out, 0, sizeof *out);
    for (unsigned i = 0; i < FACT_COUNT; i++) {
        enum fact_id id = (enum fact_id)i;
        struct fact_pair pair = {.name = columns[i].name, .by = fact_provenance(f, id)};
        if (pair.by != PROVENANCE_ASSERTED && pair.by != PROVENANCE_JUDGED)
            continue;
        if (put_value(out, &pair, f, id))
            out->pair[out->count++] = pair;
    }
}

/* ---- from the flat form ---- */

static struct bytes pair_text(const char *text)
{
    return bytes_of(text, strnlen(text, FACT_TEXT_SIZE));
}

static enum err get_names(struct fact_names *f, const struct fact_pair *pair)
{
    struct fact_names names = {.count = 0};
    if (pair->list_count > FACTS_NAMES_MAX)
        return ERR_TOO_LARGE;
    for (uint32_t i = 0; i < pair->list_count; i++) {
        enum err e = name_parse(pair_text(pair->list[i]), &names.v[i]);
        if (e != ERR_OK)
            return e;
        for (uint32_t k = 0; k < i; k++) {
            if (name_equal(&names.v[k], &names.v[i]))
                return ERR_DUPLICATE;
        }
    }
    names.count = pair->list_count;
    *f = names;
    return ERR_OK;
}

static enum err get_type_count(struct fact_types *f, struct bytes item)
{
    const uint8_t *eq = item.len > 0 ? memchr(item.ptr, '=', item.len) : NULL;
    if (eq == NULL)
        return ERR_INVALID;
    size_t left = (size_t)(eq - item.ptr);
    enum ident_type type = IDENT_NONE;
    enum err e = ident_type_parse(bytes_of(item.ptr, left), &type);
    if (e != ERR_OK)
        return e;
    uint64_t n = 0;
    e = text_get_u64(bytes_of(eq + 1, item.len - left - 1), UINT32_MAX, &n);
    if (e != ERR_OK)
        return e;
    if (n == 0)
        return ERR_RANGE;
    if (f->v[type] != 0)
        return ERR_DUPLICATE;
    f->v[type] = (uint32_t)n;
    return ERR_OK;
}

static enum err get_types(struct fact_types *f, const struct fact_pair *pair)
{
    struct fact_types types = {.by = PROVENANCE_UNKNOWN};
    for (uint32_t i = 0; i < pair->list_count; i++) {
        enum err e = get_type_count(&types, pair_text(pair->list[i]));
        if (e != ERR_OK)
            return e;
    }
    *f = types;
    return ERR_OK;
}

static enum fact_value_kind kind_of_value(enum kind k)
{
    switch (k) {
    case KIND_int:
        return FACT_VALUE_INT;
    case KIND_bool:
        return FACT_VALUE_BOOL;
    case KIND_names:
    case KIND_types:
        return FACT_VALUE_LIST;
    case KIND_oin:
    case KIND_name:
    case KIND_process:
    case KIND_regime:
    case KIND_case_state:
    case KIND_adoption:
        break;
    }
    return FACT_VALUE_TEXT;
}

enum fact_value_kind fact_kind(enum fact_id id)
{
    return (unsigned)id < FACT_COUNT ? kind_of_value(columns[id].kind) : FACT_VALUE_TEXT;
}

void facts_mark(struct facts *f, enum fact_id id, enum provenance by)
{
    if ((unsigned)id < FACT_COUNT)
        *by_of(f, &columns[id]) = by;
}

static enum err get_value(struct facts *f, const struct column *c, const struct fact_pair *pair)
{
    void *v = (char *)f + c->value;
    struct bytes text = pair_text(pair->text);
    switch (c->kind) {
    case KIND_oin:
        return agency_id_parse(text, &((struct fact_oin *)v)->v);
    case KIND_name:
        return name_parse(text, &((struct fact_name *)v)->v);
    case KIND_int:
        ((struct fact_int *)v)->v = pair->number;
        return ERR_OK;
    case KIND_bool:
        if (pair->number != 0 && pair->number != 1)
            return ERR_RANGE;
        ((struct fact_bool *)v)->v = pair->number == 1;
        return ERR_OK;
    case KIND_names:
        return get_names(v, pair);
    case KIND_types:
        return get_types(v, pair);
    case KIND_process:
        return process_parse(text, &((struct fact_process *)v)->v);
    case KIND_regime:
        return regime_parse(text, &((struct fact_regime *)v)->v);
    case KIND_case_state:
        return case_state_parse(text, &((struct fact_case_state *)v)->v);
    case KIND_adoption:
        return adoption_parse(text, &((struct fact_adoption *)v)->v);
    }
    return ERR_INVALID;
}

enum err facts_from_pair(struct facts *f, const struct fact_pair *pair, struct errmsg *why)
{
    enum fact_id id = FACT_COUNT;
    enum err e = fact_parse(bytes_str(pair->name), &id);
    if (e != ERR_OK)
        return errmsg_set(why, e, "no fact is called '%.64s'", pair->name);
    const struct column *c = &columns[id];
    if (*by_of(f, c) != PROVENANCE_UNKNOWN)
        return errmsg_set(why, ERR_DUPLICATE, "fact %s stands twice", c->name);
    if (pair->by != PROVENANCE_ASSERTED && pair->by != PROVENANCE_JUDGED)
        return errmsg_set(why, ERR_INVALID, "fact %s is neither judged nor asserted", c->name);
    if (pair->kind != kind_of_value(c->kind))
        return errmsg_set(why, ERR_INVALID, "fact %s has the wrong kind of value", c->name);
    e = get_value(f, c, pair);
    if (e != ERR_OK)
        return errmsg_set(why, e, "fact %s: %s", c->name, err_text(e));
    *by_of(f, c) = pair->by;
    return ERR_OK;
}

enum err facts_from_pairs(struct facts *f, const struct fact_pair *pairs, uint32_t count,
                          struct errmsg *why)
{
    struct facts fresh;
    memset(&fresh, 0, sizeof fresh);
    for (uint32_t i = 0; i < count; i++) {
        enum err e = facts_from_pair(&fresh, &pairs[i], why);
        if (e != ERR_OK)
            return e;
    }
    *f = fresh;
    return ERR_OK;
}
