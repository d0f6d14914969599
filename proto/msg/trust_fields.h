/* Fields that several documents of trust share. For the codecs of this family only. */
#ifndef SLUIS_MSG_TRUST_FIELDS_H
#define SLUIS_MSG_TRUST_FIELDS_H

#include "proto/msg/roster.h"
#include "proto/msg/trust.pb-c.h"

/* What one decoder carries along. */
struct trust_reader {
    struct arena *arena;
    sha256_fn sha256;
    struct errmsg *why;
};

/* A member or officer from its message. Checks each field by itself, not the parts of its kind. */
enum err trust_get_member(const struct trust_reader *r, const Sluis__Trust__Member *m,
                          struct roster_member *out) MUST_CHECK;
enum err trust_get_officer(const struct trust_reader *r, const Sluis__Trust__Officer *m,
                           struct roster_officer *out) MUST_CHECK;

/* An optional certificate; empty yields {0}. */
enum err trust_get_cert(const struct trust_reader *r, ProtobufCBinaryData d, const char *field,
                        struct roster_cert *out) MUST_CHECK;

/* The reverse: fills *out with views of m and with lists in a. ERR_NOMEM. */
enum err trust_put_member(const struct roster_member *m, struct arena *a,
                          Sluis__Trust__Member *out) MUST_CHECK;
enum err trust_put_officer(const struct roster_officer *o, struct arena *a,
                           Sluis__Trust__Officer *out) MUST_CHECK;

/* A NUL-terminated copy for a generated struct; NULL where a is full. */
char *trust_put_text(struct arena *a, struct bytes text);

/* The names as C strings. NULL where a is full. */
char **trust_put_names(struct name_list list, struct arena *a);

#endif
