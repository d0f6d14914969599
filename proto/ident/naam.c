/* Family name, first initial and date of birth: "JANSEN/P/19800101". A weak key: two people may
 * share it, and one person may have several spellings. */
#include "proto/base/when.h"
#include "proto/ident/fold.h"
#include "proto/ident/prepare.h"
#include "proto/ident/voorvoegsel.h"

enum { GESLACHTSNAAM, VOORNAAM, GEBOORTEDATUM };

/* Letters that have no decomposition, or one that would lose a letter: the transliteration of ICAO
 * 9303-3 section 6; and the apostrophes, which all mean one thing in a name. */
struct letter {
    uint32_t from;
    char to[3];
};
static const struct letter letters[] = {
    {0x0060, "'"},  {0x00c5, "AA"}, {0x00c6, "AE"}, {0x00d0, "D"}, {0x00d8, "OE"}, {0x00de, "TH"},
    {0x00df, "SS"}, {0x00e5, "AA"}, {0x00e6, "AE"}, {0x00f0, "D"}, {0x00f8, "OE"}, {0x00fe, "TH"},
    {0x0110, "D"},  {0x0111, "D"},  {0x0126, "H"},  {0x0127, "H"}, {0x0131, "I"},  {0x0132, "IJ"},
    {0x0133, "IJ"}, {0x0141, "L"},  {0x0142, "L"},  {0x014a, "N"}, {0x014b, "N"},  {0x0152, "OE"},
    {0x0153, "OE"}, {0x0166, "T"},  {0x0167, "T"},  {0x02bb, "'"}, {0x02bc, "'"},  {0x1e9e, "SS"},
    {0x2018, "'"},  {0x2019, "'"},
};

#define NAME_LONGEST 200 /* letters; the BRP keeps up to 200 characters */
#define YEAR_FIRST 1800
#define YEAR_LAST 2199

static const char *letter_for(uint32_t c)
{
    for (size_t i = 0; i < ARRAY_LEN(letters); i++) {
        if (letters[i].from == c)
            return letters[i].to;
    }
    return NULL;
}

/* Replaces the letters of the table. ERR_TOO_LARGE. */
static enum err transliterate(struct ident_text *t)
{
    struct ident_text from = *t;
    struct buf out = buf_fixed(t->s, IDENT_PART_MAX);
    for (size_t i = 0; i < from.len;) {
        size_t start = i;
        const char *to = letter_for(ident_next_char(&from, &i));
        if (to != NULL)
            buf_put_str(&out, to);
        else
            buf_put(&out, bytes_of(from.s + start, i - start));
    }
    t->len = out.len;
    t->s[t->len] = '\0';
    explicit_bzero(&from, sizeof from);
    return buf_err(&out);
}

static enum ident_reason check_name_chars(const char *s)
{
    for (; *s != '\0'; s++) {
        if (!fold_is_upper(*s) && strchr(" -.',", *s) == NULL)
            return IDENT_REASON_BAD_CHARACTER;
    }
    return IDENT_REASON_NONE;
}

static void squeeze_spaces(struct ident_text *t)
{
    size_t kept = 0;
    for (size_t i = 0; i < t->len; i++) {
        if (t->s[i] != ' ' || kept == 0 || t->s[kept - 1] != ' ')
            t->s[kept++] = t->s[i];
    }
    t->len = kept;
    t->s[kept] = '\0';
}

/* Capitals A to Z, single spaces and the marks - . ' , */
static enum ident_reason fold_letters(struct ident_job *job, struct ident_text *t)
{
    enum err e = transliterate(t);
    if (e == ERR_OK)
        e = ident_strip_marks(t);
    if (e == ERR_NOMEM)
        job->out.err = ERR_NOMEM;
    if (e != ERR_OK)
        return IDENT_REASON_TOO_LONG;
    fold_upper(t);
    squeeze_spaces(t);
    return check_name_chars(t->s);
}

