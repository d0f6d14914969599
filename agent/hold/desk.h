/* An item on an officer's desk: with all that is needed to show it and to decide it. Reads one snapshot;
 * loop thread. */
#ifndef SLUIS_AGENT_HOLD_DESK_H
#define SLUIS_AGENT_HOLD_DESK_H

#include "agent/hold/item.h"
#include "agent/hold/question.h"
#include "agent/records.h"

struct agent;
struct desk;

struct desk {
    struct agent *agent;
    const struct view *view;
    struct arena *arena;
    int64_t now_s;
    struct hold_item item;
    struct question_text text;
    const struct policy *policy; /* that it is judged under; where none stands, the one in force, for show */
    const struct rule *rule;            /* NULL: not in the policy any more */
    const struct consent_terms *terms;  /* of this holder; NULL without a rule */
    struct decision *decision;          /* as holder, now */
    bool stands;     /* the policy that the header names is one under which it may be decided */
    struct errmsg fallen; /* why not */
    bool has_record;
    struct record record; /* alive, where has_record */
    bool four_eyes;       /* a release or confirmation needs two persons */
    int64_t decide_by_s;  /* the last second of the rule's term of the decision */
    bool is_late;         /* that term is over and the item still open: deputies may decide */
    bool is_overdue;      /* late, and the rule says that this holder shall decide */
};

/* ERR_NOT_FOUND, in words that are the same for an item that is not there and for one that is not for the
 * caller: that there is one would tell. */
enum err desk_absent(uint64_t number, struct errmsg *why);

/* Reads an item in a snapshot of its own. a is the arena of everything. ERR_NOT_FOUND, or as the
 * store. */
enum err desk_open(struct agent *agent, uint64_t number, struct arena *a, struct desk *out,
                   struct errmsg *why) MUST_CHECK;
/* The same in a snapshot that the caller keeps. */
enum err desk_read(struct agent *agent, struct kv_txn *txn, uint64_t number, struct arena *a,
                   struct desk *out, struct errmsg *why) MUST_CHECK;

/* As what an officer sees an item. */
enum desk_seat {
    SEAT_NONE = 0, /* not at all */
    SEAT_OFFICER,  /* has a function that the rule names */
    SEAT_PROSECUTOR,
    SEAT_DEPUTY,   /* the term of the decision is over, or they signed it when it was */
};

/* "officer", "prosecutor", "deputy"; "?" outside the set. */
const char *desk_seat_id(enum desk_seat s);

/* Where the rule names a compartment, only who is listed for it has a seat. */
enum desk_seat desk_seat(const struct desk *d, const struct roster_officer *officer);

/* The function with which the officer signs this decision: one of the rule's, a deputy's once the term is
 * over, or the prosecutor's; beside a signature that stands, one that decides together with it.
 * ERR_PERMISSION: none; why tells. */
enum err desk_function(const struct desk *d, const struct roster_officer *officer,
                       enum consent_decision decision, struct name *out,
                       struct errmsg *why) MUST_CHECK;

/* Whether a field could be released. ERR_NOT_FOUND: not asked for, not allowed, or not in the record;
 * ERR_MISMATCH: what the record has of it is not masked. why, which may be NULL, tells. */
enum err desk_check_field(const struct desk *d, const struct name *field,
                          struct errmsg *why) MUST_CHECK;

/* Whether the first signature stands: its officer still has the function that it names, and the requester's sealing certificate
 * is the one that was signed. */
bool desk_first_stands(const struct desk *d);

/* The requester's sealing certificate by the roster; NULL where it has none. */
const struct digest *desk_sealing(const struct desk *d);

#endif
