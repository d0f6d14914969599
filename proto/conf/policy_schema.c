#include "proto/conf/policy_schema.h"

#include <cyaml/cyaml.h>

#include "proto/policy/facts.h"
#include "proto/policy/policy.h"

#define TEXT_MAX 4000 /* bytes of a text */
#define SHORT_MAX 200 /* bytes of a title or name */
#define LIST_MAX 256  /* items of an ordinary list */
#define RULES_MAX 20000
#define TESTS_MAX 10000
#define PARTIES_MAX 2000

#define NEED CYAML_FLAG_DEFAULT
#define MAY CYAML_FLAG_OPTIONAL

/* One line for each kind of member; flag is NEED or MAY. */
#define NAME(key, flag, type, member) CYAML_FIELD_STRING(key, flag, type, member.s, 1)
#define OIN(key, flag, type, member) CYAML_FIELD_STRING(key, flag, type, member.oin, OIN_CHARS)
#define CHARS(key, flag, type, member) CYAML_FIELD_STRING(key, flag, type, member, 1)
#define TEXT(key, flag, type, member, max)                                                         \
    CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_POINTER | (flag), type, member, 1, max)
#define NUMBER(key, flag, type, member) CYAML_FIELD_UINT(key, flag, type, member)
#define FLAG(key, flag, type, member) CYAML_FIELD_BOOL(key, flag, type, member)
#define WORD(key, flag, type, member, table)                                                       \
    CYAML_FIELD_ENUM(key, (flag) | CYAML_FLAG_STRICT, type, member, table, CYAML_ARRAY_LEN(table))
#define MAP(key, flag, type, member, fields) CYAML_FIELD_MAPPING(key, flag, type, member, fields)
#define MAP_PTR(key, flag, type, member, fields)                                                   \
    CYAML_FIELD_MAPPING_PTR(key, CYAML_FLAG_POINTER | (flag), type, member, fields)
#define LIST(key, flag, type, member, entry, min, max)                                             \
    CYAML_FIELD_SEQUENCE(key, CYAML_FLAG_POINTER | (flag), type, member, entry, min, max)

static const cyaml_strval_t status_words[] = {
    {"draft", RULE_STATUS_DRAFT},
    {"adopted", RULE_STATUS_ADOPTED},
    {"withdrawn", RULE_STATUS_WITHDRAWN},
};
static const cyaml_strval_t partnership_words[] = {
    {"fec", PARTNERSHIP_FEC},   {"icov", PARTNERSHIP_ICOV},   {"riec", PARTNERSHIP_RIEC},
    {"zvh", PARTNERSHIP_ZVH},   {"lsi", PARTNERSHIP_LSI},     {"bibob", PARTNERSHIP_BIBOB},
    {"mit", PARTNERSHIP_MIT},   {"pps", PARTNERSHIP_PPS},     {"municipal", PARTNERSHIP_MUNICIPAL},
    {"amlc", PARTNERSHIP_AMLC}, {"track", PARTNERSHIP_TRACK}, {"city_deal", PARTNERSHIP_CITY_DEAL},
};
static const cyaml_strval_t process_words[] = {
    {"case_hit", PROCESS_CASE_HIT},
    {"case_release", PROCESS_CASE_RELEASE},
    {"index", PROCESS_INDEX},
    {"signal", PROCESS_SIGNAL},
    {"phenomenon", PROCESS_PHENOMENON},
    {"joint_target", PROCESS_JOINT_TARGET},
    {"area_project", PROCESS_AREA_PROJECT},
    {"bibob", PROCESS_BIBOB},
    {"export", PROCESS_EXPORT},
    {"feedback", PROCESS_FEEDBACK},
    {"subject_request", PROCESS_SUBJECT_REQUEST},
};
static const cyaml_strval_t regime_words[] = {
    {"avg", REGIME_AVG}, {"wpg", REGIME_WPG}, {"wjsg", REGIME_WJSG}};
