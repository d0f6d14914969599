#include "proto/json/json_writer.h"

#include <inttypes.h>

#include "proto/base/text.h"

struct json_writer json_writer_of(struct buf *out)
{
    return (struct json_writer){.out = out};
}

static void fail(struct json_writer *w, enum err e)
{
    if (w->out->err == ERR_OK)
        w->out->err = e;
}

/* Characters that JSON does not take as they are; also '<' and DEL, so that no reader of the text
 * (a terminal, a page) takes them for something else. */
static bool must_escape(uint8_t c)
{
    return c < 0x20 || c == '"' || c == '\\' || c == 0x7f || c == '<';
}

static void put_quoted(struct json_writer *w, struct bytes text)
{
    if (!bytes_is_utf8(text)) {
        fail(w, ERR_INVALID);
        return;
    }
    buf_put_u8(w->out, '"');
    size_t start = 0;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        if (!must_escape(c))
            continue;
        buf_put(w->out, bytes_of(text.ptr + start, i - start));
        start = i + 1;
        if (c == '"' || c == '\\')
            buf_printf(w->out, "\\%c", c);
        else
            buf_printf(w->out, "\\u%04x", (unsigned)c);
    }
    buf_put(w->out, bytes_of(text.ptr + start, text.len - start));
    buf_put_u8(w->out, '"');
}

/* The comma before a second member, and the key. */
static void lead(struct json_writer *w, const char *key)
{
    bool in_object = w->depth > 0 && w->closer[w->depth] == '}';
    if (in_object != (key != NULL) || (w->depth == 0 && w->filled[0])) {
        fail(w, ERR_INVALID);
        return;
    }
    if (w->filled[w->depth])
        buf_put_u8(w->out, ',');
    w->filled[w->depth] = true;
    if (key != NULL) {
        put_quoted(w, bytes_str(key));
        buf_put_u8(w->out, ':');
    }
}

static void open_with(struct json_writer *w, const char *key, char opener, char closer)
{
    lead(w, key);
    if (w->depth == JSON_WRITER_DEPTH) {
        fail(w, ERR_LIMIT);
        return;
    }
    w->depth++;
    w->filled[w->depth] = false;
    w->closer[w->depth] = closer;
    buf_put_u8(w->out, (uint8_t)opener);
}

void json_put_object(struct json_writer *w, const char *key)
{
    open_with(w, key, '{', '}');
}

void json_put_array(struct json_writer *w, const char *key)
{
    open_with(w, key, '[', ']');
}

void json_put_end(struct json_writer *w)
{
    if (w->depth == 0) {
        fail(w, ERR_INVALID);
        return;
    }
    buf_put_u8(w->out, (uint8_t)w->closer[w->depth]);
    w->depth--;
}

void json_put_text(struct json_writer *w, const char *key, struct bytes text)
{
    lead(w, key);
    put_quoted(w, text);
}

void json_put_str(struct json_writer *w, const char *key, const char *text)
{
    json_put_text(w, key, bytes_str(text));
}

void json_put_int(struct json_writer *w, const char *key, int64_t v)
{
    lead(w, key);
    buf_printf(w->out, "%" PRId64, v);
}

void json_put_uint(struct json_writer *w, const char *key, uint64_t v)
{
    lead(w, key);
    buf_printf(w->out, "%" PRIu64, v);
}

void json_put_bool(struct json_writer *w, const char *key, bool v)
{
    lead(w, key);
    buf_put_str(w->out, v ? "true" : "false");
}

void json_put_null(struct json_writer *w, const char *key)
{
    lead(w, key);
    buf_put_str(w->out, "null");
}

void json_put_hex(struct json_writer *w, const char *key, struct bytes data)
{
    lead(w, key);
    buf_put_u8(w->out, '"');
    text_put_hex(w->out, data);
    buf_put_u8(w->out, '"');
}

void json_put_base64(struct json_writer *w, const char *key, struct bytes data)
{
    lead(w, key);
    buf_put_u8(w->out, '"');
    text_put_base64(w->out, data);
    buf_put_u8(w->out, '"');
}

enum err json_writer_done(const struct json_writer *w)
{
    if (buf_err(w->out) != ERR_OK)
        return buf_err(w->out);
    return w->depth == 0 && w->filled[0] ? ERR_OK : ERR_INVALID;
}
