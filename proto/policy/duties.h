/* What a rule lays on people besides the decision, in words: one line for each duty. */
#ifndef SLUIS_POLICY_DUTIES_H
#define SLUIS_POLICY_DUTIES_H

#include "proto/base/buf.h"
#include "proto/policy/explain.h"
#include "proto/policy/policy.h"

/* Who reads it. */
enum duty_bearer {
    BEARER_HOLDER = 1, /* the officer who decides */
    BEARER_REQUESTER,  /* who receives a release */
};

/* Appends the lines, each ending in a newline: question_use (holder), handling, onward, subject,
 * feedback. Nothing for what the rule does not say, except that the holder's own use is then not
 * allowed. */
void duties_text(struct buf *out, const struct policy *p, const struct rule *r,
                 enum duty_bearer bearer, enum language lang);

/* "riec.casus.verstrekking/1 confidentieel alleen-bibob a1": what travels inside a release. */
void duties_handling(struct buf *out, const struct rule *r);

#endif
