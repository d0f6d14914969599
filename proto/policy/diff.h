/* What a newer policy lets people do that an older one did not, and the reverse: computed from the
 * rules as the evaluator reads them, over the parties, functions, fields and other finite sets of
 * both files; not a difference of texts. Rules are matched by id.
 *
 * Complete: where the older policy denies facts under a rule and the newer one permits them, a
 * change of that rule says `more`; the other way round, one says `less`. Two things stand outside:
 * adoptions, which are no part of the file, and the version of the rule that the facts name, which
 * each file sets. */
#ifndef SLUIS_POLICY_DIFF_H
#define SLUIS_POLICY_DIFF_H

#include "proto/policy/policy.h"

enum effect {
    EFFECT_MORE = 1, /* somebody may do more, or must do less */
    EFFECT_LESS,
    EFFECT_CHANGED, /* neither: a text, a citation, a table of the file */
};

#define CHANGE_PATH_SIZE 160

struct change {
    enum effect effect;
    /* Takes something away in the time in which the newer file is valid, or replaces a legal
     * ground: what was asked under the older version of the rule may not go on. */
    bool narrows;
    const struct name *rule;           /* NULL: the file itself */
    const struct agency_id *requester; /* NULL where the change is not about one */
    const struct agency_id *holder;    /* the same */
    char path[CHANGE_PATH_SIZE];       /* rules[riec.case].limits.unique_per_case */
    const char *nl;                    /* one sentence without full stop; valid during the call */
    const char *en;
};

typedef void (*change_fn)(void *ctx, const struct change *c);

/* "more", "less", "changed"; "?" outside the set. */
const char *effect_id(enum effect e);

/* Calls fn for each change: the file first, then the rules by ascending id. Both policies are
 * loaded ones. ERR_NOMEM; what fn was called for by then is true but not all. */
enum err policy_diff(const struct policy *older, const struct policy *newer, change_fn fn,
                     void *ctx) MUST_CHECK;

/* The changes of one rule; none where neither file has it. */
enum err policy_diff_rule(const struct policy *older, const struct policy *newer,
                          const struct name *rule_id, change_fn fn, void *ctx) MUST_CHECK;

#endif
