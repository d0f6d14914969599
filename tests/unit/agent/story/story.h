/* One story in one agency that holds and asks: records are imported, cases are opened, questions asked, the hit on one taken
 * in, the item looked at, its release signed by two, what came of it taken in and looked at, a question kept by two, cases
 * closed and destroyed, a person protected, what touched a subject searched by two, the broker's log cosigned and mirrored, the own log
 * published and read. Store, own log, outbox, deliveries and all parts are the agent's; the
 * clock, its keys, the broker (story_broker.c) and the people at its control socket (story_people.c) are the test's. Each
 * step may fail; what came of it is told from the store alone. */
#ifndef SLUIS_TEST_AGENT_STORY_H
#define SLUIS_TEST_AGENT_STORY_H

#include "tests/unit/agent/hold/world.h"

#include "agent/control.h"
#include "agent/keys_internal.h"
#include "agent/session_internal.h"
#include "proto/host/clock.h"
#include "tests/support/grown_log.h"

#define STORY_PREFIX "/tmp/sluis-hold-" /* of the world's folders */
#define STORY_SAID_MAX 512u
#define STORY_CALLS_MAX 160u
#define STORY_LETTERS_MAX 64u
#define STORY_ID_SIZE 33u /* in hex */

/* What others see of the agency, each told by entries of its own log. */
enum story_act {
    STORY_CASE,      /* by somebody: it was opened, moved, checked, closed or destroyed */
    STORY_ASKED,     /* a question, queued for the broker */
    STORY_ACCEPTED,  /* by the broker */
    STORY_BATCH,     /* accepted by the broker */
    STORY_ITEM,
    STORY_CLAIMED,
    STORY_SIGNED,
    STORY_SETTLED,   /* a decision, by the broker */
    STORY_STOPPED,   /* a decision, since it came too late */
    STORY_UNDECIDED, /* an item, at its deadline */
    STORY_RESULT,
    STORY_CLOSED,    /* a question, by the broker */
    STORY_KEPT,      /* somebody's word that a question is kept longer */
    STORY_STANDS,    /* a question that is asked again */
    STORY_STOOD,     /* and that is over */
    STORY_SWEPT,     /* a case, by retention */
    STORY_SOUGHT,    /* what touched a subject */
    STORY_CONFIRMED, /* by a second person */
    STORY_PROTECTED,
    STORY_BEGUN,     /* imports */
    STORY_ENDED,     /* likewise */
    STORY_LOOKED,    /* at an item: from here on nothing of it is in the store but the entry */
    STORY_READ,      /* a result */
    STORY_SHOWN,     /* what touched a subject, once more */
    STORY_BODIES,    /* of the own log, or its filler key */
    STORY_OPENED,    /* what the digests of an entry hide */
    STORY_EXPORTED,
    STORY_NAMES,     /* of staff */
    STORY_RECEIPTS,  /* promises that were not kept */
    STORY_AWAY,      /* a witness says until when */
    STORY_ACTS,
};

/* How often, and what was given away for good. */
struct story_tally {
    size_t n[STORY_ACTS];
    size_t released;   /* settlements that were sent, of two signatures each */
    uint64_t mail;     /* up to which the broker may forget it */
    uint64_t cosigned; /* the size of a head of the broker's log */
    uint64_t mirrored; /* of that log */
};

/* Somebody at the control socket. */
struct call {
    struct story *story;
    struct name staff;
    bool is_over;
    bool is_ok;
    struct doc *args;   /* they outlive the handler */
    struct doc *answer;
    struct errmsg error;
    enum story_act act; /* what an answer says of it; STORY_ACTS: nothing that is counted */
    uint64_t cosigns;          /* the size that is put forward */
    struct bytes input;        /* of an import */
    call_data_fn on_data;
    void *arg;
    unsigned given;  /* the input, then its end */
    bool wants;      /* more of it */
};

/* A message as it came to the broker. */
struct story_letter {
    enum msg_kind kind;
    struct message_id id;
    struct buf body;
    bool is_answered;
};

