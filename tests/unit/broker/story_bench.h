/* One story on a table: an agency contributes a record, another asks about it, the match is made, the holder consents,
 * the question closes, the log is published. Each step may fail; what came of it is told from the store alone. */
#ifndef SLUIS_TEST_BROKER_STORY_BENCH_H
#define SLUIS_TEST_BROKER_STORY_BENCH_H

#include "tests/unit/broker/ask_bench.h"

#define STORIES_MAX 8
#define STORY_PROMISES_MAX 64

/* One run, or as much of it as came about. */
struct story_run {
    struct ask_record record;
    struct ask_question question;
    struct digest request; /* digest of its header */
    bool is_contributed;   /* what was answered to its messages */
    bool is_asked;
    bool is_settled;
};

struct story {
    struct ask_bench ab;
    struct story_run runs[STORIES_MAX];
    size_t count;
    struct digest promised[STORY_PROMISES_MAX]; /* entries that the broker promised */
    size_t promised_in[STORY_PROMISES_MAX];     /* with which answer, from 1 */
    size_t promise_count;
    size_t answers;
    void (*on_answer)(size_t number); /* one left; may be NULL */
    struct deal_participant holder; /* to whom the purpose key is dealt */
    /* Of batches: what is added to their number, how long ago they were made, the policy that they name; 0: as always. */
    uint64_t gap;
    int64_t ago_s;
    struct digest named;
    enum refusal_code refused; /* what the last message was refused with */
};

void story_open(struct story *s);
void story_close(struct story *s);
/* Ends as a process does; then another one begins on what is on the disk. */
void story_stop(struct story *s);
void story_start(struct story *s);

/* One more run, whatever fails on the way. True: every step was answered as it should be. */
bool story_run(struct story *s);
/* Its first step alone, as a run of its own; the same batch again in a new envelope, as an agent sends it that got no answer. */
bool story_contribute(struct story *s);
bool story_contribute_again(struct story *s);
void story_publish(struct story *s);

/* Fails the test, naming `when`, where an effect is in the store without its entry, or an entry without its effect, or
 * something else waits for the requester than was decided, or an entry that one of the first `answers` promised is not
 * there. */
void story_check(struct story *s, size_t answers, const char *when);

#endif
