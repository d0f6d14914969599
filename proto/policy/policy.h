/* A policy snapshot: the validated content of one policy file, read-only for everyone but its
 * loader (proto/conf/policy_load). Plain data without behaviour besides look-up; lists are a
 * pointer and a count, texts are NUL-terminated and never NULL unless the comment says so. The file
 * format and its reference are docs/policy.md. */
#ifndef SLUIS_POLICY_POLICY_H
#define SLUIS_POLICY_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/enums.h"
#include "proto/base/ids.h"
#include "proto/policy/words.h"

#define POLICY_SCHEMA 1
#define POLICY_CITE_MAX 31  /* characters of an article or paragraph */
#define POLICY_DATE_SIZE 24 /* YYYY-MM-DD or YYYY-MM-DDTHH:MM:SSZ, and NUL */

/* [from_s, until_s): seconds since 1970 UTC. */
struct period {
    char from[POLICY_DATE_SIZE];
    char until[POLICY_DATE_SIZE];
    int64_t from_s;
    int64_t until_s;
};

/* A text in the two languages of the product. */
struct bilingual {
    char *nl;
    char *en;
};

/* A day on which no term runs although the calendar has it as a working day: equated by royal
 * decree with a public holiday (Algemene termijnenwet article 3(3)). */
struct closed_day {
    char date[POLICY_DATE_SIZE];
    int32_t day; /* days since 1970-01-01 */
};

/* A law that the file may cite. */
struct law {
    struct name id; /* as citations spell it: awr, suwi, wgs */
    char *title;
    char *source;     /* BWB id or Staatsblad number */
    bool secrecy;     /* lays a sector secrecy on the holder whose sector_law it is */
    bool non_binding; /* a covenant or protocol: to be followed, but no ground by itself */
};

/* One provision. "Nobody verified it" is verified_by "none". */
struct citation {
    struct name law;
    char article[POLICY_CITE_MAX + 1];
    char paragraph[POLICY_CITE_MAX + 1]; /* "" where the whole article is meant */
    char *jci;                           /* JCI 1.3 string, or NULL */
    struct name verified_by;
    char verified_on[POLICY_DATE_SIZE]; /* "" where nobody verified */
};

/* A party by OIN, or every party of a class. */
struct selector {
    struct name s; /* 20 characters of an OIN, or a class id */
};

struct party {
    struct agency_id oin;
    char *name;
    struct name *classes;
    uint32_t classes_count;
    enum regime regime;
    struct name sector_law;      /* "" where no sector secrecy binds it */
    struct name region;          /* "" where it has none */
    struct period valid;         /* while it is a party at all; until_s 0 = as long as the file */
    bool is_private;             /* key `private`: no public body */
    uint32_t retention_cap_days; /* its own longest retention; 0 = none of its own */
    /* Not empty: a partnership without legal personality; its requests name one of these. */
    struct agency_id *on_behalf_of;
    uint32_t on_behalf_of_count;
};

#define PURPOSE_DEPARTURE_DAYS 14 /* and the most that a policy may say */

/* A key domain. */
struct purpose {
    struct name id;
    struct bilingual text;
    uint32_t epoch_days; /* life of an epoch */
    uint32_t departure_days; /* of one whose key an agency holds that left; 0: PURPOSE_DEPARTURE_DAYS */
    struct selector *participants;
    uint32_t participants_count;
    struct agency_id custodian;
    struct name *partnerships; /* that may use it; empty = every one */
    uint32_t partnerships_count;
};

/* A data category. The number is its spelling in batches and in the index. */
struct category {
    struct name id;
    uint32_t number; /* 1..65535, unique */
    struct bilingual text;
};

/* Who must sign this file: the policy owner and a jurist, of different organisations. */
struct policy_signer {
    struct name id;
    struct name function; /* policy-owner or jurist */
    char *organisation;
};

/* What the data-protection officer or the lawfulness committee said of this file: a reference and
 * the digest of its text, never a signature. */
struct advice {
    struct name body; /* fg or lawfulness_committee */
    char *reference;
    char *digest; /* SHA-256 of the advice, 64 lower-case hex digits */
};

/* A holder's sector gate: the provision that lifts its secrecy, with the ones that it needs. */
struct gate {
    struct selector holder;
    struct citation cite;
    struct citation *with;
    uint32_t with_count;
    enum outcome outcome_at_most; /* what it lets a requester know; absent: hit_no_hit */
};

