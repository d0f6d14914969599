#include "proto/policy/condition.h"

/* Sets of processes. */
#define IN(process) (1u << PROCESS_##process)
enum {
    LOAD = IN(INDEX),
    BOTH = (1u << PROCESS_COUNT) - 2,
    ASK = BOTH & ~IN(INDEX),
    RELEASE = ASK & ~(IN(CASE_HIT) | IN(JOINT_TARGET) | IN(PHENOMENON)), /* fields travel */
    COUNT = IN(PHENOMENON) | IN(AREA_PROJECT),
    EXPORT = IN(EXPORT),
};

#define J SIGHT_JUDGES
#define T SIGHT_TOLD
#define N SIGHT_NONE

/* Under index the requester has no part, so its column speaks of asking only. */
struct row {
    const char *id;
    unsigned part;
    enum sight requester;
    enum sight broker;
    enum sight holder;
    enum sight index_broker;
    const char *nl;
    const char *en;
};

static const struct row rows[CONDITION_COUNT] = {
    [CONDITION_NONE] = {"?", 0, N, N, N, N, "?", "?"},
    [CONDITION_POLICY_VALID] = {"policy_valid", BOTH, J, J, J, J,
                                "het beleid is op dit moment niet geldig",
                                "the policy is not valid at this time"},
    [CONDITION_RULE_KNOWN] = {"rule_known", BOTH, J, J, J, J, "het beleid kent deze regel niet",
                              "the policy has no such rule"},
    [CONDITION_RULE_VERSION] = {"rule_version", BOTH, J, J, J, J,
                                "de genoemde versie van de regel is niet de geldende",
                                "the version named is not the one in force"},
    [CONDITION_STATUS] = {"status", BOTH, J, J, J, J, "de regel is niet vastgesteld",
                          "the rule is not adopted"},
    [CONDITION_RULE_VALID] = {"rule_valid", BOTH, J, J, J, J,
                              "de regel is op dit moment niet geldig",
                              "the rule is not valid at this time"},
    [CONDITION_ADOPTION] = {"adoption", BOTH, J, J, J, J,
                            "de bronhouder heeft deze regel niet voor zichzelf vastgesteld",
                            "the holder has not adopted this rule for itself"},
    [CONDITION_BASIS] = {"basis", BOTH, J, J, J, J,
                         "de regel noemt geen grondslag van het samenwerkingsverband",
                         "the rule cites no basis of the partnership"},
    [CONDITION_VERIFIED] = {"verified", BOTH, J, J, J, J,
                            "een aangehaalde bepaling is door niemand geverifieerd",
                            "nobody verified a provision that the rule cites"},
    [CONDITION_GATE] = {"gate", BOTH, J, J, J, J,
                        "geen bepaling heft de geheimhouding van de bronhouder op",
                        "no provision lifts the holder's sector secrecy"},
    [CONDITION_REGIME] = {"regime", BOTH, J, J, J, J,
                          "het rechtsregime van een partij is niet dat van de regel",
                          "the legal regime of a party is not the rule's"},
    [CONDITION_GDPR] = {"gdpr", BOTH, J, J, J, J, "voor een soort gegevens ontbreekt de AVG-grond",
                        "a kind of data lacks its AVG ground"},
    [CONDITION_PROCESS] = {"process", BOTH, J, J, J, J, "de regel geldt niet voor dit proces",
                           "the rule is not for this process"},
    [CONDITION_PURPOSE] = {"purpose", BOTH, J, J, J, J, "het doel is niet dat van de regel",
                           "the purpose is not the rule's"},
    [CONDITION_PARTICIPANT] = {"participant", BOTH, J, J, J, J,
                               "een partij is geen deelnemer aan dit doel",
                               "a party is no participant of the purpose"},
    [CONDITION_REQUESTER] = {"requester", ASK, J, J, J, N,
                             "deze organisatie mag onder deze regel niet vragen",
                             "this organisation may not ask under this rule"},
    [CONDITION_HOLDER] = {"holder", BOTH, J, J, J, J,
                          "deze organisatie is geen bronhouder onder deze regel",
                          "this organisation is no holder under this rule"},
    [CONDITION_OTHER_PARTY] = {"other_party", ASK, J, J, J, N,
                               "een organisatie kan zichzelf niet vragen",
                               "an organisation cannot ask itself"},
    [CONDITION_EXCLUDED] = {"excluded", BOTH, J, J, J, J,
                            "een partij is uitgesloten van deze regel",
                            "a party is excluded from this rule"},
    [CONDITION_ON_BEHALF_OF] = {"on_behalf_of", ASK, J, J, J, N,
                                "namens welke deelnemer wordt gevraagd, klopt niet",
                                "on whose behalf the question is asked is not right"},
    [CONDITION_FUNCTION] = {"function", ASK, J, J, J, N, "deze functie is niet bevoegd",
                            "this function has no authority"},
    [CONDITION_REGION] = {"region", ASK, J, J, J, N, "de regel geldt niet voor deze regio",
                          "the rule is not for this region"},
    [CONDITION_CASE_STATE] = {"case_state", ASK, J, N, T, N,
                              "de casus is niet ver genoeg, of al gesloten",
                              "the case is not far enough, or already closed"},
    [CONDITION_CHECKS] = {"checks", ASK, J, N, T, N,
                          "een toets die de regel eist, is in de casus niet vastgelegd",
                          "a check that the rule wants is not recorded in the case"},
    [CONDITION_NECESSITY] = {"necessity", ASK, J, N, J, N,
                             "de noodzaakmotivering ontbreekt of is te kort",
                             "the necessity text is missing or too short"},
    [CONDITION_PROPORTIONALITY] = {"proportionality", ASK, J, N, J, N,
                                   "de proportionaliteit is niet onderbouwd",
                                   "proportionality is not stated"},
    [CONDITION_SUBSIDIARITY] = {"subsidiarity", ASK, J, N, J, N,
                                "de subsidiariteit is niet onderbouwd",
                                "subsidiarity is not stated"},
    [CONDITION_CONCRETE_SIGNAL] = {"concrete_signal", ASK, J, N, J, N,
                                   "er is geen concreet signaal", "there is no concrete signal"},
    [CONDITION_CONTROL_DATA] = {"control_data", ASK, J, N, J, N,
                                "de controlegegevens ontbreken, of mogen niet mee",
                                "control data are missing, or not allowed"},
    [CONDITION_IDENTIFIERS] = {"identifiers", BOTH, J, J, J, J,
                               "een soort identificerend gegeven mag hier niet worden gebruikt",
                               "a type of identifier may not be used here"},
    [CONDITION_NORM_VERSION] = {"norm_version", BOTH, J, J, J, J,
                                "een identificerend gegeven heeft een andere normversie",
                                "an identifier has another norm version"},
    [CONDITION_STRENGTH] = {"strength", ASK, J, J, J, N,
                            "een zwak identificerend gegeven staat alleen",
                            "a weak identifier stands alone"},
    [CONDITION_FIELDS] = {"fields", ASK, J, J, J, N, "een gevraagd veld staat niet in de regel",
                          "a field asked for is not in the rule"},
    [CONDITION_FIELD_LEFT] = {"field_left", RELEASE, J, J, J, N,
                              "deze bronhouder mag geen van de gevraagde velden verstrekken",
                              "this holder may release none of the fields asked for"},
    [CONDITION_VISIBILITY] = {"visibility", ASK, J, J, J, N,
                              "de treffer zou te vroeg zichtbaar zijn",
                              "a hit would be visible too early"},
    [CONDITION_DEADLINE] = {"deadline", ASK, J, J, J, N, "de termijn is niet toegestaan of voorbij",
                            "the deadline is not allowed, or over"},
    [CONDITION_AIM] = {"aim", ASK, J, N, J, N, "dit oogmerk laat de regel niet toe",
                       "the rule does not admit this aim"},
    [CONDITION_MINORS] = {"minors", ASK, J, N, J, N, "het gaat om een minderjarige",
                          "a subject is a minor"},
    [CONDITION_PHENOMENON] = {"phenomenon", ASK, J, N, J, N, "dit fenomeen staat niet in de regel",
                              "this phenomenon is not in the rule"},
    [CONDITION_AREA] = {"area", IN(AREA_PROJECT), J, N, J, N, "dit gebied staat niet in de regel",
                        "this area is not in the rule"},
    [CONDITION_DESTINATION] = {"destination", EXPORT, J, N, J, N,
                               "deze buitenlandse partner staat niet in de regel",
                               "this foreign partner is not in the rule"},
    [CONDITION_ORIGIN] = {"origin", EXPORT, J, N, J, N,
                          "wat onder die regel is verstrekt, mag niet worden doorgegeven",
                          "what was released under that rule may not be passed on"},
    [CONDITION_DIMENSIONS] = {"dimensions", COUNT, J, J, J, N,
                              "een gevraagde uitsplitsing staat niet in de regel",
                              "a breakdown asked for is not in the rule"},
    [CONDITION_LIMIT_REQUEST] = {"limit_request", ASK, J, J, N, N,
                                 "te veel identificerende gegevens in een verzoek",
                                 "too many identifiers in one request"},
    [CONDITION_LIMIT_AGENCY] = {"limit_agency", ASK, J, J, N, N,
                                "te veel verzoeken van deze organisatie vandaag",
                                "too many requests of this organisation today"},
    [CONDITION_LIMIT_OFFICER] = {"limit_officer", ASK, J, J, N, N,
                                 "te veel verzoeken van deze medewerker vandaag",
                                 "too many requests of this officer today"},
    [CONDITION_LIMIT_CASE] = {"limit_case", ASK, J, J, N, N,
                              "te veel personen of zaken in de casus",
                              "too many subjects in the case"},
    [CONDITION_LIMIT_PERIOD] = {"limit_period", ASK, J, J, N, N,
                                "te veel personen of zaken in deze periode",
                                "too many subjects in this period"},
    [CONDITION_MIN_HOLDERS] = {"min_holders", COUNT | IN(JOINT_TARGET), J, J, N, N,
                               "te weinig bronhouders worden bevraagd",
                               "too few holders are asked"},
    [CONDITION_SET_SIZE] = {"set_size", COUNT, N, J, J, N,
                            "de verzameling is te klein om te tellen",
                            "the set is too small to be counted"},
    [CONDITION_BUDGET] = {"budget", COUNT, N, J, N, N, "te veel tellingen in deze periode",
                          "too many counts in this period"},
    [CONDITION_CATEGORY] = {"category", LOAD, N, J, J, J, "de regel laat deze categorie niet toe",
                            "the rule does not admit this category"},
    [CONDITION_AGE] = {"age", LOAD, N, J, J, J, "de registratie is te oud",
                       "the record is too old"},
    [CONDITION_SHARE] = {"share", LOAD, N, J, J, J,
                         "te groot deel van het bestand van deze organisatie",
                         "too large a share of this organisation's population"},
    [CONDITION_LIMIT_ADDITIONS] = {"limit_additions", LOAD, N, J, J, J,
                                   "te veel toevoegingen in deze periode",
                                   "too many additions in this period"},
    [CONDITION_SUPPRESSION] = {"suppression", LOAD, N, N, J, N,
                               "de lijst van beschermde personen is niet nagegaan",
                               "the list of protected persons was not consulted"},
};

