/* What the words of the file mean, for people. */
#include "proto/policy/register_internal.h"

struct two {
    const char *nl;
    const char *en;
};

static const char *pick(const struct two *row, enum language lang)
{
    return lang == LANGUAGE_NL ? row->nl : row->en;
}

/* `type` has a table of its own, by value; a value without words is said as the file spells it. */
#define SAY_DEFINE(fn, type, id, ...)                                                              \
    const char *fn(enum type v, enum language lang)                                                \
    {                                                                                              \
        static const struct two rows[] = {__VA_ARGS__};                                            \
        const size_t at = (size_t)v;                                                               \
        return at < ARRAY_LEN(rows) && rows[at].nl != NULL ? pick(&rows[at], lang) : id(v);        \
    }

SAY_DEFINE(
    say_process, process, process_id,
    [PROCESS_CASE_HIT] = {"bekend of niet bekend, in een casus", "known or not known, in a case"},
    [PROCESS_CASE_RELEASE] = {"verstrekking in een casus", "release in a case"},
    [PROCESS_INDEX] = {"opname in de index", "loading into the index"},
    [PROCESS_SIGNAL] = {"signaal uit eigen beweging", "signal on the holder's own initiative"},
    [PROCESS_PHENOMENON] = {"telling bij een fenomeen", "counting for a phenomenon"},
    [PROCESS_JOINT_TARGET] = {"gezamenlijk bekend", "jointly known"},
    [PROCESS_AREA_PROJECT] = {"gebiedsproject", "area project"},
    [PROCESS_BIBOB] = {"verstrekking voor een integriteitsadvies",
                       "release for an opinion on integrity"},
    [PROCESS_EXPORT] = {"doorgifte aan een buitenlandse partner", "transfer to a foreign partner"},
    [PROCESS_FEEDBACK] = {"terugmelding aan de bron", "feedback to the source"},
    [PROCESS_SUBJECT_REQUEST] = {"verzoek van een burger", "request of a citizen"})

SAY_DEFINE(
    say_process_done, process, process_id,
    [PROCESS_CASE_HIT] =
        {"De verzoeker vraagt of iemand bij de bronhouder bekend is. Er gaan geen "
         "gegevens mee.",
         "The requester asks whether somebody is known to the holder. No data travel."},
    [PROCESS_CASE_RELEASE] =
        {"De verzoeker vraagt in een casus om gegevens. Ze gaan mee na instemming "
         "van de bronhouder.",
         "In a case, the requester asks for data. They travel after consent of "
         "the holder."},
    [PROCESS_INDEX] =
        {"Een organisatie neemt onder pseudoniem in de index op dat zij een registratie "
         "heeft, voordat iemand iets vraagt.",
         "An organisation enters into the index, under a pseudonym, that it has a "
         "record, before anybody asks."},
    [PROCESS_SIGNAL] = {"De bronhouder meldt iets over iemand uit eigen beweging.",
                        "The holder tells of somebody on its own initiative."},
    [PROCESS_PHENOMENON] = {"Er worden aantallen geteld. Er gaat niets over een persoon mee.",
                            "Counts are made. Nothing about a person travels."},
    [PROCESS_JOINT_TARGET] =
        {"De verzoeker hoort alleen dat iemand bij genoeg bronhouders bekend is, "
         "of niets.",
         "The requester hears only that somebody is known to enough holders, or "
         "nothing."},
    [PROCESS_AREA_PROJECT] =
        {"Voor een gebied worden aantallen geteld, of wordt na een concreet "
         "signaal naar een persoon gevraagd.",
         "For an area, counts are made, or a person is asked about on a concrete "
         "signal."},
    [PROCESS_BIBOB] = {"De verzoeker vraagt gegevens voor een advies over integriteit.",
                       "The requester asks for data for an opinion on integrity."},
    [PROCESS_EXPORT] = {"Wat eerder is verstrekt gaat naar een buitenlandse partner, nadat de bron "
                        "daarmee heeft ingestemd.",
                        "What was released before goes to a foreign partner, after consent of its "
                        "source."},
    [PROCESS_FEEDBACK] = {"Wie iets heeft ontvangen meldt aan de bron wat onjuist of juist bleek.",
                          "Who received something tells its source what proved wrong or right."},
    [PROCESS_SUBJECT_REQUEST] = {
        "Een burger gebruikt een recht, en voor het antwoord zijn andere "
        "organisaties nodig.",
        "A citizen uses a right, and the answer needs other organisations."})

