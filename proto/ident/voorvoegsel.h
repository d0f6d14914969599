/* Inside proto/ident only: the prefixes of Dutch family names (van, de, van der …). */
#ifndef SLUIS_IDENT_VOORVOEGSEL_H
#define SLUIS_IDENT_VOORVOEGSEL_H

#include "proto/base/bytes.h"

/* Bytes of the longest prefix at the front of name (capitals), the space behind it included; 0
 * where there is none or where nothing but the prefix would be left. */
size_t voorvoegsel_length(const char *name);

/* True where text (capitals) is a prefix and nothing more: the right side of "Berg, van den". */
bool voorvoegsel_is(const char *text);

#endif
