/* A security officer vouches for the next key of the own log, where the keys of before are lost (decision 0419): which head
 * and which keys, by what the broker said and this log contains; the officer's signature; and the signed word, which goes
 * with each offer until the broker answered it, or its time is over. Loop thread. */
#ifndef SLUIS_AGENT_LOG_VOUCH_H
#define SLUIS_AGENT_LOG_VOUCH_H

#include "agent/control.h"
#include "proto/base/bytes.h"

struct log_witnessed;

/* The verb `vouch` (docs/control.md). */
void vouch_verb(struct call *c, const struct doc *args);

/* The word that goes with an offer made now; empty: none. Until w changes. */
struct bytes vouch_of_offer(struct log_witnessed *w);
/* The broker refused the own key of this log, and named that head, which the log contains. */
void vouch_refused(struct log_witnessed *w, struct bytes known);
/* The broker cosigned: nothing has to be vouched for. */
void vouch_over(struct log_witnessed *w);

#endif