SAY_DEFINE(say_partnership, partnership, partnership_id,
           [PARTNERSHIP_FEC] = {"Financieel Expertise Centrum (FEC)",
                                "Financial Expertise Centre (FEC)"},
           [PARTNERSHIP_ICOV] = {"Infobox Crimineel en Onverklaarbaar Vermogen (iCOV)",
                                 "Infobox Criminal and Unexplained Assets (iCOV)"},
           [PARTNERSHIP_RIEC] = {"Regionaal Informatie- en Expertisecentrum (RIEC)",
                                 "Regional Information and Expertise Centre (RIEC)"},
           [PARTNERSHIP_ZVH] = {"Zorg- en Veiligheidshuis (ZVH)", "Care and Safety House (ZVH)"},
           [PARTNERSHIP_LSI] = {"Landelijke Stuurgroep Interventieteams (LSI)",
                                "National Steering Group for Intervention Teams (LSI)"},
           [PARTNERSHIP_BIBOB] = {"Bibob", "Bibob"},
           [PARTNERSHIP_MIT] = {"Multidisciplinair Interventieteam (MIT)",
                                "Multidisciplinary Intervention Team (MIT)"},
           [PARTNERSHIP_PPS] = {"publiek-private samenwerking", "public-private partnership"},
           [PARTNERSHIP_MUNICIPAL] = {"gemeentelijke samenwerking", "municipal cooperation"},
           [PARTNERSHIP_AMLC] = {"Anti Money Laundering Centre (AMLC), zonder eigen wet",
                                 "Anti Money Laundering Centre (AMLC), without a law of its own"},
           [PARTNERSHIP_TRACK] = {"Track, zonder eigen wet", "Track, without a law of its own"},
           [PARTNERSHIP_CITY_DEAL] = {"City Deal, zonder eigen wet",
                                      "City Deal, without a law of its own"})

SAY_DEFINE(say_status, rule_status, rule_status_id,
           [RULE_STATUS_DRAFT] = {"ontwerp: staat nog niets toe", "draft: permits nothing yet"},
           [RULE_STATUS_ADOPTED] = {"vastgesteld", "adopted"},
           [RULE_STATUS_WITHDRAWN] = {"ingetrokken: staat niets meer toe",
                                      "withdrawn: permits nothing any more"})

SAY_DEFINE(say_regime, regime, regime_id,
           [REGIME_AVG] = {"Algemene verordening gegevensbescherming (AVG)",
                           "General Data Protection Regulation (AVG)"},
           [REGIME_WPG] = {"Wet politiegegevens (Wpg)", "police data (Wpg)"},
           [REGIME_WJSG] = {"Wet justitiële en strafvorderlijke gegevens (Wjsg)",
                            "judicial data and criminal records (Wjsg)"})

SAY_DEFINE(
    say_ident, ident_type,
    ident_type_id, [IDENT_BSN] = {"burgerservicenummer (BSN)", "citizen service number (BSN)"},
    [IDENT_RSIN] = {"RSIN", "RSIN (number of a legal person)"},
    [IDENT_KVK] = {"KVK-nummer", "number in the trade register (KVK)"},
    [IDENT_VESTIGING] = {"vestigingsnummer", "number of a business location"},
    [IDENT_IBAN] = {"rekeningnummer (IBAN)", "bank account (IBAN)"},
    [IDENT_KENTEKEN] = {"kenteken", "licence plate"},
    [IDENT_TELEFOON] = {"telefoonnummer", "telephone number"},
    [IDENT_EMAIL] = {"e-mailadres", "e-mail address"},
    [IDENT_BAG] = {"adres (BAG-nummer)", "address (BAG number)"},
    [IDENT_POSTCODE_HUISNR] = {"postcode en huisnummer", "postcode and house number"},
    [IDENT_NAAM_GEBOORTEDATUM] = {"naam en geboortedatum", "name and date of birth"},
    [IDENT_REISDOCUMENT] = {"nummer van een reisdocument", "number of a travel document"},
    [IDENT_BTW] = {"btw-nummer", "VAT number"},
    [IDENT_LEI] = {"LEI", "LEI (legal entity identifier)"},
    [IDENT_CONTAINER] = {"containernummer", "container number"},
    [IDENT_IMEI] = {"nummer van een toestel (IMEI)", "number of a device (IMEI)"})

