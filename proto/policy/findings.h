/* What a jurist should look at in a policy that loads: it may be evaluated, but it should not be
 * signed before each error is gone. */
#ifndef SLUIS_POLICY_FINDINGS_H
#define SLUIS_POLICY_FINDINGS_H

#include "proto/policy/policy.h"

enum severity {
    SEVERITY_WARNING = 1, /* say why it is right, or change it */
    SEVERITY_ERROR,
};

#define FINDING_PATH_SIZE 160

struct finding {
    enum severity severity;
    const char *code;             /* stable id: gate-missing */
    char path[FINDING_PATH_SIZE]; /* rules[riec.case].gates[0] */
    char text[200];
};

typedef void (*finding_fn)(void *ctx, const struct finding *f);

/* Calls fn for each finding: of the file, of each rule in the order of the file, and then those
 * between two rules. now_s: seconds since 1970 UTC. A withdrawn rule has none. ERR_NOMEM where the
 * search could not be finished. Time grows with rules times parties, never with rules squared. */
enum err policy_findings(const struct policy *p, int64_t now_s, finding_fn fn,
                         void *ctx) MUST_CHECK;

#endif
