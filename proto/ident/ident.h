/* From what a register writes down to the one spelling that both sides hash.
 *
 * A raw identifier is normalised (NFKC, trim, folding of the type), checked, and becomes a
 * canonical value. Everything here is pure; docs/identifiers.md has the rules and their reasons.
 * The two structs are different types, and neither has a function that formats it, so that a value
 * that names a person cannot be logged or sent by accident. */
#ifndef SLUIS_IDENT_IDENT_H
#define SLUIS_IDENT_IDENT_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/bytes.h"
#include "proto/base/enums.h"
#include "proto/base/err.h"
#include "proto/ident/reason.h"

#define IDENT_PART_MAX 512 /* bytes of one input part; longer is refused unread */
#define IDENT_PARTS_MAX 4  /* parts of a composed type */
#define IDENT_MAX 255      /* bytes of a canonical value */

/* Which duties hang on a value; the policy names classes. */
enum ident_class {
    IDENT_CLASS_NONE = 0,
    IDENT_CLASS_WETTELIJK_NUMMER, /* BSN, and whatever contains one */
    IDENT_CLASS_PERSOON,
    IDENT_CLASS_RECHTSPERSOON,
    IDENT_CLASS_OBJECT,
    IDENT_CLASS_ADRES,
    IDENT_CLASS_FINANCIEEL,
    IDENT_CLASS_TELECOM,
    IDENT_CLASS_COUNT,
};

/* A value as the source spells it: views of UTF-8 text that the caller owns. */
struct raw_ident {
    enum ident_type type;
    size_t count; /* parts in use */
    struct bytes part[IDENT_PARTS_MAX];
};

/* A canonical value. Personal data: wipe with ident_wipe, never print. */
struct norm_ident {
    enum ident_type type;
    uint8_t len;
    char value[IDENT_MAX]; /* len bytes of UTF-8, not NUL-terminated */
};

/* What may be told about one normalisation without telling the value. */
struct ident_report {
    enum ident_reason reason; /* NONE where accepted */
    uint8_t part;             /* the refused part, from 0; 0 where accepted */
    bool changed;             /* accepted, and spelled otherwise than it came */
    uint32_t warnings;        /* ident_warning flags */
    enum ident_class cls;     /* of this value; may be stricter than the type's */
};

/* A raw identifier of one part. */
static inline struct raw_ident raw_ident_one(enum ident_type type, struct bytes text)
{
    return (struct raw_ident){.type = type, .count = 1, .part = {text}};
}

/* Normalises and checks raw. Writes *out only on success, *report always (may not be NULL).
 * A composed type also accepts its canonical spelling, parts joined by '/', as one part.
 * ERR_INVALID: refused, report->reason says why; ERR_UNKNOWN: not an identifier type;
 * ERR_NOMEM: the Unicode libraries could not allocate (non-ASCII input only). */
enum err ident_normalise(const struct raw_ident *raw, struct norm_ident *out,
                         struct ident_report *report) MUST_CHECK;

/* Reads back a stored canonical value: ERR_INVALID unless normalising it changes nothing.
 * Errors otherwise as ident_normalise. */
enum err ident_from_canonical(enum ident_type type, struct bytes value,
                              struct norm_ident *out) MUST_CHECK;

/* The bytes that the keyed hash covers; a view into id. */
struct bytes ident_value(const struct norm_ident *id);

/* Equality of type and value. Time depends on content. */
bool ident_equal(const struct norm_ident *a, const struct norm_ident *b);

/* Overwrites a value that is no longer needed. ident_wipe(NULL) is a no-op. */
void ident_wipe(struct norm_ident *id);

/* Version of the rules of one type, from 1; changes when any output byte changes. 0: no such type.
 */
uint32_t ident_norm_version(enum ident_type type);

/* The class of a type, and of one value (a btw-id may contain a BSN). NONE for no such type. */
enum ident_class ident_type_class(enum ident_type type);
enum ident_class ident_value_class(const struct norm_ident *id);

/* Text id ("wettelijk_nummer"); "?" outside the set. The reverse: ERR_UNKNOWN for any other. */
const char *ident_class_id(enum ident_class c);
enum err ident_class_parse(struct bytes text, enum ident_class *out) MUST_CHECK;

/* Parts that a mapping may give for a type: at least min, at most max, besides the one-part form.
 * A part of a mapping is named by ident_part_name(type, i), i < max; "?" otherwise. */
struct ident_parts {
    uint8_t min;
    uint8_t max;
};
struct ident_parts ident_parts(enum ident_type type);
const char *ident_part_name(enum ident_type type, size_t i);

#endif
