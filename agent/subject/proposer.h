/* Whether who proposed a search still counts as the first of two. */
#ifndef SLUIS_AGENT_SUBJECT_PROPOSER_H
#define SLUIS_AGENT_SUBJECT_PROPOSER_H

#include "agent/subject/search.h"

struct view;

/* By the roster of now: this staff id is still of that person, with a certificate that counts, and
 * is a privacy officer of the agency. */
bool proposer_counts(const struct view *v, const struct agency_id *self,
                     const struct search_who *who, int64_t now_s);

#endif
