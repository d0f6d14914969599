/* Salts of leaves, as they stand in notices, releases, questions on their way, and in what the broker holds of one,
 * wherever such a message lies readable. */
#ifndef SLUIS_TESTS_FOUND_SALTS_H
#define SLUIS_TESTS_FOUND_SALTS_H

#include <stddef.h>

struct guesses;
struct haystack;

/* Gives each to the guesses, with the sealed parts that lie in the same piece. Their number. */
size_t found_salts_add(const struct haystack *h, struct guesses *g);

#endif
