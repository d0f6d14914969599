#include "tests/support/forms.h"

#include "tests/support/haystack.h"

static void give(form_fn fn, void *ctx, const char *form, struct bytes spelled)
{
    if (spelled.len >= HAYSTACK_NEEDLE_MIN)
        fn(ctx, form, spelled);
}

static void give_hex(struct bytes value, const char *form, const char *digits, form_fn fn, void *ctx)
{
    uint8_t text[2 * FORMS_VALUE_MAX];
    for (size_t i = 0; i < value.len; i++) {
        text[2 * i] = (uint8_t)digits[value.ptr[i] >> 4];
        text[2 * i + 1] = (uint8_t)digits[value.ptr[i] & 15];
    }
    give(fn, ctx, form, bytes_of(text, 2 * value.len));
}

/* Six bits from bit on; only such as lie within value. */
static unsigned sextet(struct bytes value, size_t bit)
{
    unsigned v = 0;
    for (size_t i = bit; i < bit + 6; i++)
        v = v << 1 | ((unsigned)value.ptr[i / 8] >> (7 - i % 8) & 1u);
    return v;
}

/* The letters that depend on value alone where `before` bytes stand in front of it. */
static bool give_base64(struct bytes value, unsigned before, const char *form, const char *letters,
                        form_fn fn, void *ctx)
{
    uint8_t text[2 * FORMS_VALUE_MAX];
    size_t n = 0;
    bool special = false;
    for (size_t bit = (6 - before * 8 % 6) % 6; bit + 6 <= 8 * value.len; bit += 6) {
        const unsigned v = sextet(value, bit);
        special = special || v >= 62;
        text[n++] = (uint8_t)letters[v];
    }
    give(fn, ctx, form, bytes_of(text, n));
    return special;
}

void forms_each(struct bytes value, form_fn fn, void *ctx)
{
    static const char *const plain[] = {"base64+0", "base64+1", "base64+2"};
    static const char *const url[] = {"base64url+0", "base64url+1", "base64url+2"};
    static const char standard[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    static const char for_url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    if (value.len > FORMS_VALUE_MAX)
        value.len = FORMS_VALUE_MAX;
    give(fn, ctx, "raw", value);
    give_hex(value, "hex", "0123456789abcdef", fn, ctx);
    give_hex(value, "HEX", "0123456789ABCDEF", fn, ctx);
    for (unsigned before = 0; before < 3; before++)
        if (give_base64(value, before, plain[before], standard, fn, ctx))
            give_base64(value, before, url[before], for_url, fn, ctx);
}
