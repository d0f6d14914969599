/* Shared by the parts of policy_diff. Everything that two files have stands in an array of two, so
 * that what is gained and what is lost is one piece of code read in two directions. */
#ifndef SLUIS_POLICY_DIFF_INTERNAL_H
#define SLUIS_POLICY_DIFF_INTERNAL_H

#include "proto/base/buf.h"
#include "proto/policy/diff.h"
#include "proto/policy/facts.h"

enum when { WAS, IS };

/* Seconds, [from, until). */
struct span {
    int64_t from;
    int64_t until;
};

/* One of the two files, and the rule in it. */
struct side {
    const struct policy *policy;
    const struct rule *rule; /* NULL: it has none of that id */
    bool on;                 /* adopted, whole, and valid at some time */
    bool usable;             /* on, and somebody may use it */
    struct span span;        /* both file and rule are valid */
};

/* A party of either file, and what the rule makes of it. */
struct duo {
    const struct party *in[2]; /* NULL: that file does not know it */
    bool asks[2];              /* of some holder */
    bool holds[2];             /* for some requester */
    uint32_t kind;             /* the first party with entries that say the same */
    /* For the rule at hand: who stands for this party, and for it beside that one. */
    uint32_t first;
    uint32_t second;
    bool named;             /* by OIN in a selector, so that it stands for itself */
    bool stands;            /* is one of the two */
    uint32_t first_of_kind; /* where it is a kind itself: the two that stand */
    uint32_t second_of_kind;
    uint32_t row; /* in the matrix, where it is a candidate */
    uint32_t column;
};

struct diff {
    struct side side[2];
    bool dormant; /* nobody can use the rule in either file: it changes, and nothing follows */
    change_fn fn;
    void *ctx;
    struct duo *parties; /* by ascending OIN */
    uint32_t parties_count;
    /* Who may ask and who may be asked in one of the files at least: positions in parties. Under
     * index there is one row without a party. */
    uint32_t *rows;
    uint32_t rows_count;
    uint32_t *columns;
    uint32_t columns_count;
    uint8_t *cells; /* rows * columns: bit WAS and bit IS, whether that pair may */
    struct facts probe;
    struct buf nl;
    struct buf en;
    enum err err; /* the first failure */
};

#define NO_PARTY UINT32_MAX /* in rows */

/* Where a change stands and which way it goes. */
struct mark {
    enum effect effect;
    const char *key; /* below the rule, or in the file; NULL: the rule itself */
    const struct duo *requester;
    const struct duo *holder;
    bool harmless; /* a `less` that takes nothing away while the newer file is valid */
    bool narrows;  /* a `changed` that replaces a legal ground */
};

/* Begins a sentence in d->nl and d->en; diff_tell ends it and calls back. */
void diff_begin(struct diff *d);
void diff_tell(struct diff *d, struct mark m);

/* A sentence from two formats with the same arguments. */
#define tell(d, m, nl_format, en_format, ...)                                                      \
    do {                                                                                           \
        struct diff *d_ = (d);                                                                     \
        diff_begin(d_);                                                                            \
        buf_printf(&d_->nl, nl_format, __VA_ARGS__);                                               \
        buf_printf(&d_->en, en_format, __VA_ARGS__);                                               \
        diff_tell(d_, (m));                                                                        \
    } while (0)

/* A sentence that is the same every time. */
void tell_plain(struct diff *d, struct mark m, const char *nl, const char *en);

static inline enum when other_of(enum when w)
{
    return w == WAS ? IS : WAS;
}

/* What is only in that file: gained or lost. */
static inline enum effect effect_of(enum when only)
{
    return only == IS ? EFFECT_MORE : EFFECT_LESS;
}

static inline enum effect opposite_of(enum effect e)
{
    return e == EFFECT_MORE ? EFFECT_LESS : EFFECT_MORE;
}

/* ---- values ---- */

/* A number under a key; what follows where it grows. */
struct number {
    const char *key;
    size_t at;
    enum effect grows;
    const char *nl;
    const char *en;
};

