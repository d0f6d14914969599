/* What receive.c, turn.c and turn_job.c share. */
#ifndef SLUIS_BROKER_TURN_INTERNAL_H
#define SLUIS_BROKER_TURN_INTERNAL_H

#include "broker/refused.h"
#include "broker/turns.h"

#define TURNS_MAX 512u
#define TURNS_MAX_EACH 64u /* of one sender */

/* Silences that the log tells of, of one kind: a peer that goes on does not fill it. */
struct silence_lines {
    int64_t minute;
    unsigned written;
};

struct turns {
    struct turns_params p;
    struct turn *first; /* all under way */
    size_t count;
    uint64_t silent;
    struct silence_lines of_nobody; /* the key's owner does not count: struck off, revoked, expired */
    struct silence_lines unproven;  /* no frame, or not the signature of the key's owner */
    struct refused_peers peers;
};

struct turn_private {
    struct turns *turns;
    struct turn *next;
    const struct turn_handler *handler; /* NULL: an unknown kind */
    bool prepared;                      /* the handler has seen it */
    bool held;
    bool conflict;                      /* the id is known with other bytes */
    enum msg_kind answer_kind;          /* what goes out, MSG_NONE: nothing */
    struct bytes answer;                /* in the arena */
};

/* Checks 1 to 5. NULL: nothing more is done with the message. */
struct turn *turn_admit(struct turns *ts, const struct wire_message *m);

/* Frees a turn that is in no list. */
void turn_destroy(struct turn *t);

/* Whether a refusal of this code leaves the id free, so that the same bytes may come again. */
bool refusal_is_passing(enum refusal_code c);

/* The writer job of a turn: effect, entry, reply in one transaction. */
enum err turn_job(struct kv_txn *txn, void *arg);

/* The body of a refusal, with promise where there is one, into the arena as the answer. */
enum err turn_set_refused(struct turn *t);

/* An answer of this kind, copied into the arena. */
enum err turn_set_answer(struct turn *t, enum msg_kind kind, struct bytes body);

#endif