struct rule_regime {
    struct selector party;
    enum regime regime;
};

/* Binds AVG parties only. NULL texts where absent. */
struct gdpr {
    char *lawfulness;    /* provision of AVG 6 */
    char *special;       /* ground for AVG 9 data, or NULL */
    char *criminal;      /* ground for AVG 10 data, or NULL */
    char *compatibility; /* AVG 6(4) */
    char *dpia;
    char *advice;
    char *register_entry;
};

/* Only in rules of process index. */
struct index_terms {
    struct name *categories;
    uint32_t categories_count;
    struct bilingual ground;     /* the concrete ground on which a record enters */
    uint32_t max_share_permille; /* of the contributor's population */
    uint32_t max_age_days;       /* a record expires this many days after it entered */
    bool suppression; /* protected persons were taken out by the contributor's own list */
};

struct rule_identifier {
    enum ident_type type;
    uint32_t norm_version;
    enum strength strength;
    struct selector *parties; /* requesters (index: contributors) that may use it */
    uint32_t parties_count;
    struct citation *ground; /* the law that lets them process a BSN; NULL for other types */
};

struct rule_field {
    struct name name;
    struct name category; /* a mapping that fills this field must name the same one */
    enum sensitivity sensitivity;
    enum masking masking;     /* done by the importer; one field name has one masking in the file */
    struct selector *holders; /* who may release it; empty = every holder of the rule */
    uint32_t holders_count;
};

struct rule_outcome {
    enum outcome kind;
    struct citation *ground; /* NULL only for sealed */
};

struct case_terms {
    enum case_state minimum_state;
    uint32_t necessity_min_chars;
    bool proportionality;
    bool subsidiarity;
    bool concrete_signal;
    enum control control_data;
    struct name *checks; /* recorded in the case before the rule may be used */
    uint32_t checks_count;
};

/* Coded, where a case in which the rule was used is closed. */
struct closing_terms {
    bool required;
    struct name *interventions;
    uint32_t interventions_count;
    struct name *results;
    uint32_t results_count;
};

/* Who may move a case from one state to another. What no move allows, nobody may. */
struct policy_move {
    enum case_state from; /* CASE_NONE, key `new`: at its opening */
    enum case_state to;
    struct name *functions;
    uint32_t functions_count;
    struct name *checks; /* recorded before */
    uint32_t checks_count;
};

/* Whether the holder may use question or hit for its own task. */
struct question_use {
    bool own_task;
    struct citation *ground; /* where it may */
};

/* Subjects under eighteen: excluded, or asked about on a ground of its own. */
struct minors_terms {
    bool excluded;
    struct citation *ground;
};

/* Process export. */
struct export_terms {
    struct name *destinations; /* foreign partners */
    uint32_t destinations_count;
    struct name *rules; /* whose releases may leave; each allows onward after consent */
    uint32_t rules_count;
    struct citation *assurance; /* for third countries */
};

/* Process joint_target. */
struct joint_terms {
    uint32_t min_holders; /* fewer that know the subject, and nobody is told anything */
};

/* Travels with each release and stands on every print. */
struct handling {
    struct name classification;
    struct name code;
    struct name source;  /* reliability of the source: a .. f */
    struct name content; /* reliability of the content: 1 .. 6 */
};

/* Counting rules. */
struct aggregate {
    uint32_t k_min;             /* smaller cells are suppressed */
    uint32_t rounding;          /* to multiples of this */
    uint32_t budget;            /* questions for each requester and period */
    uint32_t min_holders;       /* that contribute to a count */
    uint32_t epsilon_milli;     /* noise: thousandths of epsilon for each question; 0 = no noise */
    bool secondary_suppression; /* cells from which a suppressed one follows are suppressed too */
    struct name *dimensions;
    uint32_t dimensions_count;
};

struct onward_terms {
    enum onward kind;
    bool inform_partners;
};

/* What the subject hears. */
struct subject_terms {
    enum inform inform;
    struct citation *ground; /* of deferring */
    uint32_t review_days;    /* deferring: looked at again after so many days */
    char *contact;           /* where a citizen turns to */
};

/* A term counts in exactly one unit. Seconds load in demonstration mode only. */
struct term {
    uint32_t working_days;
    uint32_t hours;
    uint32_t seconds;
};

