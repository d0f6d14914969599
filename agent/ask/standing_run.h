/* What a request has to do where it begins a standing request, or is one that is asked again. Each step is nothing for
 * any other. Loop thread, except where it says otherwise. */
#ifndef SLUIS_AGENT_ASK_STANDING_RUN_H
#define SLUIS_AGENT_ASK_STANDING_RUN_H

#include "agent/ask/run.h"
#include "agent/ask/standing_due.h"

struct standing_run {
    bool is_again;
    struct standing_row row;     /* as it is in the store; of one that begins, as it will be */
    struct standing_words words;
    struct standing_row after;   /* as the request leaves it; the store thread may write it twice */
    enum standing_due due;       /* of one that is asked again */
    bool is_covered_now;         /* its words have to be written anew */
    bool has_holders;            /* of one that begins: the call named them */
    bool has_fields;
    bool has_term;
    struct bytes birth_date;     /* that is kept where the subject is protected */
};

/* The words of the arguments that begin one. ERR_INVALID, ERR_RANGE; why tells. */
enum err standing_run_wish(struct ask_run *r, const struct doc *args) MUST_CHECK;

/* A row that is asked again; its texts and words are in the run's arena. ERR_VERSION: values of it were normalised by
 * rules of before; why tells. ERR_NOMEM. */
enum err standing_run_again(struct ask_run *r, const struct standing_row *row, const struct standing_words *words,
                            enum standing_due due) MUST_CHECK;

bool standing_run_is_again(const struct ask_run *r);
/* "first", "term", "epoch", "refused"; "" for any other request. */
const char *standing_run_why(const struct ask_run *r);

/* Asked again: the subject, its marks, and by what its identifiers are counted and listed. */
enum err standing_run_subject(struct ask_run *r) MUST_CHECK;
enum err standing_run_named(struct ask_run *r) MUST_CHECK;
void standing_run_given(struct ask_run *r);
/* As standing_cover. */
enum err standing_run_cover(struct ask_run *r, struct kv_txn *txn) MUST_CHECK;

/* Begins: the birth date before it may be covered; then, once all is read, what is kept. ERR_RANGE
 * (more than one subject, a date that does not fit), ERR_LIMIT; why tells. */
enum err standing_run_note(struct ask_run *r) MUST_CHECK;
enum err standing_run_keep(struct ask_run *r, struct kv_txn *txn) MUST_CHECK;

/* Store thread, with the request: its rows and the entry, or that it was asked. ERR_STATE: it was asked, or ended,
 * meanwhile; ERR_LIMIT; why tells. */
enum err standing_run_store(struct ask_run *r, struct kv_txn *txn) MUST_CHECK;

/* For the answer: standing, until and next. */
void standing_run_doc(const struct ask_run *r, struct doc_build *b);

#endif
