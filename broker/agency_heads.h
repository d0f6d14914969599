/* The broker as the witness of the agencies' own logs (docs/audit-log.md, "The log of an agency"): how often each may offer
 * a head, and what `status` tells. What was cosigned lies in the store (agency_judge.h). Loop thread. */
#ifndef SLUIS_BROKER_AGENCY_HEADS_H
#define SLUIS_BROKER_AGENCY_HEADS_H

#include "broker/agency_judge.h"
#include "proto/json/doc.h"

#define AGENCY_HEADS_EACH 3u /* offers of one agency in one publish interval; one, and one more after a conflict, are enough */

struct agency_heads;

/* The name and key under which this broker cosigns; key NULL: its folder has none, and it is no witness. The name is
 * written to room. */
struct agency_witness_name {
    char s[NOTE_MAX_NAME + 1];
};
struct note_signer agency_heads_witness(const struct broker *b, struct agency_witness_name *room);

/* Counts an offer; false: this agency has had its share. */
bool agency_heads_admit(struct agency_heads *h, const struct agency_id *agency, int64_t mono_ms);

/* What was judged and committed, for the operator's log and for `status`. */
void agency_heads_saw(struct agency_heads *h, const struct agency_id *agency, const struct agency_verdict *v);

/* For `status`: this witness's line, and each agency's log with what contradicts it; the caller's. NULL without memory
 * or where the store cannot be read. */
struct doc *agency_heads_doc(const struct broker *b) MUST_CHECK;
/* Appends what somebody must act on. */
enum err agency_heads_alarms(const struct broker *b, struct doc *lines) MUST_CHECK;

#endif
