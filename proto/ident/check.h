/* Inside proto/ident only: check digits. Arguments are already known to be digits or capitals. */
#ifndef SLUIS_IDENT_CHECK_H
#define SLUIS_IDENT_CHECK_H

#include <stdbool.h>
#include <stddef.h>

/* The Dutch eleven test over nine digits: weights 9 to 2, and -1 for the last. */
bool check_eleven(const char *digits);

/* Remainder modulo 97 of the number that s spells, letters as A=10 to Z=35 (ISO/IEC 7064). */
unsigned check_mod97(const char *s, size_t n);

/* True for the check digits 02 to 98, the only ones that ISO/IEC 7064 generates: 00, 01 and 99
 * would give the same remainder as 97, 98 and 02 and so spell one number twice. */
bool check_digits_mod97(const char *two);

/* Luhn over n digits, the last being the check digit (ISO/IEC 7812-1 annex B). */
bool check_luhn(const char *digits, size_t n);

/* Check digit of a machine readable zone (ICAO 9303-3): weights 7 3 1, A=10, '<'=0. 0 to 9. */
unsigned check_mrz(const char *s, size_t n);

/* Check digit of the ten characters owner, category, serial of a container (ISO 6346). 0 to 9. */
unsigned check_container(const char *s);

#endif