/* "Berg, van den": the prefix behind the comma goes. Anything else behind one is refused. */
static enum ident_reason drop_after_comma(struct ident_text *t)
{
    char *comma = strchr(t->s, ',');
    if (comma == NULL)
        return IDENT_REASON_NONE;
    const char *after = comma + 1 + strspn(comma + 1, " ");
    if (!voorvoegsel_is(after))
        return IDENT_REASON_BAD_CHARACTER;
    t->len = (size_t)(comma - t->s);
    *comma = '\0';
    return IDENT_REASON_NONE;
}

static enum ident_reason fold_geslachtsnaam(struct ident_job *job)
{
    struct ident_text *t = &job->part[GESLACHTSNAAM];
    job->at = GESLACHTSNAAM;
    enum ident_reason why = fold_letters(job, t);
    if (why == IDENT_REASON_NONE)
        why = drop_after_comma(t);
    if (why != IDENT_REASON_NONE)
        return why;
    size_t prefix = voorvoegsel_length(t->s);
    t->len -= prefix;
    memmove(t->s, t->s + prefix, t->len + 1);
    fold_strip(t, " -.'");
    if (t->len == 0)
        return IDENT_REASON_EMPTY;
    if (t->len > NAME_LONGEST)
        return IDENT_REASON_BAD_LENGTH;
    fold_put(job, t);
    return IDENT_REASON_NONE;
}

static enum ident_reason fold_voornaam(struct ident_job *job)
{
    struct ident_text *t = &job->part[VOORNAAM];
    job->at = VOORNAAM;
    enum ident_reason why = fold_letters(job, t);
    if (why != IDENT_REASON_NONE)
        return why;
    fold_strip(t, " -.',");
    if (t->len == 0)
        return IDENT_REASON_EMPTY;
    buf_put(&job->out, bytes_of(t->s, 1));
    return IDENT_REASON_NONE;
}

static int number(const char *s, size_t n)
{
    int v = 0;
    for (size_t i = 0; i < n; i++)
        v = 10 * v + (s[i] - '0');
    return v;
}

/* Where year, month and day stand in each accepted notation. */
struct notation {
    const char *pattern;
    uint8_t year_at;
    uint8_t month_at;
    uint8_t day_at;
};
static const struct notation notations[] = {
    {"99999999", 0, 4, 6}, {"9999-99-99", 0, 5, 8}, {"99-99-9999", 6, 3, 0}};

/* A day of the calendar, or one whose day, or month and day, are unknown (00), as in the BRP. */
static enum ident_reason check_date(int year, int month, int day)
{
    if (year == 0 && month == 0 && day == 0)
        return IDENT_REASON_UNKNOWN_DATE;
    if (year < YEAR_FIRST || year > YEAR_LAST || (month == 0 && day != 0))
        return IDENT_REASON_BAD_DATE;
    bool exists = when_date_exists(year, month == 0 ? 1 : month, day == 0 ? 1 : day);
    return exists ? IDENT_REASON_NONE : IDENT_REASON_BAD_DATE;
}

static enum ident_reason fold_datum(struct ident_job *job)
{
    const struct ident_text *t = &job->part[GEBOORTEDATUM];
    job->at = GEBOORTEDATUM;
    if (t->len == 0)
        return IDENT_REASON_EMPTY;
    for (size_t i = 0; i < ARRAY_LEN(notations); i++) {
        const struct notation *n = &notations[i];
        if (!fold_fits(t->s, n->pattern))
            continue;
        const char *year = t->s + n->year_at;
        const char *month = t->s + n->month_at;
        const char *day = t->s + n->day_at;
        buf_put(&job->out, bytes_of(year, 4));
        buf_put(&job->out, bytes_of(month, 2));
        buf_put(&job->out, bytes_of(day, 2));
        return check_date(number(year, 4), number(month, 2), number(day, 2));
    }
    return IDENT_REASON_BAD_DATE;
}

enum ident_reason naam_rule(struct ident_job *job)
{
    enum ident_reason why = fold_geslachtsnaam(job);
    if (why != IDENT_REASON_NONE)
        return why;
    buf_put_str(&job->out, "/");
    why = fold_voornaam(job);
    if (why != IDENT_REASON_NONE)
        return why;
    buf_put_str(&job->out, "/");
    return fold_datum(job);
}