/* Compares a table of uint32_t members of two structs. */
void diff_numbers(struct diff *d, const void *was, const void *is, const struct number *table,
                  size_t count);

/* A duty or permission that is there or not; what follows where it appears. */
struct flag {
    const char *key;
    enum effect appears;
    const char *nl[2]; /* gone, there */
    const char *en[2];
};

void diff_flag(struct diff *d, bool was, bool is, const struct flag *f);

struct names {
    const struct name *v;
    uint32_t count;
};

/* A list in which each word is a permission: "<noun> <word>: <verb>". */
struct list {
    const char *key;
    enum effect appears;
    const char *nl;
    const char *en;
    const char *nl_verb[2]; /* gone, there */
    const char *en_verb[2];
};

/* Compares as sets. holder is NULL, or whom it is about. */
void diff_names(struct diff *d, const struct list *l, struct names was, struct names is,
                const struct duo *holder);

/* Compares two lists of which an empty one means that nothing is asked. */
void diff_open_names(struct diff *d, const struct list *l, struct names was, struct names is);

struct terms {
    const struct term *v[2];
    const char *key;
    enum effect grows;
    const char *nl;
    const char *en;
    const struct duo *holder;
};

/* Compares two terms, each under its own file's closed days. */
void diff_terms(struct diff *d, const struct terms *t);

/* True where x, under the calendar of a, can end after y under that of b, begun at the same time.
 * Exact for two terms in one unit and the same closed days; else true where it cannot be excluded.
 */
bool term_outlasts(const struct policy *a, const struct term *x, const struct policy *b,
                   const struct term *y);

static inline bool names_have(struct names list, const struct name *n)
{
    return name_is_in(list.v, list.count, n);
}

/* NULL and "" are one. */
bool same_text(const char *a, const char *b);

/* ---- parties ---- */

/* The party as sentences name it. */
const char *duo_name(const struct duo *p);
const char *duo_oin(const struct duo *p);

/* A cell of the matrix. */
bool pair_may(const struct diff *d, uint32_t row, uint32_t column, enum when w);
/* The parties of a cell; NULL for the row under index. */
struct duo *row_party(const struct diff *d, uint32_t row);
struct duo *column_party(const struct diff *d, uint32_t column);

/* Which parties no rule could tell apart, and which of them stand for others under the rule of both
 * sides. */
void diff_find_kinds(struct diff *d);
void diff_find_alike(struct diff *d);

/* True where what holds for this row, or column, is not told by another one already. */
bool row_stands(const struct diff *d, uint32_t row);
bool column_stands(const struct diff *d, uint32_t column);

/* Fills rows, columns, cells, and asks and holds of each party, for the rule of both sides. */
void diff_find_pairs(struct diff *d);

/* Whether a field can be released by this holder to this requester, and whether a question that
 * names it is refused for that. */
bool field_open(struct diff *d, enum when w, const struct duo *requester, const struct duo *holder,
                const struct name *field);
bool field_named(struct diff *d, enum when w, const struct duo *requester, const struct duo *holder,
                 const struct name *field);

struct span span_meet(struct span a, struct span b);
/* True where a has a moment outside b. */
bool span_exceeds(struct span a, struct span b);

/* ---- the parts ---- */

void diff_file(struct diff *d);
void diff_who(struct diff *d);         /* parties and pairs, with identifiers and fields of each */
void diff_party_terms(struct diff *d); /* what changes for parties that stay */
void diff_data(struct diff *d);        /* identifiers, fields */
void diff_functions(struct diff *d);   /* of the asking person */
void diff_scope(struct diff *d);       /* validity, case, aims, areas ... */
void diff_bounds(struct diff *d);      /* limits, retention, deadlines, counting, index */
void diff_consent(struct diff *d);
void diff_duties(struct diff *d); /* outcome, passing on, subject, feedback, refusals */
void diff_closing(struct diff *d);
void diff_case_moves(struct diff *d, enum when w);
void diff_law(struct diff *d);    /* citations and texts */

#endif
