/* A standing request keeps no word about who is protected, and no identifier: what it has is exchanged for random
 * bytes, at the latest when it is asked again. What is told by counters, facts, marks and sizes stays as it was, so that
 * nobody sees by asking again that somebody became protected. */
#ifndef SLUIS_AGENT_ASK_STANDING_COVER_H
#define SLUIS_AGENT_ASK_STANDING_COVER_H

#include "agent/ask/standing_row.h"

struct standing_times {
    int64_t now_s;
    int64_t until_s;
};

struct standing_covering {
    struct protected_list *list; /* NULL: there is none */
    struct standing_times times;
    struct arena *arena;
    bool hit;     /* out: an identifier, as it was given, is on the list */
    bool changed; /* out: and the words had them until now; they are covered */
};

/* Looks whether the words are about somebody protected, and covers them. Any transaction. Errors as
 * protected_list_find: nobody can tell, and the words must not be used. ERR_CRYPTO, ERR_NOMEM. */
enum err standing_cover(struct standing_covering *c, struct kv_txn *txn, struct standing_words *w) MUST_CHECK;

/* A birth date of nobody that says of who is a minor what this one says, now and until the end; one that stops being a
 * minor in between, one that does not exist yet and an empty one stay. ERR_CRYPTO, ERR_NOMEM. */
enum err standing_birth_date(struct bytes date, const struct standing_times *t, struct arena *a,
                             struct bytes *out) MUST_CHECK;

#endif
