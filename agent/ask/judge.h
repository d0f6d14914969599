/* What the requester judges before anything leaves: the policy, with this party's own facts. */
#ifndef SLUIS_AGENT_ASK_JUDGE_H
#define SLUIS_AGENT_ASK_JUDGE_H

#include "agent/ask/counts.h"
#include "pki/view/view.h"
#include "proto/policy/evaluate.h"

/* A question before it is composed. */
struct ask_question {
    const struct view *view;
    struct agency_id requester;
    struct agency_id on_behalf_of; /* the requester itself where it asks for itself */
    const struct rule *rule;       /* of the view's policy */
    const struct roster_officer *officer;
    enum case_state case_state;
    struct name_list checks;       /* recorded in the case; ascending */
    struct name_list fields;       /* asked of every holder; ascending */
    struct facts subjects; /* what subjects_facts says of them */
    struct counts counts;
    int64_t now_s;
    int64_t deadline_s;
};

/* The function in which this person may ask: the first of the rule's that the roster gives; where it
 * gives none, the first that it gives at all, for the refusal to name. */
struct name ask_function(const struct rule *rule, const struct roster_officer *officer);

/* What is evaluated towards one holder. */
void ask_facts(const struct ask_question *q, const struct agency_id *holder, struct facts *out);

/* Evaluates as requester towards one holder. */
void ask_judge(const struct ask_question *q, const struct agency_id *holder, struct decision *out);

/* Adds what failed in one decision to another of the same rule, each condition once. */
void ask_merge(struct decision *into, const struct decision *from);

#endif
