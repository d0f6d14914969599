/* What the project itself knows of the laws that policies cite, and no policy file may contradict.
 * docs/policy.md says which articles somebody read. */
#ifndef SLUIS_POLICY_LAW_H
#define SLUIS_POLICY_LAW_H

#include "proto/policy/policy.h"

/* One law that the project knows. */
struct known_law {
    const char *source; /* as struct law has it */
    const char *title;
    bool secrecy; /* lays a sector secrecy on whoever it binds */
};

/* The known law with that source, or NULL. */
const struct known_law *law_known(const char *source);

/* The AVG, or the act that carries it out. */
bool law_is_gdpr(const struct law *law);

/* Why this law lets nobody, or no private party, process a BSN: a static English sentence, or NULL
 * where the project knows no reason. */
const char *law_bsn_refused(const struct law *law, bool for_private);

/* Why no rule may rest on this provision, or NULL where one may: a static English sentence. law is
 * the table entry of the citation. */
const char *law_refused(const struct law *law, const struct citation *c);

#endif
