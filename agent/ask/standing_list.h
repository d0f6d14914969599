/* `standing`, `list`: what a caller sees of standing requests, which is nothing of the words of a request: they are others
 * where the subject is protected, and who sees them would see that. Loop thread. */
#ifndef SLUIS_AGENT_ASK_STANDING_LIST_H
#define SLUIS_AGENT_ASK_STANDING_LIST_H

#include "agent/ask/standing_row.h"
#include "agent/control.h"

/* Answers the call. */
void standing_list(struct call *c, const struct doc *args);

/* What it asks, as the call of `request` said it; without the subject. */
void standing_put_asked(const struct standing_row *k, const struct standing_words *w, struct doc_build *b);

/* *is_over: its date, case or rule is, and no sweep has come by yet. One whose case cannot be read can be ended. Errors as
 * standing_case_state. */
enum err standing_look_over(const struct call *c, struct kv_txn *txn, const struct standing_row *k, bool *is_over) MUST_CHECK;

#endif
