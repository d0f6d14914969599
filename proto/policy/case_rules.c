#include "proto/policy/case_rules.h"

const struct policy_move *policy_move_of(const struct policy *p, enum case_state from,
                                         enum case_state to)
{
    for (uint32_t i = 0; i < p->case_moves_count; i++)
        if (p->case_moves[i].from == from && p->case_moves[i].to == to)
            return &p->case_moves[i];
    return NULL;
}

/* Each round adds what one more move reaches, so that as many rounds as states suffice. */
bool policy_reaches(const struct policy *p, enum case_state state)
{
    uint32_t reached = 1u << CASE_NONE;
    for (int round = CASE_SIGNAL; round <= CASE_DESTROYED; round++)
        for (uint32_t i = 0; i < p->case_moves_count; i++)
            if (reached & (1u << (unsigned)p->case_moves[i].from))
                reached |= 1u << (unsigned)p->case_moves[i].to;
    return (reached & (1u << (unsigned)state)) != 0;
}
