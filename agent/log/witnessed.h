/* The broker as the witness of this agency's own log (decision 0407): each new head is offered to it, what it cosigns is
 * shown as the checkpoint, and a head that it knows and this log does not contain stops the log. A broker that does not
 * answer stops nothing: the log is then published without its line. Loop thread, unless said. */
#ifndef SLUIS_AGENT_LOG_WITNESSED_H
#define SLUIS_AGENT_LOG_WITNESSED_H

#include "agent/log/keeping.h"
#include "agent/part.h"

struct log_witnessed;

/* Before the keeper is made, which may ask shows_later. ERR_IO, ERR_NOMEM; why tells. */
enum err witnessed_new(struct log_keeping *k, struct log_witnessed **out, struct errmsg *why) MUST_CHECK;
void witnessed_free(struct log_witnessed *w);
/* Once the keeper is there: takes up the newest head, and evidence that stands. Errors as the store's. */
enum err witnessed_start(struct log_witnessed *w) MUST_CHECK;

/* A round begins: false while a checkpoint is being written, and after a start until the broker was asked which head it
 * knows, so that an old copy signs nothing; that for a while only. */
bool witnessed_may_sign(struct log_witnessed *w);
/* Any thread: the round that runs leaves the checkpoint to this part. */
bool witnessed_shows_later(const struct log_witnessed *w);
/* A head was published. */
void witnessed_on_head(struct log_witnessed *w, const struct log_signed_head *head);
/* The session opened: the newest head is offered. */
void witnessed_offer(struct log_witnessed *w);

/* For `status`: whether the newest heads are cosigned, since when not, and by which key. */
void witnessed_put(const struct log_witnessed *w, struct doc_build *d);
/* Whether the broker knows a head that this log does not contain. */
bool witnessed_is_forked(const struct log_witnessed *w);
enum err witnessed_alarms(const struct log_witnessed *w, struct doc *lines) MUST_CHECK;

#endif