#undef J
#undef T
#undef N

static const struct row *row_of(enum condition c)
{
    return (unsigned)c < CONDITION_COUNT ? &rows[c] : &rows[CONDITION_NONE];
}

const char *condition_id(enum condition c)
{
    return row_of(c)->id;
}

enum err condition_parse(struct bytes id, enum condition *out)
{
    for (unsigned c = 1; c < CONDITION_COUNT; c++) {
        if (bytes_is(id, rows[c].id)) {
            *out = (enum condition)c;
            return ERR_OK;
        }
    }
    return ERR_UNKNOWN;
}

const char *condition_nl(enum condition c)
{
    return row_of(c)->nl;
}

const char *condition_en(enum condition c)
{
    return row_of(c)->en;
}

bool condition_applies(enum condition c, enum process process)
{
    return (unsigned)process < PROCESS_COUNT && (row_of(c)->part & (1u << (unsigned)process)) != 0;
}

enum sight condition_sight(enum condition c, enum process process, enum role role)
{
    const struct row *row = row_of(c);
    if (!condition_applies(c, process))
        return SIGHT_NONE;
    bool loading = process == PROCESS_INDEX;
    switch (role) {
    case ROLE_REQUESTER:
        return loading ? SIGHT_NONE : row->requester;
    case ROLE_BROKER:
        return loading ? row->index_broker : row->broker;
    case ROLE_HOLDER:
        return row->holder;
    case ROLE_NONE:
    case ROLE_COUNT:
        break;
    }
    return SIGHT_NONE;
}
