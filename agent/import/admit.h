/* Which index rules admit a record: the policy evaluated as holder, for every record. The answer
 * depends on category and identifier types only, so each combination is evaluated once. */
#ifndef SLUIS_IMPORT_ADMIT_H
#define SLUIS_IMPORT_ADMIT_H

#include "proto/ident/ident.h"
#include "proto/policy/decision.h"

#define ADMIT_RULES_MAX 32

struct view;

/* What the rules are asked with, besides the record. */
struct admit_params {
    const struct view *view; /* outlives the admit */
    struct agency_id holder;
    struct name purpose;
    const struct name *rules; /* ascending; index rules of the purpose */
    size_t rule_count;        /* at most ADMIT_RULES_MAX */
    int64_t now_s;
    bool suppression;   /* protected persons are taken out by this agency's list */
    uint64_t stock;     /* records contributed already */
    uint64_t additions; /* identifiers that were added within the rules' period */
};

/* One thread at a time. */
struct admit;

/* ERR_NOT_FOUND: a rule that the policy lacks; ERR_MISMATCH: it is of another process or purpose;
 * ERR_PERMISSION: this agency is not on the roster; ERR_LIMIT; ERR_NOMEM; why names it. */
enum err admit_new(const struct admit_params *p, struct admit **out, struct errmsg *why) MUST_CHECK;
void admit_free(struct admit *a);
DEFINE_CLEANUP(struct admit, admit_free)

struct admit_record {
    const struct name *category;
    const struct norm_ident *identifiers;
    size_t count;
};

/* Bit i of *rules: rule i admits the record; 0: it stays here, and *reason is the first condition
 * that failed under the first rule. ERR_NOMEM. */
enum err admit_ask(struct admit *a, const struct admit_record *r, uint32_t *rules,
                   enum condition *reason) MUST_CHECK;

/* Judges the whole import: every combination that was admitted, once more with the numbers after
 * it. False: *out is the first denial. */
bool admit_totals(struct admit *a, uint64_t stock, uint64_t additions, struct decision *out);

/* The rules of bits that still admit a record that entered on that day, and the day on which it
 * expires: the first of theirs. 0 where none does. */
uint32_t admit_age(const struct admit *a, uint32_t rules, uint32_t entered_day, uint32_t today,
                   uint32_t *expires_day);

/* The longest period over which a rule counts additions, in days. */
uint32_t admit_period_days(const struct admit *a);

#endif
