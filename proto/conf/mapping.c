#include "proto/conf/mapping.h"

#include <cyaml/cyaml.h>
#include <stdio.h>

#include "proto/conf/yaml.h"

#define COUNT(a) CYAML_ARRAY_LEN(a)

/* ---- schema ---- */

static const cyaml_strval_t formats[] = {{"csv", MAPPING_CSV}, {"jsonl", MAPPING_JSONL}};
static const cyaml_strval_t delimiters[] = {{",", ','}, {";", ';'}, {"|", '|'}, {"tab", '\t'}};
static const cyaml_strval_t decimals[] = {{",", ','}, {".", '.'}};
static const cyaml_strval_t encodings[] = {{"utf-8", MAPPING_UTF_8},
                                           {"iso-8859-1", MAPPING_ISO_8859_1},
                                           {"windows-1252", MAPPING_WINDOWS_1252}};
static const cyaml_strval_t kinds[] = {{"text", MAPPING_TEXT},
                                       {"date", MAPPING_DATE},
                                       {"number", MAPPING_NUMBER},
                                       {"bool", MAPPING_BOOL}};
static const cyaml_strval_t dates[] = {{"yyyy-mm-dd", MAPPING_DATE_ISO},
                                       {"yyyymmdd", MAPPING_DATE_COMPACT},
                                       {"dd-mm-yyyy", MAPPING_DATE_DASHES},
                                       {"dd/mm/yyyy", MAPPING_DATE_SLASHES},
                                       {"dd.mm.yyyy", MAPPING_DATE_DOTS}};
static const cyaml_strval_t types[] = {
    {"bsn", IDENT_BSN},
    {"rsin", IDENT_RSIN},
    {"kvk", IDENT_KVK},
    {"vestiging", IDENT_VESTIGING},
    {"iban", IDENT_IBAN},
    {"kenteken", IDENT_KENTEKEN},
    {"telefoon", IDENT_TELEFOON},
    {"email", IDENT_EMAIL},
    {"bag", IDENT_BAG},
    {"postcode_huisnr", IDENT_POSTCODE_HUISNR},
    {"naam_geboortedatum", IDENT_NAAM_GEBOORTEDATUM},
    {"reisdocument", IDENT_REISDOCUMENT},
    {"btw", IDENT_BTW},
    {"lei", IDENT_LEI},
    {"container", IDENT_CONTAINER},
    {"imei", IDENT_IMEI},
};

/* What the file says, in the shapes that libcyaml fills: enum values lie in ints. */
struct raw_source {
    int format;
    int delimiter;
    int encoding;
    int decimal;
    bool final_newline_optional;
    struct mapping_trailer *trailer;
};

struct raw {
    uint32_t schema;
    struct raw_source source;
    struct mapping rest;
};

#define OPTIONAL CYAML_FLAG_OPTIONAL
#define STRICT CYAML_FLAG_STRICT
#define OWNED CYAML_FLAG_POINTER
#define TEXT(key, flags, type, member, max)                                                        \
    CYAML_FIELD_STRING_PTR(key, OWNED | (flags), type, member, 1, max)
#define NAME(key, flags, type, member) CYAML_FIELD_STRING(key, flags, type, member.s, 1)

static const cyaml_schema_field_t trailer_fields[] = {
    TEXT("marker", 0, struct mapping_trailer, marker, 64),
    CYAML_FIELD_UINT("count_column", 0, struct mapping_trailer, count_column),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t source_fields[] = {
    CYAML_FIELD_ENUM("format", STRICT, struct raw_source, format, formats, COUNT(formats)),
    CYAML_FIELD_ENUM("delimiter", STRICT | OPTIONAL, struct raw_source, delimiter, delimiters,
                     COUNT(delimiters)),
    CYAML_FIELD_ENUM("encoding", STRICT, struct raw_source, encoding, encodings, COUNT(encodings)),
    CYAML_FIELD_ENUM("decimal", STRICT | OPTIONAL, struct raw_source, decimal, decimals,
                     COUNT(decimals)),
    CYAML_FIELD_BOOL("final_newline_optional", OPTIONAL, struct raw_source, final_newline_optional),
    CYAML_FIELD_MAPPING_PTR("trailer", OWNED | OPTIONAL, struct raw_source, trailer,
                            trailer_fields),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t value_fields[] = {
    TEXT("from", 0, struct mapping_value, from, 128),
    NAME("category", 0, struct mapping_value, category),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t value_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct mapping_value, value_fields)};

static const cyaml_schema_field_t category_fields[] = {
    NAME("constant", OPTIONAL, struct mapping_category, constant),
    TEXT("column", OPTIONAL, struct mapping_category, column, MAPPING_COLUMN_MAX),
    CYAML_FIELD_SEQUENCE("values", OWNED | OPTIONAL, struct mapping_category, values, &value_schema,
                         1, 256),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t part_fields[] = {
    NAME("part", 0, struct mapping_part, part),
    TEXT("column", 0, struct mapping_part, column, MAPPING_COLUMN_MAX),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t part_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct mapping_part, part_fields)};

static const cyaml_schema_field_t identifier_fields[] = {
    CYAML_FIELD_ENUM("type", STRICT, struct mapping_identifier, type, types, COUNT(types)),
    TEXT("column", OPTIONAL, struct mapping_identifier, column, MAPPING_COLUMN_MAX),
    CYAML_FIELD_SEQUENCE("parts", OWNED | OPTIONAL, struct mapping_identifier, parts, &part_schema,
                         1, MAPPING_PARTS_MAX),
    CYAML_FIELD_BOOL("required", OPTIONAL, struct mapping_identifier, required),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t identifier_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct mapping_identifier, identifier_fields)};