static const cyaml_strval_t case_words[] = {
    {"signal", CASE_SIGNAL},
    {"exploration", CASE_EXPLORATION},
    {"work_up_1", CASE_WORK_UP_1},
    {"work_up_2", CASE_WORK_UP_2},
    {"work_up_3", CASE_WORK_UP_3},
    {"case", CASE_CASE},
    {"intervention", CASE_INTERVENTION},
};
static const cyaml_strval_t from_words[] = {
    {"new", CASE_NONE},
    {"signal", CASE_SIGNAL},
    {"exploration", CASE_EXPLORATION},
    {"work_up_1", CASE_WORK_UP_1},
    {"work_up_2", CASE_WORK_UP_2},
    {"work_up_3", CASE_WORK_UP_3},
    {"case", CASE_CASE},
    {"intervention", CASE_INTERVENTION},
    {"closed", CASE_CLOSED},
};
static const cyaml_strval_t to_words[] = {
    {"signal", CASE_SIGNAL},
    {"exploration", CASE_EXPLORATION},
    {"work_up_1", CASE_WORK_UP_1},
    {"work_up_2", CASE_WORK_UP_2},
    {"work_up_3", CASE_WORK_UP_3},
    {"case", CASE_CASE},
    {"intervention", CASE_INTERVENTION},
    {"closed", CASE_CLOSED},
    {"destroyed", CASE_DESTROYED},
};
static const cyaml_strval_t visibility_words[] = {{"holder_first", VISIBILITY_HOLDER_FIRST},
                                                  {"direct", VISIBILITY_DIRECT},
                                                  {"never", VISIBILITY_NEVER}};
static const cyaml_strval_t masking_words[] = {
    {"present", MASKING_PRESENT},   {"year", MASKING_YEAR},   {"postcode4", MASKING_POSTCODE4},
    {"initials", MASKING_INITIALS}, {"last4", MASKING_LAST4},
};
static const cyaml_strval_t inform_words[] = {{"inform", INFORM_INFORM}, {"defer", INFORM_DEFER}};
static const cyaml_strval_t onward_words[] = {{"forbidden", ONWARD_FORBIDDEN},
                                              {"after_consent", ONWARD_AFTER_CONSENT}};
static const cyaml_strval_t consent_words[] = {{"officer", CONSENT_KIND_OFFICER},
                                               {"four_eyes", CONSENT_KIND_FOUR_EYES},
                                               {"prosecutor", CONSENT_KIND_PROSECUTOR},
                                               {"standing", CONSENT_KIND_STANDING}};
static const cyaml_strval_t duty_words[] = {{"may", DUTY_MAY}, {"shall", DUTY_SHALL}};
static const cyaml_strval_t sensitivity_words[] = {
    {"ordinary", SENSITIVITY_ORDINARY},
    {"special", SENSITIVITY_SPECIAL},
    {"criminal", SENSITIVITY_CRIMINAL},
};
static const cyaml_strval_t control_words[] = {
    {"forbidden", CONTROL_FORBIDDEN},
    {"optional", CONTROL_OPTIONAL},
    {"required", CONTROL_REQUIRED},
};
static const cyaml_strval_t outcome_words[] = {
    {"sealed", OUTCOME_SEALED},
    {"hit_no_hit", OUTCOME_HIT_NO_HIT},
    {"reasoned", OUTCOME_REASONED},
};
static const cyaml_strval_t strength_words[] = {{"exact", STRENGTH_EXACT}, {"weak", STRENGTH_WEAK}};
static const cyaml_strval_t role_words[] = {
    {"requester", ROLE_REQUESTER}, {"broker", ROLE_BROKER}, {"holder", ROLE_HOLDER}};
