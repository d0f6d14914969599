/* The files of one party and what it believes of them, for the tests of views. */
#ifndef SLUIS_TESTS_VIEW_SHELF_H
#define SLUIS_TESTS_VIEW_SHELF_H

#define FIX_NOW INT64_C(1770000000) /* the demonstration policy is in force */
#include "tests/unit/pki/trust_world.h"

#include "pki/view/view.h"
#include "proto/base/when.h"

#define ADOPTIONS_MAX 8
#define VERSIONS_MAX 20
#define DOCUMENTS_MAX 8

/* The files of a party, made from a world. */
struct shelf {
    struct world w;
    struct fix_party signers[2];
    struct digest pins[2];
    struct buf policy;
    struct buf signatures[2];
    struct buf roster;
    struct buf root;
    struct buf roster_key;
    struct bytes next_roster_key; /* second pin; of the test */
    struct buf adoptions[ADOPTIONS_MAX];
    size_t adoption_count;
    struct bytes deals[DOCUMENTS_MAX]; /* statements of keys; of the test */
    size_t deal_count;
    struct bytes states[DOCUMENTS_MAX]; /* words on epochs; of the test */
    size_t state_count;
    struct digest digest;
    struct view_marks marks;
    struct view_version versions[VERSIONS_MAX]; /* beside policy */
    struct buf version_text[VERSIONS_MAX];
    struct bytes version_signatures[VERSIONS_MAX][2];
    struct buf version_signed[VERSIONS_MAX][2];
    size_t version_count;
    int64_t now_s; /* 0: FIX_NOW */
};

extern const struct name rule;
extern const struct name other_rule;

void shelf_new(struct shelf *s);
/* The second signer has another key, which alone is pinned; the policy file is signed with it, and no version beside. */
void is_signed_anew(struct shelf *s);
/* With a policy to which the world's agencies are RIEC, a custodian, and LIEC. */
void shelf_new_known(struct shelf *s);
void shelf_free(struct shelf *s);
/* Adds a statement of agency i about one rule, signed at that time. */
void says_at(struct shelf *s, size_t i, const struct name *about, uint64_t serial,
             enum adoption_state state, int64_t signed_s);
void says(struct shelf *s, size_t i, const struct name *about, uint64_t serial,
          enum adoption_state state);
/* The officer of agency i is struck off. */
void leaves(struct shelf *s, size_t i);
/* Agency i, with its officer. */
void is_no_member(struct shelf *s, size_t i);
/* A successor with another key comes for the officer of agency i, under the same staff id. */
void is_followed(struct shelf *s, size_t i);
/* Another version of the policy, signed by both: another serial and period, and one value changed.
 */
struct digest version(struct shelf *s, uint64_t serial, const char *valid, const char *from,
                      const char *to);
enum err judge(struct shelf *s, struct view **out, struct errmsg *why);
struct view *believe(struct shelf *s);
enum adoption of(const struct shelf *s, const struct view *v, size_t i, const struct name *about);

#endif
