#include "proto/log/manifest.h"

#include <string.h>

#include "proto/base/text.h"

#define DIGEST_HEX (2 * sizeof(struct digest))

static bool is_char(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-';
}

/* One or two parts, none of which is empty or begins with a dot. */
static bool is_name(struct bytes name)
{
    size_t slashes = 0;
    bool begins = true;
    if (name.len == 0 || name.len >= MANIFEST_NAME_SIZE)
        return false;
    for (size_t i = 0; i < name.len; i++) {
        const uint8_t c = name.ptr[i];
        if (begins && (c == '/' || c == '.'))
            return false;
        if (c != '/' && !is_char(c))
            return false;
        slashes += c == '/';
        begins = c == '/';
    }
    return slashes <= 1 && !begins;
}

enum err manifest_put(struct buf *out, const char *name, const struct digest *digest)
{
    if (!is_name(bytes_str(name)))
        return ERR_INVALID;
    text_put_hex(out, digest_bytes(digest));
    buf_printf(out, "  %s\n", name);
    return buf_err(out);
}

/* Only what text_put_hex writes: a line has one spelling. */
static bool is_lower(struct bytes hex)
{
    bool lower = true;
    for (size_t i = 0; i < hex.len; i++)
        lower = lower && (hex.ptr[i] < 'A' || hex.ptr[i] > 'F');
    return lower;
}

/* The line without its end. */
static enum err parse(struct bytes line, struct manifest_line *out)
{
    if (line.len < DIGEST_HEX + 2 || memcmp(line.ptr + DIGEST_HEX, "  ", 2) != 0)
        return ERR_INVALID;
    const struct bytes name = bytes_of(line.ptr + DIGEST_HEX + 2, line.len - DIGEST_HEX - 2);
    const struct bytes hex = bytes_of(line.ptr, DIGEST_HEX);
    struct manifest_line l = {.name = ""};
    if (!is_name(name) || !is_lower(hex) ||
        text_get_hex(hex, l.digest.b, sizeof l.digest.b) != ERR_OK)
        return ERR_INVALID;
    memcpy(l.name, name.ptr, name.len);
    *out = l;
    return ERR_OK;
}

enum err manifest_next(struct bytes *rest, const char *after, struct manifest_line *out)
{
    struct manifest_line l;
    if (rest->len == 0)
        return ERR_NOT_FOUND;
    const uint8_t *end = memchr(rest->ptr, '\n', rest->len);
    if (end == NULL)
        return ERR_INVALID;
    const size_t n = (size_t)(end - rest->ptr);
    const enum err e = parse(bytes_of(rest->ptr, n), &l);
    if (e != ERR_OK || strcmp(after, l.name) >= 0)
        return ERR_INVALID;
    *rest = bytes_of(end + 1, rest->len - n - 1);
    *out = l;
    return ERR_OK;
}