SAY_DEFINE(say_strength, strength,
           strength_id, [STRENGTH_EXACT] = {"is alleen genoeg", "is enough alone"},
           [STRENGTH_WEAK] = {"alleen samen met een tweede soort",
                              "only with a second kind beside it"})

SAY_DEFINE(say_sensitivity, sensitivity,
           sensitivity_id, [SENSITIVITY_ORDINARY] = {"gewoon", "ordinary"},
           [SENSITIVITY_SPECIAL] = {"bijzondere categorie", "special category"},
           [SENSITIVITY_CRIMINAL] = {"strafrechtelijk", "criminal"})

SAY_DEFINE(say_masking, masking, masking_id, [MASKING_NONE] = {"alles", "all of it"},
           [MASKING_PRESENT] = {"alleen dat er een waarde is", "only that there is a value"},
           [MASKING_YEAR] = {"alleen het jaar", "only the year"},
           [MASKING_POSTCODE4] = {"alleen de vier cijfers van de postcode",
                                  "only the four digits of the postcode"},
           [MASKING_INITIALS] = {"alleen de initialen", "only the initials"},
           [MASKING_LAST4] = {"alleen de laatste vier tekens", "only the last four characters"})

SAY_DEFINE(say_visibility, visibility, visibility_id,
           [VISIBILITY_HOLDER_FIRST] =
               {"Eerst de bronhouder. De verzoeker hoort niet van een treffer voordat "
                "de bronhouder heeft beslist.",
                "The holder first. The requester does not hear of a hit before the "
                "holder has decided."},
           [VISIBILITY_DIRECT] = {"De verzoeker hoort direct van een treffer.",
                                  "The requester hears of a hit directly."},
           [VISIBILITY_NEVER] = {"Niemand: er wordt alleen geteld.", "Nobody: this only counts."})

SAY_DEFINE(say_outcome, outcome, outcome_id,
           [OUTCOME_SEALED] =
               {"Alleen wat wordt verstrekt. Niet gevonden, geweigerd en niet beantwoord zien "
                "er voor de verzoeker gelijk uit.",
                "Only what is released. Not found, refused and not answered look alike to the "
                "requester."},
           [OUTCOME_HIT_NO_HIT] =
               {"Wat wordt verstrekt, of dat iemand bekend is als de bronhouder dat "
                "bevestigt. Anders: niet bekend, of niet bevestigd.",
                "What is released, or that somebody is known where the holder confirms it. "
                "Otherwise: not known, or not confirmed."},
           [OUTCOME_REASONED] = {
               "Wat wordt verstrekt, of dat de bronhouder weigert, met de weigeringsgrond "
               "waar de verzoeker die mag kennen.",
               "What is released, or that the holder refuses, with the ground of refusal "
               "where the requester may know it."})

SAY_DEFINE(say_case_state, case_state, case_state_id, [CASE_SIGNAL] = {"signaal", "signal"},
           [CASE_EXPLORATION] = {"verkenning", "exploration"},
           [CASE_WORK_UP_1] = {"opwerking, stap 1 (halfopen bronnen)",
                               "work-up, step 1 (half-open sources)"},
           [CASE_WORK_UP_2] = {"opwerking, stap 2 (gesloten bronnen)",
                               "work-up, step 2 (closed sources)"},
           [CASE_WORK_UP_3] = {"opwerking, stap 3 (politiegegevens)",
                               "work-up, step 3 (police data)"},
           [CASE_CASE] = {"casus", "case"}, [CASE_INTERVENTION] = {"interventie", "intervention"},
           [CASE_CLOSED] = {"gesloten", "closed"}, [CASE_DESTROYED] = {"vernietigd", "destroyed"})

