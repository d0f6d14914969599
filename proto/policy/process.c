#include "proto/policy/process.h"

#include "proto/base/err.h"

enum {
    ASKS = 1,
    FIELDS = 2,
    MUST_COUNT = 4,
    MAY_COUNT = 8,
    CASE = 16,
    SERVED = 32,
};

static const struct {
    unsigned is;
    enum outcome outcome;
} rows[PROCESS_COUNT] = {
    [PROCESS_CASE_HIT] = {ASKS | CASE | SERVED, OUTCOME_HIT_NO_HIT},
    [PROCESS_CASE_RELEASE] = {ASKS | FIELDS | CASE | SERVED, OUTCOME_NONE},
    [PROCESS_INDEX] = {SERVED, OUTCOME_NONE},
    [PROCESS_SIGNAL] = {ASKS | FIELDS, OUTCOME_NONE},
    [PROCESS_PHENOMENON] = {ASKS | MUST_COUNT | MAY_COUNT, OUTCOME_SEALED},
    [PROCESS_JOINT_TARGET] = {ASKS | CASE, OUTCOME_HIT_NO_HIT},
    [PROCESS_AREA_PROJECT] = {ASKS | FIELDS | MAY_COUNT, OUTCOME_NONE},
    [PROCESS_BIBOB] = {ASKS | FIELDS | CASE | SERVED, OUTCOME_NONE},
    [PROCESS_EXPORT] = {ASKS | FIELDS | CASE, OUTCOME_NONE},
    [PROCESS_FEEDBACK] = {ASKS | FIELDS, OUTCOME_NONE},
    [PROCESS_SUBJECT_REQUEST] = {ASKS | FIELDS, OUTCOME_NONE},
};

static bool has(enum process p, unsigned what)
{
    return (unsigned)p < PROCESS_COUNT && (rows[p].is & what) != 0;
}

bool process_asks(enum process p)
{
    return has(p, ASKS);
}

bool process_has_fields(enum process p)
{
    return has(p, FIELDS);
}

bool process_must_count(enum process p)
{
    return has(p, MUST_COUNT);
}

bool process_may_count(enum process p)
{
    return has(p, MAY_COUNT);
}

bool process_needs_case(enum process p)
{
    return has(p, CASE);
}

enum outcome process_outcome(enum process p)
{
    return (unsigned)p < PROCESS_COUNT ? rows[p].outcome : OUTCOME_NONE;
}

bool process_is_served(enum process p)
{
    return has(p, SERVED);
}
