/* Inside proto/ident only: the small foldings and patterns that several types share. */
#ifndef SLUIS_IDENT_FOLD_H
#define SLUIS_IDENT_FOLD_H

#include "proto/ident/kind.h"

/* The separators that people put into numbers. */
#define FOLD_SEPARATORS " .-"

static inline bool fold_is_digit(char c)
{
    return c >= '0' && c <= '9';
}
static inline bool fold_is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

/* Removes every character of t that stands in drop. */
void fold_strip(struct ident_text *t, const char *drop);

/* ASCII letters only; others stay. */
void fold_upper(struct ident_text *t);
void fold_lower(struct ident_text *t);

/* Strips separators and upper-cases: the usual start of an alphanumeric type. */
void fold_compact(struct ident_text *t);

bool fold_all_digits(const char *s, size_t n);
bool fold_all_alnum(const char *s, size_t n); /* 0-9 A-Z */

/* True where s has exactly the shape of pattern: 9 a digit, X a capital, * either, and any other
 * character of the pattern itself (a lower-case letter stands for its capital). */
bool fold_fits(const char *s, const char *pattern);

/* A number of fixed length that may have lost leading zeros. */
struct fold_number {
    size_t digits;
    size_t shortest; /* what is shorter is refused, not padded */
};

/* Makes t exactly n->digits digits. EMPTY, BAD_CHARACTER, BAD_LENGTH, ALL_ZERO. Sets PADDED. */
enum ident_reason fold_to_number(struct ident_job *job, struct ident_text *t,
                                 const struct fold_number *n);

/* EMPTY, BAD_LENGTH for another length, BAD_CHARACTER outside 0-9 A-Z, for a compacted t. */
enum ident_reason fold_expect_alnum(const struct ident_text *t, size_t len);

/* Appends to the canonical value. */
void fold_put(struct ident_job *job, const struct ident_text *t);

#endif