SAY_DEFINE(
    say_control, control,
    control_id, [CONTROL_FORBIDDEN] = {"mogen niet worden meegestuurd", "may not be sent along"},
    [CONTROL_OPTIONAL] = {"mogen worden meegestuurd", "may be sent along"},
    [CONTROL_REQUIRED] = {"moeten worden meegestuurd", "must be sent along"})

SAY_DEFINE(
    say_consent, consent_kind,
    consent_kind_id, [CONSENT_KIND_OFFICER] = {"één functionaris", "one officer"},
    [CONSENT_KIND_FOUR_EYES] = {"twee functionarissen", "two officers"},
    [CONSENT_KIND_PROSECUTOR] = {"één functionaris en de officier van justitie; elk kan alleen "
                                 "weigeren",
                                 "one officer and the public prosecutor; either can refuse "
                                 "alone"},
    [CONSENT_KIND_STANDING] = {"één functionaris, aan wie de vaste instemming wordt getoond; die "
                               "verstrekt niets uit zichzelf",
                               "one officer, who is shown the standing consent; it releases "
                               "nothing by itself"})

SAY_DEFINE(say_duty, duty,
           duty_id, [DUTY_MAY] = {"de bronhouder mag verstrekken", "the holder may release"},
           [DUTY_SHALL] = {"de bronhouder is tot verstrekking verplicht",
                           "the holder shall supply"})

SAY_DEFINE(say_case_check, case_check, case_check_id,
           [CHECK_1] = {"toets 1 (hoort dit signaal hier)",
                        "check 1 (does this signal belong here)"},
           [CHECK_2A] = {"toets 2a (mogen en moeten deze gegevens worden gedeeld)",
                         "check 2a (may and must these data be shared)"},
           [CHECK_2B] = {"toets 2b (mogen en moeten deze partners ermee handelen)",
                         "check 2b (may and must these partners act on them)"})

static const char *say_officer(enum officer_function v, const char *id, enum language lang)
{
    static const struct two rows[FUNCTION_COUNT] = {
        [FUNCTION_AUDITOR] = {"auditor", "auditor"},
        [FUNCTION_CASE_WORKER] = {"behandelaar van de casus", "case worker"},
        [FUNCTION_MANDATED_OFFICER] = {"gemandateerde functionaris", "mandated officer"},
        [FUNCTION_PRIVACY_OFFICER] = {"privacyfunctionaris", "privacy officer"},
        [FUNCTION_PROSECUTOR] = {"officier van justitie", "public prosecutor"},
        [FUNCTION_RELEASE_OFFICER] = {"verstrekkingsfunctionaris", "release officer"},
        [FUNCTION_SECURITY_OFFICER] = {"beveiligingsfunctionaris", "security officer"},
        [FUNCTION_COMPLIANCE_OFFICER] = {"compliance officer", "compliance officer"},
    };
    return v < FUNCTION_COUNT && rows[v].nl != NULL ? pick(&rows[v], lang) : id;
}

const char *say_function(const struct name *v, enum language lang)
{
    enum officer_function f = FUNCTION_NONE;
    return officer_function_parse(bytes_str(v->s), &f) == ERR_OK ? say_officer(f, v->s, lang)
                                                                 : v->s;
}

const char *say_aim(const struct name *v, enum language lang)
{
    static const struct two enforcement = {"handhaving", "enforcement"};
    static const struct two protective = {"bescherming", "protection"};
    if (strcmp(v->s, "enforcement") == 0)
        return pick(&enforcement, lang);
    return strcmp(v->s, "protective") == 0 ? pick(&protective, lang) : v->s;
}
