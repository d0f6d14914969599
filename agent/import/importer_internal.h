/* The parts of the importer: importer_open.c (orders), importer.c (reading, the difference), importer_send.c
 * (making, storing, answers, effects), importer_clear.c, importer_anew.c (copies into another epoch). */
#ifndef SLUIS_IMPORT_IMPORTER_INTERNAL_H
#define SLUIS_IMPORT_IMPORTER_INTERNAL_H

#include "agent/agent.h"
#include "agent/import/copying.h"
#include "agent/import/effect.h"
#include "agent/import/importer.h"
#include "agent/import/reading.h"
#include "agent/import/sender.h"
#include "proto/msg/reply.h"

/* Batches that wait for their answer while another step is filled. With what the steps under way add, the
 * sender still keeps all of them in memory. */
#define AHEAD_MOST 4u

/* Epochs that ended and whose rows are still here; older ones are forgotten by then. */
#define RETIRED_MOST 32u

enum importer_phase {
    PHASE_IDLE = 0,
    PHASE_OPENING,  /* data sets are made */
    PHASE_READING,  /* the source comes in */
    PHASE_COUNTING, /* the difference is counted */
    PHASE_SENDING,  /* the row lasts from here on */
    PHASE_CLEARING, /* what is staged, and what the broker refused, is deleted */
};

struct importer {
    struct agent *agent;
    struct sender *sender;
    enum importer_phase phase;
    struct arena *arena; /* of row */
    struct import_row row;
    struct view *view; /* that the rules were asked in */
    struct call *call; /* NULL: nobody waits */
    struct import_order order;
    struct reading *reading;
    enum reading_step step;
    struct make_totals totals[IMPORT_LEGS_MAX];
    uint64_t made_total; /* records that the whole import changes, for progress */
    enum err failed;     /* why the import stops before it lasts */
    struct errmsg why;
    bool is_busy; /* a job of the phase is under way */
    bool is_writing; /* windows are digested and written, while the next are filled */
    bool is_stalled; /* the next are full before that is done */
    bool has_input; /* the caller sent all */

    /* sending: the leg at hand */
    struct maker *maker;
    struct admit *admit;
    struct agency_half *half;
    struct handle_code *handles;
    struct record_shape shape;
    struct filled_step *filled; /* its turn to be made has not come */
    struct filled_step *making; /* is made, while the next is filled */
    struct made_step *made;     /* its turn to be stored has not come */
    struct made_step *storing;  /* is stored, while the next is made */
    bool is_filling;
    bool is_making;
    bool is_all_filled; /* the last step of the leg too */
    bool is_storing;
    bool is_ending; /* the row is written that ends the leg, or all */
    bool is_applying;
    struct effect_slice slice;
    uint32_t retired[RETIRED_MOST]; /* data sets of the source in epochs of the leg's purpose that ended */
    size_t retired_count;
    uint32_t answered; /* first batch without an answer */
    uint32_t applied;  /* first batch whose effect is not in */
    uint32_t clear_leg; /* whose batches may have to be deleted */
    uint32_t clear;     /* first of them */
    bool is_refused;   /* the broker did not take a batch of the leg */
    bool is_stopping;  /* nothing more is made: the import failed */
    enum leg_left leaving; /* nothing more is made of this leg, and why */
    bool is_cleared;
    bool clear_left;           /* more rows of the batch that is being deleted */
    struct make_counts base;   /* of the leg, before this maker */
    struct import_leg before;  /* the leg, until its step is stored */
    struct loop_timer *again;
    /* written by the store thread before the answer is told to the loop */
    struct errmsg refusal;
    enum refusal_code refused_code;

    /* copies into another epoch */
    struct copying *copying;
    bool is_copied; /* the last records are in the window */
    struct import_wait *waiting; /* somebody's import, until the copy is over; NULL: none */
    struct loop_timer *anew_timer;
    struct errmsg anew_why; /* of the last copy that failed; "" since one succeeded */
    struct data_set_id anew_stuck; /* what the last copy that failed was to fill; its turn comes behind the others */
    int64_t anew_at_ms;     /* not before */
    int64_t anew_again_ms;  /* how long it waited last; 0: nothing failed */
    uint32_t anew_left;     /* data sets, with the one under way */
};

/* The caller's bytes come in. */
void importer_read(struct importer *im);
/* All is staged: counts the difference. */
void importer_count(struct importer *im);
/* Stops before anything lasts. */
void importer_stop(struct importer *im, enum err e);

/* Store thread: an entry about what is under way, with what it changes; withdrawals have an event of their own. */
enum err importer_log_begun(struct importer *im, struct kv_txn *txn) MUST_CHECK;
enum err importer_log_ended(struct importer *im, struct kv_txn *txn) MUST_CHECK;

/* Records that batches were made of so far. */
uint64_t importer_made(const struct importer *im);
/* Starts or goes on with sending; whenever something that it waits for has happened. */
void importer_pump(struct importer *im);
/* What lasts is over; deletes what is left and then answers. */
void importer_clear(struct importer *im);
/* Back to idle, with the caller answered. */
void importer_finish(struct importer *im);
/* Key, rules and codes that the batches of the leg at hand are made with. ERR_CONFIG: the key is gone. */
enum err importer_open_leg(struct importer *im) MUST_CHECK;
/* Why a purpose stepped aside, and what to do. */
void importer_say_suspended(const struct name *purpose, struct errmsg *out);
/* Drops the copy of the purpose key, and what was about to be made with it. No job uses it. */
void importer_drop_key(struct importer *im);
/* Drops everything of the leg at hand. */
void importer_close_leg(struct importer *im);
/* Finds where a leg stands by its batches' rows, and what else its effect is on. */
enum err importer_find_leg(struct importer *im) MUST_CHECK;

/* Nothing of an import is known yet but its row. */
void importer_begin(struct importer *im);
/* Makes the data sets of its legs, and then goes on. ERR_STATE and others as writer_submit. */
enum err importer_make_sets(struct importer *im) MUST_CHECK;
enum err importer_open_admit(struct importer *im, const struct import_leg *leg,
                             struct admit **out) MUST_CHECK;

/* A job of its own where an epoch lacks what an older one has, and nothing else is under way. */
void importer_look_anew(struct importer *im);
/* The same in so many milliseconds; at once, whatever failed before. */
void importer_plan_anew(struct importer *im, int ms);
void importer_hurry_anew(struct importer *im);
/* The data sets are made: copies. */
void importer_copy(struct importer *im);
void importer_anew_failed(struct importer *im);
/* An order that came while a copy is under way waits for its end; takes its mapping. ERR_NOMEM. */
struct import_wait;
enum err importer_wait(struct importer *im, struct call *c, struct import_order *order) MUST_CHECK;
void import_wait_free(struct import_wait *w);
void importer_tell_waiting(struct importer *im, uint64_t done);
/* Idle again: the order that waits, or the next copy. */
void importer_next(struct importer *im);
/* Ends a copy that has nothing to send. */
void importer_end_empty(struct importer *im);

/* The report of a whole import: what was read and what became of it. NULL without memory. */
struct doc *importer_make_report(const struct importer *im);
/* What reading found, as JSON text for the row. */
enum err importer_reading_report(const struct importer *im, struct buf *out) MUST_CHECK;

#endif
