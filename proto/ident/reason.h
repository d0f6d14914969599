/* Why a value was refused, and what was remarkable about one that was accepted. Codes only: a
 * reject report carries row, column and code, never a value. */
#ifndef SLUIS_IDENT_REASON_H
#define SLUIS_IDENT_REASON_H

#include <stdint.h>

#include "proto/base/bytes.h"
#include "proto/base/err.h"

enum ident_reason {
    IDENT_REASON_NONE = 0,        /* accepted */
    IDENT_REASON_EMPTY,           /* nothing left after trimming */
    IDENT_REASON_TOO_LONG,        /* a part over IDENT_PART_MAX bytes */
    IDENT_REASON_BAD_ENCODING,    /* not UTF-8, or a NUL inside */
    IDENT_REASON_BAD_PARTS,       /* this type does not take this number of parts */
    IDENT_REASON_BAD_LENGTH,      /* too few or too many characters */
    IDENT_REASON_BAD_CHARACTER,   /* a character that this type never has */
    IDENT_REASON_BAD_FORMAT,      /* fits none of the known patterns */
    IDENT_REASON_CHECK_FAILED,    /* the check digit is wrong */
    IDENT_REASON_ALL_ZERO,        /* only zeros: a filler, not a number */
    IDENT_REASON_UNKNOWN_COUNTRY, /* a country or issuer code outside the table */
    IDENT_REASON_WRONG_OBJECT,    /* a BAG id of something else than a nummeraanduiding */
    IDENT_REASON_NOT_E164,       /* a telephone number of neither national nor international form */
    IDENT_REASON_SPECIAL_NUMBER, /* 112, 0800, 0900, 14xxx …: names a service, not a subscriber */
    IDENT_REASON_BAD_DOMAIN,     /* the part after @ is not a host name */
    IDENT_REASON_BAD_LOCAL_PART, /* the part before @ is not a plain mailbox name */
    IDENT_REASON_BAD_DATE,       /* no accepted notation, or a day that does not exist */
    IDENT_REASON_UNKNOWN_DATE,   /* the whole date of birth is unknown */
    IDENT_REASON_RESERVED_LETTERS, /* a postcode ending in SA, SD or SS, never issued */
    IDENT_REASON_COUNT,
};

/* Text id for reports and counters ("check_failed"); "?" outside the set; "" for NONE. */
const char *ident_reason_id(enum ident_reason r);

/* The reverse; ERR_UNKNOWN for any other text, the empty one included. */
enum err ident_reason_parse(struct bytes text, enum ident_reason *out) MUST_CHECK;

/* One short sentence fragment for a person; static, never NULL. */
const char *ident_reason_dutch(enum ident_reason r);
const char *ident_reason_english(enum ident_reason r);

/* Flags of an accepted (or refused: CONFUSABLE) value. */
enum ident_warning {
    IDENT_WARN_LEADING_ZEROS = 1u << 0, /* more than two: arithmetically right, probably a filler */
    IDENT_WARN_PADDED = 1u << 1,        /* leading zeros that a spreadsheet dropped were put back */
    IDENT_WARN_CONFUSABLE = 1u << 2,    /* O/0 or I/1 may have been mistaken; not folded */
    IDENT_WARN_UNCHECKED = 1u << 3,     /* given without the check digit that this type can carry */
    IDENT_WARN_CONTAINS_BSN = 1u << 4,  /* the value contains a BSN: treat it as one */
};
#define IDENT_WARN_COUNT 5

/* Text id and texts of one flag; "?" for a value that is not exactly one flag. */
const char *ident_warning_id(enum ident_warning w);
const char *ident_warning_dutch(enum ident_warning w);
const char *ident_warning_english(enum ident_warning w);

#endif
