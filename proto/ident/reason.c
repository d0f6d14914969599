#include "proto/ident/reason.h"

struct text_row {
    const char *id;
    const char *dutch;
    const char *english;
};

static const struct text_row reasons[] = {
    [IDENT_REASON_NONE] = {"", "in orde", "accepted"},
    [IDENT_REASON_EMPTY] = {"empty", "leeg", "empty"},
    [IDENT_REASON_TOO_LONG] = {"too_long", "langer dan 512 bytes", "longer than 512 bytes"},
    [IDENT_REASON_BAD_ENCODING] = {"bad_encoding", "geen geldige UTF-8-tekst",
                                   "not valid UTF-8 text"},
    [IDENT_REASON_BAD_PARTS] = {"bad_parts", "verkeerd aantal delen", "wrong number of parts"},
    [IDENT_REASON_BAD_LENGTH] = {"bad_length", "verkeerd aantal tekens",
                                 "wrong number of characters"},
    [IDENT_REASON_BAD_CHARACTER] = {"bad_character", "bevat een teken dat hier niet kan",
                                    "contains a character that cannot stand here"},
    [IDENT_REASON_BAD_FORMAT] = {"bad_format", "past in geen bekend patroon",
                                 "fits no known pattern"},
    [IDENT_REASON_CHECK_FAILED] = {"check_failed", "het controlecijfer klopt niet",
                                   "the check digit is wrong"},
    [IDENT_REASON_ALL_ZERO] = {"all_zero", "bestaat alleen uit nullen", "consists of zeros only"},
    [IDENT_REASON_UNKNOWN_COUNTRY] = {"unknown_country", "onbekende landcode",
                                      "unknown country code"},
    [IDENT_REASON_WRONG_OBJECT] = {"wrong_object", "BAG-id van een ander soort object",
                                   "BAG id of another kind of object"},
    [IDENT_REASON_NOT_E164] = {"not_e164", "geen volledig telefoonnummer",
                               "not a complete telephone number"},
    [IDENT_REASON_SPECIAL_NUMBER] = {"special_number",
                                     "nummer van een dienst, niet van een abonnee",
                                     "number of a service, not of a subscriber"},
    [IDENT_REASON_BAD_DOMAIN] = {"bad_domain", "ongeldig domein achter de @",
                                 "invalid domain after the @"},
    [IDENT_REASON_BAD_LOCAL_PART] = {"bad_local_part", "ongeldige naam voor de @",
                                     "invalid name before the @"},
    [IDENT_REASON_BAD_DATE] = {"bad_date", "geen bestaande datum in een bekende notatie",
                               "no existing date in a known notation"},
    [IDENT_REASON_UNKNOWN_DATE] = {"unknown_date", "geboortedatum geheel onbekend",
                                   "date of birth wholly unknown"},
    [IDENT_REASON_RESERVED_LETTERS] = {"reserved_letters", "postcode met letters SA, SD of SS",
                                       "postcode with letters SA, SD or SS"},
};
_Static_assert(ARRAY_LEN(reasons) == IDENT_REASON_COUNT, "one row for each reason");

static const struct text_row warnings[] = {
    {"leading_zeros", "begint met meer dan twee nullen", "begins with more than two zeros"},
    {"padded", "voorloopnullen aangevuld", "leading zeros were put back"},
    {"confusable", "letter O of I en cijfer 0 of 1 mogelijk verwisseld",
     "letter O or I and digit 0 or 1 may be mixed up"},
    {"unchecked", "gegeven zonder controlecijfer", "given without its check digit"},
    {"contains_bsn", "bevat een BSN en geldt als BSN", "contains a BSN and counts as one"},
};
_Static_assert(ARRAY_LEN(warnings) == IDENT_WARN_COUNT, "one row for each warning");

static const struct text_row unknown = {"?", "?", "?"};

static const struct text_row *reason_row(enum ident_reason r)
{
    return (unsigned)r < ARRAY_LEN(reasons) ? &reasons[r] : &unknown;
}

static const struct text_row *warning_row(enum ident_warning w)
{
    for (unsigned i = 0; i < IDENT_WARN_COUNT; i++) {
        if ((unsigned)w == 1u << i)
            return &warnings[i];
    }
    return &unknown;
}

const char *ident_reason_id(enum ident_reason r)
{
    return reason_row(r)->id;
}

const char *ident_reason_dutch(enum ident_reason r)
{
    return reason_row(r)->dutch;
}

const char *ident_reason_english(enum ident_reason r)
{
    return reason_row(r)->english;
}

enum err ident_reason_parse(struct bytes text, enum ident_reason *out)
{
    for (unsigned i = 1; i < IDENT_REASON_COUNT; i++) {
        if (bytes_is(text, reasons[i].id)) {
            *out = (enum ident_reason)i;
            return ERR_OK;
        }
    }
    return ERR_UNKNOWN;
}

const char *ident_warning_id(enum ident_warning w)
{
    return warning_row(w)->id;
}

const char *ident_warning_dutch(enum ident_warning w)
{
    return warning_row(w)->dutch;
}

const char *ident_warning_english(enum ident_warning w)
{
    return warning_row(w)->english;
}
