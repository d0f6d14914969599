#include "agent/source/field_value.h"

#include "proto/base/when.h"

static bool is_space(uint8_t b)
{
    return b == ' ' || b == '\t' || b == '\r' || b == '\n';
}

/* Bytes of white space at the front, or at the back, of text. */
static size_t space_before(struct bytes t)
{
    if (t.len > 0 && is_space(t.ptr[0]))
        return 1;
    return t.len > 1 && t.ptr[0] == 0xc2 && t.ptr[1] == 0xa0 ? 2 : 0;
}

static size_t space_behind(struct bytes t)
{
    if (t.len > 0 && is_space(t.ptr[t.len - 1]))
        return 1;
    return t.len > 1 && t.ptr[t.len - 2] == 0xc2 && t.ptr[t.len - 1] == 0xa0 ? 2 : 0;
}

struct bytes field_trim(struct bytes text)
{
    for (size_t n = space_before(text); n > 0; n = space_before(text))
        text = bytes_of(text.ptr + n, text.len - n);
    for (size_t n = space_behind(text); n > 0; n = space_behind(text))
        text.len -= n;
    return text;
}

/* ---- dates ---- */

/* Between least and most digits at *at; moves behind them. -1 where there are fewer. */
static int take_digits(struct bytes t, size_t *at, size_t least, size_t most)
{
    int value = 0;
    size_t n = 0;
    while (n < most && *at < t.len && t.ptr[*at] >= '0' && t.ptr[*at] <= '9') {
        value = value * 10 + (t.ptr[*at] - '0');
        (*at)++;
        n++;
    }
    return n < least ? -1 : value;
}

static bool take_sign(struct bytes t, size_t *at, char sign)
{
    if (*at >= t.len || t.ptr[*at] != (uint8_t)sign)
        return false;
    (*at)++;
    return true;
}

struct date {
    int year;
    int month;
    int day;
};

static bool read_year_first(struct bytes t, bool dashes, struct date *d)
{
    size_t at = 0;
    d->year = take_digits(t, &at, 4, 4);
    if (dashes && !take_sign(t, &at, '-'))
        return false;
    d->month = take_digits(t, &at, 2, 2);
    if (dashes && !take_sign(t, &at, '-'))
        return false;
    d->day = take_digits(t, &at, 2, 2);
    return at == t.len;
}

static bool read_day_first(struct bytes t, char sign, struct date *d)
{
    size_t at = 0;
    d->day = take_digits(t, &at, 1, 2);
    if (!take_sign(t, &at, sign))
        return false;
    d->month = take_digits(t, &at, 1, 2);
    if (!take_sign(t, &at, sign))
        return false;
    d->year = take_digits(t, &at, 4, 4);
    return at == t.len;
}

static bool read_notation(struct bytes t, enum mapping_date notation, struct date *d)
{
    switch (notation) {
    case MAPPING_DATE_ISO:
        return read_year_first(t, true, d);
    case MAPPING_DATE_COMPACT:
        return read_year_first(t, false, d);
    case MAPPING_DATE_DASHES:
        return read_day_first(t, '-', d);
    case MAPPING_DATE_SLASHES:
        return read_day_first(t, '/', d);
    case MAPPING_DATE_DOTS:
        return read_day_first(t, '.', d);
    }
    return false;
}

static enum err put_date(const struct mapping_field *f, struct bytes text, struct buf *out)
{
    for (uint32_t i = 0; i < f->dates_count; i++) {
        struct date d;
        if (!read_notation(text, f->dates[i], &d) || !when_date_exists(d.year, d.month, d.day))
            continue;
        buf_printf(out, "%04d-%02d-%02d", d.year, d.month, d.day);
        return buf_err(out);
    }
    return ERR_INVALID;
}

/* ---- numbers ---- */

static bool is_digit(uint8_t b)
{
    return b >= '0' && b <= '9';
}

/* Digits in groups of three behind the first group, or without any group sign. */
static bool groups_fit(struct bytes whole, char group)
{
    size_t since = 0;
    bool grouped = false;
    for (size_t i = 0; i < whole.len; i++) {
        if (is_digit(whole.ptr[i])) {
            since++;
            continue;
        }
        if (whole.ptr[i] != (uint8_t)group || since == 0 || since > 3 || (grouped && since != 3))
            return false;
        grouped = true;
        since = 0;
    }
    return grouped ? since == 3 : since > 0;
}

static void put_whole(struct bytes whole, struct buf *out)
{
    bool begun = false;
    for (size_t i = 0; i < whole.len; i++) {
        if (!is_digit(whole.ptr[i]) || (whole.ptr[i] == '0' && !begun))
            continue;
        begun = true;
        buf_put_u8(out, whole.ptr[i]);
    }
    if (!begun)
        buf_put_u8(out, '0');
}

static enum err put_number(char decimal, struct bytes text, struct buf *out)
{
    bool minus = text.ptr[0] == '-';
    struct bytes t = bytes_of(text.ptr + minus, text.len - minus);
    size_t whole = 0;
    while (whole < t.len && t.ptr[whole] != (uint8_t)decimal)
        whole++;
    struct bytes digits = bytes_of(t.ptr, whole);
    if (!groups_fit(digits, decimal == ',' ? '.' : ',') || whole + 1 == t.len)
        return ERR_INVALID;
    for (size_t i = whole + 1; i < t.len; i++)
        if (!is_digit(t.ptr[i]))
            return ERR_INVALID;
    if (minus)
        buf_put_u8(out, '-');
    put_whole(digits, out);
    if (whole < t.len) {
        buf_put_u8(out, '.');
        buf_put(out, bytes_of(t.ptr + whole + 1, t.len - whole - 1));
    }
    return buf_err(out);
}

/* ---- yes and no ---- */

static enum err put_bool(struct bytes text, struct buf *out)
{
    static const char *const yes[] = {"true", "ja", "j", "1", "yes", "y", "waar"};
    static const char *const no[] = {"false", "nee", "n", "0", "no", "onwaar"};
    char low[8] = "";
    if (text.len >= sizeof low)
        return ERR_INVALID;
    for (size_t i = 0; i < text.len; i++) {
        bool upper = text.ptr[i] >= 'A' && text.ptr[i] <= 'Z';
        low[i] = (char)(upper ? text.ptr[i] + ('a' - 'A') : text.ptr[i]);
    }
    const char *word = NULL;
    for (size_t i = 0; i < ARRAY_LEN(yes); i++)
        word = strcmp(low, yes[i]) == 0 ? "true" : word;
    for (size_t i = 0; i < ARRAY_LEN(no); i++)
        word = strcmp(low, no[i]) == 0 ? "false" : word;
    if (word == NULL)
        return ERR_INVALID;
    buf_put_str(out, word);
    return buf_err(out);
}

enum err field_value(const struct mapping_field *f, char decimal, struct bytes text,
                     struct buf *out)
{
    switch (f->kind) {
    case MAPPING_TEXT:
        buf_put(out, text);
        return buf_err(out);
    case MAPPING_DATE:
        return put_date(f, text, out);
    case MAPPING_NUMBER:
        return put_number(decimal, text, out);
    case MAPPING_BOOL:
        return put_bool(text, out);
    }
    return ERR_INVALID;
}
