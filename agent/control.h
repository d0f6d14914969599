/* The control socket's verbs (docs/control.md): who called, what, and how to answer. */
#ifndef SLUIS_AGENT_CONTROL_H
#define SLUIS_AGENT_CONTROL_H

#include "proto/base/enums.h"
#include "proto/json/doc.h"
#include "proto/policy/decision.h"

struct agent;
struct roster_officer;

/* One call: from its request until call_ok or call_fail. It outlives its connection: answers to a
 * closed one go nowhere. */
struct call;

/* handler: loop thread. Answers now or later; must answer exactly once. */
struct verb {
    const char *name;
    uint32_t functions; /* bits 1 << enum officer_function, one of which the caller must have; 0: any
                           staff on the roster */
    void (*handler)(struct call *c, const struct doc *args);
};

struct agent *call_agent(const struct call *c);
/* Staff id of the caller, from its uid. */
const struct name *call_staff(const struct call *c);
/* Its entry on the roster in force now; NULL where it was struck off since the call began. */
const struct roster_officer *call_officer(const struct call *c);
/* Whether the caller has a function of the roster now. */
bool call_has(const struct call *c, enum officer_function f);
/* Whether the connection is closed: nobody hears the answer. */
bool call_is_gone(const struct call *c);

/* Ends the call. ok is taken; NULL is out of memory. */
void call_ok(struct call *c, struct doc *ok);
/* exit_code is from sysexits. text says what, where, and what to do next. */
void call_fail(struct call *c, enum err e, int exit_code, const char *fmt, ...) PRINTF_LIKE(4, 5);
/* Fails with the exit code that fits e: bad input 65, not allowed 77, unreachable 69, configuration
 * 78, no space or another temporary trouble 75, else 70. */
void call_error(struct call *c, enum err e, const struct errmsg *why);
/* Fails (77) with every condition of the decision in Dutch and English. */
void call_deny(struct call *c, const struct decision *d);

/* One failed condition as it stands in an error; NULL without memory. */
struct doc *condition_doc(const struct policy *p, const struct failure *f);

/* A progress line; lossy. done and total count the same thing. */
void call_progress(struct call *c, const char *what, uint64_t done, uint64_t total);

/* Asks the caller to sign documents; on_signed gets the signatures in the same order, or is called
 * with count 0 where the caller went away. Then the handler goes on and answers. The signatures are
 * NOT verified yet. */
struct call_document {
    const char *kind; /* "request", "consent", "bodies", "export", "log-vouch" */
    struct bytes document;
    const struct doc *shown; /* what `sluis` shows and compares before it signs; borrowed */
};
typedef void (*call_signed_fn)(struct call *c, void *arg, const struct bytes *signatures,
                               size_t count);
void call_sign(struct call *c, const struct call_document *documents, size_t count,
               call_signed_fn on_signed, void *arg);

/* More input of the caller (import): raw frames until an empty one, which is end. on_data may pause by
 * returning false until call_resume. Where the caller goes away: once more with end, and call_is_gone
 * says so. */
typedef bool (*call_data_fn)(struct call *c, void *arg, struct bytes data, bool end);
void call_receive(struct call *c, call_data_fn on_data, void *arg);
void call_resume(struct call *c);

#endif
