/* The files of roster, policy and what belongs to them: read as one set, written as one set. */
#ifndef SLUIS_AGENT_TRUST_FILES_H
#define SLUIS_AGENT_TRUST_FILES_H

#include "agent/trust.h"

#define TRUST_VERSIONS_MAX 64

struct trust_list {
    struct bytes v[TRUST_LIST_MAX];
    size_t count;
};

/* All views live in the arena it was read into. */
struct trust_set {
    struct bytes roster;
    struct bytes policy;
    struct trust_list signatures; /* *.p7s */
    struct trust_list adoptions;  /* *.adoption */
    struct trust_list deals;      /* *.deal */
    struct trust_list states;     /* *.states */
    struct view_version versions[TRUST_VERSIONS_MAX]; /* of the policy; from wire or store, never files */
    size_t version_count;
};

/* A whole file into the arena. Errors as file_read. */
enum err trust_file_read(const char *path, size_t max, struct arena *a, struct bytes *out,
                         struct errmsg *why) MUST_CHECK;

/* ERR_LIMIT. */
enum err trust_list_add(struct trust_list *list, struct bytes item) MUST_CHECK;

/* The configured files. A folder that is not there is empty. Errors as file_read. */
enum err trust_set_read(const struct conf_trust *c, struct arena *a, struct trust_set *out,
                        struct errmsg *why) MUST_CHECK;

/* Adds versions: those of a view's files and the policy in force there; and its words on epochs. So what
 * was verified before stays known and cannot be contradicted. ERR_LIMIT. */
enum err trust_set_add_known(struct trust_set *set, const struct view_files *known) MUST_CHECK;
enum err trust_set_add_version(struct trust_set *set,
                               const struct view_version *version) MUST_CHECK;

/* The same as views for view_new. */
void trust_set_files(const struct trust_set *set, struct view_files *out);

/* Writes what differs, each file whole, and removes what is not in the set any more; words on epochs stay, since one
 * that does not verify may be a compromise that somebody put there.
 * Goes on after a failure; returns the first. */
enum err trust_set_write(const struct conf_trust *c, const struct view_files *files,
                         struct errmsg *why) MUST_CHECK;

#endif