static const cyaml_strval_t expect_words[] = {{"permit", EXPECT_PERMIT}, {"deny", EXPECT_DENY}};
static const cyaml_strval_t type_words[] = {
    {"bsn", IDENT_BSN},
    {"rsin", IDENT_RSIN},
    {"kvk", IDENT_KVK},
    {"vestiging", IDENT_VESTIGING},
    {"iban", IDENT_IBAN},
    {"kenteken", IDENT_KENTEKEN},
    {"telefoon", IDENT_TELEFOON},
    {"email", IDENT_EMAIL},
    {"bag", IDENT_BAG},
    {"postcode_huisnr", IDENT_POSTCODE_HUISNR},
    {"naam_geboortedatum", IDENT_NAAM_GEBOORTEDATUM},
    {"reisdocument", IDENT_REISDOCUMENT},
    {"btw", IDENT_BTW},
    {"lei", IDENT_LEI},
    {"container", IDENT_CONTAINER},
    {"imei", IDENT_IMEI},
};

static const struct cyaml_schema_value name_entry = {
    CYAML_VALUE_STRING(CYAML_FLAG_DEFAULT, struct name, 1, NAME_MAX_BYTES)};
static const struct cyaml_schema_value selector_entry = {
    CYAML_VALUE_STRING(CYAML_FLAG_DEFAULT, struct selector, 1, NAME_MAX_BYTES)};
static const struct cyaml_schema_value closed_day_entry = {
    CYAML_VALUE_STRING(CYAML_FLAG_DEFAULT, struct closed_day, 1, POLICY_DATE_SIZE - 1)};
static const struct cyaml_schema_value oin_entry = {
    CYAML_VALUE_STRING(CYAML_FLAG_DEFAULT, struct agency_id, OIN_CHARS, OIN_CHARS)};

static const struct cyaml_schema_field period_fields[] = {
    CHARS("from", NEED, struct period, from), CHARS("until", NEED, struct period, until),
    CYAML_FIELD_END};
static const struct cyaml_schema_field bilingual_fields[] = {
    TEXT("nl", NEED, struct bilingual, nl, TEXT_MAX),
    TEXT("en", NEED, struct bilingual, en, TEXT_MAX), CYAML_FIELD_END};
static const struct cyaml_schema_field signer_fields[] = {
    NAME("id", NEED, struct policy_signer, id),
    NAME("function", NEED, struct policy_signer, function),
    TEXT("organisation", NEED, struct policy_signer, organisation, SHORT_MAX), CYAML_FIELD_END};
static const struct cyaml_schema_value signer_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct policy_signer, signer_fields)};
static const struct cyaml_schema_field law_fields[] = {
    NAME("id", NEED, struct law, id),
    TEXT("title", NEED, struct law, title, SHORT_MAX),
    TEXT("source", NEED, struct law, source, SHORT_MAX),
    FLAG("secrecy", MAY, struct law, secrecy),
    FLAG("non_binding", MAY, struct law, non_binding),
    CYAML_FIELD_END};
static const struct cyaml_schema_value law_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct law, law_fields)};
static const struct cyaml_schema_field party_fields[] = {
    OIN("oin", NEED, struct party, oin),
    TEXT("name", NEED, struct party, name, SHORT_MAX),
    LIST("classes", NEED, struct party, classes, &name_entry, 1, LIST_MAX),
    WORD("regime", NEED, struct party, regime, regime_words),
    NAME("sector_law", MAY, struct party, sector_law),
    NAME("region", MAY, struct party, region),
    MAP("valid", MAY, struct party, valid, period_fields),
    FLAG("private", MAY, struct party, is_private),
    NUMBER("retention_cap_days", MAY, struct party, retention_cap_days),
    LIST("on_behalf_of", MAY, struct party, on_behalf_of, &oin_entry, 1, LIST_MAX),
    CYAML_FIELD_END};
