/* LEI (ISO 17442): 18 characters and two check digits. */
#include "proto/ident/check.h"
#include "proto/ident/fold.h"

#define LEI_LEN 20

enum ident_reason lei_rule(struct ident_job *job)
{
    struct ident_text *t = &job->part[0];
    fold_compact(t);
    enum ident_reason why = fold_expect_alnum(t, LEI_LEN);
    if (why != IDENT_REASON_NONE)
        return why;
    if (!fold_all_digits(t->s + 18, 2))
        return IDENT_REASON_BAD_FORMAT;
    if (!check_digits_mod97(t->s + 18) || check_mod97(t->s, LEI_LEN) != 1)
        return IDENT_REASON_CHECK_FAILED;
    fold_put(job, t);
    return IDENT_REASON_NONE;
}
