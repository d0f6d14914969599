#include "proto/json/doc.h"

#include <jansson.h>
#include <stddef.h>
#include <stdlib.h>

#include "proto/base/text.h"
#include "proto/base/when.h"

#define HEAD_BYTES _Alignof(max_align_t)

_Static_assert(HEAD_BYTES >= sizeof(size_t), "the size of an allocation lies before it");

/* What trees hold may be a key or name a person, and nothing of it stays when they are freed. */
static void *wiping_malloc(size_t n)
{
    char *block = n <= SIZE_MAX - HEAD_BYTES ? malloc(HEAD_BYTES + n) : NULL;
    if (block == NULL)
        return NULL;
    memcpy(block, &n, sizeof n);
    return block + HEAD_BYTES;
}

static void wiping_free(void *p)
{
    size_t n = 0;
    if (p == NULL)
        return;
    char *block = (char *)p - HEAD_BYTES;
    memcpy(&n, block, sizeof n);
    explicit_bzero(p, n);
    free(block);
}

/* Before anything allocates: jansson does not know what another pair of functions gave. */
__attribute__((constructor)) static void wipe_what_is_freed(void)
{
    json_set_alloc_funcs(wiping_malloc, wiping_free);
}

/* A struct doc is a jansson value under a name of our own; no object of this type exists. */
static json_t *as_json(const struct doc *d)
{
    return (json_t *)(uintptr_t)d;
}

static struct doc *as_doc(json_t *j)
{
    return (struct doc *)j;
}

void doc_free(struct doc *d)
{
    json_decref(as_json(d));
}

/* jansson's own limit is deeper; counts brackets outside strings. */
static bool is_too_deep(struct bytes text)
{
    unsigned depth = 0;
    bool in_text = false;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        if (in_text && c == '\\') {
            i++;
        } else if (c == '"') {
            in_text = !in_text;
        } else if (!in_text && (c == '{' || c == '[')) {
            if (++depth > DOC_DEPTH_MAX)
                return true;
        } else if (!in_text && (c == '}' || c == ']') && depth > 0) {
            depth--;
        }
    }
    return false;
}

enum err doc_parse(struct bytes text, size_t max_bytes, struct doc **out, struct errmsg *why)
{
    if (text.len > max_bytes)
        return errmsg_set(why, ERR_TOO_LARGE, "JSON of %zu bytes, at most %zu", text.len,
                          max_bytes);
    if (is_too_deep(text))
        return errmsg_set(why, ERR_TOO_LARGE, "JSON nested deeper than %d", DOC_DEPTH_MAX);
    json_error_t error;
    const char *data = text.len == 0 ? "" : (const char *)text.ptr;
    json_t *j = json_loadb(data, text.len, JSON_REJECT_DUPLICATES, &error);
    if (j == NULL)
        return errmsg_set(why, ERR_INVALID, "JSON line %d column %d: not valid", error.line,
                          error.column);
    *out = as_doc(j);
    return ERR_OK;
}

static int write_chunk(const char *data, size_t size, void *arg)
{
    struct buf *out = arg;
    buf_put(out, bytes_of(data, size));
    return out->err == ERR_OK ? 0 : -1;
}

static enum err write_with(const struct doc *d, size_t flags, struct buf *out)
{
    if (json_dump_callback(as_json(d), write_chunk, out, flags) != 0)
        return buf_err(out) != ERR_OK ? buf_err(out) : ERR_NOMEM;
    return buf_err(out);
}

enum err doc_write(const struct doc *d, struct buf *out)
{
    return write_with(d, JSON_COMPACT, out);
}

enum err doc_write_pretty(const struct doc *d, struct buf *out)
{
    enum err e = write_with(d, JSON_INDENT(2), out);
    if (e != ERR_OK)
        return e;
    buf_put_str(out, "\n");
    return buf_err(out);
}

/* The member, or NULL with *e set. */
static json_t *member(const struct doc *d, const char *key, enum err *e, struct errmsg *why)
{
    json_t *j = json_object_get(as_json(d), key);
    if (j == NULL || json_is_null(j)) {
        *e = errmsg_set(why, ERR_NOT_FOUND, "\"%s\" is missing", key);
        return NULL;
    }
    *e = ERR_OK;
    return j;
}

static enum err wrong_kind(const char *key, const char *expected, struct errmsg *why)
{
    return errmsg_set(why, ERR_INVALID, "\"%s\": expected %s", key, expected);
}