static const struct cyaml_schema_value party_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct party, party_fields)};
static const struct cyaml_schema_field purpose_fields[] = {
    NAME("id", NEED, struct purpose, id),
    MAP("text", NEED, struct purpose, text, bilingual_fields),
    NUMBER("epoch_days", NEED, struct purpose, epoch_days),
    NUMBER("departure_days", MAY, struct purpose, departure_days),
    LIST("participants", NEED, struct purpose, participants, &selector_entry, 1, LIST_MAX),
    OIN("custodian", NEED, struct purpose, custodian),
    LIST("partnerships", MAY, struct purpose, partnerships, &name_entry, 1, LIST_MAX),
    CYAML_FIELD_END};
static const struct cyaml_schema_value purpose_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct purpose, purpose_fields)};
static const struct cyaml_schema_field category_fields[] = {
    NAME("id", NEED, struct category, id), NUMBER("number", NEED, struct category, number),
    MAP("text", NEED, struct category, text, bilingual_fields), CYAML_FIELD_END};
static const struct cyaml_schema_value category_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct category, category_fields)};

static const struct cyaml_schema_field advice_fields[] = {
    NAME("body", NEED, struct advice, body),
    TEXT("reference", NEED, struct advice, reference, SHORT_MAX),
    CYAML_FIELD_STRING_PTR("digest", CYAML_FLAG_POINTER, struct advice, digest, 64, 64),
    CYAML_FIELD_END};
static const struct cyaml_schema_value advice_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct advice, advice_fields)};

/* The keys of a citation, in whatever struct holds one. */
#define CITATION(type, at)                                                                         \
    NAME("law", NEED, type, at law), CHARS("article", NEED, type, at article),                     \
        CHARS("paragraph", MAY, type, at paragraph), TEXT("jci", MAY, type, at jci, SHORT_MAX),    \
        NAME("verified_by", NEED, type, at verified_by),                                           \
        CHARS("verified_on", MAY, type, at verified_on)

static const struct cyaml_schema_field citation_fields[] = {CITATION(struct citation, ),
                                                            CYAML_FIELD_END};
static const struct cyaml_schema_value citation_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct citation, citation_fields)};
static const struct cyaml_schema_field gate_fields[] = {
    NAME("holder", NEED, struct gate, holder.s), CITATION(struct gate, cite.),
    LIST("with", MAY, struct gate, with, &citation_entry, 1, LIST_MAX),
    WORD("outcome_at_most", MAY, struct gate, outcome_at_most, outcome_words), CYAML_FIELD_END};
static const struct cyaml_schema_value gate_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct gate, gate_fields)};
static const struct cyaml_schema_field regime_fields[] = {
    NAME("party", NEED, struct rule_regime, party.s),
    WORD("regime", NEED, struct rule_regime, regime, regime_words), CYAML_FIELD_END};
static const struct cyaml_schema_value regime_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct rule_regime, regime_fields)};
static const struct cyaml_schema_field gdpr_fields[] = {
    TEXT("lawfulness", NEED, struct gdpr, lawfulness, SHORT_MAX),
    TEXT("special", MAY, struct gdpr, special, SHORT_MAX),
    TEXT("criminal", MAY, struct gdpr, criminal, SHORT_MAX),
    TEXT("compatibility", MAY, struct gdpr, compatibility, TEXT_MAX),
    TEXT("dpia", MAY, struct gdpr, dpia, SHORT_MAX),
    TEXT("advice", MAY, struct gdpr, advice, SHORT_MAX),
    TEXT("register", MAY, struct gdpr, register_entry, SHORT_MAX),
    CYAML_FIELD_END};
static const struct cyaml_schema_field index_fields[] = {
    LIST("categories", NEED, struct index_terms, categories, &name_entry, 1, LIST_MAX),
    MAP("ground", NEED, struct index_terms, ground, bilingual_fields),
    NUMBER("max_share_permille", NEED, struct index_terms, max_share_permille),
    NUMBER("max_age_days", NEED, struct index_terms, max_age_days),
    FLAG("suppression", MAY, struct index_terms, suppression),
    CYAML_FIELD_END};
