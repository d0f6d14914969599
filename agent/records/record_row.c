#include "agent/records/record_row.h"

#include "proto/base/cursor.h"
#include "proto/base/join.h"

#define VALUE_MAX (1u << 20)

void content_encode(const struct record_content *c, size_t field_count, struct buf *out)
{
    buf_put_u32(out, c->rules);
    buf_put_u8(out, c->category);
    for (size_t i = 0; i < field_count; i++)
        join_part(out, c->fields[i]);
    buf_put_u8(out, (uint8_t)c->identifier_count);
    for (size_t i = 0; i < c->identifier_count; i++) {
        buf_put_u8(out, (uint8_t)c->identifiers[i].type);
        buf_put_u8(out, c->identifiers[i].len);
        buf_put(out, ident_value(&c->identifiers[i]));
    }
}

static void read_identifiers(struct cursor *c, struct norm_ident *out, size_t count)
{
    for (size_t i = 0; i < count && c->err == ERR_OK; i++) {
        uint8_t type = cursor_u8(c);
        out[i].len = cursor_u8(c);
        cursor_copy(c, out[i].value, out[i].len);
        if (type == IDENT_NONE || type >= IDENT_TYPE_COUNT || out[i].len == 0)
            cursor_fail(c, ERR_INVALID);
        out[i].type = (enum ident_type)type;
    }
}

enum err content_decode(struct bytes data, const struct record_shape *shape, struct arena *a,
                        struct record_content *out)
{
    struct cursor c = cursor_of(data);
    struct record_content r = {.rules = cursor_u32(&c), .category = cursor_u8(&c)};
    struct bytes *fields = arena_array(a, shape->fields.count, sizeof *fields);
    if (fields == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < shape->fields.count; i++)
        fields[i] = cursor_part(&c, VALUE_MAX);
    r.identifier_count = cursor_u8(&c);
    struct norm_ident *identifiers = arena_array(a, r.identifier_count, sizeof *identifiers);
    if (identifiers == NULL)
        return ERR_NOMEM;
    read_identifiers(&c, identifiers, r.identifier_count);
    if (r.category >= shape->categories.count || r.identifier_count > RECORD_IDENTIFIERS_MAX)
        cursor_fail(&c, ERR_INVALID);
    r.fields = fields;
    r.identifiers = identifiers;
    enum err bad = cursor_done(&c);
    if (bad == ERR_OK)
        *out = r;
    return bad;
}

enum err content_fields(struct bytes data, size_t count, struct bytes *out)
{
    struct cursor c = cursor_of(data);
    cursor_bytes(&c, 5);
    for (size_t i = 0; i < count; i++)
        out[i] = cursor_part(&c, VALUE_MAX);
    return c.err;
}

enum err content_identifiers(struct bytes data, size_t field_count, size_t *out)
{
    struct cursor c = cursor_of(data);
    cursor_bytes(&c, 5);
    for (size_t i = 0; i < field_count; i++)
        cursor_part(&c, VALUE_MAX);
    uint8_t count = cursor_u8(&c);
    if (c.err == ERR_OK)
        *out = count;
    return c.err;
}

void version_encode(const struct record_version *v, struct buf *block)
{
    buf_put_u32(block, (uint32_t)(4 + sizeof v->field_root.b + v->content.len));
    buf_put_u32(block, v->expires_day);
    buf_put(block, digest_bytes(&v->field_root));
    buf_put(block, v->content);
}

enum err version_at(struct bytes block, size_t position, struct record_version *out)
{
    struct cursor c = cursor_of(block);
    for (size_t i = 0; i < position && c.left > 0; i++)
        cursor_part(&c, UINT32_MAX);
    if (c.err == ERR_OK && c.left == 0)
        return ERR_NOT_FOUND;
    struct cursor v = cursor_of(cursor_part(&c, UINT32_MAX));
    if (c.err != ERR_OK)
        return c.err;
    struct record_version found = {.expires_day = cursor_u32(&v)};
    cursor_copy(&v, found.field_root.b, sizeof found.field_root.b);
    found.content = cursor_bytes(&v, v.left);
    enum err bad = cursor_done(&v);
    if (bad == ERR_OK)
        *out = found;
    return bad;
}

static void names_encode(struct name_list list, struct buf *out)
{
    buf_put_u16(out, (uint16_t)list.count);
    for (size_t i = 0; i < list.count; i++)
        join_part(out, name_bytes(&list.v[i]));
}

void shape_encode(const struct record_shape *s, struct buf *out)
{
    names_encode(s->fields, out);
    names_encode(s->rules, out);
    names_encode(s->categories, out);
}

static struct name_list names_decode(struct cursor *c, struct arena *a, size_t max)
{
    size_t count = cursor_u16(c);
    if (count > max)
        cursor_fail(c, ERR_INVALID);
    if (c->err != ERR_OK)
        return (struct name_list){0};
    struct name *v = arena_array(a, count, sizeof *v);
    if (v == NULL) {
        cursor_fail(c, ERR_NOMEM);
        return (struct name_list){0};
    }
    for (size_t i = 0; i < count && c->err == ERR_OK; i++)
        cursor_fail(c, name_parse(cursor_part(c, NAME_MAX_BYTES), &v[i]));
    return (struct name_list){v, count};
}

void shape_decode(struct cursor *c, struct arena *a, struct record_shape *out)
{
    out->fields = names_decode(c, a, RECORD_FIELDS_MAX);
    out->rules = names_decode(c, a, 32);
    out->categories = names_decode(c, a, 255);
}
