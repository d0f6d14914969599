/* The evaluator beside the reference (policy_reference.h), on the policies that ship, with changes
 * that bytes choose (policy_edit.h). */
#ifndef SLUIS_TEST_POLICY_COMPARE_H
#define SLUIS_TEST_POLICY_COMPARE_H

#include "proto/base/buf.h"
#include "tests/support/policy_edit.h"

#define COMPARED_POLICIES_MAX 64

struct policy_file;

struct compared {
    struct policy_file *files[COMPARED_POLICIES_MAX];
    struct edited edited[COMPARED_POLICIES_MAX];
    uint32_t count;
};

/* Loads each docs/policies/<name>.yaml that has tests. Ends the program where one does not load. */
void compared_open(struct compared *c);
void compared_close(struct compared *c);

/* Lets both evaluators answer the question that the bytes make, for every role. False where they
 * differ, the answer is not the same twice, or a denial obliges to something; then why says what.
 */
bool compared_agree(struct compared *c, struct bytes input, struct buf *why);

#endif
