#include "proto/msg/scan.h"

#define WIRE_VARINT 0u
#define WIRE_64BIT 1u
#define WIRE_BYTES 2u
#define WIRE_32BIT 5u
#define MAX_VARINT_BYTES 10
#define MAX_ONEOFS 4

/* One message that is being read. */
struct frame {
    const ProtobufCMessageDescriptor *desc;
    const uint8_t *end;
    uint32_t last_id;
    unsigned oneofs[MAX_ONEOFS]; /* quantifier offsets of the oneofs that have a member already */
    unsigned oneof_count;
};

struct scan {
    struct frame frames[MSG_MAX_DEPTH];
    size_t depth; /* frames in use */
    struct wire {
        const uint8_t *pos;
        const uint8_t *end;
    } at;
    struct errmsg *why;
};

static struct frame *top(struct scan *s)
{
    return &s->frames[s->depth - 1];
}

static enum err fail(struct scan *s, enum err e, const char *field, const char *what)
{
    return errmsg_set(s->why, e, "%s.%s: %s", top(s)->desc->short_name, field, what);
}

/* A varint of at most ten bytes in its shortest form. */
static enum err read_varint(struct wire *c, uint64_t *out)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < MAX_VARINT_BYTES; i++) {
        if (c->pos == c->end)
            return ERR_TRUNCATED;
        uint8_t b = *c->pos++;
        if (i == MAX_VARINT_BYTES - 1 && b > 1)
            return ERR_RANGE;
        v |= (uint64_t)(b & 0x7f) << (7 * i);
        if ((b & 0x80) != 0)
            continue;
        if (b == 0 && i > 0)
            return ERR_INVALID;
        *out = v;
        return ERR_OK;
    }
    return ERR_RANGE;
}

static enum err skip(struct wire *c, uint64_t n)
{
    if (n > (uint64_t)(c->end - c->pos))
        return ERR_TRUNCATED;
    c->pos += n;
    return ERR_OK;
}

/* The wire type of one value of a type; false for types that this project does not use. */
static bool wire_type_of(ProtobufCType type, unsigned *out)
{
    switch (type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_BOOL:
    case PROTOBUF_C_TYPE_ENUM:
        *out = WIRE_VARINT;
        return true;
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_SFIXED32:
        *out = WIRE_32BIT;
        return true;
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_SFIXED64:
        *out = WIRE_64BIT;
        return true;
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE:
        *out = WIRE_BYTES;
        return true;
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_DOUBLE:
        return false;
    }
    return false;
}

static bool enum_knows(const ProtobufCEnumDescriptor *desc, uint64_t v)
{
    for (unsigned i = 0; i < desc->n_values; i++) {
        if (desc->values[i].value > 0 && (uint64_t)desc->values[i].value == v)
            return true;
    }
    return false;
}

static enum err check_varint(const ProtobufCFieldDescriptor *f, uint64_t v)
{
    switch ((unsigned)f->type) {
    case PROTOBUF_C_TYPE_BOOL:
        return v <= 1 ? ERR_OK : ERR_RANGE;
    case PROTOBUF_C_TYPE_UINT32:
        return v <= UINT32_MAX ? ERR_OK : ERR_RANGE;
    case PROTOBUF_C_TYPE_INT32: /* a negative one is sign-extended to 64 bits */
        return v <= INT32_MAX || v >= (uint64_t)(int64_t)INT32_MIN ? ERR_OK : ERR_RANGE;
    case PROTOBUF_C_TYPE_ENUM:
        return enum_knows(f->descriptor, v) ? ERR_OK : ERR_UNKNOWN;
    default: /* 64-bit types hold every varint */
        return ERR_OK;
    }
}

/* One value of a number type, at the cursor. */
static enum err scan_number(struct wire *c, const ProtobufCFieldDescriptor *f, unsigned wire)
{
    if (wire == WIRE_32BIT)
        return skip(c, 4);
    if (wire == WIRE_64BIT)
        return skip(c, 8);
    uint64_t v = 0;
    enum err e = read_varint(c, &v);
    return e != ERR_OK ? e : check_varint(f, v);
}

static enum err scan_packed(struct scan *s, const ProtobufCFieldDescriptor *f, unsigned wire,
                            uint64_t len)
{
    struct wire c = {s->at.pos, s->at.pos + len};
    if (len == 0)
        return ERR_INVALID;
    while (c.pos < c.end) {
        enum err e = scan_number(&c, f, wire);
        if (e != ERR_OK)
            return e;
    }
    s->at.pos = c.end;
    return ERR_OK;
}

static enum err push(struct scan *s, const ProtobufCMessageDescriptor *desc, uint64_t len)
{
    if (s->depth == MSG_MAX_DEPTH)
        return ERR_TOO_LARGE;
    s->depth++;
    *top(s) = (struct frame){.desc = desc, .end = s->at.pos + len};
    s->at.end = top(s)->end;
    return ERR_OK;
}

/* A length-delimited value: text, bytes, a packed list, or a message that becomes the top frame. */
static enum err scan_delimited(struct scan *s, const ProtobufCFieldDescriptor *f, unsigned wire)
{
    uint64_t len = 0;
    enum err e = read_varint(&s->at, &len);
    if (e != ERR_OK)
        return e;
    if (len > (uint64_t)(s->at.end - s->at.pos))
        return ERR_TRUNCATED;
    if (wire != WIRE_BYTES)
        return scan_packed(s, f, wire, len);
    if (f->type == PROTOBUF_C_TYPE_MESSAGE)
        return push(s, f->descriptor, len);
    if (f->type == PROTOBUF_C_TYPE_STRING && !bytes_is_utf8(bytes_of(s->at.pos, (size_t)len)))
        return ERR_INVALID;
    return skip(&s->at, len);
}

