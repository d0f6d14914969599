/* The witnesses of the log: which head they are asked to cosign, what they brought, and the newest head whose quorum is
 * met. Where the audit policy asks for a quorum that head alone is shown as the checkpoint. Of heads nothing lies in the
 * store: a witness brings its newest lines again, and the checkpoint on disk tells a start what was reached. Loop thread. */
#ifndef SLUIS_BROKER_COSIGNERS_H
#define SLUIS_BROKER_COSIGNERS_H

#include "broker/broker.h"
#include "pki/log_policy.h"
#include "proto/json/doc.h"
#include "proto/msg/cosign.h"

struct cosigners;

/* Reads the audit policy that the configuration names, and the checkpoint that stands. ERR_IO, ERR_NOMEM, or as
 * log_policy_make; why tells. */
enum err cosigners_new(struct broker *b, struct cosigners **out, struct errmsg *why) MUST_CHECK;
/* After the workers. */
void cosigners_free(struct cosigners *c);
DEFINE_CLEANUP(struct cosigners, cosigners_free)

/* Reads the audit policy again; one that cannot be used leaves the old one, and says so. */
void cosigners_reload(struct cosigners *c);

/* Whether a quorum is asked for. Any thread. */
bool cosigners_wanted(const struct cosigners *c);

/* A head is published: signed, with its tiles on disk. */
void cosigners_on_head(struct cosigners *c, uint64_t size, struct bytes note);

/* Takes a witness's lines over the head that is asked about; others are left. ERR_INVALID, ERR_SIGNATURE (a line of a
 * witness does not verify), ERR_NOMEM; why tells. */
enum err cosigners_take(struct cosigners *c, const struct cosign *from, struct arena *a,
                        struct errmsg *why) MUST_CHECK;

/* What an agency says of its witness: that it will be away, or is there. About a witness that the audit policy does not have,
 * or whose key is not named by this agency, nothing is kept. */
void cosigners_heard(struct cosigners *c, const struct agency_id *from, const struct cosign *said);

/* How many more witnesses may be away before there is no quorum, whichever they are: 0, 1, 2 (or more); below 0: it is lost
 * already, with those that announced that they are away now. There is an audit policy. */
int cosigners_spare(const struct cosigners *c);

/* What a witness with this newest size is asked next: a request of the add-checkpoint form, in the arena; empty: nothing.
 * ERR_IO, ERR_NOMEM, ERR_CRYPTO. */
enum err cosigners_request(struct cosigners *c, uint64_t size, struct arena *a, struct bytes *out) MUST_CHECK;

/* The newest checkpoint whose quorum was met; empty: none. A view until the loop turns. */
struct bytes cosigners_shown(const struct cosigners *c);

/* Of that checkpoint. QUORUM_FRESH where no quorum is asked for. */
enum quorum_age cosigners_age(const struct cosigners *c);

/* Every second: says once that it is late, or that releases stop. */
void cosigners_look(struct cosigners *c);

/* For `status`; the caller's. NULL without memory. */
struct doc *cosigners_doc(const struct cosigners *c) MUST_CHECK;
/* Appends what somebody must act on. */
enum err cosigners_alarms(const struct cosigners *c, struct doc *lines) MUST_CHECK;

#endif
