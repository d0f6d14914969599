/* An agent on a stage that keeps its own log, and a broker that is its witness as far as a test lets it: what the tests of
 * the two share. */
#ifndef SLUIS_TEST_AGENT_WITNESS_STAGE_H
#define SLUIS_TEST_AGENT_WITNESS_STAGE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "agent/log/witnessed_internal.h"
#include "pki/witness.h"
#include "proto/msg/agency_head.h"
#include "tests/unit/agent/core/fake_broker.h"

#define OK(expression) assert_int_equal((expression), ERR_OK)
#define WAIT_MS 60000
#define WITNESS "demo/witness/00000099000000001000"

/* The broker as a witness: what a test lets it know. */
extern struct key *witness_key;
extern const char *witness_name;
extern struct witness_state known;
extern struct buf known_note;
extern size_t answered; /* offers */
extern size_t named;    /* keys that an offer names */
extern uint64_t wanted; /* of is_cosigned */

/* For setup and teardown of each test: with an open session. */
int witness_stage_open(void **state, const char *deployment, const struct agent_part *const *parts);
int witness_stage_close(void **state);

struct log_witnessed *of(const struct stage *s);

/* ---- the broker's side ---- */

bool has_offer(struct stage *s);
const struct letter *next_offer(struct stage *s, struct agency_head *out);
void send_reply(struct stage *s, const struct letter *l, const struct agency_head_reply *r);
void put_witness(const struct key *key, struct buf *out);
/* As a witness of the specification: judges, keeps and cosigns. line_key: whose line it sends. */
enum witness_status judge_with(struct stage *s, const struct key *line_key);
enum witness_status judge(struct stage *s);
/* Another head of this log, that its own key signed. */
void know_other(struct stage *s, const struct key *signer, uint64_t size);
/* Answers the next offer so, and waits until that came. */
void answer(struct stage *s, uint32_t status, struct bytes known_head);

/* ---- the agency's side ---- */

bool is_quiet(struct stage *s);
/* One round; the size of the published log. */
uint64_t publish(struct stage *s);
/* Whether a head may be offered again. */
bool may_offer(struct stage *s);
uint64_t publish_and_offer(struct stage *s);

struct shown {
    uint64_t size; /* 0: no checkpoint */
    size_t lines;  /* good ones of the witness */
};
struct shown shown(struct stage *s);
/* Whether the head of the size that is wanted is shown with the line. */
bool is_cosigned(struct stage *s);
void until_cosigned(struct stage *s, uint64_t size);
/* The first head, cosigned. */
uint64_t begin(struct stage *s);
bool is_answered(struct stage *s);
bool is_refused(struct stage *s);
bool is_forked(struct stage *s);
bool has_alarm(struct stage *s, const char *text);
bool status_says(struct stage *s, const char *text);

#endif
