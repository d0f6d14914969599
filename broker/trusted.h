/* Which view is in force: accepted into the store first, then put in place as a whole. */
#ifndef SLUIS_BROKER_TRUSTED_H
#define SLUIS_BROKER_TRUSTED_H

#include "broker/broker.h"

/* Whether this view may be accepted; NULL: any that loads. */
typedef enum err (*trusted_check_fn)(struct broker *b, const struct view *v, struct errmsg *why);

/* At start, blocking: checks whose store this is, loads the files, accepts them and sets b->view.
 * b->audit runs. ERR_VERSION, ERR_MISMATCH (store), ERR_CONFLICT (a serial that was accepted with
 * other bytes), or what trust_load and check say, behind which nothing is accepted; why tells. */
enum err trusted_start(struct broker *b, trusted_check_fn check, struct errmsg *why) MUST_CHECK;

/* On SIGHUP: loads the files and the folder of keys again. Where they are bad the old view stays, a log
 * line and an alarm of status say why. done(arg, is_new) follows on the loop thread. */
typedef void (*trusted_done_fn)(struct broker *b, bool is_new);
void trusted_reload(struct broker *b, trusted_done_fn done);

/* Loop thread, every second: puts an announced policy in force once its moment has come; begins a reload
 * that had to wait. */
void trusted_look(struct broker *b, int64_t now_s);

/* Frees b->view. */
void trusted_stop(struct broker *b);

#endif
