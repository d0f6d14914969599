/* The auditors' copy of bodies (decision 0413): segments, each under a key of its own that is sealed to the auditors'
 * agencies. A segment holds bodies that end on one day, so that they go with it. */
#ifndef SLUIS_LOG_BODY_COPY_H
#define SLUIS_LOG_BODY_COPY_H

#include "proto/base/buf.h"
#include "proto/base/hash.h"
#include "proto/base/ids.h"
#include "proto/log/entry.h"

#define BODY_COPY_KEY_BYTES 32u
#define BODY_COPY_SEALED_MAX (ENTRY_BODY_MAX + 64u)
#define BODY_COPY_NAME_SIZE 24u /* of a segment: 5 digits, '-', 16 hex digits, NUL; of a filler key one more */
#define BODY_COPY_FOR_GOOD 99999u
#define BODY_COPY_CONTENT_MAX 1024u

/* One body in a segment. */
struct body_copy_record {
    uint64_t index;
    struct digest entry;
    struct bytes sealed;
};

/* Appends a record. */
void body_copy_put(struct buf *out, const struct body_copy_record *r);

/* Takes the first record of *rest. ERR_NOT_FOUND at the end; ERR_TRUNCATED: the rest is the beginning of one;
 * ERR_TOO_LARGE: its length is beyond any record's. */
enum err body_copy_next(struct bytes *rest, struct body_copy_record *out) MUST_CHECK;

/* The name of a segment: the day on which it ends (since 1970, or BODY_COPY_FOR_GOOD) and something random. */
struct body_copy_name {
    char s[BODY_COPY_NAME_SIZE];
};
void body_copy_name_of(uint32_t day, struct bytes random, struct body_copy_name *out);
/* ERR_INVALID: not the name of a segment, with or without an ending behind a dot. */
enum err body_copy_name_parse(const char *text, struct body_copy_name *out,
                              uint32_t *day) MUST_CHECK;

/* The name of a log's filler key in the copy, by the digest to which that log commits; it has no bodies and no day. */
void body_copy_filler_name(const struct digest *commitment, struct body_copy_name *out);
/* ERR_INVALID: not the name of one, with or without an ending behind a dot. */
enum err body_copy_filler_parse(const char *text, struct body_copy_name *out) MUST_CHECK;

/* What lies in the envelope of a segment's key, or of a filler key: join(LABEL_BODY_COPY, deployment, origin, name, key). */
struct body_copy_content {
    struct bytes deployment;
    struct bytes origin;
    struct bytes name;
    struct bytes key; /* BODY_COPY_KEY_BYTES */
};
void body_copy_content_put(struct buf *out, const struct body_copy_content *c);
/* Views of data. ERR_INVALID, ERR_TRUNCATED, ERR_TOO_LARGE. */
enum err body_copy_content_parse(struct bytes data, struct body_copy_content *out) MUST_CHECK;

#endif
