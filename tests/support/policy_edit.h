/* Bytes that pick a policy, a question of its tests, and a series of small changes of both. What is
 * changed in the policy is undone afterwards, so that one load serves any number of inputs. */
#ifndef SLUIS_TEST_POLICY_EDIT_H
#define SLUIS_TEST_POLICY_EDIT_H

#include "proto/base/bytes.h"
#include "proto/policy/facts.h"
#include "tests/support/policy_places.h"

#define EDITS_MAX 24

struct edit {
    void *at;
    size_t size;
    unsigned char was[sizeof(struct name)];
};

/* A policy with the places in it. */
struct edited {
    struct policy *policy;
    struct places file;
    struct places *rules; /* one for each rule */
    struct edit edits[EDITS_MAX];
    uint32_t edits_count;
    int64_t now_s; /* of the question: periods turn on it */
};

struct edited_question {
    const struct name *rule;
    struct facts facts;
};

/* Takes the policy's places; p must outlive it. Ends the program without memory. */
void edited_init(struct edited *e, struct policy *p);
void edited_free(struct edited *e);

/* Sets q to a question of the policy's tests and changes policy and question as the bytes say. */
void edited_apply(struct edited *e, struct bytes input, struct edited_question *q);

/* Gives the policy its own values back. */
void edited_undo(struct edited *e);

#endif
