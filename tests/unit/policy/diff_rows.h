/* Edits of docs/policies/complete.yaml, one for each kind of difference that diff can tell. */
#ifndef SLUIS_TEST_DIFF_ROWS_H
#define SLUIS_TEST_DIFF_ROWS_H

#include <stddef.h>

/* Replaces the first `from` behind `behind`: "" is the whole file, NULL the beginning of the
 * row's rule. */
struct diff_edit {
    const char *behind;
    const char *from;
    const char *to;
};

struct diff_row {
    const char *rule;          /* whose changes are looked at; NULL: those of the file itself */
    struct diff_edit given[7]; /* made in the older file as well */
    struct diff_edit edits[3];
    const char *says; /* "less! limits.hits_per_request; more fields": `!` where it narrows */
};

/* Who and what; then under which terms. */
extern const struct diff_row diff_rows_who[];
extern const size_t diff_rows_who_count;
extern const struct diff_row diff_rows_terms[];
extern const size_t diff_rows_terms_count;

#endif
