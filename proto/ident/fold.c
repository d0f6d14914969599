#include "proto/ident/fold.h"

void fold_strip(struct ident_text *t, const char *drop)
{
    size_t kept = 0;
    for (size_t i = 0; i < t->len; i++) {
        if (strchr(drop, t->s[i]) == NULL)
            t->s[kept++] = t->s[i];
    }
    t->len = kept;
    t->s[kept] = '\0';
}

void fold_upper(struct ident_text *t)
{
    for (size_t i = 0; i < t->len; i++) {
        if (t->s[i] >= 'a' && t->s[i] <= 'z')
            t->s[i] = (char)(t->s[i] - 'a' + 'A');
    }
}

void fold_lower(struct ident_text *t)
{
    for (size_t i = 0; i < t->len; i++) {
        if (fold_is_upper(t->s[i]))
            t->s[i] = (char)(t->s[i] - 'A' + 'a');
    }
}

void fold_compact(struct ident_text *t)
{
    fold_strip(t, FOLD_SEPARATORS);
    fold_upper(t);
}

bool fold_all_digits(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!fold_is_digit(s[i]))
            return false;
    }
    return true;
}

bool fold_all_alnum(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!fold_is_digit(s[i]) && !fold_is_upper(s[i]))
            return false;
    }
    return true;
}

static bool fits_one(char c, char p)
{
    if (p == '9')
        return fold_is_digit(c);
    if (p == 'X')
        return fold_is_upper(c);
    if (p == '*')
        return fold_is_digit(c) || fold_is_upper(c);
    if (p >= 'a' && p <= 'z')
        return c == (char)(p - 'a' + 'A');
    return c == p;
}

bool fold_fits(const char *s, const char *pattern)
{
    size_t i = 0;
    while (pattern[i] != '\0' && s[i] != '\0' && fits_one(s[i], pattern[i]))
        i++;
    return pattern[i] == '\0' && s[i] == '\0';
}

static void pad(struct ident_text *t, size_t digits)
{
    size_t zeros = digits - t->len;
    memmove(t->s + zeros, t->s, t->len + 1);
    memset(t->s, '0', zeros);
    t->len = digits;
}

enum ident_reason fold_to_number(struct ident_job *job, struct ident_text *t,
                                 const struct fold_number *n)
{
    fold_strip(t, FOLD_SEPARATORS);
    if (t->len == 0)
        return IDENT_REASON_EMPTY;
    if (!fold_all_digits(t->s, t->len))
        return IDENT_REASON_BAD_CHARACTER;
    if (strspn(t->s, "0") == t->len)
        return IDENT_REASON_ALL_ZERO;
    if (t->len < n->shortest || t->len > n->digits)
        return IDENT_REASON_BAD_LENGTH;
    if (t->len < n->digits) {
        pad(t, n->digits);
        job->warnings |= IDENT_WARN_PADDED;
    }
    return IDENT_REASON_NONE;
}

enum ident_reason fold_expect_alnum(const struct ident_text *t, size_t len)
{
    if (t->len == 0)
        return IDENT_REASON_EMPTY;
    if (!fold_all_alnum(t->s, t->len))
        return IDENT_REASON_BAD_CHARACTER;
    return t->len == len ? IDENT_REASON_NONE : IDENT_REASON_BAD_LENGTH;
}

void fold_put(struct ident_job *job, const struct ident_text *t)
{
    buf_put(&job->out, bytes_of(t->s, t->len));
}
