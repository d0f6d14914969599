/* The conditions as functions, for evaluate.c; for findings_weighing.c, which asks only what is moot,
 * and for diff_pairs.c, which asks of two parties what depends on them alone: one table for each
 * group, the groups in the order of enum condition. */
#ifndef SLUIS_POLICY_CHECKS_H
#define SLUIS_POLICY_CHECKS_H

#include "proto/base/buf.h"
#include "proto/policy/decision.h"

/* What every check may look at. Parties and purpose are NULL where the policy does not know them.
 */
struct question {
    const struct policy *policy;
    const struct rule *rule;
    const struct facts *facts;
    const struct party *requester;
    const struct party *holder;
    const struct purpose *purpose;
    bool loading; /* process index: there is no requester */
};

#define FACT_BIT(member) (1ull << (unsigned)FACT_##member)
_Static_assert(FACT_COUNT <= 64, "sets of facts are 64-bit masks");

/* The provision that a failure points to. */
enum source {
    SOURCE_NONE = 0,
    SOURCE_BASIS, /* the partnership's first basis */
    SOURCE_GATE,  /* the holder's gate; the basis where the rule has none for it */
    SOURCE_LIFTS, /* the holder's gate alone: what is to lift its secrecy */
};

struct check {
    enum condition condition;
    uint64_t asking;  /* facts that it needs in every process but index */
    uint64_t loading; /* facts that it needs in index */
    enum source source;
    /* NULL, or: true where the rule does not want this at all, so that no fact is needed. */
    bool (*moot)(const struct question *q);
    /* True where it holds. out is NULL, or receives detail and provision of what fails. */
    bool (*holds)(const struct question *q, struct failure *out);
};

struct check_table {
    const struct check *checks;
    size_t count;
};

struct check_table checks_of_rule(void);
struct check_table checks_of_parties(void);
struct check_table checks_of_request(void);
struct check_table checks_of_scope(void);
struct check_table checks_of_counters(void);

/* Formats the detail into f, which may be NULL; a text that does not fit is left out. */
#define failure_detail(f, ...)                                                                     \
    do {                                                                                           \
        struct failure *failure_ = (f);                                                            \
        if (failure_ != NULL) {                                                                    \
            struct buf detail_ = buf_fixed(failure_->detail, sizeof failure_->detail - 1);         \
            buf_printf(&detail_, __VA_ARGS__);                                                     \
            failure_->detail[detail_.len] = '\0';                                                  \
        }                                                                                          \
    } while (0)

/* Appends one word, separated by a space, where it fits. f may be NULL. */
void failure_add_word(struct failure *f, const char *word);

/* True where the rule counts: nobody is named, so that nothing about persons is asked. */
bool question_counts(const struct question *q);
bool question_names(const struct question *q); /* the reverse */
/* True where the rule has no case behind it. */
bool question_needs_no_case(const struct question *q);

/* The gate of the rule that lifts this holder's own sector secrecy, or NULL. */
const struct gate *question_gate(const struct question *q);

#endif
