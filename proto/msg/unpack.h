/* What every codec in this folder shares: a strict unpack into an arena, a pack into a buffer, and
 * the checks of single fields. Only codecs include this; protobuf-c types stay in this folder.
 *
 * The way of every decoder: msg_unpack (size cap, msg_scan, protobuf-c), then validate every field
 * into a struct of our own whose views point into the arena; nothing else ever sees a Sluis__ type.
 * Signed messages are verified over the bytes as received and never encoded again. */
#ifndef SLUIS_MSG_UNPACK_H
#define SLUIS_MSG_UNPACK_H

#include <protobuf-c/protobuf-c.h>

#include "proto/base/arena.h"
#include "proto/base/buf.h"
#include "proto/base/hash.h"
#include "proto/base/ids.h"

/* Reads wire as one message of kind desc. *out points to its generated struct inside a, valid until
 * arena_reset; assign it to a `const Sluis__X *`.
 * ERR_TOO_LARGE over max_bytes; ERR_NOMEM where the arena is full; else as msg_scan. */
enum err msg_unpack(const ProtobufCMessageDescriptor *desc, struct bytes wire, size_t max_bytes,
                    struct arena *a, const void **out, struct errmsg *why) MUST_CHECK;

/* Appends the packed message to out. ERR_NOMEM, ERR_TOO_LARGE (cap of out). */
enum err msg_pack(const ProtobufCMessage *m, struct buf *out) MUST_CHECK;

/* Views between the two worlds. msg_data points at the same memory (protobuf-c only reads it when
 * packing). */
static inline struct bytes msg_bytes(ProtobufCBinaryData d)
{
    return bytes_of(d.data, d.len);
}
ProtobufCBinaryData msg_data(struct bytes b);

/* A C string for a generated struct, only ever read by packing. */
char *msg_text(const char *s);

/* Exactly n bytes into out; ERR_INVALID for any other length. field goes into why. */
enum err msg_get_fixed(ProtobufCBinaryData d, void *out, size_t n, const char *field,
                       struct errmsg *why) MUST_CHECK;

/* A value of 1..max bytes as a view. ERR_INVALID when empty, ERR_TOO_LARGE. */
enum err msg_get_bytes(ProtobufCBinaryData d, size_t max, const char *field, struct bytes *out,
                       struct errmsg *why) MUST_CHECK;

/* Text of min..max bytes without control characters. ERR_INVALID, ERR_TOO_LARGE. */
enum err msg_get_text(const char *s, size_t min, size_t max, const char *field, struct bytes *out,
                      struct errmsg *why) MUST_CHECK;

/* As agency_id_parse and name_parse, with the field in why. */
enum err msg_get_oin(const char *s, struct agency_id *out, const char *field,
                     struct errmsg *why) MUST_CHECK;
enum err msg_get_name(const char *s, struct name *out, const char *field,
                      struct errmsg *why) MUST_CHECK;

/* A list of names into the arena, strictly ascending by bytes (so: none twice), at most max.
 * ERR_DUPLICATE where one is not greater than the one before, ERR_TOO_LARGE, ERR_NOMEM, ERR_INVALID. */
struct msg_names_in {
    char **v;
    size_t count;
    size_t max;
    const char *field;
};
enum err msg_get_names(struct msg_names_in in, struct arena *a, struct name_list *out,
                       struct errmsg *why) MUST_CHECK;

#endif
