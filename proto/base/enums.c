#include "proto/base/enums.h"

static const char *const ident_ids[] = {
    "?",         "bsn",       "rsin",           "kvk",   "vestiging",
    "iban",      "kenteken",  "telefoon",       "email", "bag",
    "postcode_huisnr", "naam_geboortedatum", "reisdocument", "btw", "lei",
    "container", "imei",
};
static const char *const suite_ids[] = {"?", "hk1"};
static const char *const outcome_ids[] = {"?", "sealed", "hit_no_hit", "reasoned"};
static const char *const decision_ids[] = {"?", "release", "known", "refuse"};
static const char *const kind_ids[] = {"?", "add", "withdraw", "end"};
static const char *const strength_ids[] = {"?", "exact", "weak"};
static const char *const regime_ids[] = {"?", "avg", "wpg", "wjsg"};
static const char *const function_ids[] = {
    "?",
    "auditor",
    "case_worker",
    "mandated_officer",
    "privacy_officer",
    "prosecutor",
    "release_officer",
    "security_officer",
    "compliance_officer",
};

_Static_assert(ARRAY_LEN(function_ids) == FUNCTION_COUNT, "one id for each function");
_Static_assert(ARRAY_LEN(ident_ids) == IDENT_TYPE_COUNT, "one id for each identifier type");

static const char *id_of(const char *const *ids, size_t count, unsigned value)
{
    return value < count ? ids[value] : "?";
}

static enum err parse_id(const char *const *ids, size_t count, struct bytes text, unsigned *out)
{
    for (unsigned i = 1; i < count; i++) {
        if (bytes_is(text, ids[i])) {
            *out = i;
            return ERR_OK;
        }
    }
    return ERR_UNKNOWN;
}

#define DEFINE_ENUM_TEXT(type, table)                                                              \
    const char *type##_id(enum type v)                                                             \
    {                                                                                              \
        return id_of(table, ARRAY_LEN(table), (unsigned)v);                                        \
    }

#define DEFINE_ENUM_PARSE(type, table)                                                             \
    enum err type##_parse(struct bytes text, enum type *out)                                       \
    {                                                                                              \
        unsigned v = 0;                                                                            \
        enum err e = parse_id(table, ARRAY_LEN(table), text, &v);                                  \
        if (e == ERR_OK)                                                                           \
            *out = (enum type)v;                                                                   \
        return e;                                                                                  \
    }

DEFINE_ENUM_TEXT(ident_type, ident_ids)
DEFINE_ENUM_PARSE(ident_type, ident_ids)
DEFINE_ENUM_TEXT(suite, suite_ids)
DEFINE_ENUM_PARSE(suite, suite_ids)
DEFINE_ENUM_TEXT(outcome, outcome_ids)
DEFINE_ENUM_PARSE(outcome, outcome_ids)
DEFINE_ENUM_TEXT(consent_decision, decision_ids)
DEFINE_ENUM_PARSE(consent_decision, decision_ids)
DEFINE_ENUM_TEXT(batch_kind, kind_ids)
DEFINE_ENUM_TEXT(strength, strength_ids)
DEFINE_ENUM_PARSE(strength, strength_ids)
DEFINE_ENUM_TEXT(regime, regime_ids)
DEFINE_ENUM_PARSE(regime, regime_ids)
DEFINE_ENUM_TEXT(officer_function, function_ids)
DEFINE_ENUM_PARSE(officer_function, function_ids)
