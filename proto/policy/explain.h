/* Decisions and rules in words, Dutch or English. */
#ifndef SLUIS_POLICY_EXPLAIN_H
#define SLUIS_POLICY_EXPLAIN_H

#include "proto/base/buf.h"
#include "proto/policy/decision.h"

enum language {
    LANGUAGE_NL = 1,
    LANGUAGE_EN,
};

/* "Awr art. 67 lid 2", with "(door niemand geverifieerd)" where nobody did. Appended. */
void explain_citation(struct buf *out, const struct policy *p, const struct citation *c,
                      enum language lang);

/* One line without newline: the sentence of the failed condition, its detail and its citation. */
void explain_failure(struct buf *out, const struct policy *p, const struct failure *f,
                     enum language lang);

/* The whole decision, line by line: verdict, every failure, what a permit obliges to. */
void explain_decision(struct buf *out, const struct policy *p, const struct decision *d,
                      enum language lang);

/* The legal basis of a rule for one holder, one line for each provision: what a release officer
 * reads in the inbox. holder may be NULL: then every gate is listed. */
void explain_basis(struct buf *out, const struct policy *p, const struct rule *r,
                   const struct party *holder, enum language lang);

#endif
