/* A policy of docs/policies as text, with small edits. */
#ifndef SLUIS_TEST_POLICY_TEXT_H
#define SLUIS_TEST_POLICY_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#define POLICY_TEXT_MAX ((size_t)1 << 18)

struct policy_text {
    char text[POLICY_TEXT_MAX];
    size_t len;
};

/* Reads docs/policies/demonstration.yaml; ends the test program where it cannot. */
void policy_text_read(struct policy_text *t);

/* The same for docs/policies/<name>. */
void policy_text_read_file(struct policy_text *t, const char *name);

/* Replaces the first occurrence of `from`; ends the test program where there is none. */
void policy_text_edit(struct policy_text *t, const char *from, const char *to);

/* The same for the first occurrence behind `behind`; NULL: from the beginning. */
void policy_text_edit_behind(struct policy_text *t, const char *behind, const char *from,
                             const char *to);

/* Adds a copy of a rule of complete.yaml, and of the tests of it, under another id. */
void policy_text_copy_rule(struct policy_text *t, const char *id, const char *copy);

void policy_text_append(struct policy_text *t, const char *more);

#endif
