/* JSON between programs: strict parsing under caps, typed reading with clear errors, building and
 * writing. Only proto/json includes jansson. For the control socket, fact files and `--json` output;
 * audit bodies have a codec of their own. What a tree holds is wiped when it is freed. */
#ifndef SLUIS_JSON_DOC_H
#define SLUIS_JSON_DOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/buf.h"

#define DOC_DEPTH_MAX 16

/* One JSON value and what is inside it. A tree has one owner: what doc_new_* or doc_parse returned
 * and was not given to doc_put or doc_append. Values read out of a tree are borrowed from it. */
struct doc;

void doc_free(struct doc *d); /* doc_free(NULL) is a no-op; never on a borrowed value */
DEFINE_CLEANUP(struct doc, doc_free)

/* Parses one JSON object or array: UTF-8, no duplicate keys, no NUL in text, at most DOC_DEPTH_MAX
 * levels, at most max_bytes. ERR_TOO_LARGE, ERR_INVALID (why has line and column), ERR_NOMEM. */
enum err doc_parse(struct bytes text, size_t max_bytes, struct doc **out,
                   struct errmsg *why) MUST_CHECK;

/* Appends d as one line of compact JSON, keys in order of insertion. Control characters are escaped.
 * ERR_NOMEM or what buf_err(out) says. */
enum err doc_write(const struct doc *d, struct buf *out) MUST_CHECK;
/* The same, indented for people, with a final newline. */
enum err doc_write_pretty(const struct doc *d, struct buf *out) MUST_CHECK;

/* Reading a member of an object. ERR_NOT_FOUND where key is absent or null, ERR_INVALID where it has
 * another kind, ERR_TOO_LARGE / ERR_RANGE outside its limits; why (may be NULL) names the key.
 * Views live as long as the tree. */
enum err doc_get_text(const struct doc *d, const char *key, size_t max, struct bytes *out,
                      struct errmsg *why) MUST_CHECK;
enum err doc_get_int(const struct doc *d, const char *key, int64_t min, int64_t max, int64_t *out,
                     struct errmsg *why) MUST_CHECK;
enum err doc_get_bool(const struct doc *d, const char *key, bool *out,
                      struct errmsg *why) MUST_CHECK;
/* Base64 text as bytes, appended to out. */
enum err doc_get_base64(const struct doc *d, const char *key, struct buf *out,
                        struct errmsg *why) MUST_CHECK;
enum err doc_get_object(const struct doc *d, const char *key, const struct doc **out,
                        struct errmsg *why) MUST_CHECK;
enum err doc_get_array(const struct doc *d, const char *key, const struct doc **out,
                       struct errmsg *why) MUST_CHECK;
bool doc_has(const struct doc *d, const char *key);

/* What a value is, and its elements. */
bool doc_is_object(const struct doc *d);
bool doc_is_array(const struct doc *d);
size_t doc_count(const struct doc *array);
const struct doc *doc_at(const struct doc *array, size_t i); /* NULL beyond the end */
enum err doc_text_of(const struct doc *value, size_t max, struct bytes *out) MUST_CHECK;
enum err doc_int_of(const struct doc *value, int64_t min, int64_t max, int64_t *out) MUST_CHECK;
enum err doc_bool_of(const struct doc *value, bool *out) MUST_CHECK;
/* A text, number, truth value or null as the text that a table would hold: appended to out; null is "".
 * A number with a fraction has at most 15 digits. ERR_INVALID for an object or a list; what buf_err says. */
enum err doc_plain_of(const struct doc *value, struct buf *out) MUST_CHECK;

/* Going through an object's members: start with *iter NULL; false at the end. */
bool doc_next(const struct doc *object, void **iter, const char **key, const struct doc **value);

/* Building. doc_new_* return NULL without memory. The put and append functions take value, also on
 * failure and also where it is NULL (then ERR_NOMEM); text must be UTF-8 (else ERR_INVALID). A key
 * that is there is replaced. */
struct doc *doc_new_object(void);
struct doc *doc_new_array(void);
struct doc *doc_new_text(struct bytes text);
/* A list with each line of the text; empty for an empty one. */
struct doc *doc_new_lines(struct bytes text);
struct doc *doc_new_int(int64_t v);
struct doc *doc_new_bool(bool v);
enum err doc_put(struct doc *object, const char *key, struct doc *value) MUST_CHECK;
enum err doc_append(struct doc *array, struct doc *value) MUST_CHECK;
/* A deep copy with an owner of its own; NULL without memory. */
struct doc *doc_copy(const struct doc *d);

/* Builder with a sticky error, so that a report is one line a member: after the last,
 * doc_build_done() tells whether all went in. */
struct doc_build {
    struct doc *object; /* borrowed */
    enum err err;
};
struct doc_build doc_build_of(struct doc *object);
void doc_put_text(struct doc_build *b, const char *key, struct bytes text);
void doc_put_str(struct doc_build *b, const char *key, const char *text);
void doc_put_int(struct doc_build *b, const char *key, int64_t v);
void doc_put_bool(struct doc_build *b, const char *key, bool v);
void doc_put_base64(struct doc_build *b, const char *key, struct bytes data);
void doc_put_hex(struct doc_build *b, const char *key, struct bytes data);
void doc_put_time(struct doc_build *b, const char *key, int64_t unix_s);
void doc_put_doc(struct doc_build *b, const char *key, struct doc *value); /* takes value */
enum err doc_build_done(const struct doc_build *b) MUST_CHECK;

#endif