static const cyaml_schema_value_t date_schema = {
    CYAML_VALUE_ENUM(STRICT, enum mapping_date, dates, COUNT(dates))};

static const cyaml_schema_field_t field_fields[] = {
    NAME("name", 0, struct mapping_field, name),
    TEXT("column", 0, struct mapping_field, column, MAPPING_COLUMN_MAX),
    CYAML_FIELD_ENUM("kind", STRICT, struct mapping_field, kind, kinds, COUNT(kinds)),
    CYAML_FIELD_SEQUENCE("dates", OWNED | OPTIONAL, struct mapping_field, dates, &date_schema, 1,
                         5),
    NAME("category", 0, struct mapping_field, category),
    CYAML_FIELD_BOOL("required", OPTIONAL, struct mapping_field, required),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t field_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct mapping_field, field_fields)};

static const cyaml_schema_value_t token_schema = {CYAML_VALUE_STRING(OWNED, char, 1, 64)};
static const cyaml_schema_value_t rule_schema = {
    CYAML_VALUE_STRING(CYAML_FLAG_DEFAULT, struct name, 1, NAME_MAX_BYTES)};

static const cyaml_schema_field_t top_fields[] = {
    CYAML_FIELD_UINT("schema", 0, struct raw, schema),
    CYAML_FIELD_MAPPING("source", 0, struct raw, source, source_fields),
    CYAML_FIELD_SEQUENCE("null_tokens", OWNED | OPTIONAL, struct raw, rest.null_tokens,
                         &token_schema, 0, 32),
    TEXT("record_key", 0, struct raw, rest.record_key, MAPPING_COLUMN_MAX),
    CYAML_FIELD_MAPPING("category", 0, struct raw, rest.category, category_fields),
    CYAML_FIELD_SEQUENCE("identifiers", OWNED, struct raw, rest.identifiers, &identifier_schema, 1,
                         32),
    CYAML_FIELD_SEQUENCE("fields", OWNED, struct raw, rest.fields, &field_schema, 0, 128),
    CYAML_FIELD_SEQUENCE("rules", OWNED, struct raw, rest.rules, &rule_schema, 1, 32),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t top_schema = {CYAML_VALUE_MAPPING(OWNED, struct raw, top_fields)};

/* ---- what the schema cannot say ---- */

struct check {
    const struct mapping *m;
    const struct yaml_tree *tree;
    struct errmsg *why;
};

/* A fault at list[i] of the file. */
static enum err refuse(const struct check *c, const char *list, size_t i, const char *detail)
{
    char path[64];
    snprintf(path, sizeof path, "%s[%zu]", list, i);
    return errmsg_set(c->why, ERR_CONFIG, "%s:%u: %s: %s", yaml_tree_name(c->tree),
                      yaml_tree_line(c->tree, path), path, detail);
}

static enum err refuse_key(const struct check *c, const char *path, const char *detail)
{
    return errmsg_set(c->why, ERR_CONFIG, "%s:%u: %s: %s", yaml_tree_name(c->tree),
                      yaml_tree_line(c->tree, path), path, detail);
}

static bool is_name(const struct name *n)
{
    struct name ignored;
    return name_parse(name_bytes(n), &ignored) == ERR_OK;
}

static enum err check_category(const struct check *c)
{
    const struct mapping_category *g = &c->m->category;
    bool constant = g->constant.s[0] != '\0';
    if (constant == (g->column != NULL) || (g->column != NULL) != (g->values_count > 0))
        return refuse_key(c, "category", "give a constant, or a column and its values");
    if (constant && !is_name(&g->constant))
        return refuse_key(c, "category.constant", "not a name of a-z, 0-9, '.', '_' and '-'");
    for (size_t i = 0; i < g->values_count; i++) {
        if (!is_name(&g->values[i].category))
            return refuse(c, "category.values", i, "the category is not a name");
        for (size_t j = 0; j < i; j++)
            if (strcmp(g->values[i].from, g->values[j].from) == 0)
                return refuse(c, "category.values", i, "this value stands twice");
    }
    return ERR_OK;
}

static enum err check_identifier(const struct check *c, size_t at)
{
    const struct mapping_identifier *d = &c->m->identifiers[at];
    if ((d->column != NULL) == (d->parts_count > 0))
        return refuse(c, "identifiers", at, "give either a column or parts");
    for (size_t i = 0; i < d->parts_count; i++) {
        if (!is_name(&d->parts[i].part))
            return refuse(c, "identifiers", at, "a part is not a name");
        for (size_t j = 0; j < i; j++)
            if (name_equal(&d->parts[i].part, &d->parts[j].part))
                return refuse(c, "identifiers", at, "a part stands twice");
    }
    return ERR_OK;
}

static enum err check_field(const struct check *c, size_t at)
{
    const struct mapping_field *f = &c->m->fields[at];
    if (!is_name(&f->name) || !is_name(&f->category))
        return refuse(c, "fields", at, "name and category must be of a-z, 0-9, '.', '_' and '-'");
    if ((f->kind == MAPPING_DATE) != (f->dates_count > 0))
        return refuse(c, "fields", at, "dates belong to kind date, and must be given there");
    for (size_t i = 0; i < at; i++)
        if (name_equal(&f->name, &c->m->fields[i].name))
            return refuse(c, "fields", at, "this name stands twice");
    return ERR_OK;
}

static enum err check_rules(const struct check *c)
{
    for (size_t i = 0; i < c->m->rules_count; i++) {
        if (!is_name(&c->m->rules[i]))
            return refuse(c, "rules", i, "not a name of a-z, 0-9, '.', '_' and '-'");
        for (size_t j = 0; j < i; j++)
            if (name_equal(&c->m->rules[i], &c->m->rules[j]))
                return refuse(c, "rules", i, "this rule stands twice");
    }
    return ERR_OK;
}

/* What only one of the formats has. */
static enum err check_format(const struct check *c)
{
    const struct mapping_source *s = &c->m->source;
    if (s->format == MAPPING_CSV)
        return s->delimiter != 0 ? ERR_OK
                                 : refuse_key(c, "source.delimiter", "CSV needs one: , ; | or tab");
    if (s->delimiter != 0)
        return refuse_key(c, "source.delimiter", "JSON Lines have none");
    if (s->trailer != NULL)
        return refuse_key(c, "source.trailer", "JSON Lines have none");
    return s->encoding == MAPPING_UTF_8
               ? ERR_OK
               : refuse_key(c, "source.encoding", "JSON Lines are utf-8");
}

static enum err check_mapping(const struct check *c)
{
    if (c->m->schema != MAPPING_SCHEMA)
        return refuse_key(c, "schema", "this program reads schema 1");
    const struct mapping_trailer *t = c->m->source.trailer;
    if (t != NULL && (t->count_column < 2 || t->count_column > 512))
        return refuse_key(c, "source.trailer.count_column", "expected 2 to 512");
    enum err bad = check_format(c);
    if (bad == ERR_OK)
        bad = check_category(c);
    for (size_t i = 0; bad == ERR_OK && i < c->m->identifiers_count; i++)
        bad = check_identifier(c, i);
    for (size_t i = 0; bad == ERR_OK && i < c->m->fields_count; i++)
        bad = check_field(c, i);
    return bad != ERR_OK ? bad : check_rules(c);
}

/* ---- loading ---- */

/* The struct that readers see lies inside the one that libcyaml made, and is freed with it. */
static struct mapping *settle(struct raw *r)
{
    struct mapping *m = &r->rest;
    m->schema = r->schema;
    m->source = (struct mapping_source){
        .format = (enum mapping_format)r->source.format,
        .delimiter = (char)r->source.delimiter,
        .encoding = (enum mapping_encoding)r->source.encoding,
        .decimal = r->source.decimal != 0 ? (char)r->source.decimal : '.',
        .final_newline_optional = r->source.final_newline_optional,
        .trailer = r->source.trailer,
    };
    return m;
}

enum err mapping_load(struct bytes text, const char *name, struct mapping **out, struct errmsg *why)
{
    struct yaml_source src = {.text = text, .name = name, .max_bytes = MAPPING_MAX_BYTES};
    CLEANUP(cleanup_yaml_tree_free) struct yaml_tree *tree = NULL;
    void *data = NULL;
    enum err bad = yaml_load(&src, &top_schema, &data, &tree, why);
    if (bad != ERR_OK)
        return bad == ERR_NOMEM ? bad : ERR_CONFIG;
    CLEANUP(cleanup_mapping_free) struct mapping *m = settle(data);
    struct check c = {.m = m, .tree = tree, .why = why};
    bad = check_mapping(&c);
    if (bad == ERR_OK)
        *out = take(m);
    return bad;
}

void mapping_free(struct mapping *m)
{
    if (m != NULL)
        yaml_unload(&top_schema, (uint8_t *)m - offsetof(struct raw, rest));
}

const char *mapping_encoding_id(enum mapping_encoding e)
{
    for (size_t i = 0; i < COUNT(encodings); i++)
        if (encodings[i].val == (int64_t)e)
            return encodings[i].str;
    return "?";
}
