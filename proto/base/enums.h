/* The small closed sets that every layer shares. Value 0 is "unspecified" and never valid. */
#ifndef SLUIS_BASE_ENUMS_H
#define SLUIS_BASE_ENUMS_H

#include "proto/base/bytes.h"
#include "proto/base/err.h"

enum ident_type {
    IDENT_NONE = 0,
    IDENT_BSN,
    IDENT_RSIN,
    IDENT_KVK,
    IDENT_VESTIGING,
    IDENT_IBAN,
    IDENT_KENTEKEN,
    IDENT_TELEFOON,
    IDENT_EMAIL,
    IDENT_BAG,
    IDENT_POSTCODE_HUISNR,
    IDENT_NAAM_GEBOORTEDATUM,
    IDENT_REISDOCUMENT,
    IDENT_BTW,
    IDENT_LEI,
    IDENT_CONTAINER,
    IDENT_IMEI,
    IDENT_TYPE_COUNT,
};

enum suite {
    SUITE_NONE = 0,
    SUITE_HK1,
};

enum outcome {
    OUTCOME_NONE = 0,
    OUTCOME_SEALED,
    OUTCOME_HIT_NO_HIT,
    OUTCOME_REASONED,
};

enum consent_decision {
    CONSENT_NONE = 0,
    CONSENT_RELEASE,
    CONSENT_KNOWN,
    CONSENT_REFUSE,
};

enum batch_kind {
    BATCH_NONE = 0,
    BATCH_ADD,
    BATCH_WITHDRAW,
    BATCH_END,
};

/* How strongly one identifier type names a subject under a rule. */
enum strength {
    STRENGTH_NONE = 0,
    STRENGTH_EXACT, /* hits alone */
    STRENGTH_WEAK,  /* needs a second of another type in one record */
};

/* The law under which a party processes: AVG, Wet politiegegevens, Wet justitiele en
 * strafvorderlijke gegevens. */
enum regime {
    REGIME_NONE = 0,
    REGIME_AVG,
    REGIME_WPG,
    REGIME_WJSG,
};

/* What the roster lets a person do for an agency. New ones at the end: records that are kept name them by number. */
enum officer_function {
    FUNCTION_NONE = 0,
    FUNCTION_AUDITOR,
    FUNCTION_CASE_WORKER,
    FUNCTION_MANDATED_OFFICER, /* adopts rules of the policy for its agency */
    FUNCTION_PRIVACY_OFFICER,
    FUNCTION_PROSECUTOR, /* decides beside an officer where a rule wants both */
    FUNCTION_RELEASE_OFFICER,
    FUNCTION_SECURITY_OFFICER,
    FUNCTION_COMPLIANCE_OFFICER, /* supervises its agency: neither asks nor decides */
    FUNCTION_COUNT,
};

/* Text ids as in policy, mapping and wire dumps; "?" for a value outside the set. */
const char *ident_type_id(enum ident_type t);
const char *suite_id(enum suite s);
const char *outcome_id(enum outcome o);
const char *consent_decision_id(enum consent_decision d);
const char *batch_kind_id(enum batch_kind k);
const char *strength_id(enum strength s);
const char *regime_id(enum regime r);
const char *officer_function_id(enum officer_function f);

/* The reverse; ERR_UNKNOWN for any other text. */
enum err ident_type_parse(struct bytes text, enum ident_type *out) MUST_CHECK;
enum err suite_parse(struct bytes text, enum suite *out) MUST_CHECK;
enum err outcome_parse(struct bytes text, enum outcome *out) MUST_CHECK;
enum err consent_decision_parse(struct bytes text, enum consent_decision *out) MUST_CHECK;
enum err strength_parse(struct bytes text, enum strength *out) MUST_CHECK;
enum err regime_parse(struct bytes text, enum regime *out) MUST_CHECK;
enum err officer_function_parse(struct bytes text, enum officer_function *out) MUST_CHECK;

#endif
