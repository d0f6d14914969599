/* The answer of an evaluation: permit or deny, every condition that failed, and what a permit
 * obliges to. Pointers refer into the policy that was evaluated and live as long as it. */
#ifndef SLUIS_POLICY_DECISION_H
#define SLUIS_POLICY_DECISION_H

#include "proto/policy/condition.h"
#include "proto/policy/facts.h"
#include "proto/policy/policy.h"

#define DECISION_DETAIL_SIZE 160

/* Why a condition failed. */
enum fault {
    FAULT_NONE = 0,
    FAULT_BROKEN,   /* the facts break it */
    FAULT_UNKNOWN,  /* a fact that this party must see is missing */
    FAULT_ASSERTED, /* a fact that this party must see is only another's word */
};

struct failure {
    enum condition condition;
    enum fault fault;
    /* What it broke on, the same in every language: "5 > 3", "bsn kvk"; the name of the fact where
     * that is missing or asserted; "" where the sentence says it all. */
    char detail[DECISION_DETAIL_SIZE];
    const struct citation *cite; /* the provision behind the condition, or NULL */
};

/* What a permit obliges to. Zero, empty or NULL in a denial. */
struct obligations {
    enum outcome outcome;       /* what the requester may learn, at most */
    enum visibility visibility; /* who hears of a hit before a decision */
    enum control control_data;  /* required or optional: compare and show; NONE without a case */
    const struct consent_terms *consent; /* this holder's; NULL under process index */
    bool four_eyes;                      /* two persons, whatever else */
    const struct retention *retention;
    const struct limits *limits; /* hits_per_request hides; the rest was judged */
    uint32_t max_age_days;       /* index: a record expires so long after it entered */
    /* The rule's own, or NULL where it says nothing. */
    const struct question_use *question_use;
    const struct aggregate *aggregate;
    const struct joint_terms *joint;
    const struct handling *handling;
    const struct onward_terms *onward;
    const struct subject_terms *subject;
    const struct feedback_terms *feedback;
    struct name fields[FACTS_NAMES_MAX]; /* requested and allowed for this holder */
    uint32_t fields_count;
    /* Of each identifier type that the rule allows: hits alone, or needs another type beside it. */
    enum strength strength[IDENT_TYPE_COUNT];
};

struct decision {
    bool permit;
    enum role role;
    const struct rule *rule; /* NULL where the policy has none of that id */
    struct failure failures[CONDITION_COUNT];
    uint32_t failures_count; /* 0 exactly where permit is true */
    /* Sets of CONDITION_BIT: evaluated on what this party sees itself, on another's word, not at
     * all. */
    uint64_t judged;
    uint64_t asserted;
    uint64_t unseen;
    struct obligations obligations;
};

/* True where the condition is among the failures. */
bool decision_failed(const struct decision *d, enum condition c);

#endif
