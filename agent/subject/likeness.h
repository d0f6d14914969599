/* Whether what has some identifiers is the subject of a search. One shared identifier does not say
 * so: a household has one account, one address and one telephone. Pure. */
#ifndef SLUIS_AGENT_SUBJECT_LIKENESS_H
#define SLUIS_AGENT_SUBJECT_LIKENESS_H

#include "agent/subject/touch.h"

enum likeness {
    LIKE_NOBODY = 0, /* no mark is the same, or it is of another person */
    LIKE_PERHAPS,    /* of this subject or of another person: somebody has to look */
    LIKE_SUBJECT,
};

/* Whether an identifier of this type is of one person alone, and says by itself who that is. */
bool likeness_is_personal(enum ident_type type);

struct named_list {
    const struct touch_named *v;
    size_t count;
};

/* sought: all of the search; has: all of one subject of a thread, or of one record; groups do not
 * count. It is the subject where a personal identifier is the same, or where none is in has and two
 * others of different types are the same. Another BSN than the one sought makes it another person,
 * or, where a personal identifier is the same too, perhaps another; so does any other personal
 * identifier of a type that was sought. */
enum likeness likeness_of(struct named_list sought, struct named_list has);

#endif
