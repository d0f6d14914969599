/* Postcode and house number: "1234AB/12/A/BIS", empty parts stay. House letter and addition are
 * told apart as BAG does, because many sources keep them in one column. */
#include "proto/ident/fold.h"

enum { POSTCODE, NUMMER, LETTER, TOEVOEGING };

#define NUMMER_DIGITS 5
#define TOEVOEGING_MAX 4
#define BETWEEN " .-/"

static enum ident_reason fold_postcode(struct ident_text *t)
{
    fold_compact(t);
    if (t->len == 0)
        return IDENT_REASON_EMPTY;
    if (!fold_all_alnum(t->s, t->len))
        return IDENT_REASON_BAD_CHARACTER;
    if (t->len != 6)
        return IDENT_REASON_BAD_LENGTH;
    if (!fold_fits(t->s, "9999XX") || t->s[0] == '0')
        return IDENT_REASON_BAD_FORMAT;
    if (t->s[4] == 'S' && strchr("ADS", t->s[5]) != NULL)
        return IDENT_REASON_RESERVED_LETTERS;
    return IDENT_REASON_NONE;
}

static void cut_front(struct ident_text *t, size_t n)
{
    t->len -= n;
    memmove(t->s, t->s + n, t->len + 1);
}

/* 1 to 99999 without leading zeros; what follows the digits goes to rest. */
static enum ident_reason fold_nummer(struct ident_text *t, struct ident_text *rest)
{
    if (t->len == 0)
        return IDENT_REASON_EMPTY;
    size_t digits = strspn(t->s, "0123456789");
    if (digits == 0)
        return IDENT_REASON_BAD_CHARACTER;
    rest->len = t->len - digits;
    memcpy(rest->s, t->s + digits, rest->len + 1);
    t->len = digits;
    t->s[digits] = '\0';
    size_t zeros = strspn(t->s, "0");
    if (zeros == digits)
        return IDENT_REASON_ALL_ZERO;
    cut_front(t, zeros);
    return t->len <= NUMMER_DIGITS ? IDENT_REASON_NONE : IDENT_REASON_BAD_LENGTH;
}

/* True where t begins with a house letter: one letter by itself. A lone I is the Roman one. */
static bool leads_with_letter(const struct ident_text *t)
{
    if (t->len == 0 || !fold_is_upper(t->s[0]) || fold_is_upper(t->s[1]))
        return false;
    return t->len > 1 || t->s[0] != 'I';
}

/* A letter by itself is a house letter to BAG, in whichever column it stands. */
static void split_letter(struct ident_text *letter, struct ident_text *toevoeging)
{
    if (letter->len > 0 || !leads_with_letter(toevoeging))
        return;
    letter->s[0] = toevoeging->s[0];
    letter->s[1] = '\0';
    letter->len = 1;
    cut_front(toevoeging, 1);
}

static void compact(struct ident_text *t)
{
    fold_strip(t, BETWEEN);
    fold_upper(t);
}

/* Separators inside the addition still count here: "A-BIS" is letter A, addition BIS. */
static void fold_addition(struct ident_text *letter, struct ident_text *toevoeging)
{
    fold_upper(toevoeging);
    cut_front(toevoeging, strspn(toevoeging->s, BETWEEN));
    split_letter(letter, toevoeging);
    compact(toevoeging);
}

static enum ident_reason check_letter(const struct ident_text *t)
{
    for (size_t i = 0; i < t->len; i++) {
        if (!fold_is_upper(t->s[i]))
            return IDENT_REASON_BAD_CHARACTER;
    }
    return t->len <= 1 ? IDENT_REASON_NONE : IDENT_REASON_BAD_LENGTH;
}

static enum ident_reason check_toevoeging(const struct ident_text *t)
{
    if (!fold_all_alnum(t->s, t->len))
        return IDENT_REASON_BAD_CHARACTER;
    return t->len <= TOEVOEGING_MAX ? IDENT_REASON_NONE : IDENT_REASON_BAD_LENGTH;
}

/* "1234AB 12 …" in one part: the postcode is its first four digits and two letters. */
static void split_free_form(struct ident_job *job)
{
    struct ident_text *all = &job->part[POSTCODE];
    struct ident_text *nummer = &job->part[NUMMER];
    size_t i = strspn(all->s, "0123456789 ");
    i += strspn(all->s + i, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
    size_t postcode = i;
    i += strspn(all->s + i, " ,-");
    nummer->len = all->len - i;
    memcpy(nummer->s, all->s + i, nummer->len + 1);
    all->len = postcode;
    all->s[postcode] = '\0';
}

/* Empty, or only the dashes that some sources write for empty. */
static bool is_filler(const struct ident_text *t)
{
    return strspn(t->s, BETWEEN) == t->len;
}

/* Where the number carries more than digits, that must be all there is. */
static enum ident_reason take_rest(struct ident_job *job, const struct ident_text *rest)
{
    struct ident_text *toevoeging = &job->part[TOEVOEGING];
    if (is_filler(rest))
        return IDENT_REASON_NONE;
    if (job->part[LETTER].len > 0 || !is_filler(toevoeging))
        return IDENT_REASON_BAD_CHARACTER;
    memcpy(toevoeging->s, rest->s, rest->len + 1);
    toevoeging->len = rest->len;
    return IDENT_REASON_NONE;
}

static enum ident_reason fold_number_parts(struct ident_job *job)
{
    struct ident_text rest;
    compact(&job->part[LETTER]);
    job->at = NUMMER;
    enum ident_reason why = fold_nummer(&job->part[NUMMER], &rest);
    if (why == IDENT_REASON_NONE)
        why = take_rest(job, &rest);
    explicit_bzero(&rest, sizeof rest);
    if (why != IDENT_REASON_NONE)
        return why;
    fold_addition(&job->part[LETTER], &job->part[TOEVOEGING]);
    job->at = LETTER;
    why = check_letter(&job->part[LETTER]);
    if (why != IDENT_REASON_NONE)
        return why;
    job->at = TOEVOEGING;
    return check_toevoeging(&job->part[TOEVOEGING]);
}

enum ident_reason postcode_rule(struct ident_job *job)
{
    if (job->count == 1)
        split_free_form(job);
    enum ident_reason why = fold_postcode(&job->part[POSTCODE]);
    if (why == IDENT_REASON_NONE)
        why = fold_number_parts(job);
    if (why != IDENT_REASON_NONE)
        return why;
    for (size_t i = POSTCODE; i <= TOEVOEGING; i++) {
        if (i > POSTCODE)
            buf_put_str(&job->out, "/");
        fold_put(job, &job->part[i]);
    }
    return IDENT_REASON_NONE;
}
