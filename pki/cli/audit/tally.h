/* A table that counts: rows by a text key, a few columns. Small counts can be kept back. */
#ifndef SLUIS_CLI_AUDIT_TALLY_H
#define SLUIS_CLI_AUDIT_TALLY_H

#include "proto/base/bytes.h"
#include "proto/base/err.h"

#define TALLY_KEY_MAX 160u
#define TALLY_COLUMNS_MAX 6u
#define TALLY_ROWS_MAX 100000u

struct tally_row {
    char key[TALLY_KEY_MAX]; /* parts joined by a tab */
    uint64_t n[TALLY_COLUMNS_MAX];
    bool is_kept_back[TALLY_COLUMNS_MAX];
};

/* All zero but columns and is_grouped: empty. tally_clear frees the rows. */
struct tally {
    unsigned columns;
    bool is_grouped; /* the sum over the rows that agree in the first part of the key is shown elsewhere */
    struct tally_row *rows; /* ascending by key */
    size_t count;
    size_t room;
};

/* The row with this key, made where it is not there; until the next one is made. Errors as tally_add. */
enum err tally_row_of(struct tally *t, const char *key, struct tally_row **out) MUST_CHECK;

/* Adds to one column of the row with this key, which is made where it is not there. ERR_TOO_LARGE (the key), ERR_LIMIT
 * (TALLY_ROWS_MAX), ERR_NOMEM. */
enum err tally_add(struct tally *t, const char *key, unsigned column, uint64_t n) MUST_CHECK;

/* Keeps back every count from 1 to least - 1, and where these are less than least together the smallest other count of
 * the column (of the group) too, so that no total tells one of them. least 0 or 1: nothing. */
void tally_keep_back(struct tally *t, uint64_t least);

/* The sum of a column; false where one of its counts is kept back. */
bool tally_total(const struct tally *t, unsigned column, uint64_t *out);

void tally_clear(struct tally *t);

#endif
