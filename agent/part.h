/* A part of the agent: what it adds to the tables of verbs, mail and outbox, and its life. The
 * program lists its parts in agent/parts.c; a test lists those that it needs. */
#ifndef SLUIS_AGENT_PART_H
#define SLUIS_AGENT_PART_H

#include "agent/control.h"
#include "agent/mail_in.h"
#include "agent/outbox.h"
#include "proto/msg/hello.h"

#define PART_OWNERS_MAX 4

struct agent_part {
    const char *name;
    const struct verb *verbs; /* ended by a verb with name NULL; may be NULL */
    const struct mail_owner *mail[PART_OWNERS_MAX];     /* unused places are NULL */
    const struct outbox_owner *outbox[PART_OWNERS_MAX]; /* likewise */
    /* Each may be NULL. start: the store is open and its writer runs, nothing is dialled yet, no
     * caller connected; parts start in order and stop in the
     * reverse, also those whose start failed or was never reached. on_view: another view came in
     * force. on_keys: the key folder was read again, on_view comes by itself. on_open: the session opened (again). */
    enum err (*start)(struct agent *a, struct errmsg *why);
    void (*stop)(struct agent *a);
    void (*on_view)(struct agent *a);
    void (*on_keys)(struct agent *a);
    void (*on_open)(struct agent *a);
    /* Of each hello: what this part says in it, in the arena; and the broker's answer, whatever state it is in. */
    enum err (*hello)(struct agent *a, struct arena *arena, struct hello *h);
    void (*on_hello)(struct agent *a, const struct hello_reply *r);
    /* For `status`: adds an object of its own. */
    enum err (*status)(const struct call *c, struct doc *whole);
    /* For `status`: appends lines that somebody must act on; looks at who asks (call_has). */
    enum err (*alarms)(const struct call *c, struct doc *lines);
};

extern const struct agent_part core_part;   /* status, bodies, proofs, documents */
extern const struct agent_part import_part; /* records, contribution, protected persons */
extern const struct agent_part ask_part;    /* cases, requests, results */
extern const struct agent_part hold_part;   /* inbox, consent, release */
extern const struct agent_part renew_part;  /* renewals of certificates */
extern const struct agent_part log_part;    /* the agency's own log */
extern const struct agent_part subject_part; /* what touched a subject */
extern const struct agent_part witness_part; /* cosignatures of the log */
extern const struct agent_part mirror_part;  /* a copy of the log */
extern const struct agent_part successor_part; /* the log that goes on behind one that ended */

/* Of sluis-agent, ended by NULL. */
extern const struct agent_part *const agent_parts[];

#endif
