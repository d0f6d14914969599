/* Between the files of the part that answers data subjects. */
#ifndef SLUIS_AGENT_SUBJECT_SUBJECT_PART_H
#define SLUIS_AGENT_SUBJECT_SUBJECT_PART_H

#include "agent/agent.h"
#include "agent/control.h"
#include "agent/subject/held.h"
#include "agent/subject/search.h"
#include "agent/subject/touch_find.h"

struct loop_timer;
struct opening_run;
struct searching;

/* The part's state. Loop thread. */
struct answering {
    struct agent *agent;
    struct loop_timer *sweep;
    bool is_sweeping;
    struct searching *searches; /* between their call and its answer */
    struct opening_run *openings; /* likewise */
};

/* Verbs; docs/control.md. */
void search_verb_ask(struct call *c, const struct doc *args);
void search_verb_confirm(struct call *c, const struct doc *args);
void search_verb_show(struct call *c, const struct doc *args);
void open_verb(struct call *c, const struct doc *args);
void ldv_verb(struct call *c, const struct doc *args);

/* Ends every search under way; their calls are gone. */
void searches_stop(struct answering *p);
void openings_stop(struct answering *p);

/* One search, on its way to its answer. */
struct searching {
    struct searching *next; /* of struct answering */
    struct call *call;
    struct agent *agent;
    struct view *view;   /* a reference */
    struct arena *arena; /* of the answer */
    char prefix[64 + 1]; /* of the search's id */
    struct search search;
    struct search same; /* marks of who the second person names */
    struct search_who who;
    int64_t now_s;
    enum err verdict;
    struct errmsg why;
    struct touch_finding *finding;
    struct touch_wanted wanted[2];
    struct touch_list shown; /* what who asks may see */
    struct touch_list told;  /* what is in the letter */
    unsigned part;           /* of the letter */
    struct held_scan *held;
    struct loop_timer *turn; /* the next slice of those two */
};

#define SEARCH_ROWS_MAX 4096u  /* that are shown */
#define SEARCH_TOLD_MAX 16384u /* entries that a letter may tell of */

/* What touched the subject is looked for: for who asks, and for the letter. ERR_NOMEM. */
enum err search_find_begin(struct searching *s) MUST_CHECK;
/* The next slice. ERR_AGAIN: there is more; else as touch_find_step. */
enum err search_find_step(struct searching *s) MUST_CHECK;

/* The whole answer (docs/control.md), once all is found: what touched the subject as far as who asks
 * may see it, which data sets hold it, and a part of the text for the subject. ERR_RANGE: it has no
 * such part, s->why says so; ERR_NOMEM. */
enum err search_answer(struct searching *s, struct doc **out) MUST_CHECK;

/* What every answer begins with. */
void search_put_head(const struct searching *s, struct doc_build *b);

#endif
