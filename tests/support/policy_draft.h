/* Random edits of a policy as text, by a source of chance that is a seed in the unit test and the
 * fuzzer's input in the fuzz target. */
#ifndef SLUIS_TESTS_POLICY_DRAFT_H
#define SLUIS_TESTS_POLICY_DRAFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define POLICY_DRAFT_MAX ((size_t)1 << 18)

/* Bytes while there are any; after them zeros, or the seed's numbers. */
struct chance {
    const uint8_t *data;
    size_t left;
    uint64_t seed; /* 0: none */
};

/* A number below n; 0 where n is 0. */
uint32_t chance_below(struct chance *c, uint32_t n);

struct policy_draft {
    char text[POLICY_DRAFT_MAX];
    size_t len;
    bool head_only; /* the edit at hand leaves the rules alone */
};

/* Reads docs/policies/<name>; ends the program where it cannot. */
void policy_draft_read(struct policy_draft *d, const char *folder, const char *name);

/* One edit of anything before the fixtures: another value, an item more or less in a list, a key or
 * a line less, a block more, a rule less. What comes out need not load. */
void policy_draft_edit(struct policy_draft *d, struct chance *c);

#endif
