/* The broker's own judgement of a question: what it sees of a request as facts, and whether a rule
 * still stands when something is about to happen under it. */
#ifndef SLUIS_BROKER_GATE_H
#define SLUIS_BROKER_GATE_H

#include "pki/view/view.h"
#include "proto/msg/request.h"
#include "proto/policy/decision.h"

/* What the counters show with this request in them. */
struct gate_counts {
    uint64_t requests_agency;
    uint64_t requests_officer;
    uint64_t subjects_case;
    uint64_t subjects_period;
};

/* A request whose signatures, root and parties are verified. */
struct gate_ask {
    const struct view *view;
    const struct request_header *header;
    const struct request_identifier *identifiers;
    size_t identifier_count;
    size_t group_count;
    const struct roster_member *requester;
    const struct roster_member *holder;
    const struct roster_officer *worker;
    const struct gate_counts *counts;
    int64_t now_s;
};

/* All that the broker knows of it. Judged: what stands in roster, policy, adoptions, the
 * custodian's statement, its own counters, and what it counts in the message. Asserted: the state
 * of the case, which the requester alone sees. Unknown: the sealed texts and control data. */
void gate_facts(const struct gate_ask *ask, struct facts *out);

/* Judges as ROLE_BROKER under the rule that the header names. */
void gate_decide(const struct gate_ask *ask, const struct facts *facts, struct decision *out);

/* The rule of an accepted header and the policy that it names, where question and answer still may
 * travel under it: that policy is in force, or was when it was asked and its rule not narrowed since;
 * both parties on the roster, the rule in that policy in the same version, adopted, in its time, and
 * adopted by the holder, who has not withdrawn it since. */
struct gate_standing {
    const struct rule *rule; /* NULL: it does not stand */
    const struct policy *policy;
    struct errmsg why; /* then: which condition, or what became of the policy */
    const char *reason; /* then, for the log: "narrowed" or "withdrawn" since; "policy_unknown": not one that was
                         * in force here when it was asked; or the condition's id */
};

/* ERR_NOMEM. */
enum err gate_standing_rule(const struct view *v, const struct request_header *h, int64_t now_s,
                            struct gate_standing *out) MUST_CHECK;

/* How a type of identifier hits under a rule; STRENGTH_NONE: not at all. */
enum strength gate_strength(const struct rule *r, enum ident_type type);

/* True where types, a set of 1 << enum ident_type, may hit: an exact one, or two different ones. */
bool gate_types_hit(const struct rule *r, uint32_t types);

#endif