/* How one holder decides. */
struct consent_terms {
    struct selector holder;
    enum consent_kind kind;
    enum duty duty;
    struct name *functions; /* who may decide */
    uint32_t functions_count;
    struct name *deputies; /* functions to which an overdue decision goes */
    uint32_t deputies_count;
    struct term term;         /* of the decision */
    struct term *urgent_term; /* where the question closes before that; NULL: none */
    char standing_since[POLICY_DATE_SIZE]; /* day of the standing consent; "" in other kinds */
    struct name compartment;  /* whom the holder lists for it, sees and decides; "" = no limit */
};

/* What the receiver owes its source. */
struct feedback_terms {
    bool required;
    bool human_check; /* a person checks before any use */
    struct term term;
};

/* 0 is not "no limit": every limit that a process uses is at least 1. */
struct limits {
    uint32_t identifiers_per_request;
    uint32_t requests_per_day_agency;
    uint32_t requests_per_day_officer;
    uint32_t unique_per_case;
    uint32_t unique_per_period;
    uint32_t period_days;
    uint32_t hits_per_request;     /* of the header to one holder; enforced by hiding, never told */
    uint32_t additions_per_period; /* index: new identifiers of one contributor */
    uint32_t min_set_size;         /* counting: subjects in the set that is counted */
    struct term deadline_min;
    struct term deadline_max;
};

/* Days. */
struct retention {
    uint32_t no_hit;
    uint32_t hit;
    uint32_t release;
    uint32_t case_file;
    uint32_t log;
    bool destroy_at_close;
    uint32_t extension; /* at most so many more, by a four-eyes decision with a reason; 0 = none */
};

struct refusal_ground {
    struct name code;
    bool requester_may_know;
    struct bilingual text;
};

struct rule_text {
    struct bilingual citizen;
    struct bilingual officer;
};

struct rule {
    struct name id;
    uint32_t version;
    enum rule_status status;
    struct period valid;
    uint32_t replaces; /* the version before it; 0 for the first */

    enum partnership partnership;
    struct name region; /* "" = every region */
    struct name purpose;
    enum process process;

    struct citation *basis;
    uint32_t basis_count;
    struct gate *gates;
    uint32_t gates_count;
    struct rule_regime *regime;
    uint32_t regime_count;
    struct gdpr *gdpr;                 /* NULL only where no party is under the AVG */
    struct index_terms *index;         /* set in rules of process index, NULL in others */
    struct question_use *question_use; /* NULL: the holder may not */
    struct minors_terms *minors;       /* NULL: the rule says nothing of them */
    struct name *aims;                 /* enforcement, protective; empty = not asked */
    uint32_t aims_count;
    struct name *phenomena; /* that a question may be about; empty = not asked */
    uint32_t phenomena_count;
    struct name *areas; /* process area_project: the closed list */
    uint32_t areas_count;
    struct export_terms *export; /* set exactly in rules of process export */
    struct joint_terms *joint;   /* set exactly in rules of process joint_target */
    struct aggregate *aggregate; /* set where the rule counts */

    struct selector *requesters; /* empty in rules of process index */
    uint32_t requesters_count;
    struct selector *holders; /* index: the contributors */
    uint32_t holders_count;
    struct name *functions; /* of the asking person; empty in rules of process index */
    uint32_t functions_count;
    struct selector *excluded;
    uint32_t excluded_count;

    struct rule_identifier *identifiers;
    uint32_t identifiers_count;
    struct rule_field *fields;
    uint32_t fields_count;
    enum visibility hit_visibility;
    struct rule_outcome *outcome;  /* NULL in rules of process index */
    struct case_terms *case_terms; /* key `case`; NULL where the process needs no case */
    struct consent_terms *consent;
    uint32_t consent_count;
    struct limits limits;
    struct retention retention;
    struct refusal_ground *refusal_grounds;
    uint32_t refusal_grounds_count;
    struct handling *handling; /* the next four are NULL where the rule says nothing */
    struct onward_terms *onward;
    struct subject_terms *subject;
    struct feedback_terms *feedback;
    struct closing_terms *closing; /* NULL where closing asks for nothing */
    struct rule_text text;
};

struct facts;

/* Named facts that tests start from. */
struct fixture {
    struct name id;
    struct facts *facts;
};

