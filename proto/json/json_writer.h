/* Writes JSON text without a tree: members in the order of the calls, no white space. */
#ifndef SLUIS_JSON_JSON_WRITER_H
#define SLUIS_JSON_JSON_WRITER_H

#include "proto/base/buf.h"

#define JSON_WRITER_DEPTH 16

struct json_writer {
    struct buf *out;
    unsigned depth;
    bool filled[JSON_WRITER_DEPTH + 1];
    char closer[JSON_WRITER_DEPTH + 1];
};

/* A writer that appends to out. Errors stick to out: ERR_INVALID for text that is not UTF-8 or for
 * calls that do not nest, ERR_LIMIT over JSON_WRITER_DEPTH. */
struct json_writer json_writer_of(struct buf *out);

/* key: the member's name inside an object, NULL inside an array and at the top. */
void json_put_object(struct json_writer *w, const char *key);
void json_put_array(struct json_writer *w, const char *key);

/* Ends the innermost object or array. */
void json_put_end(struct json_writer *w);

void json_put_str(struct json_writer *w, const char *key, const char *text);
void json_put_text(struct json_writer *w, const char *key, struct bytes text);
void json_put_int(struct json_writer *w, const char *key, int64_t v);
void json_put_uint(struct json_writer *w, const char *key, uint64_t v);
void json_put_bool(struct json_writer *w, const char *key, bool v);
void json_put_null(struct json_writer *w, const char *key);
void json_put_hex(struct json_writer *w, const char *key, struct bytes data);
void json_put_base64(struct json_writer *w, const char *key, struct bytes data);

/* What buf_err(out) says, or ERR_INVALID where something is still open. */
enum err json_writer_done(const struct json_writer *w) MUST_CHECK;

#endif
