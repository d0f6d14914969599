/* The subjects of a request as a case worker gives them, normalised. */
#ifndef SLUIS_AGENT_ASK_SUBJECT_H
#define SLUIS_AGENT_ASK_SUBJECT_H

#include "proto/base/arena.h"
#include "proto/ident/ident.h"
#include "proto/json/doc.h"
#include "proto/msg/request.h"
#include "proto/policy/facts.h"
#include "proto/policy/policy.h"

#define SUBJECT_LABEL_MAX 64

/* Texts are views into the arena; those not given are empty. */
struct subject {
    struct bytes label; /* how the case worker calls it; never leaves this agency */
    struct bytes necessity;
    struct bytes proportionality;
    struct bytes subsidiarity;
    struct bytes concrete_signal;
    struct name aim; /* as the next: an id of the rule, or "" */
    struct name phenomenon;
    struct bytes control_name;
    struct bytes control_birth_date; /* YYYY-MM-DD */
    struct norm_ident *identifiers;  /* at least one */
    size_t identifier_count;
};

struct subject_list {
    struct subject *v; /* at least one */
    size_t count;
    size_t identifier_count; /* of all */
};

/* Reads an array of subjects (docs/control.md, "request") into the arena, which holds personal data
 * from then on and wipes it when it is freed. ERR_INVALID, ERR_TOO_LARGE, ERR_UNKNOWN,
 * ERR_DUPLICATE; why names the place and the reason, never a value. ERR_NOMEM. */
enum err subjects_read(const struct doc *array, struct arena *a, struct subject_list *out,
                       struct errmsg *why) MUST_CHECK;

/* What the policy wants to know of the subjects, at now_s. */
void subjects_facts(const struct subject_list *list, const struct rule *rule, int64_t now_s,
                    struct facts *f);

/* Replaces all that a subject says by random bytes, so that asking about it asks about nobody: the
 * identifiers become random values, texts random ones of the same length. What follows is the same
 * code, on the same sizes, as for everyone. ERR_CRYPTO, ERR_NOMEM. */
enum err subject_cover(struct subject *s, struct arena *a) MUST_CHECK;

#endif
