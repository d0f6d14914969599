/* Between the files of the part that answers data subjects. */
#ifndef SLUIS_AGENT_SUBJECT_SUBJECT_PART_H
#define SLUIS_AGENT_SUBJECT_SUBJECT_PART_H

#include "agent/agent.h"
#include "agent/control.h"
#include "agent/subject/held.h"
#include "agent/subject/search.h"

struct loop_timer;
struct searching;

/* The part's state. Loop thread. */
struct answering {
    struct agent *agent;
    struct loop_timer *sweep;
    bool is_sweeping;
    struct searching *searches; /* between their call and its answer */
};

/* Verbs; docs/control.md. */
void search_verb_ask(struct call *c, const struct doc *args);
void search_verb_confirm(struct call *c, const struct doc *args);
void search_verb_show(struct call *c, const struct doc *args);
void open_verb(struct call *c, const struct doc *args);
void ldv_verb(struct call *c, const struct doc *args);

/* Ends every search under way; their calls are gone. */
void searches_stop(struct answering *p);

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
    struct held_scan *held;
    struct loop_timer *turn; /* the next slice of that */
};

/* The whole answer (docs/control.md): what touched the subject as far as who asks may see it, which
 * data sets hold it, and the text for the subject. ERR_NOMEM, or as touch_find. */
enum err search_answer(struct searching *s, struct doc **out) MUST_CHECK;

/* What every answer begins with. */
void search_put_head(const struct search *s, struct doc_build *b);

#endif
