#include "proto/base/text.h"

static const char hex_digits[] = "0123456789abcdef";
static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void text_put_hex(struct buf *b, struct bytes data)
{
    for (size_t i = 0; i < data.len; i++) {
        buf_put_u8(b, (uint8_t)hex_digits[data.ptr[i] >> 4]);
        buf_put_u8(b, (uint8_t)hex_digits[data.ptr[i] & 15]);
    }
}

static int hex_value(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

enum err text_get_hex(struct bytes hex, uint8_t *out, size_t out_len)
{
    if (out_len > SIZE_MAX / 2 || hex.len != 2 * out_len)
        return ERR_INVALID;
    for (size_t i = 0; i < hex.len; i++) {
        if (hex_value(hex.ptr[i]) < 0)
            return ERR_INVALID;
    }
    for (size_t i = 0; i < out_len; i++)
        out[i] = (uint8_t)(hex_value(hex.ptr[2 * i]) << 4 | hex_value(hex.ptr[2 * i + 1]));
    return ERR_OK;
}

void text_put_base64(struct buf *b, struct bytes data)
{
    for (size_t i = 0; i < data.len; i += 3) {
        size_t n = data.len - i < 3 ? data.len - i : 3;
        uint32_t v = (uint32_t)data.ptr[i] << 16;
        if (n > 1)
            v |= (uint32_t)data.ptr[i + 1] << 8;
        if (n > 2)
            v |= data.ptr[i + 2];
        for (size_t k = 0; k < 4; k++) {
            char c = k <= n ? base64_digits[v >> (18 - 6 * k) & 63] : '=';
            buf_put_u8(b, (uint8_t)c);
        }
    }
}

static int base64_value(uint8_t c)
{
    const char *p = c == '\0' ? NULL : strchr(base64_digits, c);
    return p == NULL ? -1 : (int)(p - base64_digits);
}

/* Decodes four characters of which the last `padding` are '='. */
static enum err base64_group(const uint8_t *in, size_t padding, struct buf *out)
{
    uint32_t v = 0;
    for (size_t k = 0; k < 4 - padding; k++) {
        int d = base64_value(in[k]);
        if (d < 0)
            return ERR_INVALID;
        v |= (uint32_t)d << (18 - 6 * k);
    }
    size_t n = 3 - padding;
    if ((v & (0xffffffu >> (8 * n))) != 0)
        return ERR_INVALID;
    for (size_t k = 0; k < n; k++)
        buf_put_u8(out, (uint8_t)(v >> (16 - 8 * k)));
    return ERR_OK;
}

enum err text_get_base64(struct bytes text, struct buf *out)
{
    size_t before = out->len;
    if (text.len % 4 != 0)
        return ERR_INVALID;
    for (size_t i = 0; i < text.len; i += 4) {
        size_t padding = 0;
        if (i + 4 == text.len) {
            if (text.ptr[i + 3] == '=')
                padding++;
            if (padding == 1 && text.ptr[i + 2] == '=')
                padding++;
        }
        enum err e = base64_group(text.ptr + i, padding, out);
        if (e != ERR_OK) {
            out->len = before;
            return e;
        }
    }
    return buf_err(out);
}

enum err text_get_u64(struct bytes text, uint64_t max, uint64_t *out)
{
    if (text.len == 0 || (text.len > 1 && text.ptr[0] == '0'))
        return ERR_INVALID;
    uint64_t v = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return ERR_INVALID;
        if (__builtin_mul_overflow(v, (uint64_t)10, &v) ||
            __builtin_add_overflow(v, (uint64_t)(text.ptr[i] - '0'), &v))
            return ERR_RANGE;
    }
    if (v > max)
        return ERR_RANGE;
    *out = v;
    return ERR_OK;
}

char *text_copy(const char *text)
{
    return strdup(text);
}
