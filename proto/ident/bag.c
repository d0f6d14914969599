/* BAG nummeraanduiding: municipality (4), object type (2), serial (10). */
#include "proto/ident/fold.h"

/* The lowest municipality codes begin with three zeros. */
static const struct fold_number bag_digits = {.digits = 16, .shortest = 13};

#define TYPE_AT 4
#define TYPE_NUMMERAANDUIDING "20"

enum ident_reason bag_rule(struct ident_job *job)
{
    struct ident_text *t = &job->part[0];
    enum ident_reason why = fold_to_number(job, t, &bag_digits);
    if (why != IDENT_REASON_NONE)
        return why;
    if (memcmp(t->s, "0000", 4) == 0)
        return IDENT_REASON_BAD_FORMAT;
    if (memcmp(t->s + TYPE_AT, TYPE_NUMMERAANDUIDING, 2) != 0)
        return IDENT_REASON_WRONG_OBJECT;
    fold_put(job, t);
    return IDENT_REASON_NONE;
}
