/* An agency that sends messages to a broker that promises and proves as the test wants: what the tests of receipts share. */
#ifndef SLUIS_TEST_AGENT_RECEIPTS_STAGE_H
#define SLUIS_TEST_AGENT_RECEIPTS_STAGE_H

#include "agent/evidence.h"
#include "agent/receipts.h"
#include "tests/unit/agent/core/own_stage.h"

#define LOOK_MS 15000 /* the agent looks every second */

/* For setup and teardown of each test, on that deployment. */
extern const char *receipts_deployment;
int receipts_stage_open(void **state);
int receipts_stage_close(void **state);

/* A message that the broker has; then its answer, with a promise of this many seconds from now: its entry. */
void put_message(struct stage *s);
struct digest accept_message(struct stage *s, int64_t in_s);
/* Whether the agency waits for no answer. */
bool is_settled(struct stage *s);
/* All of it. */
struct digest promised(struct stage *s, int64_t in_s);

struct receipts_info seen(struct stage *s);
bool none_owed(struct stage *s);
bool has_head(struct stage *s);
bool one_due(struct stage *s);
bool is_forked(struct stage *s);
bool has_evidence(struct stage *s);

/* Fails unless there are so many entries of this event, and the newest has these words. */
void assert_told(struct stage *s, enum audit_event event, size_t times, const char *words);
/* The broker has a newer roster, which the agent fetches. */
void roster(struct stage *s, uint64_t serial, const char *path);
/* Whether a proof under a head by this key settles what is owed. */
bool settles(struct stage *s, uint64_t sequence, const struct key *by);

#endif
