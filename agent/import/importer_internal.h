/* The parts of the importer: importer_open.c (orders), importer.c (reading, the difference),
 * importer_send.c (making, storing, answers, effects), importer_clear.c. */
#ifndef SLUIS_IMPORT_IMPORTER_INTERNAL_H
#define SLUIS_IMPORT_IMPORTER_INTERNAL_H

#include "agent/agent.h"
#include "agent/import/effect.h"
#include "agent/import/importer.h"
#include "agent/import/reading.h"
#include "agent/import/sender.h"

/* Batches that wait for their answer while another step is filled. With what the steps under way add, the
 * sender still keeps all of them in memory. */
#define AHEAD_MOST 4u

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
    uint32_t answered; /* first batch without an answer */
    uint32_t applied;  /* first batch whose effect is not in */
    uint32_t clear;    /* first batch that may have to be deleted */
    bool is_stopping;  /* nothing more is made: the import failed */
    bool is_leaving;   /* nothing more is made of this leg: its epoch ended */
    bool is_cleared;
    bool clear_left;           /* more rows of the batch that is being deleted */
    struct make_counts base;   /* of the leg, before this maker */
    struct import_leg before;  /* the leg, until its step is stored */
    struct loop_timer *again;
    /* written by the store thread before the answer is told to the loop */
    struct errmsg refusal;
    bool is_epoch_refused;
};

/* The caller's bytes come in. */
void importer_read(struct importer *im);
/* All is staged: counts the difference. */
void importer_count(struct importer *im);
/* Stops before anything lasts. */
void importer_stop(struct importer *im, enum err e);

/* Starts or goes on with sending; whenever something that it waits for has happened. */
void importer_pump(struct importer *im);
/* What lasts is over; deletes what is left and then answers. */
void importer_clear(struct importer *im);
/* Back to idle, with the caller answered. */
void importer_finish(struct importer *im);
/* Drops everything of the leg at hand. */
void importer_close_leg(struct importer *im);
/* Finds where a leg stands by its batches' rows. */
enum err importer_find_leg(struct importer *im) MUST_CHECK;

/* The report of a whole import: what was read and what became of it. NULL without memory. */
struct doc *importer_make_report(const struct importer *im);
/* What reading found, as JSON text for the row. */
enum err importer_reading_report(const struct importer *im, struct buf *out) MUST_CHECK;

#endif
