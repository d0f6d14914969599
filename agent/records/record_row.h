/* Record versions as bytes: what a source said (content), and a stored version with what became of it
 * in a batch; blocks of stored versions. Everything here is inside sealed values. */
#ifndef SLUIS_RECORDS_RECORD_ROW_H
#define SLUIS_RECORDS_RECORD_ROW_H

#include "proto/base/arena.h"
#include "proto/base/buf.h"
#include "proto/base/hash.h"
#include "proto/base/ids.h"
#include "proto/ident/ident.h"

#define RECORD_FIELDS_MAX 128u
#define RECORD_IDENTIFIERS_MAX 32u
#define RECORD_BLOCK 32u /* versions in one row of the store */

/* The lists that the numbers in a record point into; the same for all records of a batch. */
struct record_shape {
    struct name_list fields;     /* ascending */
    struct name_list rules;      /* ascending; at most 32 */
    struct name_list categories; /* as the mapping lists them */
};

/* What a source said of one record, after the rules were asked. */
struct record_content {
    uint32_t rules;   /* bit i: rules.v[i] of the shape admits it */
    uint8_t category; /* position in the shape */
    const struct bytes *fields; /* one for each of the shape */
    const struct norm_ident *identifiers;
    size_t identifier_count;
};

/* One version as contributed. */
struct record_version {
    uint32_t expires_day;
    struct digest field_root;
    struct bytes content; /* of content_encode */
};

/* Appends; buf_err(out) tells. */
void content_encode(const struct record_content *c, size_t field_count, struct buf *out);
/* Views and copies in the arena. ERR_INVALID, ERR_TRUNCATED: the store is damaged; ERR_NOMEM. */
enum err content_decode(struct bytes data, const struct record_shape *shape, struct arena *a,
                        struct record_content *out) MUST_CHECK;
/* The first count fields alone, as views of data. ERR_TRUNCATED, ERR_TOO_LARGE. */
enum err content_fields(struct bytes data, size_t count, struct bytes *out) MUST_CHECK;
/* How many identifiers it has. Errors as content_decode. */
enum err content_identifiers(struct bytes data, size_t field_count, size_t *out) MUST_CHECK;

/* Appends one version to a block. */
void version_encode(const struct record_version *v, struct buf *block);
/* Finds the version at a position of a block. ERR_NOT_FOUND beyond its end; ERR_TRUNCATED. */
enum err version_at(struct bytes block, size_t position, struct record_version *out) MUST_CHECK;

void shape_encode(const struct record_shape *s, struct buf *out);
/* Reads a shape that stands at c, with copies in the arena; c keeps the error. */
struct cursor;
void shape_decode(struct cursor *c, struct arena *a, struct record_shape *out);

#endif
