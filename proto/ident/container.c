/* Freight container (ISO 6346): owner (3 letters), category, serial (6), check digit. */
#include "proto/ident/check.h"
#include "proto/ident/fold.h"

enum ident_reason container_rule(struct ident_job *job)
{
    struct ident_text *t = &job->part[0];
    fold_strip(t, "/");
    fold_compact(t);
    enum ident_reason why = fold_expect_alnum(t, 11);
    if (why != IDENT_REASON_NONE)
        return why;
    if (!fold_fits(t->s, "XXXX9999999") || strchr("UJZ", t->s[3]) == NULL)
        return IDENT_REASON_BAD_FORMAT;
    if (check_container(t->s) != (unsigned)(t->s[10] - '0'))
        return IDENT_REASON_CHECK_FAILED;
    fold_put(job, t);
    return IDENT_REASON_NONE;
}
