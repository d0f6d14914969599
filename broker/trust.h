/* Reads the files that say whom and what this broker believes, and makes a view of them. */
#ifndef SLUIS_BROKER_TRUST_H
#define SLUIS_BROKER_TRUST_H

#include "pki/view/view.h"
#include "proto/conf/config_broker.h"

struct refused_document;

/* What this broker verified before: it holds against it what it reads now. */
struct trust_before {
    const struct view_marks *marks;
    const struct view_version *versions; /* of the policy */
    size_t version_count;
    struct refused_document *refused; /* gets roster or policy, where one of them does not hold */
};

/* ERR_NOT_FOUND, ERR_IO, ERR_CONFIG (a pin), or what view_new says; why names the file. Blocks for
 * the disk: at start and on reload only. */
enum err trust_load(const struct config_broker *c, const struct trust_before *before, int64_t now_s,
                    struct view **out, struct errmsg *why) MUST_CHECK;

/* The same from files in memory; only the pins are read. */
enum err trust_again(const struct config_broker *c, const struct view_files *files,
                     const struct view_marks *marks, int64_t now_s, struct view **out,
                     struct errmsg *why) MUST_CHECK;

#endif
