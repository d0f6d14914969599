/* A second evaluator, as dumb as it can be, written from the text of docs/policy.md and not from
 * proto/policy: what the two decide otherwise is a mistake in one of them, or in the text. */
#ifndef SLUIS_TEST_POLICY_REFERENCE_H
#define SLUIS_TEST_POLICY_REFERENCE_H

#include "proto/policy/condition.h"
#include "proto/policy/facts.h"
#include "proto/policy/policy.h"

/* What a condition is asked about. Parties are NULL where the policy does not know them. */
struct reference_question {
    const struct policy *policy;
    const struct rule *rule; /* NULL where the policy has none of that id */
    const struct facts *facts;
    const struct party *requester; /* NULL under index */
    const struct party *holder;
};

/* One row of the two tables of docs/policy.md, "Who judges what" and "What each condition looks
 * at". */
struct reference_row {
    const char *id;
    /* The columns in the order of the document: J judges, t is told, - cannot see, blank: no part.
     */
    const char *sight;
    const char *part; /* of which rules, in the document's words */
    bool (*is_part)(const struct reference_question *q);
    uint64_t asked; /* facts that it looks at in a process that asks, as 1 << FACT_x */
    uint64_t loaded;
    bool (*broken)(const struct reference_question *q);
};

/* The rows, in the order of the document. */
const struct reference_row *reference_rows(uint32_t *count);

/* The last second of a term that begins at from_s; INT64_MIN where that is no time from 1970 to
 * 9999. */
int64_t reference_term_end(const struct policy *p, const struct term *t, int64_t from_s);

/* The set of the conditions that fail, as CONDITION_BITs; 0: permitted. */
uint64_t reference_denies(const struct policy *p, const struct name *rule_id, enum role role,
                          const struct facts *f);

/* The fields that a permit lets travel: asked for, in the rule, and this holder's. Returns how
 * many; out[i] tells it of facts->fields.v[i]. */
uint32_t reference_released(const struct policy *p, const struct name *rule_id,
                            const struct facts *f, bool out[FACTS_NAMES_MAX]);

/* A party of the list has this OIN or class. */
bool reference_selects(const struct selector *list, uint32_t count, const struct party *party);

#endif
