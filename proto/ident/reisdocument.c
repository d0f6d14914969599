/* Travel document: "NLD/P/SPECI2014", issuer, kind and number. Numbers of two issuers or kinds may
 * be equal, so all three are the key. */
#include "proto/ident/check.h"
#include "proto/ident/country.h"
#include "proto/ident/fold.h"

enum { UITGEVER, SOORT, NUMMER, CONTROLE };

#define NUMBER_SHORTEST 4
#define NUMBER_LONGEST 20
#define MRZ_FIELD 9 /* characters of the number in a machine readable zone */
#define DUTCH_LEN 9
#define FILLER "<"

/* Words and codes that sources use for the kind; to: first letter of the MRZ document code. */
struct kind_word {
    const char *word;
    char to;
};
static const struct kind_word kind_words[] = {
    {"PASPOORT", 'P'}, {"PASSPORT", 'P'},         {"ID", 'I'},    {"IDKAART", 'I'},
    {"NI", 'I'},       {"IDENTITEITSKAART", 'I'}, {"VISUM", 'V'}, {"VISA", 'V'},
};

static enum ident_reason fold_uitgever(struct ident_job *job)
{
    struct ident_text *t = &job->part[UITGEVER];
    job->at = UITGEVER;
    fold_strip(t, FOLD_SEPARATORS FILLER);
    fold_upper(t);
    if (t->len == 0)
        return IDENT_REASON_EMPTY;
    const char *issuer = country_issuer(bytes_of(t->s, t->len));
    if (issuer == NULL)
        return IDENT_REASON_UNKNOWN_COUNTRY;
    buf_put_str(&job->out, issuer);
    return IDENT_REASON_NONE;
}

/* An MRZ code is P, I, A, C or V, alone or with a second letter that says more than the key needs.
 */
static char kind_of(const struct ident_text *t)
{
    for (size_t i = 0; i < ARRAY_LEN(kind_words); i++) {
        if (strcmp(t->s, kind_words[i].word) == 0)
            return kind_words[i].to;
    }
    bool is_code = fold_fits(t->s, "X") || fold_fits(t->s, "XX");
    return is_code && strchr("PIACV", t->s[0]) != NULL ? t->s[0] : '\0';
}

static enum ident_reason fold_soort(struct ident_job *job)
{
    struct ident_text *t = &job->part[SOORT];
    job->at = SOORT;
    fold_strip(t, FOLD_SEPARATORS FILLER);
    fold_upper(t);
    if (t->len == 0)
        return IDENT_REASON_EMPTY;
    char kind = kind_of(t);
    if (kind == '\0')
        return IDENT_REASON_BAD_FORMAT;
    buf_put_u8(&job->out, (uint8_t)kind);
    return IDENT_REASON_NONE;
}

static enum ident_reason check_digit(const struct ident_text *number, char digit)
{
    return check_mrz(number->s, number->len) == (unsigned)(digit - '0') ? IDENT_REASON_NONE
                                                                        : IDENT_REASON_CHECK_FAILED;
}

/* Two capitals, six characters, a digit; never the letter O. */
static enum ident_reason check_dutch(struct ident_job *job, const struct ident_text *t)
{
    if (t->len != DUTCH_LEN)
        return IDENT_REASON_BAD_LENGTH;
    if (strchr(t->s, 'O') != NULL) {
        job->warnings |= IDENT_WARN_CONFUSABLE;
        return IDENT_REASON_BAD_CHARACTER;
    }
    return fold_fits(t->s, "XX******9") ? IDENT_REASON_NONE : IDENT_REASON_BAD_FORMAT;
}

/* Takes the check digit off where the number ends in one beyond doubt: it fills its MRZ field with
 * '<', or it is Dutch and one longer than a Dutch number can be. digit: '\0' where it carries none.
 */
static void take_check_digit(struct ident_text *t, bool is_dutch, char *digit)
{
    bool is_field = t->len == MRZ_FIELD + 1 && strchr(t->s, '<') != NULL;
    bool is_long = is_dutch && t->len == DUTCH_LEN + 1;
    *digit = '\0';
    if ((is_field || is_long) && fold_is_digit(t->s[t->len - 1])) {
        *digit = t->s[--t->len];
        t->s[t->len] = '\0';
    }
    fold_strip(t, FILLER);
}

static enum ident_reason fold_nummer(struct ident_job *job, bool is_dutch)
{
    struct ident_text *t = &job->part[NUMMER];
    char digit = '\0';
    job->at = NUMMER;
    fold_compact(t);
    take_check_digit(t, is_dutch, &digit);
    if (t->len == 0)
        return IDENT_REASON_EMPTY;
    if (!fold_all_alnum(t->s, t->len))
        return IDENT_REASON_BAD_CHARACTER;
    if (t->len < NUMBER_SHORTEST || t->len > NUMBER_LONGEST)
        return IDENT_REASON_BAD_LENGTH;
    if (strspn(t->s, "0") == t->len)
        return IDENT_REASON_ALL_ZERO;
    enum ident_reason why = is_dutch ? check_dutch(job, t) : IDENT_REASON_NONE;
    if (why == IDENT_REASON_NONE && digit != '\0')
        why = check_digit(t, digit);
    if (why == IDENT_REASON_NONE)
        fold_put(job, t);
    return why;
}

/* The check digit of the source, in a column of its own. */
static enum ident_reason check_given_digit(struct ident_job *job)
{
    const struct ident_text *t = &job->part[CONTROLE];
    job->at = CONTROLE;
    if (t->len == 0)
        return IDENT_REASON_NONE;
    if (!fold_all_digits(t->s, t->len))
        return IDENT_REASON_BAD_CHARACTER;
    return t->len == 1 ? check_digit(&job->part[NUMMER], t->s[0]) : IDENT_REASON_BAD_LENGTH;
}

enum ident_reason reisdocument_rule(struct ident_job *job)
{
    enum ident_reason why = fold_uitgever(job);
    if (why != IDENT_REASON_NONE)
        return why;
    bool is_dutch = bytes_is(buf_bytes(&job->out), "NLD");
    buf_put_str(&job->out, "/");
    why = fold_soort(job);
    if (why != IDENT_REASON_NONE)
        return why;
    buf_put_str(&job->out, "/");
    why = fold_nummer(job, is_dutch);
    return why == IDENT_REASON_NONE ? check_given_digit(job) : why;
}
