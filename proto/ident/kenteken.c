/* Registration plate: a Dutch one bare, a foreign one as "CC:PLATE". No check digit; a Dutch plate
 * must fit a sidecode. O/0 and I/1 are reported, never folded: both spellings may exist. */
#include "proto/ident/country.h"
#include "proto/ident/fold.h"

/* Lower-case letters stand for themselves (fold_fits). */
static const char *const dutch_patterns[] = {
    "XX9999", "9999XX", "99XX99", "XX99XX", "XXXX99", "99XXXX", "99XXX9", "9XXX99",
    "XX999X", "X999XX", "XXX99X", "X99XXX", "9XX999", "999XX9", /* sidecodes 1 to 14, trade plates
                                                                   among them */
    "cd99",   "cd999",  "cdj99",  "cdj999", /* diplomatic missions, international court */
    "aa9",    "aa99",   "aa999",            /* royal house */
};

#define DUTCH_LONGEST 6
#define FOREIGN_SHORTEST 2
#define FOREIGN_LONGEST 12

static bool fits_dutch(const char *plate)
{
    for (size_t i = 0; i < ARRAY_LEN(dutch_patterns); i++) {
        if (fold_fits(plate, dutch_patterns[i]))
            return true;
    }
    return false;
}

static char other_reading(char c)
{
    static const char pairs[] = "O0I1";
    const char *p = strchr(pairs, c);
    return p == NULL ? c : pairs[(p - pairs) ^ 1];
}

/* True where a sidecode would fit if some O, 0, I or 1 were read as its twin. */
static bool would_fit_otherwise(const struct ident_text *t)
{
    for (unsigned mask = 1; mask < 1u << DUTCH_LONGEST; mask++) {
        char plate[DUTCH_LONGEST + 1] = {0};
        for (size_t i = 0; i < t->len; i++)
            plate[i] = (mask >> i & 1) != 0 ? other_reading(t->s[i]) : t->s[i];
        if (fits_dutch(plate))
            return true;
    }
    return false;
}

static enum ident_reason dutch_plate(struct ident_job *job, struct ident_text *t)
{
    if (t->len == 0)
        return IDENT_REASON_EMPTY;
    if (!fold_all_alnum(t->s, t->len))
        return IDENT_REASON_BAD_CHARACTER;
    if (t->len < 3 || t->len > DUTCH_LONGEST)
        return IDENT_REASON_BAD_LENGTH;
    bool fits = fits_dutch(t->s);
    if (fits ? strpbrk(t->s, "OI") != NULL : would_fit_otherwise(t))
        job->warnings |= IDENT_WARN_CONFUSABLE;
    if (!fits)
        return IDENT_REASON_BAD_FORMAT;
    fold_put(job, t);
    return IDENT_REASON_NONE;
}

/* German plates carry an umlaut in the district; after NFKC it is two bytes, C3 84 for Ä. */
static bool take_umlaut(char *s)
{
    static const char pairs[][2][3] = {
        {"\xc3\xa4", "\xc3\x84"}, {"\xc3\xb6", "\xc3\x96"}, {"\xc3\xbc", "\xc3\x9c"}};
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        if (strncmp(s, pairs[i][0], 2) == 0 || strncmp(s, pairs[i][1], 2) == 0) {
            memcpy(s, pairs[i][1], 2);
            return true;
        }
    }
    return false;
}

static enum ident_reason foreign_plate(struct ident_job *job, struct bytes country,
                                       struct ident_text *t)
{
    if (!country_is_alpha2(country))
        return IDENT_REASON_UNKNOWN_COUNTRY;
    for (size_t i = 0; i < t->len;) {
        if (fold_all_alnum(t->s + i, 1))
            i++;
        else if (take_umlaut(t->s + i))
            i += 2;
        else
            return IDENT_REASON_BAD_CHARACTER;
    }
    if (t->len == 0)
        return IDENT_REASON_EMPTY;
    if (t->len < FOREIGN_SHORTEST || t->len > FOREIGN_LONGEST)
        return IDENT_REASON_BAD_LENGTH;
    buf_put(&job->out, country);
    buf_put_str(&job->out, ":");
    fold_put(job, t);
    return IDENT_REASON_NONE;
}

/* Moves "CC:" from the front of the plate to the country part. */
static enum ident_reason split_country(struct ident_text *plate, struct ident_text *country)
{
    const char *colon = strchr(plate->s, ':');
    if (colon == NULL)
        return IDENT_REASON_NONE;
    size_t n = (size_t)(colon - plate->s);
    if (country->len > 0)
        return IDENT_REASON_BAD_CHARACTER;
    if (n == 0)
        return IDENT_REASON_UNKNOWN_COUNTRY;
    memcpy(country->s, plate->s, n);
    country->s[n] = '\0';
    country->len = n;
    plate->len -= n + 1;
    memmove(plate->s, colon + 1, plate->len + 1);
    return IDENT_REASON_NONE;
}

enum ident_reason kenteken_rule(struct ident_job *job)
{
    struct ident_text *plate = &job->part[0];
    struct ident_text *country = &job->part[1];
    fold_compact(plate);
    fold_compact(country);
    enum ident_reason why = split_country(plate, country);
    if (why != IDENT_REASON_NONE)
        return why;
    struct bytes code = bytes_of(country->s, country->len);
    if (code.len == 0 || bytes_is(code, "NL"))
        return dutch_plate(job, plate);
    return foreign_plate(job, code, plate);
}