/* Ascending order makes a second copy visible without a table of what was seen. */
static enum err check_order(struct scan *s, const ProtobufCFieldDescriptor *f)
{
    struct frame *m = top(s);
    bool again = f->id == m->last_id && f->label == PROTOBUF_C_LABEL_REPEATED;
    if (f->id <= m->last_id && !again)
        return ERR_DUPLICATE;
    m->last_id = f->id;
    if ((f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) == 0)
        return ERR_OK;
    for (unsigned i = 0; i < m->oneof_count; i++) {
        if (m->oneofs[i] == f->quantifier_offset)
            return ERR_DUPLICATE;
    }
    if (m->oneof_count == MAX_ONEOFS)
        return ERR_UNSUPPORTED;
    m->oneofs[m->oneof_count++] = f->quantifier_offset;
    return ERR_OK;
}

static const char *reason(enum err e)
{
    if (e == ERR_DUPLICATE)
        return "a second copy, or out of order";
    if (e == ERR_TOO_LARGE)
        return "nested too deep";
    return err_text(e);
}

/* A field that has its default value is left out by every writer; from start: its value. */
static bool is_written_default(const struct scan *s, const ProtobufCFieldDescriptor *f,
                               const uint8_t *start)
{
    bool optional = f->label == PROTOBUF_C_LABEL_NONE &&
                    (f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) == 0 &&
                    f->type != PROTOBUF_C_TYPE_MESSAGE;
    return optional && s->at.pos - start == 1 && *start == 0;
}

/* One field of the top frame. */
static enum err scan_field(struct scan *s)
{
    uint64_t key = 0;
    enum err e = read_varint(&s->at, &key);
    if (e != ERR_OK)
        return fail(s, e, "?", "bad field key");
    const ProtobufCFieldDescriptor *f = NULL;
    if (key >> 3 <= UINT32_MAX)
        f = protobuf_c_message_descriptor_get_field(top(s)->desc, (unsigned)(key >> 3));
    if (f == NULL)
        return fail(s, ERR_UNKNOWN, "?", "unknown field");
    unsigned wire = 0;
    if (!wire_type_of(f->type, &wire))
        return fail(s, ERR_UNSUPPORTED, f->name, "type not used here");
    bool packed = (f->flags & PROTOBUF_C_FIELD_FLAG_PACKED) != 0;
    if ((key & 7) != (packed ? WIRE_BYTES : wire))
        return fail(s, ERR_INVALID, f->name, "wrong wire type");
    const uint8_t *start = s->at.pos;
    e = check_order(s, f);
    if (e == ERR_OK && (key & 7) == WIRE_BYTES)
        e = scan_delimited(s, f, wire);
    else if (e == ERR_OK)
        e = scan_number(&s->at, f, wire);
    if (e == ERR_OK && is_written_default(s, f, start))
        e = ERR_INVALID;
    return e == ERR_OK ? ERR_OK : fail(s, e, f->name, reason(e));
}

enum err msg_scan(const ProtobufCMessageDescriptor *desc, struct bytes wire, struct errmsg *why)
{
    if (wire.len == 0)
        return ERR_OK;
    struct scan s = {.depth = 1, .at = {wire.ptr, wire.ptr + wire.len}, .why = why};
    s.frames[0] = (struct frame){.desc = desc, .end = s.at.end};
    while (s.depth > 0) {
        if (s.at.pos < s.at.end) {
            enum err e = scan_field(&s);
            if (e != ERR_OK)
                return e;
            continue;
        }
        s.depth--;
        if (s.depth > 0)
            s.at.end = top(&s)->end;
    }
    return ERR_OK;
}

/* Steps over one value; *body gets what stands in it, *number a varint's value. */
static bool step(struct wire *c, unsigned wire, struct bytes *body, uint64_t *number)
{
    uint64_t len = 0;
    if (wire == WIRE_VARINT)
        return read_varint(c, number) == ERR_OK;
    if (wire == WIRE_64BIT)
        return skip(c, 8) == ERR_OK;
    if (wire == WIRE_32BIT)
        return skip(c, 4) == ERR_OK;
    if (wire != WIRE_BYTES || read_varint(c, &len) != ERR_OK)
        return false;
    *body = bytes_of(c->pos, (size_t)len);
    return skip(c, len) == ERR_OK;
}

/* The first value of a field that has this wire type. */
static bool peek(struct bytes scanned, uint32_t field, unsigned wire, struct bytes *body,
                 uint64_t *number)
{
    struct wire c = {scanned.ptr, scanned.ptr + scanned.len};
    uint64_t key = 0;
    while (c.pos < c.end) {
        if (read_varint(&c, &key) != ERR_OK || !step(&c, (unsigned)(key & 7), body, number))
            return false;
        if (key >> 3 == field)
            return (key & 7) == wire;
    }
    return false;
}

bool msg_peek_bytes(struct bytes scanned, uint32_t field, struct bytes *out)
{
    struct bytes body = {NULL, 0};
    uint64_t number = 0;
    bool found = scanned.len > 0 && peek(scanned, field, WIRE_BYTES, &body, &number);
    if (found)
        *out = body;
    return found;
}

bool msg_peek_number(struct bytes scanned, uint32_t field, uint64_t *out)
{
    struct bytes body = {NULL, 0};
    uint64_t number = 0;
    bool found = scanned.len > 0 && peek(scanned, field, WIRE_VARINT, &body, &number);
    if (found)
        *out = number;
    return found;
}
