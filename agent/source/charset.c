#include "agent/source/charset.h"

#include <errno.h>
#include <iconv.h>
#include <stdlib.h>

struct charset {
    bool is_utf8;
    iconv_t cd;
};

#ifndef __clang__
/* gcc takes (iconv_t)-1, which is iconv's way to say "no", for a descriptor that leaks. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wanalyzer-malloc-leak"
#endif
struct charset *charset_new(enum mapping_encoding encoding)
{
    struct charset *c = calloc(1, sizeof *c);
    if (c == NULL)
        return NULL;
    c->is_utf8 = encoding == MAPPING_UTF_8;
    if (c->is_utf8)
        return c;
    iconv_t cd = iconv_open("UTF-8", mapping_encoding_id(encoding));
    if (cd == (iconv_t)-1) {
        free(c);
        return NULL;
    }
    c->cd = cd;
    return c;
}
#ifndef __clang__
#pragma GCC diagnostic pop
#endif

void charset_free(struct charset *c)
{
    if (c == NULL)
        return;
    if (!c->is_utf8)
        iconv_close(c->cd);
    free(c);
}

static bool is_ascii(struct bytes text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] >= 0x80)
            return false;
    return true;
}

static enum err convert(struct charset *c, struct bytes text, struct buf *scratch,
                        struct bytes *out)
{
    if (scratch->err != ERR_OK || scratch->cap - scratch->len < text.len)
        return ERR_TOO_LARGE;
    size_t from = scratch->len;
    size_t left = scratch->cap - from;
    char *to = (char *)scratch->ptr + from;
    /* iconv reads through a pointer that is not const, and does not write there. */
    union {
        const uint8_t *const_ptr;
        char *ptr;
    } in = {.const_ptr = text.ptr};
    size_t in_left = text.len;
    iconv(c->cd, NULL, NULL, NULL, NULL);
    if (iconv(c->cd, &in.ptr, &in_left, &to, &left) != 0)
        return errno == E2BIG ? ERR_TOO_LARGE : ERR_INVALID;
    scratch->len = scratch->cap - left;
    *out = bytes_of(scratch->ptr + from, scratch->len - from);
    return ERR_OK;
}

enum err charset_convert(struct charset *c, struct bytes text, struct buf *scratch,
                         struct bytes *out)
{
    if (c->is_utf8 && !bytes_is_utf8(text))
        return ERR_INVALID;
    if (!c->is_utf8 && !is_ascii(text))
        return convert(c, text, scratch, out);
    *out = text;
    return ERR_OK;
}