enum err doc_plain_of(const struct doc *value, struct buf *out)
{
    const json_t *j = as_json(value);
    switch (json_typeof(j)) {
    case JSON_STRING:
        buf_put(out, bytes_of((const uint8_t *)json_string_value(j), json_string_length(j)));
        return buf_err(out);
    case JSON_INTEGER:
        buf_printf(out, "%lld", (long long)json_integer_value(j));
        return buf_err(out);
    case JSON_REAL:
        buf_printf(out, "%.15g", json_real_value(j));
        return buf_err(out);
    case JSON_TRUE:
        buf_put_str(out, "true");
        return buf_err(out);
    case JSON_FALSE:
        buf_put_str(out, "false");
        return buf_err(out);
    case JSON_NULL:
        return ERR_OK;
    case JSON_OBJECT:
    case JSON_ARRAY:
        break;
    }
    return ERR_INVALID;
}

enum err doc_text_of(const struct doc *value, size_t max, struct bytes *out)
{
    json_t *j = as_json(value);
    if (!json_is_string(j))
        return ERR_INVALID;
    if (json_string_length(j) > max)
        return ERR_TOO_LARGE;
    *out = bytes_of(json_string_value(j), json_string_length(j));
    return ERR_OK;
}

enum err doc_int_of(const struct doc *value, int64_t min, int64_t max, int64_t *out)
{
    json_t *j = as_json(value);
    if (!json_is_integer(j))
        return ERR_INVALID;
    int64_t n = json_integer_value(j);
    if (n < min || n > max)
        return ERR_RANGE;
    *out = n;
    return ERR_OK;
}

enum err doc_bool_of(const struct doc *value, bool *out)
{
    json_t *j = as_json(value);
    if (!json_is_boolean(j))
        return ERR_INVALID;
    *out = json_is_true(j);
    return ERR_OK;
}

enum err doc_get_text(const struct doc *d, const char *key, size_t max, struct bytes *out,
                      struct errmsg *why)
{
    enum err e;
    json_t *j = member(d, key, &e, why);
    if (j == NULL)
        return e;
    e = doc_text_of(as_doc(j), max, out);
    if (e == ERR_TOO_LARGE)
        return errmsg_set(why, e, "\"%s\": over %zu bytes", key, max);
    return e == ERR_OK ? ERR_OK : wrong_kind(key, "text", why);
}

enum err doc_get_int(const struct doc *d, const char *key, int64_t min, int64_t max, int64_t *out,
                     struct errmsg *why)
{
    enum err e;
    json_t *j = member(d, key, &e, why);
    if (j == NULL)
        return e;
    if (!json_is_integer(j))
        return wrong_kind(key, "a whole number", why);
    int64_t v = json_integer_value(j);
    if (v < min || v > max)
        return errmsg_set(why, ERR_RANGE, "\"%s\": expected %lld to %lld", key, (long long)min,
                          (long long)max);
    *out = v;
    return ERR_OK;
}

enum err doc_get_bool(const struct doc *d, const char *key, bool *out, struct errmsg *why)
{
    enum err e;
    json_t *j = member(d, key, &e, why);
    if (j == NULL)
        return e;
    if (!json_is_boolean(j))
        return wrong_kind(key, "true or false", why);
    *out = json_is_true(j);
    return ERR_OK;
}

enum err doc_get_base64(const struct doc *d, const char *key, struct buf *out, struct errmsg *why)
{
    struct bytes text = {0};
    enum err e = doc_get_text(d, key, SIZE_MAX, &text, why);
    if (e != ERR_OK)
        return e;
    e = text_get_base64(text, out);
    return e == ERR_INVALID ? wrong_kind(key, "base64", why) : e;
}

enum err doc_get_object(const struct doc *d, const char *key, const struct doc **out,
                        struct errmsg *why)
{
    enum err e;
    json_t *j = member(d, key, &e, why);
    if (j == NULL)
        return e;
    if (!json_is_object(j))
        return wrong_kind(key, "an object", why);
    *out = as_doc(j);
    return ERR_OK;
}

enum err doc_get_array(const struct doc *d, const char *key, const struct doc **out,
                       struct errmsg *why)
{
    enum err e;
    json_t *j = member(d, key, &e, why);
    if (j == NULL)
        return e;
    if (!json_is_array(j))
        return wrong_kind(key, "a list", why);
    *out = as_doc(j);
    return ERR_OK;
}

bool doc_has(const struct doc *d, const char *key)
{
    json_t *j = json_object_get(as_json(d), key);
    return j != NULL && !json_is_null(j);
}

bool doc_is_object(const struct doc *d)
{
    return json_is_object(as_json(d));
}

