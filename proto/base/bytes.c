#include "proto/base/bytes.h"

bool bytes_equal(struct bytes a, struct bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

int bytes_cmp(struct bytes a, struct bytes b)
{
    size_t n = a.len < b.len ? a.len : b.len;
    int c = n == 0 ? 0 : memcmp(a.ptr, b.ptr, n);
    if (c != 0)
        return c;
    return (a.len > b.len) - (a.len < b.len);
}

bool bytes_is(struct bytes b, const char *s)
{
    return bytes_equal(b, bytes_str(s));
}

bool bytes_ends(struct bytes b, const char *s)
{
    const size_t n = strlen(s);
    return b.len >= n && (n == 0 || memcmp(b.ptr + b.len - n, s, n) == 0);
}

/* Length of the sequence that starts with lead byte c, its least code point in *least; 0 if none. */
static size_t utf8_length(uint8_t c, uint32_t *least)
{
    if (c < 0x80) {
        *least = 1;
        return 1;
    }
    if (c >= 0xc2 && c <= 0xdf) {
        *least = 0x80;
        return 2;
    }
    if (c >= 0xe0 && c <= 0xef) {
        *least = 0x800;
        return 3;
    }
    if (c >= 0xf0 && c <= 0xf4) {
        *least = 0x10000;
        return 4;
    }
    return 0;
}

/* Eight bytes of 1 to 0x7f: taking one from each borrows nowhere and sets no high bit. */
static bool is_plain_ascii(const uint8_t *p)
{
    uint64_t w = 0;
    memcpy(&w, p, sizeof w);
    return ((w | (w - UINT64_C(0x0101010101010101))) & UINT64_C(0x8080808080808080)) == 0;
}

bool bytes_is_utf8(struct bytes b)
{
    size_t i = 0;
    while (i < b.len) {
        if (b.len - i >= 8 && is_plain_ascii(b.ptr + i)) {
            i += 8;
            continue;
        }
        uint32_t least = 0;
        size_t n = utf8_length(b.ptr[i], &least);
        if (n == 0 || n > b.len - i)
            return false;
        uint32_t cp = n == 1 ? b.ptr[i] : b.ptr[i] & (0xffu >> (n + 1));
        for (size_t k = 1; k < n; k++) {
            if ((b.ptr[i + k] & 0xc0) != 0x80)
                return false;
            cp = cp << 6 | (b.ptr[i + k] & 0x3f);
        }
        if (cp < least || cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff))
            return false;
        i += n;
    }
    return true;
}