struct story {
    struct world w;
    struct session session;
    struct agent_keys keys;
    struct clock clock;
    char log_dir[128];
    char mirror_dir[128];
    struct grown_log grown; /* the broker's log */
    struct session_ask question; /* for entries of it; arg NULL: nothing is asked */
    uint64_t question_from;
    struct call calls[STORY_CALLS_MAX];
    size_t call_count;
    struct story_letter letters[STORY_LETTERS_MAX];
    size_t letter_count;
    struct handle handle; /* of the record that came last */
    bool has_handle;
    uint64_t mail; /* the last number that the broker gave */
    unsigned run;
    /* ids of the run */
    char lead[STORY_ID_SIZE];       /* a case that asks nothing */
    char kept_case[STORY_ID_SIZE];
    char kept[STORY_ID_SIZE];       /* its question, which stands until it ends */
    char standing[STORY_ID_SIZE];
    char ended_case[STORY_ID_SIZE];
    char asked[STORY_ID_SIZE];      /* its question, which is hit */
    char search[STORY_ID_SIZE];
    struct story_tally said; /* by now */
    struct story_tally said_before[STORY_SAID_MAX]; /* after each time that something was said, from 1 */
    size_t said_count;
    const char *step; /* of the run, the last that was begun */
    bool is_deaf; /* what is said is not kept any more */
    void (*on_said)(uint64_t number); /* may be NULL */
};

/* The world, for all stories of a program. */
void story_new(struct story *s);
void story_free(struct story *s);

/* A story begins with an empty folder. */
void story_empty(struct story *s);
void story_start(struct story *s);
/* Ends as a process does that is killed: another start is on what is on the disk. */
void story_stop(struct story *s);

/* All steps, until one fails. True: none did. */
bool story_run(struct story *s);
/* Fails the test, naming `when`, where an act is in the store without its entry or an entry without its act, where the
 * outbox holds something else than was told, or where less is there than was said. */
void story_check(struct story *s, const struct story_tally *said, const char *when);
/* Fails the test where the mirror is not whole on disk. */
void story_check_mirror(struct story *s, const char *when);
/* Whether the own log contains what it showed. */
enum err story_contains(struct story *s, struct bytes checkpoint);
/* One round of the own log. True: it grew. */
bool story_publish(struct story *s);
/* The broker forgets the letters that came behind so many. */
void story_broker_forget(struct story *s, size_t from);

/* ---- between its files ---- */

extern struct story *story_here;

/* Something was said that may not be lost any more. */
void story_say(struct story *s, enum story_act act);
void story_say_all(struct story *s);
/* Until nothing is under way in the agent. */
void story_settle(struct story *s);

/* All that the broker shows is mirrored; true: it is. */
bool story_mirror(struct story *s);

/* Whom the agent works for, until it is another. */
void story_be(struct story *s, int party);

/* The broker answers what it has not answered; true: something. */
bool story_broker_answers(struct story *s);
/* How far it shows its log: as far as this agency cosigned it. */
uint64_t story_broker_shows(const struct story *s);
/* It brings the hit on the last question, its settlement, or its end; true: the agent has taken it in. */
bool story_broker_hit(struct story *s);
bool story_broker_settled(struct story *s);
bool story_broker_closed(struct story *s);

/* A call from beginning to answer; takes args, NULL is none. */
struct story_wish {
    const char *verb;
    int officer;
    enum story_act act; /* STORY_ACTS: none is counted */
    struct doc *args;
    const char *input;
    uint64_t cosigns;
};
struct call *story_call(struct story *s, const struct story_wish *w);
/* The same with these args. True: it was answered well. Where not, it was the machine, and nobody is told that he said too
 * little. */
bool story_calls(struct story *s, struct story_wish w, const char *json);
/* Of the last answer. */
void story_keep_id(const struct story *s, const char *key, char out[static STORY_ID_SIZE]);
bool story_people_go_on(struct story *s);
void story_people_forget(struct story *s);

/* Steps behind a question (story_after.c). */
bool story_keep(struct story *s);
bool story_end(struct story *s);
bool story_destroy(struct story *s);
bool story_search(struct story *s);
bool story_read_log(struct story *s);

extern const struct agent_part *const story_parts[];

#endif
