/* Every value of a loaded policy that a test can change without breaking its look-up: numbers,
 * flags, words, times, names, lengths of lists, blocks that can be absent. */
#ifndef SLUIS_TEST_POLICY_PLACES_H
#define SLUIS_TEST_POLICY_PLACES_H

#include "proto/policy/policy.h"

enum place_kind {
    PLACE_NUMBER = 1, /* uint32_t */
    PLACE_LENGTH,     /* uint32_t; only ever made shorter */
    PLACE_FLAG,       /* bool */
    PLACE_WORD,       /* an enum, 1 to max */
    PLACE_TIME,       /* int64_t, seconds */
    PLACE_NAME,       /* struct name */
    PLACE_SELECTOR,   /* struct selector */
    PLACE_OIN,        /* struct agency_id */
    PLACE_TERM,       /* struct term */
    PLACE_BLOCK,      /* a pointer that may be NULL */
};

struct place {
    void *at;
    enum place_kind kind;
    unsigned max; /* of a word */
};

struct places {
    struct place *v;
    uint32_t count;
    uint32_t room;
};

/* The bytes of a value of this kind. */
size_t place_size(enum place_kind kind);

/* The file's own values: periods, laws, parties, purposes. Ends the program without memory. */
void places_of_file(struct places *out, struct policy *p);

/* One rule's. */
void places_of_rule(struct places *out, struct rule *r);

void places_free(struct places *p);

#endif