static const struct cyaml_schema_field question_use_fields[] = {
    FLAG("own_task", NEED, struct question_use, own_task),
    MAP_PTR("ground", MAY, struct question_use, ground, citation_fields), CYAML_FIELD_END};
static const struct cyaml_schema_field minors_fields[] = {
    FLAG("excluded", NEED, struct minors_terms, excluded),
    MAP_PTR("ground", MAY, struct minors_terms, ground, citation_fields), CYAML_FIELD_END};
static const struct cyaml_schema_field export_fields[] = {
    LIST("destinations", NEED, struct export_terms, destinations, &name_entry, 1, LIST_MAX),
    LIST("rules", NEED, struct export_terms, rules, &name_entry, 1, LIST_MAX),
    MAP_PTR("assurance", MAY, struct export_terms, assurance, citation_fields), CYAML_FIELD_END};
static const struct cyaml_schema_field joint_fields[] = {
    NUMBER("min_holders", NEED, struct joint_terms, min_holders), CYAML_FIELD_END};
static const struct cyaml_schema_field handling_fields[] = {
    NAME("classification", NEED, struct handling, classification),
    NAME("code", NEED, struct handling, code), NAME("source", NEED, struct handling, source),
    NAME("content", NEED, struct handling, content), CYAML_FIELD_END};
static const struct cyaml_schema_field aggregate_fields[] = {
    NUMBER("k_min", NEED, struct aggregate, k_min),
    NUMBER("rounding", NEED, struct aggregate, rounding),
    NUMBER("budget", NEED, struct aggregate, budget),
    NUMBER("min_holders", NEED, struct aggregate, min_holders),
    NUMBER("epsilon_milli", MAY, struct aggregate, epsilon_milli),
    FLAG("secondary_suppression", NEED, struct aggregate, secondary_suppression),
    LIST("dimensions", NEED, struct aggregate, dimensions, &name_entry, 1, FACTS_NAMES_MAX),
    CYAML_FIELD_END};
static const struct cyaml_schema_field onward_fields[] = {
    WORD("kind", NEED, struct onward_terms, kind, onward_words),
    FLAG("inform_partners", NEED, struct onward_terms, inform_partners), CYAML_FIELD_END};
static const struct cyaml_schema_field subject_fields[] = {
    WORD("inform", NEED, struct subject_terms, inform, inform_words),
    MAP_PTR("ground", MAY, struct subject_terms, ground, citation_fields),
    NUMBER("review_days", MAY, struct subject_terms, review_days),
    TEXT("contact", NEED, struct subject_terms, contact, SHORT_MAX), CYAML_FIELD_END};
static const struct cyaml_schema_field identifier_fields[] = {
    WORD("type", NEED, struct rule_identifier, type, type_words),
    NUMBER("norm_version", NEED, struct rule_identifier, norm_version),
    WORD("strength", NEED, struct rule_identifier, strength, strength_words),
    LIST("parties", NEED, struct rule_identifier, parties, &selector_entry, 1, LIST_MAX),
    MAP_PTR("ground", MAY, struct rule_identifier, ground, citation_fields),
    CYAML_FIELD_END};
static const struct cyaml_schema_value identifier_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct rule_identifier, identifier_fields)};
static const struct cyaml_schema_field field_fields[] = {
    NAME("name", NEED, struct rule_field, name),
    NAME("category", NEED, struct rule_field, category),
    WORD("sensitivity", NEED, struct rule_field, sensitivity, sensitivity_words),
    WORD("masking", MAY, struct rule_field, masking, masking_words),
    LIST("holders", MAY, struct rule_field, holders, &selector_entry, 1, LIST_MAX),
    CYAML_FIELD_END};
static const struct cyaml_schema_value field_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct rule_field, field_fields)};
static const struct cyaml_schema_field outcome_fields[] = {
    WORD("kind", NEED, struct rule_outcome, kind, outcome_words),
    MAP_PTR("ground", MAY, struct rule_outcome, ground, citation_fields), CYAML_FIELD_END};