/* Facts and the decision that the law wants; `sluis-policy test` runs them. */
struct policy_test {
    char *name;
    struct name rule;
    enum role role;
    struct name base;     /* the fixture it starts from, or "" */
    struct name *without; /* facts of the fixture that are unknown here */
    uint32_t without_count;
    struct name *asserted; /* facts that are only another party's word here */
    uint32_t asserted_count;
    struct facts *facts; /* the effective ones */
    enum expectation expect;
    struct name *reasons; /* ids of exactly the conditions that must fail */
    uint32_t reasons_count;
};

struct policy {
    uint32_t schema;
    struct name deployment;
    bool demonstration;
    uint64_t serial; /* only grows */
    struct period valid;
    struct closed_day *closed_days; /* ascending */
    uint32_t closed_days_count;
    struct policy_signer *signers;
    uint32_t signers_count;
    struct law *laws;
    uint32_t laws_count;
    struct party *parties;
    uint32_t parties_count;
    struct purpose *purposes;
    uint32_t purposes_count;
    struct category *categories;
    uint32_t categories_count;
    struct advice *advice;
    uint32_t advice_count;
    struct policy_move *case_moves;
    uint32_t case_moves_count;
    struct rule *rules;
    uint32_t rules_count;
    struct fixture *fixtures;
    uint32_t fixtures_count;
    struct policy_test *tests;
    uint32_t tests_count;
    /* Positions in the lists above, sorted by id; made by policy_sort. */
    uint32_t *rule_order;
    uint32_t *party_order;
};

/* Look-ups; NULL where the policy has none of that id. The result lives as long as the policy.
 * Rules and parties are found in logarithmic time and need the orders that the loader sets. */
const struct rule *policy_rule(const struct policy *p, const struct name *id);
const struct party *policy_party(const struct policy *p, const struct agency_id *oin);
const struct purpose *policy_purpose(const struct policy *p, const struct name *id);
const struct law *policy_law(const struct policy *p, const struct name *id);
const struct category *policy_category(const struct policy *p, const struct name *id);
const struct category *policy_category_by_number(const struct policy *p, uint32_t number);

/* Fills rule_order and party_order, whose storage (rules_count and parties_count numbers) the
 * caller has set. ERR_DUPLICATE where two rules or two parties have one id; why names it. */
enum err policy_sort(struct policy *p, struct errmsg *why) MUST_CHECK;

/* True where the selector names the party's OIN or one of its classes. */
bool selector_matches(const struct selector *s, const struct party *party);
bool selectors_match(const struct selector *list, uint32_t count, const struct party *party);

/* The gate that lifts this holder's own sector secrecy, or any gate for a holder without one; NULL
 * where there is none. And the most that a gate lets a requester know. */
const struct gate *rule_gate(const struct rule *r, const struct party *holder);
enum outcome gate_outcome(const struct gate *g);

/* The rule's terms for this holder: the first that matches, or NULL. */
const struct consent_terms *rule_consent(const struct rule *r, const struct party *holder);
const struct refusal_ground *rule_refusal_ground(const struct rule *r, const struct name *code);
/* True where the code is a ground of the rule that the requester may know. */
bool rule_tells_ground(const struct rule *r, struct bytes code);
const struct rule_field *rule_field(const struct rule *r, const struct name *field);
/* True where the rule lists the field and lets this holder release it. */
bool rule_field_allowed(const struct rule *r, const struct name *field, const struct party *holder);
const struct rule_identifier *rule_identifier(const struct rule *r, enum ident_type type);

/* The next index rule for a purpose under which this contributor is a holder, from position *at on
 * (start with 0); NULL after the last. Says nothing of validity: evaluate it. */
const struct rule *policy_next_index_rule(const struct policy *p, const struct name *purpose,
                                          const struct party *contributor, uint32_t *at);

/* The grounds that a rule gives apart from basis and gates: of its outcome, BSN, question_use,
 * minors, deferring and export. Fills out with those that are there and returns how many. */
#define RULE_GROUNDS_MAX 6
uint32_t rule_grounds(const struct rule *r, const struct citation *out[RULE_GROUNDS_MAX]);

/* True where the rule counts and names nobody. */
bool rule_counts(const struct rule *r);

/* True where somebody verified the citation. */
bool citation_is_verified(const struct citation *c);

#endif
