#include "proto/ident/kind.h"

#define ONE_PART(name) .parts = {1, 1}, .part_names = {name}

/* Bump norm_version when any output byte of a type changes, and keep the vectors of the old one. */
static const struct ident_kind kinds[] = {
    [IDENT_BSN] = {bsn_rule, 1, IDENT_CLASS_WETTELIJK_NUMMER, NULL, ONE_PART("bsn")},
    [IDENT_RSIN] = {rsin_rule, 1, IDENT_CLASS_RECHTSPERSOON, NULL, ONE_PART("rsin")},
    [IDENT_KVK] = {kvk_rule, 1, IDENT_CLASS_RECHTSPERSOON, NULL, ONE_PART("kvk")},
    [IDENT_VESTIGING] = {vestiging_rule, 1, IDENT_CLASS_RECHTSPERSOON, NULL, ONE_PART("vestiging")},
    [IDENT_IBAN] = {iban_rule, 1, IDENT_CLASS_FINANCIEEL, NULL, ONE_PART("iban")},
    [IDENT_KENTEKEN] = {kenteken_rule, 1, IDENT_CLASS_OBJECT, NULL, {1, 2}, {"kenteken", "land"}},
    [IDENT_TELEFOON] = {telefoon_rule, 1, IDENT_CLASS_TELECOM, NULL, ONE_PART("telefoon")},
    [IDENT_EMAIL] = {email_rule, 1, IDENT_CLASS_TELECOM, NULL, ONE_PART("email")},
    [IDENT_BAG] = {bag_rule, 1, IDENT_CLASS_ADRES, NULL, ONE_PART("bag")},
    [IDENT_POSTCODE_HUISNR] = {postcode_rule,
                               1,
                               IDENT_CLASS_ADRES,
                               NULL,
                               {2, 4},
                               {"postcode", "huisnummer", "huisletter", "toevoeging"}},
    [IDENT_NAAM_GEBOORTEDATUM] = {naam_rule,
                                  1,
                                  IDENT_CLASS_PERSOON,
                                  NULL,
                                  {3, 3},
                                  {"geslachtsnaam", "voornaam", "geboortedatum"}},
    [IDENT_REISDOCUMENT] = {reisdocument_rule,
                            1,
                            IDENT_CLASS_PERSOON,
                            NULL,
                            {3, 4},
                            {"uitgever", "soort", "nummer", "controlecijfer"}},
    [IDENT_BTW] = {btw_rule, 1, IDENT_CLASS_RECHTSPERSOON, btw_class, ONE_PART("btw")},
    [IDENT_LEI] = {lei_rule, 1, IDENT_CLASS_RECHTSPERSOON, NULL, ONE_PART("lei")},
    [IDENT_CONTAINER] = {container_rule, 1, IDENT_CLASS_OBJECT, NULL, ONE_PART("container")},
    [IDENT_IMEI] = {imei_rule, 1, IDENT_CLASS_TELECOM, NULL, ONE_PART("imei")},
};
_Static_assert(ARRAY_LEN(kinds) == IDENT_TYPE_COUNT, "one rule for each identifier type");

const struct ident_kind *ident_kind(enum ident_type type)
{
    if (type <= IDENT_NONE || type >= IDENT_TYPE_COUNT)
        return NULL;
    return &kinds[type];
}