bool doc_is_array(const struct doc *d)
{
    return json_is_array(as_json(d));
}

size_t doc_count(const struct doc *array)
{
    return json_array_size(as_json(array));
}

const struct doc *doc_at(const struct doc *array, size_t i)
{
    return as_doc(json_array_get(as_json(array), i));
}

bool doc_next(const struct doc *object, void **iter, const char **key, const struct doc **value)
{
    json_t *j = as_json(object);
    *iter = *iter == NULL ? json_object_iter(j) : json_object_iter_next(j, *iter);
    if (*iter == NULL)
        return false;
    *key = json_object_iter_key(*iter);
    *value = as_doc(json_object_iter_value(*iter));
    return true;
}

struct doc *doc_new_object(void)
{
    return as_doc(json_object());
}

struct doc *doc_new_array(void)
{
    return as_doc(json_array());
}

struct doc *doc_new_text(struct bytes text)
{
    const char *data = text.len == 0 ? "" : (const char *)text.ptr;
    return as_doc(json_stringn(data, text.len));
}

struct doc *doc_new_lines(struct bytes text)
{
    struct doc *list = doc_new_array();
    enum err bad = list != NULL ? ERR_OK : ERR_NOMEM;
    while (bad == ERR_OK && text.len > 0) {
        const uint8_t *end = memchr(text.ptr, '\n', text.len);
        size_t n = end != NULL ? (size_t)(end - text.ptr) : text.len;
        bad = doc_append(list, doc_new_text(bytes_of(text.ptr, n)));
        n += end != NULL;
        text = bytes_of(text.ptr + n, text.len - n);
    }
    if (bad == ERR_OK)
        return list;
    doc_free(list);
    return NULL;
}

struct doc *doc_new_int(int64_t v)
{
    return as_doc(json_integer(v));
}

struct doc *doc_new_bool(bool v)
{
    return as_doc(json_boolean(v));
}

enum err doc_put(struct doc *object, const char *key, struct doc *value)
{
    return json_object_set_new(as_json(object), key, as_json(value)) == 0 ? ERR_OK : ERR_NOMEM;
}

enum err doc_append(struct doc *array, struct doc *value)
{
    return json_array_append_new(as_json(array), as_json(value)) == 0 ? ERR_OK : ERR_NOMEM;
}

struct doc *doc_copy(const struct doc *d)
{
    return as_doc(json_deep_copy(as_json(d)));
}

struct doc_build doc_build_of(struct doc *object)
{
    return (struct doc_build){.object = object, .err = object == NULL ? ERR_NOMEM : ERR_OK};
}

void doc_put_doc(struct doc_build *b, const char *key, struct doc *value)
{
    if (b->err == ERR_OK)
        b->err = doc_put(b->object, key, value);
    else
        doc_free(value);
}

void doc_put_text(struct doc_build *b, const char *key, struct bytes text)
{
    if (b->err == ERR_OK && !bytes_is_utf8(text))
        b->err = ERR_INVALID;
    if (b->err == ERR_OK)
        doc_put_doc(b, key, doc_new_text(text));
}

void doc_put_str(struct doc_build *b, const char *key, const char *text)
{
    doc_put_text(b, key, bytes_str(text));
}

void doc_put_int(struct doc_build *b, const char *key, int64_t v)
{
    doc_put_doc(b, key, doc_new_int(v));
}

void doc_put_bool(struct doc_build *b, const char *key, bool v)
{
    doc_put_doc(b, key, doc_new_bool(v));
}

/* Puts the text that `put` makes of data. */
static void put_encoded(struct doc_build *b, const char *key, struct bytes data,
                        void (*put)(struct buf *, struct bytes))
{
    struct buf text CLEANUP(buf_free) = buf_new(SIZE_MAX / 4);
    put(&text, data);
    if (b->err == ERR_OK)
        b->err = buf_err(&text);
    doc_put_text(b, key, buf_bytes(&text));
}

void doc_put_base64(struct doc_build *b, const char *key, struct bytes data)
{
    put_encoded(b, key, data, text_put_base64);
}

void doc_put_hex(struct doc_build *b, const char *key, struct bytes data)
{
    put_encoded(b, key, data, text_put_hex);
}

void doc_put_time(struct doc_build *b, const char *key, int64_t unix_s)
{
    char text[WHEN_TEXT_SIZE];
    when_text(unix_s, text);
    doc_put_str(b, key, text);
}

enum err doc_build_done(const struct doc_build *b)
{
    return b->err;
}
