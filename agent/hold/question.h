/* What the holder judges: the question of an item against the policy, with this party's own facts. */
#ifndef SLUIS_AGENT_HOLD_QUESTION_H
#define SLUIS_AGENT_HOLD_QUESTION_H

#include "agent/hold/item.h"
#include "pki/view/view.h"
#include "proto/policy/evaluate.h"

struct record_field;

/* An item's documents, decoded; views in the arena. */
struct question_text {
    struct request_header header;
    struct sealed_part sealed; /* empty where the item is emptied */
    const struct policy *policy; /* the version that it is judged under; NULL: none that stands */
};
/* As the decoders; what was stored decodes unless the store is damaged. */
enum err question_open(const struct hold_item *item, struct arena *a, struct question_text *out,
                       struct errmsg *why) MUST_CHECK;

/* Sets q->policy to the version that the header names, of the view; where it does not stand any more (narrowed,
 * withdrawn, never known), to NULL, and why says so. ERR_NOMEM. */
enum err question_find_policy(const struct view *view, struct question_text *q,
                              struct errmsg *why) MUST_CHECK;

/* The function with which this person may ask under the rule: the first of the rule's that the roster
 * gives the officer. ERR_PERMISSION. */
enum err question_function(const struct rule *rule, const struct roster_officer *officer,
                           struct name *out) MUST_CHECK;

/* Whether the matched identifiers carry a hit under the rule: one exact one, or two of different
 * types. */
bool question_is_strong(const struct rule *rule, const struct matched_place *matched, size_t count);

/* Whether what is left of the field's value is what the rule leaves of it; not where it was loaded before the
 * rule masked it. */
bool question_is_masked(const struct rule *rule, const struct record_field *f);

/* Whether the rule says that this holder shall decide, and its term is over at now_s; where no version of the policy stands for
 * it, not. Any thread. */
bool question_is_overdue(const struct view *view, const struct hold_item *item,
                         const struct request_header *h, int64_t now_s);

/* Evaluates as holder at now_s, under q->policy; where that is NULL, under the policy in force, for show. The item is
 * not emptied. */
void question_judge(const struct view *view, const struct hold_item *item,
                    const struct question_text *q, int64_t now_s, struct decision *out);

#endif