static const struct cyaml_schema_field case_fields[] = {
    WORD("minimum_state", NEED, struct case_terms, minimum_state, case_words),
    NUMBER("necessity_min_chars", NEED, struct case_terms, necessity_min_chars),
    FLAG("proportionality", NEED, struct case_terms, proportionality),
    FLAG("subsidiarity", NEED, struct case_terms, subsidiarity),
    FLAG("concrete_signal", NEED, struct case_terms, concrete_signal),
    WORD("control_data", NEED, struct case_terms, control_data, control_words),
    LIST("checks", MAY, struct case_terms, checks, &name_entry, 1, LIST_MAX),
    CYAML_FIELD_END};
static const struct cyaml_schema_field closing_fields[] = {
    FLAG("required", NEED, struct closing_terms, required),
    LIST("interventions", MAY, struct closing_terms, interventions, &name_entry, 1, LIST_MAX),
    LIST("results", MAY, struct closing_terms, results, &name_entry, 1, LIST_MAX),
    CYAML_FIELD_END};
static const struct cyaml_schema_field move_fields[] = {
    WORD("from", NEED, struct policy_move, from, from_words),
    WORD("to", NEED, struct policy_move, to, to_words),
    LIST("functions", NEED, struct policy_move, functions, &name_entry, 1, LIST_MAX),
    LIST("checks", MAY, struct policy_move, checks, &name_entry, 1, LIST_MAX),
    CYAML_FIELD_END};
static const struct cyaml_schema_value move_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct policy_move, move_fields)};
static const struct cyaml_schema_field term_fields[] = {
    NUMBER("working_days", MAY, struct term, working_days),
    NUMBER("hours", MAY, struct term, hours), NUMBER("seconds", MAY, struct term, seconds),
    CYAML_FIELD_END};
static const struct cyaml_schema_field feedback_fields[] = {
    FLAG("required", NEED, struct feedback_terms, required),
    FLAG("human_check", NEED, struct feedback_terms, human_check),
    MAP("term", NEED, struct feedback_terms, term, term_fields), CYAML_FIELD_END};
static const struct cyaml_schema_field consent_fields[] = {
    NAME("holder", NEED, struct consent_terms, holder.s),
    WORD("kind", NEED, struct consent_terms, kind, consent_words),
    WORD("duty", NEED, struct consent_terms, duty, duty_words),
    LIST("functions", NEED, struct consent_terms, functions, &name_entry, 1, LIST_MAX),
    LIST("deputies", MAY, struct consent_terms, deputies, &name_entry, 1, LIST_MAX),
    MAP("term", NEED, struct consent_terms, term, term_fields),
    MAP_PTR("urgent_term", MAY, struct consent_terms, urgent_term, term_fields),
    CHARS("standing_since", MAY, struct consent_terms, standing_since),
    NAME("compartment", MAY, struct consent_terms, compartment),
    CYAML_FIELD_END};
static const struct cyaml_schema_value consent_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct consent_terms, consent_fields)};
static const struct cyaml_schema_field limit_fields[] = {
    NUMBER("identifiers_per_request", MAY, struct limits, identifiers_per_request),
    NUMBER("requests_per_day_agency", MAY, struct limits, requests_per_day_agency),
    NUMBER("requests_per_day_officer", MAY, struct limits, requests_per_day_officer),
    NUMBER("unique_per_case", MAY, struct limits, unique_per_case),
    NUMBER("unique_per_period", MAY, struct limits, unique_per_period),
    NUMBER("period_days", NEED, struct limits, period_days),
    NUMBER("hits_per_request", MAY, struct limits, hits_per_request),
    NUMBER("additions_per_period", MAY, struct limits, additions_per_period),
    NUMBER("min_set_size", MAY, struct limits, min_set_size),
    MAP("deadline_min", MAY, struct limits, deadline_min, term_fields),
    MAP("deadline_max", MAY, struct limits, deadline_max, term_fields),
    CYAML_FIELD_END};
