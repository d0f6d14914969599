/* The table of conditions: code, id, text in Dutch and English, and which party judges it.
 * The same table fills docs/policy.md, `sluis-policy explain` and the reasons in audit bodies. */
#ifndef SLUIS_POLICY_CONDITION_H
#define SLUIS_POLICY_CONDITION_H

#include "proto/base/bytes.h"
#include "proto/base/err.h"
#include "proto/policy/words.h"

/* Every condition that can fail. Numbers are not stored: ids are. */
enum condition {
    CONDITION_NONE = 0,
    /* the file and the rule */
    CONDITION_POLICY_VALID,
    CONDITION_RULE_KNOWN,
    CONDITION_RULE_VERSION,
    CONDITION_STATUS,
    CONDITION_RULE_VALID,
    CONDITION_ADOPTION,
    /* the law */
    CONDITION_BASIS,
    CONDITION_VERIFIED,
    CONDITION_GATE,
    CONDITION_REGIME,
    CONDITION_GDPR,
    /* who and what for */
    CONDITION_PROCESS,
    CONDITION_PURPOSE,
    CONDITION_PARTICIPANT,
    CONDITION_REQUESTER,
    CONDITION_HOLDER,
    CONDITION_OTHER_PARTY,
    CONDITION_EXCLUDED,
    CONDITION_ON_BEHALF_OF,
    CONDITION_FUNCTION,
    CONDITION_REGION,
    /* the case */
    CONDITION_CASE_STATE,
    CONDITION_CHECKS,
    CONDITION_NECESSITY,
    CONDITION_PROPORTIONALITY,
    CONDITION_SUBSIDIARITY,
    CONDITION_CONCRETE_SIGNAL,
    CONDITION_CONTROL_DATA,
    /* what is asked */
    CONDITION_IDENTIFIERS,
    CONDITION_NORM_VERSION,
    CONDITION_STRENGTH,
    CONDITION_FIELDS,
    CONDITION_FIELD_LEFT,
    CONDITION_VISIBILITY,
    CONDITION_DEADLINE,
    /* what it is about */
    CONDITION_AIM,
    CONDITION_MINORS,
    CONDITION_PHENOMENON,
    CONDITION_AREA,
    CONDITION_DESTINATION,
    CONDITION_ORIGIN,
    CONDITION_DIMENSIONS,
    /* counters */
    CONDITION_LIMIT_REQUEST,
    CONDITION_LIMIT_AGENCY,
    CONDITION_LIMIT_OFFICER,
    CONDITION_LIMIT_CASE,
    CONDITION_LIMIT_PERIOD,
    CONDITION_MIN_HOLDERS,
    CONDITION_SET_SIZE,
    CONDITION_BUDGET,
    /* loading records */
    CONDITION_CATEGORY,
    CONDITION_AGE,
    CONDITION_SHARE,
    CONDITION_LIMIT_ADDITIONS,
    CONDITION_SUPPRESSION,
    CONDITION_COUNT,
};

_Static_assert(CONDITION_COUNT <= 64, "sets of conditions are 64-bit masks");

#define CONDITION_BIT(c) (1ull << (unsigned)(c))

/* How a role stands to a condition. */
enum sight {
    SIGHT_NONE = 0, /* cannot see its facts: not evaluated, unless told */
    SIGHT_TOLD,     /* has another party's word: evaluated on it, recorded as asserted */
    SIGHT_JUDGES,   /* sees its facts itself: an unknown or asserted fact fails */
};

/* The id as in audit bodies, tests and documentation ("?" outside the set), and the reverse. */
const char *condition_id(enum condition c);
enum err condition_parse(struct bytes id, enum condition *out) MUST_CHECK;

/* One sentence that says what failed; static. */
const char *condition_nl(enum condition c);
const char *condition_en(enum condition c);

/* How a role sees the condition under a process. SIGHT_NONE for values outside the sets. */
enum sight condition_sight(enum condition c, enum process process, enum role role);

/* True where the condition is part of the process at all. */
bool condition_applies(enum condition c, enum process process);

#endif
