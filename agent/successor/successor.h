/* The broker's log ended, and the roster names the one that goes on (decision 0408): this agency goes over once every head
 * that it verified is in the log that ended, up to the last head that the roster names. What is not stays, with its evidence. Loop
 * thread, unless said. */
#ifndef SLUIS_AGENT_SUCCESSOR_SUCCESSOR_H
#define SLUIS_AGENT_SUCCESSOR_SUCCESSOR_H

#include "agent/agent.h"
#include "pki/witness.h"
#include "proto/log/note.h"
#include "proto/msg/roster.h"

struct loop_timer;

/* The newest heads that this agency has of one log: what it cosigned, what it took from proofs, what it mirrored. */
enum head_kind { HEAD_COSIGNED, HEAD_PROVED, HEAD_MIRRORED, HEAD_KINDS };
struct own_head {
    uint64_t size; /* 0: it has none */
    struct digest root;
    struct buf note; /* as the log signed it; empty where an older program did not keep it */
};
struct own_heads {
    struct own_head v[HEAD_KINDS];
};
/* As they are now. ERR_NOMEM, ERR_IO; why tells. Freed by own_heads_free in every case. */
enum err own_heads_read(const struct agent *a, struct own_heads *out, struct errmsg *why) MUST_CHECK;
void own_heads_free(struct own_heads *h);
DEFINE_CLEANUP(struct own_heads, own_heads_free)

/* The part's own state. */
struct successor {
    struct agent *agent;
    struct loop_timer *tick;
    struct own_head asked;           /* about which the broker is asked now */
    uint64_t shown[HEAD_KINDS];      /* sizes of the heads that are in the log that ended */
    struct own_head judged[HEAD_KINDS]; /* sizes and roots with which the agency goes over */
    struct buf before;               /* the row of the log that it leaves */
    struct buf next;                 /* the origin of the one that it goes over to */
    size_t asked_kind;
    uint64_t last_size;              /* of the log that it leaves */
    bool is_asking;
    bool is_going;
    bool is_contradicted; /* by the end that the roster names */
    struct witness_state end; /* by the newest roster: size and root */
    bool is_told;      /* a security officer said to go over without a proof */
    struct name staff; /* who */
    int64_t asked_ms;
    struct errmsg trouble; /* why it does not go over; "": nothing keeps it */
};

/* What an agency's head is to the last head of its log. */
enum head_verdict {
    HEAD_IN_LOG,   /* it is in that log */
    HEAD_SMALLER,  /* to be shown */
    HEAD_BEHIND,   /* it is greater: the roster names another end than this agency saw */
    HEAD_OTHER,    /* it is not: two histories */
};
enum head_verdict own_head_compare(const struct own_head *h, const struct roster_former_origin *last);

/* A request of the add-checkpoint form from that head to the last one, judged. HEAD_SMALLER: it shows nothing. *is_fork: the
 * keys of that log signed what contradicts the head. ERR_NOMEM, ERR_CRYPTO. */
struct head_shown {
    enum head_verdict verdict;
    bool is_fork;
};
enum err own_head_judge(const struct own_head *h, const struct roster_former_origin *last, struct bytes request,
                        struct head_shown *out) MUST_CHECK;

/* Loop thread: this end contradicts what the agency verified; kept with the evidence in one transaction, copied. A failure is in the journal. */
struct evidence;
void contradiction_keep(struct agent *a, const struct roster_former_origin *end, const struct evidence *found);
/* Whether that was kept of this end. Errors as store_has. */
enum err contradiction_has(const struct agent *a, const struct roster_former_origin *end, bool *out) MUST_CHECK;

#endif
