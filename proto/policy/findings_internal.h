/* Shared by the parts of policy_findings. */
#ifndef SLUIS_POLICY_FINDINGS_INTERNAL_H
#define SLUIS_POLICY_FINDINGS_INTERNAL_H

#include "proto/base/buf.h"
#include "proto/policy/findings.h"

struct search_for {
    const struct policy *policy;
    int64_t now_s;
    finding_fn fn;
    void *ctx;
};

/* Where: a rule (NULL: the file) and a key below it (NULL: itself). */
struct spot {
    const struct rule *rule;
    const char *key;
};

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

void findings_of_law(const struct search_for *s, const struct rule *r);
void findings_of_parties(const struct search_for *s, const struct rule *r);
void findings_of_tests(const struct search_for *s, const struct rule *r);

#endif
