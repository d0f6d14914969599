/* IBAN (ISO 13616): country, two check digits, and an account number of the country's own shape. */
#include "proto/ident/check.h"
#include "proto/ident/fold.h"

/* Shape of the account number: counts with n digits, a capitals, c either. */
struct iban_country {
    char code[3];
    uint8_t len; /* of the whole IBAN */
    const char *shape;
};

/* The countries of the SWIFT registry. */
static const struct iban_country countries[] = {
    {"AD", 24, "8n12c"},    {"AE", 23, "19n"},      {"AL", 28, "8n16c"},    {"AT", 20, "16n"},
    {"AZ", 28, "4a20c"},    {"BA", 20, "16n"},      {"BE", 16, "12n"},      {"BG", 22, "4a6n8c"},
    {"BH", 22, "4a14c"},    {"BI", 27, "23n"},      {"BR", 29, "23n1a1c"},  {"BY", 28, "4c4n16c"},
    {"CH", 21, "5n12c"},    {"CR", 22, "18n"},      {"CY", 28, "8n16c"},    {"CZ", 24, "20n"},
    {"DE", 22, "18n"},      {"DJ", 27, "23n"},      {"DK", 18, "14n"},      {"DO", 28, "4c20n"},
    {"EE", 20, "16n"},      {"EG", 29, "25n"},      {"ES", 24, "20n"},      {"FI", 18, "14n"},
    {"FK", 18, "2a12n"},    {"FO", 18, "14n"},      {"FR", 27, "10n11c2n"}, {"GB", 22, "4a14n"},
    {"GE", 22, "2a16n"},    {"GI", 23, "4a15c"},    {"GL", 18, "14n"},      {"GR", 27, "7n16c"},
    {"GT", 28, "24c"},      {"HN", 28, "4a20n"},    {"HR", 21, "17n"},      {"HU", 28, "24n"},
    {"IE", 22, "4a14n"},    {"IL", 23, "19n"},      {"IQ", 23, "4a15n"},    {"IS", 26, "22n"},
    {"IT", 27, "1a10n12c"}, {"JO", 30, "4a4n18c"},  {"KW", 30, "4a22c"},    {"KZ", 20, "3n13c"},
    {"LB", 28, "4n20c"},    {"LC", 32, "4a24c"},    {"LI", 21, "5n12c"},    {"LT", 20, "16n"},
    {"LU", 20, "3n13c"},    {"LV", 21, "4a13c"},    {"LY", 25, "21n"},      {"MC", 27, "10n11c2n"},
    {"MD", 24, "20c"},      {"ME", 22, "18n"},      {"MK", 19, "3n10c2n"},  {"MN", 20, "16n"},
    {"MR", 27, "23n"},      {"MT", 31, "4a5n18c"},  {"MU", 30, "4a19n3a"},  {"NI", 28, "4a20n"},
    {"NL", 18, "4a10n"},    {"NO", 15, "11n"},      {"OM", 23, "3n16c"},    {"PK", 24, "4a16c"},
    {"PL", 28, "24n"},      {"PS", 29, "4a21c"},    {"PT", 25, "21n"},      {"QA", 29, "4a21c"},
    {"RO", 24, "4a16c"},    {"RS", 22, "18n"},      {"RU", 33, "14n15c"},   {"SA", 24, "2n18c"},
    {"SC", 31, "4a20n3a"},  {"SD", 18, "14n"},      {"SE", 24, "20n"},      {"SI", 19, "15n"},
    {"SK", 24, "20n"},      {"SM", 27, "1a10n12c"}, {"SO", 23, "19n"},      {"ST", 25, "21n"},
    {"SV", 28, "4a20n"},    {"TL", 23, "19n"},      {"TN", 24, "20n"},      {"TR", 26, "6n16c"},
    {"UA", 29, "6n19c"},    {"VA", 22, "18n"},      {"VG", 24, "4a16n"},    {"XK", 20, "16n"},
    {"YE", 30, "4a4n18c"},
};

#define IBAN_HEAD 4 /* country and check digits */

static const struct iban_country *find_country(const char *code)
{
    for (size_t i = 0; i < ARRAY_LEN(countries); i++) {
        if (memcmp(countries[i].code, code, 2) == 0)
            return &countries[i];
    }
    return NULL;
}

static bool is_kind(char c, char kind)
{
    if (kind == 'n')
        return fold_is_digit(c);
    if (kind == 'a')
        return fold_is_upper(c);
    return fold_is_digit(c) || fold_is_upper(c);
}

/* s has as many characters as the shape asks for. */
static bool has_shape(const char *s, const char *shape)
{
    while (*shape != '\0') {
        unsigned n = 0;
        for (; fold_is_digit(*shape); shape++)
            n = 10 * n + (unsigned)(*shape - '0');
        for (; n > 0; n--, s++) {
            if (*s == '\0' || !is_kind(*s, *shape))
                return false;
        }
        shape++;
    }
    return *s == '\0';
}

/* The check reads the number first, then country and check digits. */
static bool check_passes(const struct ident_text *t)
{
    char turned[40];
    size_t rest = t->len - IBAN_HEAD;
    memcpy(turned, t->s + IBAN_HEAD, rest);
    memcpy(turned + rest, t->s, IBAN_HEAD);
    bool ok = check_digits_mod97(t->s + 2) && check_mod97(turned, t->len) == 1;
    explicit_bzero(turned, sizeof turned);
    return ok;
}

enum ident_reason iban_rule(struct ident_job *job)
{
    struct ident_text *t = &job->part[0];
    fold_compact(t);
    if (t->len == 0)
        return IDENT_REASON_EMPTY;
    if (!fold_all_alnum(t->s, t->len))
        return IDENT_REASON_BAD_CHARACTER;
    if (t->len < IBAN_HEAD)
        return IDENT_REASON_BAD_LENGTH;
    if (!fold_is_upper(t->s[0]) || !fold_is_upper(t->s[1]) || !fold_all_digits(t->s + 2, 2))
        return IDENT_REASON_BAD_FORMAT;
    const struct iban_country *c = find_country(t->s);
    if (c == NULL)
        return IDENT_REASON_UNKNOWN_COUNTRY;
    if (t->len != c->len)
        return IDENT_REASON_BAD_LENGTH;
    if (!has_shape(t->s + IBAN_HEAD, c->shape))
        return IDENT_REASON_BAD_FORMAT;
    if (!check_passes(t))
        return IDENT_REASON_CHECK_FAILED;
    fold_put(job, t);
    return IDENT_REASON_NONE;
}
