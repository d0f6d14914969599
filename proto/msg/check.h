/* Validation of a decoded message's fields, one line a field, with a sticky error: after the first
 * failure the rest do nothing and check_done() tells. Only codecs include this. */
#ifndef SLUIS_MSG_CHECK_H
#define SLUIS_MSG_CHECK_H

#include "proto/base/enums.h"
#include "proto/msg/unpack.h"

struct check {
    const char *message; /* its name in errors */
    struct arena *arena;
    struct errmsg *why;
    enum err err;
};

static inline struct check check_new(const char *message, struct arena *a, struct errmsg *why)
{
    return (struct check){.message = message, .arena = a, .why = why};
}

/* The first failure; why then begins with the message's name. */
enum err check_done(struct check *c) MUST_CHECK;

/* Records a failure of field. */
void check_fail(struct check *c, enum err e, const char *field, const char *expected);

void check_name(struct check *c, const char *field, const char *s, struct name *out);
void check_oin(struct check *c, const char *field, const char *s, struct agency_id *out);
void check_names(struct check *c, struct msg_names_in in, const struct name **out, size_t *count);

/* Exactly n bytes. */
void check_fixed(struct check *c, const char *field, ProtobufCBinaryData d, struct bytes out);
#define CHECK_FIXED(c, field, data, object)                                                        \
    check_fixed((c), (field), (data), bytes_of(&(object), sizeof(object)))

/* A list of fixed 16- or 32-byte or text values. */
void check_count(struct check *c, const char *field, size_t count, size_t min, size_t max);

struct check_limits {
    size_t min;
    size_t max;
};
void check_bytes(struct check *c, const char *field, ProtobufCBinaryData d,
                 struct check_limits limits, struct bytes *out);
void check_text(struct check *c, const char *field, const char *s, struct check_limits limits,
                struct bytes *out);

/* A number in [min..max]. */
void check_u64(struct check *c, const char *field, uint64_t v, uint64_t min, uint64_t max);

/* Seconds since 1970, from 1 to the end of year 9999; 0 only with check_time_or_zero. */
void check_time(struct check *c, const char *field, int64_t v);
void check_time_or_zero(struct check *c, const char *field, int64_t v);

void check_suite(struct check *c, const char *field, const char *s, enum suite *out);
void check_ident_type(struct check *c, const char *field, uint64_t v, enum ident_type *out);

/* A Merkle path: index < size, whole hashes, at most 64. */
struct check_path {
    uint64_t index;
    uint64_t size;
    ProtobufCBinaryData hashes;
};
void check_merkle_path(struct check *c, const char *field, const struct check_path *p,
                       struct merkle_path *out);

/* count zeroed objects of size bytes in the arena, or NULL with the failure recorded. */
void *check_array(struct check *c, size_t count, size_t size);

#endif
