/* The closed sets of words of the policy file. Value 0 is "unspecified" and never valid.
 * Every <type>_id gives the word ("?" outside the set); every <type>_parse gives ERR_UNKNOWN for
 * any other text. */
#ifndef SLUIS_POLICY_WORDS_H
#define SLUIS_POLICY_WORDS_H

#include "proto/base/bytes.h"
#include "proto/base/enums.h"
#include "proto/base/err.h"

/* Who evaluates. */
enum role {
    ROLE_NONE = 0,
    ROLE_REQUESTER,
    ROLE_BROKER,
    ROLE_HOLDER,
    ROLE_COUNT,
};

/* How the evaluating party knows a fact. An asserted fact is another party's word. */
enum provenance {
    PROVENANCE_UNKNOWN = 0,
    PROVENANCE_ASSERTED,
    PROVENANCE_JUDGED,
};

enum rule_status {
    RULE_STATUS_NONE = 0,
    RULE_STATUS_DRAFT,
    RULE_STATUS_ADOPTED,
    RULE_STATUS_WITHDRAWN,
};

enum partnership {
    PARTNERSHIP_NONE = 0,
    PARTNERSHIP_FEC,
    PARTNERSHIP_ICOV,
    PARTNERSHIP_RIEC,
    PARTNERSHIP_ZVH,
    PARTNERSHIP_LSI,
    PARTNERSHIP_BIBOB,
    PARTNERSHIP_MIT,
    PARTNERSHIP_PPS,
    PARTNERSHIP_MUNICIPAL,
    /* No partnership in law: each rule stands on the parties' own bases. */
    PARTNERSHIP_AMLC,
    PARTNERSHIP_TRACK,
    PARTNERSHIP_CITY_DEAL,
};

/* What is done. In each but index, the requester is whoever receives something and the holder
 * whoever it comes from; what differs is in proto/policy/process.h. */
enum process {
    PROCESS_NONE = 0,
    PROCESS_CASE_HIT,        /* known or not known; no field travels */
    PROCESS_CASE_RELEASE,    /* fields travel after consent */
    PROCESS_INDEX,           /* an agency loads records, before any case */
    PROCESS_SIGNAL,          /* the holder tells of a subject on its own initiative */
    PROCESS_PHENOMENON,      /* counts only */
    PROCESS_JOINT_TARGET,    /* known at least at so many holders, or nothing */
    PROCESS_AREA_PROJECT,    /* an area: counts, or a person on a concrete signal */
    PROCESS_BIBOB,           /* a release for an opinion on integrity, refused with reasons */
    PROCESS_EXPORT,          /* what was released goes to a foreign partner */
    PROCESS_FEEDBACK,        /* the receiver tells its source what proved wrong or right */
    PROCESS_SUBJECT_REQUEST, /* a citizen uses a right, and an answer needs other parties */
    PROCESS_COUNT,
};

/* In order: a later state is "at least" an earlier one, up to CASE_CLOSED. */
enum case_state {
    CASE_NONE = 0,
    CASE_SIGNAL,
    CASE_EXPLORATION,
    CASE_WORK_UP_1, /* half-open sources */
    CASE_WORK_UP_2, /* closed sources */
    CASE_WORK_UP_3, /* police data of articles 9 and 10 */
    CASE_CASE,
    CASE_INTERVENTION,
    CASE_CLOSED,
    CASE_DESTROYED,
};

/* The recorded checks of the municipal model protocol. */
enum case_check {
    CHECK_NONE = 0,
    CHECK_1,  /* intake: is this signal for the protocol at all */
    CHECK_2A, /* weighing: may and must these data be shared */
    CHECK_2B, /* plan: may and must these partners act on them */
};
#define CASE_CHECKS 3

enum visibility {
    VISIBILITY_NONE = 0,
    VISIBILITY_HOLDER_FIRST,
    VISIBILITY_DIRECT,
    VISIBILITY_NEVER, /* counts: there is no hit to see */
};

enum consent_kind {
    CONSENT_KIND_NONE = 0,
    CONSENT_KIND_OFFICER,
    CONSENT_KIND_FOUR_EYES,
    CONSENT_KIND_PROSECUTOR, /* an officer and the public prosecutor, both */
    CONSENT_KIND_STANDING,   /* one officer, who is shown the standing consent; never by itself */
};

enum duty {
    DUTY_NONE = 0,
    DUTY_MAY,
    DUTY_SHALL,
};

enum sensitivity {
    SENSITIVITY_NONE = 0,
    SENSITIVITY_ORDINARY,
    SENSITIVITY_SPECIAL,  /* AVG 9 */
    SENSITIVITY_CRIMINAL, /* AVG 10 */
};

/* What is left of a value when it is loaded; 0 = all of it. */
enum masking {
    MASKING_NONE = 0,
    MASKING_PRESENT, /* only that there is a value */
    MASKING_YEAR,    /* of a date */
    MASKING_POSTCODE4,
    MASKING_INITIALS,
    MASKING_LAST4,
};

/* Whether a subject hears of it. */
enum inform {
    INFORM_NONE = 0,
    INFORM_INFORM,
    INFORM_DEFER,
};

/* Whether a receiver may pass on what was released. */
enum onward {
    ONWARD_NONE = 0,
    ONWARD_FORBIDDEN,
    ONWARD_AFTER_CONSENT, /* of its source */
};

/* Whether a rule wants name and date of birth of each subject for comparison by the holder. */
enum control {
    CONTROL_NONE = 0,
    CONTROL_FORBIDDEN,
    CONTROL_OPTIONAL,
    CONTROL_REQUIRED,
};

/* What the holder's own adoption says of a rule in the policy that is in force. */
enum adoption {
    ADOPTION_NONE = 0,
    ADOPTION_ABSENT,
    ADOPTION_ADOPTED,
    ADOPTION_WITHDRAWN,
};

enum expectation {
    EXPECT_NONE = 0,
    EXPECT_PERMIT,
    EXPECT_DENY,
};

#define WORDS_DECLARE(type)                                                                        \
    const char *type##_id(enum type v);                                                            \
    enum err type##_parse(struct bytes text, enum type *out) MUST_CHECK;

WORDS_DECLARE(role)
WORDS_DECLARE(provenance)
WORDS_DECLARE(rule_status)
WORDS_DECLARE(partnership)
WORDS_DECLARE(process)
WORDS_DECLARE(case_state)
WORDS_DECLARE(case_check)
WORDS_DECLARE(visibility)
WORDS_DECLARE(consent_kind)
WORDS_DECLARE(duty)
WORDS_DECLARE(sensitivity)
WORDS_DECLARE(masking)
WORDS_DECLARE(inform)
WORDS_DECLARE(onward)
WORDS_DECLARE(control)
WORDS_DECLARE(adoption)
WORDS_DECLARE(expectation)

#endif
