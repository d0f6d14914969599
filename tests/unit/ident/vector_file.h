/* Reads tests/vectors/ident/<type>.tsv, row by row. */
#ifndef SLUIS_TESTS_IDENT_VECTOR_FILE_H
#define SLUIS_TESTS_IDENT_VECTOR_FILE_H

#include "proto/ident/ident.h"

struct vector {
    unsigned line;
    bool ok;
    char expected[IDENT_MAX + 1]; /* canonical value, or reason id */
    uint32_t warnings;
    size_t count;
    size_t len[IDENT_PARTS_MAX];
    uint8_t part[IDENT_PARTS_MAX][IDENT_PART_MAX];
};

/* Calls fn for each row and returns the number of rows; fails the test on a row it cannot read. */
unsigned vector_file_each(enum ident_type type, void (*fn)(enum ident_type, const struct vector *));

/* The row as input; views into v. */
struct raw_ident vector_raw(enum ident_type type, const struct vector *v);

#endif
