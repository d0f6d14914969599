/* Dutch VAT id: NL, nine digits, B, two digits, in two generations. Until 2020 the nine digits were
 * the holder's RSIN or, for a sole trader, the BSN; since then sole traders have numbers of their
 * own under modulus 97. The old ones are still on paper and in files. Decision 0101. */
#include "proto/ident/check.h"
#include "proto/ident/fold.h"

#define BTW_LEN 14
#define DIGITS_AT 2
#define SUFFIX_AT 12

static bool has_eleven(const char *value)
{
    return check_eleven(value + DIGITS_AT);
}

static bool has_mod97(const char *value)
{
    return check_digits_mod97(value + SUFFIX_AT) && check_mod97(value, BTW_LEN) == 1;
}

/* RSINs are issued from the series 00 and 8. What passes the eleven test outside them is taken for
 * a BSN: the strict side, where a number could be either. */
static bool contains_bsn(const char *value)
{
    bool rsin_series = memcmp(value + DIGITS_AT, "00", 2) == 0 || value[DIGITS_AT] == '8';
    return has_eleven(value) && !rsin_series;
}

enum ident_class btw_class(struct bytes value)
{
    const char *v = (const char *)value.ptr;
    if (value.len != BTW_LEN || contains_bsn(v))
        return IDENT_CLASS_WETTELIJK_NUMMER;
    return has_eleven(v) ? IDENT_CLASS_RECHTSPERSOON : IDENT_CLASS_PERSOON;
}

/* Puts back a country code that is left out; "123456789B01" cannot be anything else. */
static void add_country(struct ident_text *t)
{
    if (!fold_fits(t->s, "999999999b99"))
        return;
    memmove(t->s + DIGITS_AT, t->s, t->len + 1);
    memcpy(t->s, "NL", 2);
    t->len += DIGITS_AT;
}

enum ident_reason btw_rule(struct ident_job *job)
{
    struct ident_text *t = &job->part[0];
    fold_compact(t);
    add_country(t);
    if (t->len == 0)
        return IDENT_REASON_EMPTY;
    if (!fold_all_alnum(t->s, t->len))
        return IDENT_REASON_BAD_CHARACTER;
    if (fold_is_upper(t->s[0]) && memcmp(t->s, "NL", 2) != 0)
        return IDENT_REASON_UNKNOWN_COUNTRY;
    if (t->len != BTW_LEN)
        return IDENT_REASON_BAD_LENGTH;
    if (!fold_fits(t->s, "nl999999999b99") || memcmp(t->s + SUFFIX_AT, "00", 2) == 0)
        return IDENT_REASON_BAD_FORMAT;
    if (memcmp(t->s + DIGITS_AT, "000000000", 9) == 0)
        return IDENT_REASON_ALL_ZERO;
    if (!has_eleven(t->s) && !has_mod97(t->s))
        return IDENT_REASON_CHECK_FAILED;
    if (contains_bsn(t->s))
        job->warnings |= IDENT_WARN_CONTAINS_BSN;
    fold_put(job, t);
    return IDENT_REASON_NONE;
}