static const struct cyaml_schema_field retention_fields[] = {
    NUMBER("no_hit", MAY, struct retention, no_hit),
    NUMBER("hit", MAY, struct retention, hit),
    NUMBER("release", MAY, struct retention, release),
    NUMBER("case", MAY, struct retention, case_file),
    NUMBER("log", NEED, struct retention, log),
    FLAG("destroy_at_close", MAY, struct retention, destroy_at_close),
    NUMBER("extension", MAY, struct retention, extension),
    CYAML_FIELD_END};
static const struct cyaml_schema_field refusal_fields[] = {
    NAME("code", NEED, struct refusal_ground, code),
    FLAG("requester_may_know", NEED, struct refusal_ground, requester_may_know),
    MAP("text", NEED, struct refusal_ground, text, bilingual_fields), CYAML_FIELD_END};
static const struct cyaml_schema_value refusal_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct refusal_ground, refusal_fields)};
static const struct cyaml_schema_field text_fields[] = {
    MAP("citizen", MAY, struct rule_text, citizen, bilingual_fields),
    MAP("officer", MAY, struct rule_text, officer, bilingual_fields), CYAML_FIELD_END};

static const struct cyaml_schema_field rule_fields[] = {
    NAME("id", NEED, struct rule, id),
    NUMBER("version", NEED, struct rule, version),
    WORD("status", NEED, struct rule, status, status_words),
    MAP("valid", NEED, struct rule, valid, period_fields),
    NUMBER("replaces", MAY, struct rule, replaces),
    WORD("partnership", NEED, struct rule, partnership, partnership_words),
    NAME("region", MAY, struct rule, region),
    NAME("purpose", NEED, struct rule, purpose),
    WORD("process", NEED, struct rule, process, process_words),
    LIST("basis", NEED, struct rule, basis, &citation_entry, 1, LIST_MAX),
    LIST("gates", MAY, struct rule, gates, &gate_entry, 1, LIST_MAX),
    LIST("regime", NEED, struct rule, regime, &regime_entry, 1, LIST_MAX),
    MAP_PTR("gdpr", MAY, struct rule, gdpr, gdpr_fields),
    MAP_PTR("index", MAY, struct rule, index, index_fields),
    MAP_PTR("question_use", MAY, struct rule, question_use, question_use_fields),
    MAP_PTR("minors", MAY, struct rule, minors, minors_fields),
    LIST("aims", MAY, struct rule, aims, &name_entry, 1, LIST_MAX),
    LIST("phenomena", MAY, struct rule, phenomena, &name_entry, 1, LIST_MAX),
    LIST("areas", MAY, struct rule, areas, &name_entry, 1, LIST_MAX),
    MAP_PTR("export", MAY, struct rule, export, export_fields),
    MAP_PTR("joint", MAY, struct rule, joint, joint_fields),
    MAP_PTR("aggregate", MAY, struct rule, aggregate, aggregate_fields),
    LIST("requesters", MAY, struct rule, requesters, &selector_entry, 1, LIST_MAX),
    LIST("holders", NEED, struct rule, holders, &selector_entry, 1, LIST_MAX),
    LIST("functions", MAY, struct rule, functions, &name_entry, 1, LIST_MAX),
    LIST("excluded", MAY, struct rule, excluded, &selector_entry, 1, LIST_MAX),
    LIST("identifiers", MAY, struct rule, identifiers, &identifier_entry, 1, LIST_MAX),
    LIST("fields", MAY, struct rule, fields, &field_entry, 1, LIST_MAX),
    WORD("hit_visibility", MAY, struct rule, hit_visibility, visibility_words),
    MAP_PTR("outcome", MAY, struct rule, outcome, outcome_fields),
    MAP_PTR("case", MAY, struct rule, case_terms, case_fields),
    LIST("consent", MAY, struct rule, consent, &consent_entry, 1, LIST_MAX),
    MAP("limits", NEED, struct rule, limits, limit_fields),
    MAP("retention", NEED, struct rule, retention, retention_fields),
    LIST("refusal_grounds", MAY, struct rule, refusal_grounds, &refusal_entry, 1, LIST_MAX),
    MAP_PTR("handling", MAY, struct rule, handling, handling_fields),
    MAP_PTR("onward", MAY, struct rule, onward, onward_fields),
    MAP_PTR("subject", MAY, struct rule, subject, subject_fields),
    MAP_PTR("feedback", MAY, struct rule, feedback, feedback_fields),
    MAP_PTR("closing", MAY, struct rule, closing, closing_fields),
    MAP("text", MAY, struct rule, text, text_fields),
    CYAML_FIELD_END};
