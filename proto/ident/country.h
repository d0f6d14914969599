/* Inside proto/ident only: country codes, ISO 3166-1 with the issuers that ICAO 9303-3 adds. */
#ifndef SLUIS_IDENT_COUNTRY_H
#define SLUIS_IDENT_COUNTRY_H

#include "proto/base/bytes.h"

/* True for an assigned two-letter code in capitals, XK (Kosovo) included. */
bool country_is_alpha2(struct bytes code);

/* The three-letter issuer code for a two- or three-letter code or the single D of German
 * documents, in capitals; a static string, or NULL for an unknown one. */
const char *country_issuer(struct bytes code);

#endif
