/* One `request` between its call and its answer. Loop thread, except where a job says otherwise. */
#ifndef SLUIS_AGENT_ASK_RUN_H
#define SLUIS_AGENT_ASK_RUN_H

#include "agent/ask/ask.h"
#include "agent/ask/asked.h"
#include "agent/ask/case.h"
#include "agent/ask/compose.h"
#include "agent/ask/judge.h"
#include "agent/own_log.h"
#include "agent/protected/protected_list.h"
#include "agent/subject/touch.h"

struct loop_timer;
struct standing_run;

/* One who is asked. */
struct run_holder {
    struct agency_id oin;
    struct name_list fields; /* those that this holder may release */
    struct decision *decision;
};

/* The question to one holder in one epoch, on its way. */
struct run_letter {
    const struct run_holder *holder;
    uint32_t epoch;
    struct composed composed;
    struct bytes body; /* of the message, signed */
    enum ask_state state;
    struct bytes refusal;
    bool is_answered;
};

struct ask_run {
    struct ask_run *next; /* of struct ask */
    struct agent *agent;
    struct call *call; /* NULL once answered */
    struct arena *arena;
    struct view *view; /* a reference */
    struct case_row dossier;
    struct request_id id;
    struct name staff;
    struct standing_run *standing; /* in the arena; NULL: this is not, and does not begin, a standing request */
    struct digest worker; /* fingerprint of the case worker's certificate */
    struct subject_list subjects;
    struct touch_named *named; /* of the subjects as they were given, also of who is protected: all look alike */
    size_t named_count;
    struct counts_mark *counted;  /* by what each identifier is counted, subject by subject, as it was given */
    struct protected_key *listed; /* likewise, by what the list of protected persons knows it */
    bool *is_covered;             /* of each subject: it is on the list, and nobody is asked about in its place */
    struct ask_question question;
    struct counts_ask counting;
    struct run_holder *holders;
    size_t holder_count;
    uint32_t epochs[VIEW_ACTIVE_MAX]; /* that the purpose is asked in */
    size_t epoch_count;
    struct run_letter *letters; /* epoch_count for each holder, in the order of holders */
    size_t letter_count;
    bool dry_run;
    bool is_stored;
    size_t covered; /* subjects that are protected persons */
    size_t answered;
    struct loop_timer *patience; /* how long the caller waits for the broker */
    struct errmsg why;
};

/* NULL without memory. */
struct ask_run *run_new(struct call *c);

/* Takes the run and answers its call: reads, judges, has it signed, and sends. */
void run_start(struct ask_run *r, const struct doc *args);

/* Takes a run that has not begun, and fails its call. */
void run_fail(struct ask_run *r, enum err e);

/* The epochs that a question in this purpose goes in now, ascending, 0 to 2; *left (or NULL) is an agency that has left
 * where that is why one is missing. Loop thread. */
size_t run_epochs(const struct agent *a, const struct name *purpose, uint32_t out[static VIEW_ACTIVE_MAX],
                  const struct agency_id **left);

/* Reads the arguments of a request into the run: case, rule, holders, fields, subjects, times; then
 * counts. ERR_INVALID and others with why set. */
enum err run_read(struct ask_run *r, const struct doc *args) MUST_CHECK;

/* What is known of every identifier as it was given, before any is covered. ERR_CRYPTO, ERR_NOMEM. */
enum err run_note_given(struct ask_run *r) MUST_CHECK;

/* Whoever is protected is exchanged for nobody, after the facts were taken and before anything is computed or stored.
 * Where the list cannot be read everybody is. ERR_CRYPTO, ERR_NOMEM. */
enum err run_cover(struct ask_run *r, struct kv_txn *txn) MUST_CHECK;

/* ERR_BEHIND: what was signed is not what would be asked now. It says so of the roster and the policy, whatever changed. */
enum err run_behind(struct errmsg *why) MUST_CHECK;

/* Store thread: nobody became protected since the subjects were covered. ERR_BEHIND as run_behind; else as
 * protected_list_find: nobody can tell, and nothing is asked. */
enum err run_still_covers(struct ask_run *r, struct kv_txn *txn) MUST_CHECK;

/* Judges every holder; r->holders[i].decision. The union of what failed goes to *all.
 * ERR_NOMEM. */
enum err run_judge(struct ask_run *r, struct decision *all) MUST_CHECK;

/* Store thread: the case remembers under which rules it asked, for when it is closed. ERR_STATE: meanwhile
 * somebody moved it to another state than was judged and signed; why tells. */
enum err run_note_in_case(struct ask_run *r, struct kv_txn *txn) MUST_CHECK;

/* Store thread: the request, its headers, the counts and the messages, or nothing. ERR_LIMIT: another request took what
 * was left; ERR_BEHIND as run_still_covers; ERR_STATE as run_note_in_case and standing_run_store; why tells. Else errors as the store. */
enum err run_store(struct ask_run *r, struct kv_txn *txn) MUST_CHECK;

/* Store thread: the thread of this request in the index; its entries follow. */
enum err run_begin_touch(struct ask_run *r, struct kv_txn *txn) MUST_CHECK;

/* What every entry about this request says. */
struct own_entry run_entry(const struct ask_run *r, enum audit_event event);

/* What `--dry-run` says; NULL without memory. */
struct doc *run_dry_doc(const struct ask_run *r);

/* What the caller hears in the end; NULL without memory. */
struct doc *run_doc(const struct ask_run *r);

#endif
