#include "agent/source/row_plan.h"

struct bind {
    const struct mapping *m;
    const struct bytes *header;
    size_t count;
    struct errmsg *why;
};

static enum err find_column(const struct bind *b, const char *name, size_t *out)
{
    size_t found = ROW_NO_CELL;
    for (size_t i = 0; i < b->count; i++) {
        if (!bytes_is(b->header[i], name))
            continue;
        if (found != ROW_NO_CELL)
            return errmsg_set(b->why, ERR_DUPLICATE, "the column '%s' stands twice in the source",
                              name);
        found = i;
    }
    if (found == ROW_NO_CELL)
        return errmsg_set(b->why, ERR_NOT_FOUND,
                          "the column '%s' is missing in the source (it has %zu columns; are "
                          "delimiter and encoding right?)",
                          name, b->count);
    *out = found;
    return ERR_OK;
}

static enum err bind_part(const struct bind *b, const struct mapping_identifier *d,
                          const struct mapping_part *part, struct row_plan_identifier *out)
{
    struct ident_parts range = ident_parts(d->type);
    for (size_t i = 0; i < range.max; i++) {
        if (strcmp(part->part.s, ident_part_name(d->type, i)) != 0)
            continue;
        if (out->count < i + 1)
            out->count = i + 1;
        return find_column(b, part->column, &out->cell[i]);
    }
    return errmsg_set(b->why, ERR_UNKNOWN, "identifier '%s' has no part '%s'",
                      ident_type_id(d->type), part->part.s);
}

static enum err bind_identifier(const struct bind *b, const struct mapping_identifier *d,
                                struct row_plan_identifier *out)
{
    for (size_t i = 0; i < IDENT_PARTS_MAX; i++)
        out->cell[i] = ROW_NO_CELL;
    out->count = d->column != NULL;
    if (d->column != NULL)
        return find_column(b, d->column, &out->cell[0]);
    for (size_t i = 0; i < d->parts_count; i++) {
        enum err bad = bind_part(b, d, &d->parts[i], out);
        if (bad != ERR_OK)
            return bad;
    }
    for (size_t i = 0; i < ident_parts(d->type).min; i++)
        if (out->cell[i] == ROW_NO_CELL)
            return errmsg_set(b->why, ERR_INVALID, "identifier '%s' lacks its part '%s'",
                              ident_type_id(d->type), ident_part_name(d->type, i));
    return ERR_OK;
}

enum err row_plan_bind(const struct mapping *m, const struct bytes *header, size_t count,
                       struct row_plan *out, struct errmsg *why)
{
    struct bind b = {.m = m, .header = header, .count = count, .why = why};
    struct row_plan plan = {.columns = count, .category = ROW_NO_CELL};
    if (m->identifiers_count > ROW_IDENTIFIERS_MAX || m->fields_count > ROW_FIELDS_MAX)
        return errmsg_set(why, ERR_TOO_LARGE, "the mapping has too many identifiers or fields");
    enum err bad = find_column(&b, m->record_key, &plan.key);
    if (bad == ERR_OK && m->category.column != NULL)
        bad = find_column(&b, m->category.column, &plan.category);
    for (size_t i = 0; bad == ERR_OK && i < m->identifiers_count; i++)
        bad = bind_identifier(&b, &m->identifiers[i], &plan.identifiers[i]);
    for (size_t i = 0; bad == ERR_OK && i < m->fields_count; i++)
        bad = find_column(&b, m->fields[i].column, &plan.fields[i]);
    if (bad == ERR_OK)
        *out = plan;
    return bad;
}

static void add_column(const char *name, struct bytes *out, size_t *count)
{
    struct bytes column = bytes_str(name);
    for (size_t i = 0; i < *count; i++)
        if (bytes_equal(out[i], column))
            return;
    out[(*count)++] = column;
}

size_t row_plan_columns(const struct mapping *m, struct bytes *out)
{
    size_t count = 0;
    size_t identifiers = m->identifiers_count < ROW_IDENTIFIERS_MAX ? m->identifiers_count
                                                                    : ROW_IDENTIFIERS_MAX;
    size_t fields = m->fields_count < ROW_FIELDS_MAX ? m->fields_count : ROW_FIELDS_MAX;
    add_column(m->record_key, out, &count);
    if (m->category.column != NULL)
        add_column(m->category.column, out, &count);
    for (size_t i = 0; i < identifiers; i++) {
        const struct mapping_identifier *d = &m->identifiers[i];
        if (d->column != NULL)
            add_column(d->column, out, &count);
        for (size_t p = 0; p < d->parts_count && p < IDENT_PARTS_MAX; p++)
            add_column(d->parts[p].column, out, &count);
    }
    for (size_t i = 0; i < fields; i++)
        add_column(m->fields[i].column, out, &count);
    return count;
}

static const char *identifier_column(const struct row_plan_identifier *p,
                                     const struct mapping_identifier *d, size_t cell)
{
    if (d->column != NULL)
        return p->cell[0] == cell ? d->column : "";
    for (size_t i = 0; i < p->count; i++)
        for (size_t j = 0; p->cell[i] == cell && j < d->parts_count; j++)
            if (strcmp(d->parts[j].part.s, ident_part_name(d->type, i)) == 0)
                return d->parts[j].column;
    return "";
}

const char *row_plan_column(const struct row_plan *p, const struct mapping *m, size_t cell)
{
    if (cell == ROW_NO_CELL)
        return "";
    if (cell == p->key)
        return m->record_key;
    if (cell == p->category)
        return m->category.column;
    for (size_t i = 0; i < m->fields_count; i++)
        if (p->fields[i] == cell)
            return m->fields[i].column;
    for (size_t i = 0; i < m->identifiers_count; i++) {
        const char *name = identifier_column(&p->identifiers[i], &m->identifiers[i], cell);
        if (name[0] != '\0')
            return name;
    }
    return "";
}
