/* The list is part of the canonical form of naam_geboortedatum: any change of it is a new
 * norm_version. It follows the prefixes that the BRP keeps apart from the name, without the single
 * letters and joined forms that are as often part of one (d'Angelo keeps its D). */
#include "proto/ident/voorvoegsel.h"

#include "proto/base/attr.h"

static const char *const prefixes[] = {
    "'S",       "'T",        "AAN",        "AAN 'T",  "AAN DE",  "AAN DEN",    "AAN DER",
    "AAN HET",  "AF",        "AL",         "AM",      "AUF DEM", "AUF DER",    "AUS DEM",
    "AUS DER",  "BEN",       "BIJ",        "BIJ 'T",  "BIJ DE",  "BIJ DEN",    "BIN",
    "BOVEN D'", "DA",        "DAL",        "DALLA",   "DAS",     "DE",         "DE DIE",
    "DE L'",    "DE LA",     "DE LAS",     "DE LE",   "DE LOS",  "DE VAN DER", "DEGLI",
    "DEI",      "DEL",       "DELLA",      "DEN",     "DER",     "DES",        "DI",
    "DO",       "DON",       "DOS",        "DU",      "EL",      "HET",        "IN",
    "IN 'T",    "IN DE",     "IN DEN",     "IN DER",  "IN HET",  "LA",         "LAS",
    "LE",       "LES",       "LO",         "LOS",     "OF",      "ONDER",      "ONDER 'T",
    "ONDER DE", "ONDER DEN", "ONDER HET",  "OP",      "OP 'T",   "OP DE",      "OP DEN",
    "OP DER",   "OP GEN",    "OP HET",     "OP TEN",  "OVER",    "OVER 'T",    "OVER DE",
    "OVER DEN", "OVER HET",  "TE",         "TEN",     "TER",     "THOE",       "TO",
    "TOE",      "TOT",       "UIJT DE",    "UIT",     "UIT 'T",  "UIT DE",     "UIT DEN",
    "UIT HET",  "UIT TEN",   "V.",         "V. D.",   "V.D.",    "VAN",        "VAN 'T",
    "VAN DE",   "VAN DE L'", "VAN DEN",    "VAN DER", "VAN GEN", "VAN HET",    "VAN LA",
    "VAN T",    "VAN TER",   "VAN VAN DE", "VER",     "VOM",     "VON",        "VON 'T",
    "VON DEM",  "VON DEN",   "VON DER",    "VOOR",    "VOOR 'T", "VOOR DE",    "VOOR DEN",
    "VOR",      "VOR DER",   "ZU",         "ZUM",     "ZUR",
};

size_t voorvoegsel_length(const char *name)
{
    size_t longest = 0;
    for (size_t i = 0; i < ARRAY_LEN(prefixes); i++) {
        size_t n = strlen(prefixes[i]);
        if (n >= longest && strncmp(name, prefixes[i], n) == 0 && name[n] == ' ')
            longest = n + 1;
    }
    return name[longest + strspn(name + longest, " -.'")] == '\0' ? 0 : longest;
}

bool voorvoegsel_is(const char *text)
{
    for (size_t i = 0; i < ARRAY_LEN(prefixes); i++) {
        if (strcmp(text, prefixes[i]) == 0)
            return true;
    }
    return false;
}
