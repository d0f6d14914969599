/* What the policy says of the fields of a mapping, for one purpose: the category that the mapping
 * must name, and what is left of a value. */
#ifndef SLUIS_IMPORT_FIELD_TERMS_H
#define SLUIS_IMPORT_FIELD_TERMS_H

#include "proto/conf/mapping.h"
#include "proto/policy/masking.h"
#include "proto/policy/policy.h"

struct field_terms {
    const struct policy *policy;
    const struct party *holder; /* NULL: no party of the policy, so that no rule speaks of it */
    const struct name *purpose;
};

/* How the adopted rules of the purpose mask this field of this holder; MASKING_NONE where none
 * names it. ERR_MISMATCH, and why: the mapping names another category than a rule, or two rules
 * mask it differently. */
enum err field_terms_masking(const struct field_terms *t, const struct mapping_field *f,
                             enum masking *out, struct errmsg *why) MUST_CHECK;

/* The same for a field that was loaded before, as the first rule that names it says. */
enum masking field_terms_mask(const struct field_terms *t, const struct name *field);

#endif
