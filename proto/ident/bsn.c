/* BSN and RSIN: one series of nine digits under one check, kept apart by who issues them. */
#include "proto/ident/check.h"
#include "proto/ident/fold.h"

/* Eight digits is a number whose first zero a spreadsheet dropped; seven is a mistake. */
static const struct fold_number nine_digits = {.digits = 9, .shortest = 8};

#define ZEROS_WITHOUT_REMARK 2

static enum ident_reason eleven_rule(struct ident_job *job)
{
    struct ident_text *t = &job->part[0];
    enum ident_reason why = fold_to_number(job, t, &nine_digits);
    if (why != IDENT_REASON_NONE)
        return why;
    if (!check_eleven(t->s))
        return IDENT_REASON_CHECK_FAILED;
    if (strspn(t->s, "0") > ZEROS_WITHOUT_REMARK)
        job->warnings |= IDENT_WARN_LEADING_ZEROS;
    fold_put(job, t);
    return IDENT_REASON_NONE;
}

enum ident_reason bsn_rule(struct ident_job *job)
{
    return eleven_rule(job);
}

enum ident_reason rsin_rule(struct ident_job *job)
{
    return eleven_rule(job);
}
