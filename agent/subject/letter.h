/* What a data subject may be told now, and the text that tells it. Pure: no store, no clock. Where
 * all is deferred the text is to the byte what it is where nothing exists. */
#ifndef SLUIS_AGENT_SUBJECT_LETTER_H
#define SLUIS_AGENT_SUBJECT_LETTER_H

#include "agent/subject/touch_find.h"
#include "proto/policy/explain.h"
#include "proto/policy/policy.h"

/* Whether the subject may hear of something. */
enum telling {
    TELL_NOW = 1, /* the rule lets the subject be informed */
    TELL_LATER,   /* it defers; until the day on which somebody looks at it again */
    TELL_REVIEW, /* that day has come, or the rule is gone: a person decides, and the text is silent
                    until then */
};

/* "now", "later", "review"; "?" outside the set. */
const char *telling_id(enum telling t);

/* By the rule when the thread began and the one in force: where either defers, it is deferred.
 * *until_s: of TELL_LATER. */
enum telling tell_touch(const struct touch_terms *t, const struct policy *p, int64_t now_s,
                        int64_t *until_s);

#define LETTER_LINES 500u /* of one part */

struct letter {
    struct bytes agency;   /* the name of this agency */
    const char *reference; /* the code of the request */
    int64_t now_s;
    const struct policy *policy;      /* in force: names of parties, texts of rules */
    const struct touch_list *touches; /* oldest first; what is perhaps about another is not told */
    unsigned part;                    /* from 1, of as many as it takes */
};

/* Whether a row is told in the letter of now. */
bool letter_tells(const struct policy *p, int64_t now_s, const struct touched *t);

/* Appends one part of the text; how many there are is counted by what is told alone, so that no number says
 * that something is not. *parts: at least 1. Which data sets hold the subject is not in it: no rule says who
 * hears of that, so a person decides. ERR_RANGE: there is no such part; ERR_NOMEM; what buf_err(out) says. */
enum err letter_write(const struct letter *l, enum language lang, struct buf *out, unsigned *parts) MUST_CHECK;

#endif
