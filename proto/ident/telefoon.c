/* Telephone number in E.164 form, "+31612345678". A number must come in full: with a country code
 * behind + or 00, or as a Dutch national number behind a 0. */
#include "proto/ident/fold.h"

#define E164_SHORTEST 7
#define E164_LONGEST 15

struct code_range {
    uint16_t first;
    uint16_t last;
};

/* Assigned geographic and network country codes (ITU-T E.164 list). No code begins another. */
static const struct code_range assigned[] = {
    {1, 1},     {7, 7},     {20, 20},   {27, 27},   {30, 34},   {36, 36},   {39, 41},   {43, 49},
    {51, 58},   {60, 66},   {81, 82},   {84, 84},   {86, 86},   {90, 95},   {98, 98},   {211, 213},
    {216, 216}, {218, 218}, {220, 258}, {260, 269}, {290, 291}, {297, 299}, {350, 359}, {370, 383},
    {385, 387}, {389, 389}, {420, 421}, {423, 423}, {500, 509}, {590, 599}, {670, 670}, {672, 683},
    {685, 692}, {850, 850}, {852, 853}, {855, 856}, {870, 870}, {880, 883}, {886, 886}, {960, 968},
    {970, 977}, {992, 996}, {998, 998},
};

/* International codes of services: freephone, shared cost, premium rate. */
static const struct code_range services[] = {{800, 800}, {808, 808}, {979, 979}};

/* Dutch numbers behind +31: the first row whose digits lead the number decides. */
struct dutch_series {
    const char *lead;
    uint8_t digits; /* behind 31; 0 for a series that names services */
};
static const struct dutch_series dutch[] = {
    {"800", 0}, {"900", 0}, {"906", 0}, {"909", 0}, {"97", 11}, {"", 9},
};

/* Dutch short codes (112, 116xxx, 14xxx, 18xx): what begins with 1 and is shorter than a number. */
#define SHORT_CODE_LONGEST 6

static bool in_ranges(const struct code_range *r, size_t count, const char *digits)
{
    uint16_t code = 0;
    if (digits[0] == '0') /* no code begins with 0, and it must not vanish in the arithmetic */
        return false;
    for (size_t n = 0; n < 3 && fold_is_digit(digits[n]); n++) {
        code = (uint16_t)(10 * code + (digits[n] - '0'));
        for (size_t i = 0; i < count; i++) {
            if (code >= r[i].first && code <= r[i].last)
                return true;
        }
    }
    return false;
}

static bool is_short_code(const char *digits)
{
    return digits[0] == '1' && strlen(digits) <= SHORT_CODE_LONGEST;
}

/* n: the digits behind 31. */
static enum ident_reason check_dutch(const char *n)
{
    if (is_short_code(n))
        return IDENT_REASON_SPECIAL_NUMBER;
    const struct dutch_series *s = dutch;
    while (strncmp(n, s->lead, strlen(s->lead)) != 0)
        s++;
    if (s->digits == 0)
        return IDENT_REASON_SPECIAL_NUMBER;
    if (strlen(n) != s->digits)
        return IDENT_REASON_BAD_LENGTH;
    return n[0] == '0' ? IDENT_REASON_BAD_FORMAT : IDENT_REASON_NONE;
}

/* Takes "(0)", the national zero that is not dialled from abroad, out of an international number.
 */
static void drop_trunk_zero(struct ident_text *t)
{
    char *p = strstr(t->s, "(0)");
    if (p == NULL)
        return;
    memset(p, ' ', 3);
    fold_strip(t, " ");
}

/* Leaves in t the digits behind +. */
static enum ident_reason to_international(struct ident_text *t)
{
    fold_strip(t, FOLD_SEPARATORS "/");
    bool plus = t->s[0] == '+';
    if (plus || strncmp(t->s, "00", 2) == 0)
        drop_trunk_zero(t);
    fold_strip(t, "()");
    size_t skip = plus ? 1 : strncmp(t->s, "00", 2) == 0 ? 2 : 0;
    if (!fold_all_digits(t->s + skip, t->len - skip))
        return IDENT_REASON_BAD_CHARACTER;
    if (t->len == skip)
        return IDENT_REASON_EMPTY;
    if (skip == 0) {
        if (is_short_code(t->s))
            return IDENT_REASON_SPECIAL_NUMBER;
        if (t->s[0] != '0')
            return IDENT_REASON_NOT_E164;
        memmove(t->s + 2, t->s + 1, t->len);
        memcpy(t->s, "31", 2);
        t->len++;
        return IDENT_REASON_NONE;
    }
    t->len -= skip;
    memmove(t->s, t->s + skip, t->len + 1);
    return IDENT_REASON_NONE;
}

/* "+31 06 …": no Dutch number begins with 0 behind the country code. */
static void drop_doubled_zero(struct ident_text *t)
{
    if (strncmp(t->s, "310", 3) != 0)
        return;
    memmove(t->s + 2, t->s + 3, t->len - 2);
    t->len--;
}

enum ident_reason telefoon_rule(struct ident_job *job)
{
    struct ident_text *t = &job->part[0];
    if (t->len > IDENT_PART_MAX / 2) /* room for the country code */
        return IDENT_REASON_BAD_LENGTH;
    enum ident_reason why = to_international(t);
    if (why != IDENT_REASON_NONE)
        return why;
    drop_doubled_zero(t);
    if (in_ranges(services, ARRAY_LEN(services), t->s))
        return IDENT_REASON_SPECIAL_NUMBER;
    if (!in_ranges(assigned, ARRAY_LEN(assigned), t->s))
        return IDENT_REASON_UNKNOWN_COUNTRY;
    if (strncmp(t->s, "31", 2) == 0)
        why = check_dutch(t->s + 2);
    else if (t->len < E164_SHORTEST || t->len > E164_LONGEST)
        why = IDENT_REASON_BAD_LENGTH;
    if (why != IDENT_REASON_NONE)
        return why;
    buf_put_str(&job->out, "+");
    fold_put(job, t);
    return IDENT_REASON_NONE;
}
