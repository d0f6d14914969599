/* Shared by the parts of policy_findings. */
#ifndef SLUIS_POLICY_FINDINGS_INTERNAL_H
#define SLUIS_POLICY_FINDINGS_INTERNAL_H

#include "proto/base/buf.h"
#include "proto/policy/findings.h"

/* A party that the rule at hand lists. */
struct acting {
    const struct party *party;
    bool asks;  /* as requester */
    bool holds; /* as holder; index: as contributor */
    bool can; /* takes part in the purpose, is not excluded, and is a party while the rule holds */
};

struct search_for {
    const struct policy *policy;
    int64_t now_s;
    finding_fn fn;
    void *ctx;
    struct acting *acting; /* of the rule at hand; room for every party */
    uint32_t acting_count;
    const struct policy_test **tests; /* of the file, by rule */
};

/* Where: a rule (NULL: the file), a key below it (NULL: itself), and an item of that list. */
struct spot {
    const struct rule *rule;
    const char *key;
    uint32_t item; /* its position plus 1; 0: the whole list */
};

static inline struct spot at_rule(const struct rule *r)
{
    return (struct spot){.rule = r};
}

static inline struct spot at_key(const struct rule *r, const char *key)
{
    return (struct spot){.rule = r, .key = key};
}

static inline struct spot at_item(const struct rule *r, const char *key, uint32_t i)
{
    return (struct spot){.rule = r, .key = key, .item = i + 1};
}

/* Reports one finding; the text is a format. */
#define report(s, where, sev, id, ...)                                                             \
    do {                                                                                           \
        struct finding found_ = {.severity = (sev), .code = (id)};                                 \
        struct buf text_ = buf_fixed(found_.text, sizeof found_.text - 1);                         \
        buf_printf(&text_, __VA_ARGS__);                                                           \
        finding_report((s), (where), &found_);                                                     \
    } while (0)

/* Fills in the path and calls back. */
void finding_report(const struct search_for *s, struct spot where, struct finding *f);

/* ---- one rule; acting is filled in ---- */

void findings_of_law(const struct search_for *s, const struct rule *r);
void findings_of_privacy(const struct search_for *s, const struct rule *r);
void findings_of_parties(const struct search_for *s, const struct rule *r);
void findings_of_applying(const struct search_for *s, const struct rule *r);
void findings_of_case(const struct search_for *s, const struct rule *r);
void findings_of_data(const struct search_for *s, const struct rule *r);
void findings_of_weighing(const struct search_for *s, const struct rule *r);
void findings_of_tests(const struct search_for *s, const struct rule *r);

/* Fills in s->acting for the rule. */
void findings_list_acting(struct search_for *s, const struct rule *r);

/* ---- between rules: ERR_NOMEM, or ERR_OK ---- */

enum err findings_of_fields(const struct search_for *s) MUST_CHECK;  /* one name, two meanings */
enum err findings_of_consent(const struct search_for *s) MUST_CHECK; /* overlapping rules */
enum err findings_of_shadows(const struct search_for *s) MUST_CHECK;
enum err findings_of_loading(struct search_for *s) MUST_CHECK; /* who is asked, and loads nothing */

/* True where the holder may release this field of the rule. */
bool field_is_of(const struct rule_field *f, const struct party *holder);

/* True where some moment lies in both. */
bool periods_overlap(const struct period *a, const struct period *b);

#endif
