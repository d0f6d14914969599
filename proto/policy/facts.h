/* Everything an evaluation can look at, and how the evaluating party knows it. The struct holds no
 * pointers, so that a copy in an audit body replays to the same decision. It holds no data subject:
 * types and counts of identifiers, names of fields, lengths of texts. */
#ifndef SLUIS_POLICY_FACTS_H
#define SLUIS_POLICY_FACTS_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/enums.h"
#include "proto/base/ids.h"
#include "proto/policy/words.h"

#define FACTS_NAMES_MAX 64 /* fields in one request */

/* A value is meaningful where `by` is not PROVENANCE_UNKNOWN. */
struct fact_oin {
    struct agency_id v;
    enum provenance by;
};
struct fact_name {
    struct name v;
    enum provenance by;
};
struct fact_int {
    int64_t v;
    enum provenance by;
};
struct fact_bool {
    bool v;
    enum provenance by;
};
struct fact_names {
    struct name v[FACTS_NAMES_MAX];
    uint32_t count;
    enum provenance by;
};
/* How many identifiers of each type. */
struct fact_types {
    uint32_t v[IDENT_TYPE_COUNT];
    enum provenance by;
};
struct fact_process {
    enum process v;
    enum provenance by;
};
struct fact_regime {
    enum regime v;
    enum provenance by;
};
struct fact_case_state {
    enum case_state v;
    enum provenance by;
};
struct fact_adoption {
    enum adoption v;
    enum provenance by;
};

/* kind, member. Counters include the request that is judged. Times are seconds since 1970 UTC. */
#define FACTS(X)                                                                                   \
    X(int, now)                                                                                    \
    X(int, rule_version) /* that the request or batch names */                                     \
    X(process, process)                                                                            \
    X(name, purpose)                                                                               \
    X(oin, requester)                                                                              \
    X(regime, requester_regime) /* of the roster */                                                \
    X(oin, holder)              /* index: the contributor */                                       \
    X(regime, holder_regime)    /* of the roster */                                                \
    X(oin, on_behalf_of)                                                                           \
    X(name, function)     /* of the asking person */                                               \
    X(adoption, adoption) /* the holder's, of this rule in this policy */                          \
    X(case_state, case_state)                                                                      \
    X(names, checks)         /* recorded in the case */                                            \
    X(int, necessity_chars)  /* of the shortest necessity text; 0 = one is missing */              \
    X(bool, proportionality) /* stated for each subject */                                         \
    X(bool, subsidiarity)                                                                          \
    X(bool, concrete_signal)                                                                       \
    X(bool, control_data)   /* given for each subject */                                           \
    X(types, identifiers)   /* index: of one record, or of the batch */                            \
    X(types, norm_versions) /* of each type that is used; 0 for others */                          \
    X(name, aim)            /* enforcement or protective */                                        \
    X(name, phenomenon)     /* that the question is about */                                       \
    X(name, area)                                                                                  \
    X(name, destination)         /* export: the foreign partner */                                 \
    X(name, origin_rule)         /* export: under which it was released */                         \
    X(names, dimensions)         /* counting */                                                    \
    X(bool, minor)               /* one of the subjects is under eighteen */                       \
    X(int, holders_asked)        /* that this question goes to */                                  \
    X(int, set_size)             /* counting: subjects in the set */                               \
    X(int, budget_used)          /* counting: questions of this requester in the period */         \
    X(bool, suppression_checked) /* index: against the contributor's list of protected persons */  \
    X(int, weak_alone)           /* subjects with weak identifiers of fewer than two types */      \
    X(names, fields)                                                                               \
    X(name, category) /* index: of the record that enters */                                       \
    X(int, issued_at)                                                                              \
    X(int, deadline)                                                                               \
    X(int, requests_today_agency)                                                                  \
    X(int, requests_today_officer)                                                                 \
    X(int, unique_in_case)                                                                         \
    X(int, unique_in_period)                                                                       \
    X(int, record_age_days)     /* index: since it entered */                                      \
    X(int, additions_in_period) /* index: of this contributor */                                   \
    X(int, stock)               /* index: subjects of this contributor after this addition */      \
    X(int, population)          /* index: declared in the roster */

struct facts {
#define FACTS_MEMBER(kind, member) struct fact_##kind member;
    FACTS(FACTS_MEMBER)
#undef FACTS_MEMBER
};

/* FACT_<member>, for tables. */
enum fact_id {
#define FACTS_ENUM(kind, member) FACT_##member,
    FACTS(FACTS_ENUM)
#undef FACTS_ENUM
        FACT_COUNT,
};

/* The name of a fact as in audit bodies and tests ("?" outside the set), and the reverse. */
const char *fact_name_of(enum fact_id id);
enum err fact_parse(struct bytes name, enum fact_id *out) MUST_CHECK;

enum provenance fact_provenance(const struct facts *f, enum fact_id id);

/* Adds one field name; more than FACTS_NAMES_MAX is ERR_TOO_LARGE. */
enum err facts_add_field(struct facts *f, const struct name *field) MUST_CHECK;

/* Adds one check to those recorded in the case. ERR_TOO_LARGE. */
enum err facts_add_check(struct facts *f, const struct name *check) MUST_CHECK;

/* Adds n identifiers of a type (saturating) under a norm version. ERR_UNKNOWN for no such type. */
enum err facts_add_identifiers(struct facts *f, enum ident_type type, uint32_t n,
                               uint32_t norm_version) MUST_CHECK;

/* The flat form for audit bodies and fact files. Only known facts appear. */
enum fact_value_kind {
    FACT_VALUE_TEXT = 1,
    FACT_VALUE_INT,
    FACT_VALUE_BOOL,
    FACT_VALUE_LIST, /* of texts; type counts are "bsn=3" */
};

/* The kind of value that a fact has. */
enum fact_value_kind fact_kind(enum fact_id id);

/* Makes a fact unknown, or its provenance another one. */
void facts_mark(struct facts *f, enum fact_id id, enum provenance by);

#define FACT_TEXT_SIZE (NAME_MAX_BYTES + 1)

struct fact_pair {
    const char *name; /* static */
    enum provenance by;
    enum fact_value_kind kind;
    int64_t number; /* INT; BOOL as 0 or 1 */
    char text[FACT_TEXT_SIZE];
    char (*list)[FACT_TEXT_SIZE]; /* in the caller's storage */
    uint32_t list_count;
};

/* Storage for one struct facts in flat form; about 21 KiB. */
struct fact_pairs {
    struct fact_pair pair[FACT_COUNT];
    uint32_t count;
    char names[3][FACTS_NAMES_MAX][FACT_TEXT_SIZE]; /* fields, dimensions, checks */
    char types[2][IDENT_TYPE_COUNT][FACT_TEXT_SIZE];
};

/* Fills out; its lists point into out itself, so it must not be copied. Values outside a closed set
 * are left out, as unknown. */
void facts_to_pairs(const struct facts *f, struct fact_pairs *out);

/* The reverse, for one pair at a time: sets the fact of that name. ERR_UNKNOWN for an unknown name
 * or word, ERR_INVALID for the wrong kind of value, ERR_DUPLICATE where f has it already, ERR_RANGE
 * for a number out of range; why says which. */
enum err facts_from_pair(struct facts *f, const struct fact_pair *pair,
                         struct errmsg *why) MUST_CHECK;

/* All pairs; f starts empty. Errors as facts_from_pair. */
enum err facts_from_pairs(struct facts *f, const struct fact_pair *pairs, uint32_t count,
                          struct errmsg *why) MUST_CHECK;

#endif
