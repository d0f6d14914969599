#include "proto/policy/masking.h"

#include "proto/base/text.h"

#define PRESENT "present"
#define LAST 4u
#define LAST_LEAST 8u /* characters of a value of which the last four tell little */

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool are_digits(struct bytes b)
{
    for (size_t i = 0; i < b.len; i++) {
        if (!is_digit(b.ptr[i]))
            return false;
    }
    return true;
}

static bool is_date(struct bytes v)
{
    return v.len == 10 && v.ptr[4] == '-' && v.ptr[7] == '-' && are_digits(bytes_of(v.ptr, 4)) &&
           are_digits(bytes_of(v.ptr + 5, 2)) && are_digits(bytes_of(v.ptr + 8, 2));
}

static bool is_letter(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* 1234AB, with or without one space. */
static bool is_postcode(struct bytes v)
{
    const size_t gap = v.len == 7 && v.ptr[4] == ' ' ? 1 : 0;
    return v.len == 6 + gap && are_digits(bytes_of(v.ptr, 4)) && is_letter(v.ptr[4 + gap]) &&
           is_letter(v.ptr[5 + gap]);
}

/* The bytes of the UTF-8 character that starts at i. */
static size_t char_len(struct bytes v, size_t i)
{
    size_t n = 1;
    while (i + n < v.len && (v.ptr[i + n] & 0xc0) == 0x80)
        n++;
    return n;
}

static bool is_gap(uint8_t c)
{
    return c == ' ' || c == '-' || c == '.';
}

/* The first character of each word, with a point. */
static void put_initials(struct bytes v, struct buf *out)
{
    unsigned count = 0;
    for (size_t i = 0; i < v.len; i += char_len(v, i)) {
        const bool starts = i == 0 || is_gap(v.ptr[i - 1]);
        if (!starts || is_gap(v.ptr[i]) || count == MASKING_INITIALS_MAX)
            continue;
        buf_put(out, bytes_of(v.ptr + i, char_len(v, i)));
        buf_put_str(out, ".");
        count++;
    }
}

static bool are_initials(struct bytes v)
{
    unsigned count = 0;
    size_t i = 0;
    while (i < v.len) {
        const size_t n = char_len(v, i);
        if (is_gap(v.ptr[i]) || i + n >= v.len || v.ptr[i + n] != '.')
            return false;
        i += n + 1;
        count++;
    }
    return count <= MASKING_INITIALS_MAX;
}

static size_t characters(struct bytes v)
{
    size_t n = 0;
    for (size_t i = 0; i < v.len; i += char_len(v, i))
        n++;
    return n;
}

static void put_last(struct bytes v, struct buf *out)
{
    size_t left = characters(v);
    size_t i = 0;
    if (left < LAST_LEAST)
        return;
    for (; left > LAST; left--)
        i += char_len(v, i);
    buf_put(out, bytes_of(v.ptr + i, v.len - i));
}

void masking_apply(enum masking m, struct bytes value, struct buf *out)
{
    if (value.len == 0)
        return;
    switch (m) {
    case MASKING_NONE:
        buf_put(out, value);
        return;
    case MASKING_PRESENT:
        buf_put_str(out, PRESENT);
        return;
    case MASKING_YEAR:
        if (is_date(value))
            buf_put(out, bytes_of(value.ptr, 4));
        return;
    case MASKING_POSTCODE4:
        if (is_postcode(value))
            buf_put(out, bytes_of(value.ptr, 4));
        return;
    case MASKING_INITIALS:
        put_initials(value, out);
        return;
    case MASKING_LAST4:
        put_last(value, out);
        return;
    }
}

bool masking_holds(enum masking m, struct bytes value)
{
    if (value.len == 0)
        return true;
    switch (m) {
    case MASKING_NONE:
        return true;
    case MASKING_PRESENT:
        return bytes_is(value, PRESENT);
    case MASKING_YEAR:
    case MASKING_POSTCODE4:
        return value.len == 4 && are_digits(value);
    case MASKING_INITIALS:
        return are_initials(value);
    case MASKING_LAST4:
        return characters(value) == LAST;
    }
    return false;
}