static const struct cyaml_schema_value rule_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct rule, rule_fields)};

/* Facts are read from the tree by policy_facts.c: their keys are the table of proto/policy/facts.
 */
static const struct cyaml_schema_field fixture_fields[] = {
    NAME("id", NEED, struct fixture, id), CYAML_FIELD_IGNORE("facts", NEED), CYAML_FIELD_END};
static const struct cyaml_schema_value fixture_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct fixture, fixture_fields)};
static const struct cyaml_schema_field test_fields[] = {
    TEXT("name", NEED, struct policy_test, name, SHORT_MAX),
    NAME("rule", NEED, struct policy_test, rule),
    WORD("role", NEED, struct policy_test, role, role_words),
    NAME("base", MAY, struct policy_test, base),
    CYAML_FIELD_IGNORE("facts", MAY),
    LIST("without", MAY, struct policy_test, without, &name_entry, 1, LIST_MAX),
    LIST("asserted", MAY, struct policy_test, asserted, &name_entry, 1, LIST_MAX),
    WORD("expect", NEED, struct policy_test, expect, expect_words),
    LIST("reasons", MAY, struct policy_test, reasons, &name_entry, 1, LIST_MAX),
    CYAML_FIELD_END};
static const struct cyaml_schema_value test_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct policy_test, test_fields)};

static const struct cyaml_schema_field policy_fields[] = {
    NUMBER("schema", NEED, struct policy, schema),
    NAME("deployment", NEED, struct policy, deployment),
    FLAG("demonstration", MAY, struct policy, demonstration),
    NUMBER("serial", NEED, struct policy, serial),
    MAP("valid", NEED, struct policy, valid, period_fields),
    LIST("closed_days", MAY, struct policy, closed_days, &closed_day_entry, 1, LIST_MAX),
    LIST("signers", NEED, struct policy, signers, &signer_entry, 2, LIST_MAX),
    LIST("laws", NEED, struct policy, laws, &law_entry, 1, LIST_MAX),
    LIST("parties", NEED, struct policy, parties, &party_entry, 1, PARTIES_MAX),
    LIST("purposes", NEED, struct policy, purposes, &purpose_entry, 1, LIST_MAX),
    LIST("categories", NEED, struct policy, categories, &category_entry, 1, LIST_MAX),
    LIST("advice", MAY, struct policy, advice, &advice_entry, 1, LIST_MAX),
    LIST("case_moves", MAY, struct policy, case_moves, &move_entry, 1, LIST_MAX),
    LIST("rules", NEED, struct policy, rules, &rule_entry, 1, RULES_MAX),
    LIST("fixtures", MAY, struct policy, fixtures, &fixture_entry, 1, LIST_MAX),
    LIST("tests", MAY, struct policy, tests, &test_entry, 1, TESTS_MAX),
    CYAML_FIELD_END};

const struct cyaml_schema_value *policy_schema(void)
{
    static const struct cyaml_schema_value schema = {
        CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct policy, policy_fields)};
    return &schema;
}
