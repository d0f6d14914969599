/* The holder's side as one part of the agent: hits come in, officers decide, settlements go out. */
#ifndef SLUIS_AGENT_HOLD_HOLD_H
#define SLUIS_AGENT_HOLD_HOLD_H

#include "agent/agent.h"
#include "agent/control.h"
#include "agent/mail_in.h"
#include "agent/own_log.h"
#include "agent/outbox.h"
#include "pki/cert.h"
#include "pki/view/view.h"
#include "proto/msg/request.h"

struct loop_timer;

/* Loop thread. */
struct hold {
    struct loop_timer *timer;
    bool sweeping; /* a sweep is under way */
    struct {
        bool is_due; /* settlements in the outbox are to be judged under the view in force */
        bool is_under_way;
        bool has_failed; /* the last time */
        bool is_unwatched; /* no quorum of witnesses watches the log, when that was looked at last */
    } standing;
    struct {
        bool is_under_way;
        struct digest after; /* notices that wait are judged again behind this one */
    } later;
};

/* The mail and outbox owners of this part. */
extern const struct mail_owner hold_hit_owner;
extern const struct mail_owner hold_ended_owner;
extern const struct outbox_owner hold_settle_owner;

/* Of a notice that was prepared: whether nobody can judge it yet; and that was applied: whether it is kept for later
 * (later.h). */
bool hold_hit_waits(const struct mail_turn *t);
bool hold_hit_is_kept(const struct mail_turn *t);

/* Verbs. */
void hold_verb_inbox(struct call *c, const struct doc *args);
void hold_verb_item(struct call *c, const struct doc *args);
void hold_verb_claim(struct call *c, const struct doc *args);
void hold_verb_decide(struct call *c, const struct doc *args);

/* A number of META: how often a hit met a protected record. */
#define HOLD_PROTECTED_MET "hold_protected"

/* The certificate that the roster gives a member for a use (signing or sealing), for the caller to free.
 * ERR_NOT_FOUND, or as cert_parse. */
enum err hold_member_cert(const struct view *view, const struct agency_id *id, enum cert_use use,
                          struct cert **out) MUST_CHECK;

/* What every entry of this agency's log about a question says; views of the header. staff NULL: the agent itself. */
struct own_entry hold_entry_of(const struct request_header *h, const struct digest *header_digest, enum audit_event event,
                               const struct name *staff);
/* That an entry is about this item, for the index of what touched a subject. outcome: a code, or NULL. */
struct own_touch hold_touch_of(uint64_t number, const char *outcome);

/* Whether an error is this machine's trouble and not the fault of what was judged. */
bool hold_is_trouble(enum err e);

/* In a walk over items: one that cannot be read stands in the way of no other. ERR_OK with a line in the log; e
 * where the trouble is this machine's. */
enum err hold_pass_over(uint64_t number, enum err e) MUST_CHECK;

#endif
