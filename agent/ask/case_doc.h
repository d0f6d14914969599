/* A case as the control socket tells it (docs/control.md, "case"). */
#ifndef SLUIS_AGENT_ASK_CASE_DOC_H
#define SLUIS_AGENT_ASK_CASE_DOC_H

#include "agent/ask/case.h"
#include "proto/json/doc.h"
#include "proto/policy/policy.h"

/* A row of the list; NULL without memory. */
struct doc *case_row_doc(const struct case_row *k);

/* All of it, with the moves that the policy has from its state; NULL without memory. */
struct doc *case_doc(const struct case_row *k, const struct policy *p);

#endif
