#include "proto/msg/show.h"

#include "proto/msg/agency_head.pb-c.h"
#include "proto/msg/batch.pb-c.h"
#include "proto/msg/bodies.pb-c.h"
#include "proto/msg/consent.pb-c.h"
#include "proto/msg/envelope.pb-c.h"
#include "proto/msg/mail.pb-c.h"
#include "proto/msg/reply.pb-c.h"
#include "proto/msg/request.pb-c.h"
#include "proto/msg/scan.h"
#include "proto/msg/unpack.h"

#define SHOW_MAX_BYTES ((size_t)2 << 20)
_Static_assert(SHOW_MAX_DEPTH == MSG_MAX_DEPTH, "as deep as the strict reader lets through");

/* One message on the way: which field and, in a list, which item comes next. */
struct level {
    const ProtobufCMessage *message;
    unsigned field;
    size_t item;
    bool in_list;
};

struct walk {
    const struct show_sink *sink;
    struct level levels[SHOW_MAX_DEPTH];
    size_t depth;
};

static const ProtobufCMessageDescriptor *desc_of(enum sign_kind kind)
{
    static const ProtobufCMessageDescriptor *const descs[SIGN_KIND_COUNT] = {
        [SIGN_ENVELOPE] = &sluis__envelope__descriptor,
        [SIGN_BATCH] = &sluis__batch_header__descriptor,
        [SIGN_REQUEST] = &sluis__request_header__descriptor,
        [SIGN_CONSENT] = &sluis__consent__descriptor,
        [SIGN_RELEASE] = &sluis__release_content__descriptor,
        [SIGN_PROMISE] = &sluis__promise__descriptor,
        [SIGN_CLOSED] = &sluis__closed__descriptor,
        [SIGN_BODIES] = &sluis__bodies_query__descriptor,
        [SIGN_EXPORT] = &sluis__bodies_exported__descriptor,
        [SIGN_LOG_VOUCH] = &sluis__log_vouch__descriptor,
    };
    return kind < SIGN_KIND_COUNT ? descs[kind] : NULL;
}

static enum err push(struct walk *w, const ProtobufCMessage *m, const char *name)
{
    if (w->depth == SHOW_MAX_DEPTH)
        return ERR_TOO_LARGE;
    w->levels[w->depth++] = (struct level){.message = m};
    return w->sink->open_object(w->sink->ctx, name);
}

static enum err show_enum(const struct show_sink *s, const ProtobufCFieldDescriptor *f, int value,
                          const char *name)
{
    const ProtobufCEnumValue *v = protobuf_c_enum_descriptor_get_value(f->descriptor, value);
    return v != NULL ? s->text(s->ctx, name, bytes_str(v->name))
                     : s->number(s->ctx, name, value);
}

/* One value of a field; at points at it as protobuf-c lays it out. */
static enum err show_value(struct walk *w, const ProtobufCFieldDescriptor *f, const void *at,
                           const char *name)
{
    const struct show_sink *s = w->sink;
    switch (f->type) {
    case PROTOBUF_C_TYPE_STRING: return s->text(s->ctx, name, bytes_str(*(char *const *)at));
    case PROTOBUF_C_TYPE_BYTES:
        return s->bytes(s->ctx, name, msg_bytes(*(const ProtobufCBinaryData *)at));
    case PROTOBUF_C_TYPE_MESSAGE: {
        const ProtobufCMessage *m = *(ProtobufCMessage *const *)at;
        return m != NULL ? push(w, m, name) : ERR_OK;
    }
    case PROTOBUF_C_TYPE_ENUM: return show_enum(s, f, *(const int *)at, name);
    case PROTOBUF_C_TYPE_BOOL: return s->number(s->ctx, name, *(const protobuf_c_boolean *)at != 0);
    case PROTOBUF_C_TYPE_UINT32: return s->number(s->ctx, name, (int64_t)*(const uint32_t *)at);
    case PROTOBUF_C_TYPE_UINT64: {
        uint64_t v = *(const uint64_t *)at;
        return v <= INT64_MAX ? s->number(s->ctx, name, (int64_t)v) : ERR_RANGE;
    }
    case PROTOBUF_C_TYPE_INT64: return s->number(s->ctx, name, *(const int64_t *)at);
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_DOUBLE: break; /* the schema has none */
    }
    return ERR_UNKNOWN;
}

static size_t size_of(const ProtobufCFieldDescriptor *f)
{
    switch (f->type) {
    case PROTOBUF_C_TYPE_BYTES: return sizeof(ProtobufCBinaryData);
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE: return sizeof(void *);
    case PROTOBUF_C_TYPE_ENUM: return sizeof(int);
    case PROTOBUF_C_TYPE_UINT32: return sizeof(uint32_t);
    case PROTOBUF_C_TYPE_BOOL: return sizeof(protobuf_c_boolean);
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FLOAT: return 4;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE: break;
    }
    return 8;
}

static const void *member(const ProtobufCMessage *m, unsigned offset)
{
    return (const uint8_t *)m + offset;
}

/* The next item of the list at l, or its end. */
static enum err step_list(struct walk *w, struct level *l, const ProtobufCFieldDescriptor *f)
{
    size_t count = *(const size_t *)member(l->message, f->quantifier_offset);
    const uint8_t *items = *(uint8_t *const *)member(l->message, f->offset);
    if (!l->in_list) {
        l->in_list = true;
        l->item = 0;
        return w->sink->open_list(w->sink->ctx, f->name);
    }
    if (l->item < count)
        return show_value(w, f, items + size_of(f) * l->item++, NULL);
    l->in_list = false;
    l->field++;
    return w->sink->close(w->sink->ctx);
}

static enum err step(struct walk *w)
{
    struct level *l = &w->levels[w->depth - 1];
    if (l->field == l->message->descriptor->n_fields) {
        w->depth--;
        return w->sink->close(w->sink->ctx);
    }
    const ProtobufCFieldDescriptor *f = &l->message->descriptor->fields[l->field];
    if (f->label == PROTOBUF_C_LABEL_REPEATED)
        return step_list(w, l, f);
    l->field++;
    return show_value(w, f, member(l->message, f->offset), f->name);
}

enum err msg_show(enum sign_kind kind, struct bytes document, struct arena *a,
                  const struct show_sink *sink, struct errmsg *why)
{
    const ProtobufCMessageDescriptor *desc = desc_of(kind);
    const void *message = NULL;
    struct walk w = {.sink = sink};
    if (desc == NULL)
        return errmsg_set(why, ERR_UNKNOWN, "no document of that kind can be shown");
    enum err bad = msg_unpack(desc, document, SHOW_MAX_BYTES, a, &message, why);
    if (bad == ERR_OK)
        bad = push(&w, message, NULL);
    while (bad == ERR_OK && w.depth > 0)
        bad = step(&w);
    return bad;
}
