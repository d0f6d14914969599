/* KvK number and vestigingsnummer: no check digit, so only their length can be wrong. */
#include "proto/ident/fold.h"

static const struct fold_number kvk_digits = {.digits = 8, .shortest = 7};
/* Not padded: eight digits in this column would be a KvK number. */
static const struct fold_number vestiging_digits = {.digits = 12, .shortest = 12};

static enum ident_reason number_rule(struct ident_job *job, const struct fold_number *n)
{
    enum ident_reason why = fold_to_number(job, &job->part[0], n);
    if (why == IDENT_REASON_NONE)
        fold_put(job, &job->part[0]);
    return why;
}

enum ident_reason kvk_rule(struct ident_job *job)
{
    return number_rule(job, &kvk_digits);
}

enum ident_reason vestiging_rule(struct ident_job *job)
{
    return number_rule(job, &vestiging_digits);
}
