#include "proto/msg/unpack.h"

#include "proto/msg/scan.h"

static void *alloc_in_arena(void *data, size_t n)
{
    return arena_alloc(data, n);
}

/* Memory of an arena goes back all at once. */
static void free_in_arena(void *data, void *p)
{
    (void)data;
    (void)p;
}

enum err msg_unpack(const ProtobufCMessageDescriptor *desc, struct bytes wire, size_t max_bytes,
                    struct arena *a, const void **out, struct errmsg *why)
{
    if (wire.len > max_bytes)
        return errmsg_set(why, ERR_TOO_LARGE, "%s: %zu bytes, at most %zu", desc->short_name,
                          wire.len, max_bytes);
    enum err e = msg_scan(desc, wire, why);
    if (e != ERR_OK)
        return e;
    ProtobufCAllocator in_arena = {alloc_in_arena, free_in_arena, a};
    const void *m = protobuf_c_message_unpack(desc, &in_arena, wire.len, wire.ptr);
    if (m == NULL)
        return errmsg_set(why, ERR_NOMEM, "%s: does not fit its memory cap", desc->short_name);
    *out = m;
    return ERR_OK;
}

enum err msg_pack(const ProtobufCMessage *m, struct buf *out)
{
    uint8_t *room = buf_reserve(out, protobuf_c_message_get_packed_size(m));
    if (room != NULL)
        protobuf_c_message_pack(m, room);
    return buf_err(out);
}

ProtobufCBinaryData msg_data(struct bytes b)
{
    union {
        const uint8_t *in;
        uint8_t *out;
    } same = {.in = b.ptr};
    return (ProtobufCBinaryData){.len = b.len, .data = same.out};
}

char *msg_text(const char *s)
{
    union {
        const char *in;
        char *out;
    } same = {.in = s};
    return same.out;
}

enum err msg_get_fixed(ProtobufCBinaryData d, void *out, size_t n, const char *field,
                       struct errmsg *why)
{
    if (d.len != n)
        return errmsg_set(why, ERR_INVALID, "%s: %zu bytes, must be %zu", field, d.len, n);
    memcpy(out, d.data, n);
    return ERR_OK;
}

enum err msg_get_bytes(ProtobufCBinaryData d, size_t max, const char *field, struct bytes *out,
                       struct errmsg *why)
{
    if (d.len == 0)
        return errmsg_set(why, ERR_INVALID, "%s: missing", field);
    if (d.len > max)
        return errmsg_set(why, ERR_TOO_LARGE, "%s: %zu bytes, at most %zu", field, d.len, max);
    *out = msg_bytes(d);
    return ERR_OK;
}

static bool has_control(struct bytes b)
{
    for (size_t i = 0; i < b.len; i++) {
        if (b.ptr[i] < 0x20 || b.ptr[i] == 0x7f)
            return true;
    }
    return false;
}

enum err msg_get_text(const char *s, size_t min, size_t max, const char *field, struct bytes *out,
                      struct errmsg *why)
{
    struct bytes b = bytes_str(s);
    if (b.len > max)
        return errmsg_set(why, ERR_TOO_LARGE, "%s: %zu bytes, at most %zu", field, b.len, max);
    if (b.len < min)
        return errmsg_set(why, ERR_INVALID, "%s: %zu bytes, at least %zu", field, b.len, min);
    if (has_control(b))
        return errmsg_set(why, ERR_INVALID, "%s: holds a control character", field);
    *out = b;
    return ERR_OK;
}

enum err msg_get_oin(const char *s, struct agency_id *out, const char *field, struct errmsg *why)
{
    enum err e = agency_id_parse(bytes_str(s), out);
    return e == ERR_OK ? e : errmsg_set(why, e, "%s: not an OIN of %d characters", field, OIN_CHARS);
}

enum err msg_get_name(const char *s, struct name *out, const char *field, struct errmsg *why)
{
    enum err e = name_parse(bytes_str(s), out);
    return e == ERR_OK ? e : errmsg_set(why, e, "%s: not an id", field);
}

enum err msg_get_names(struct msg_names_in in, struct arena *a, struct name_list *out,
                       struct errmsg *why)
{
    if (in.count > in.max)
        return errmsg_set(why, ERR_TOO_LARGE, "%s: %zu entries, at most %zu", in.field, in.count,
                          in.max);
    struct name *v = arena_array(a, in.count, sizeof *v);
    if (v == NULL)
        return errmsg_set(why, ERR_NOMEM, "%s: memory cap", in.field);
    for (size_t i = 0; i < in.count; i++) {
        enum err e = msg_get_name(in.v[i], &v[i], in.field, why);
        if (e != ERR_OK)
            return e;
        if (i > 0 && bytes_cmp(name_bytes(&v[i - 1]), name_bytes(&v[i])) >= 0)
            return errmsg_set(why, ERR_DUPLICATE, "%s: entries must ascend", in.field);
    }
    *out = (struct name_list){v, in.count};
    return ERR_OK;
}
