/* What the command line of sluis-audit said. */
#ifndef SLUIS_CLI_AUDIT_OPTIONS_H
#define SLUIS_CLI_AUDIT_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/bytes.h"

#define OPTIONS_NO_INDEX UINT64_MAX

/* Texts are the program's arguments; NULL where not given. */
struct options {
    const char *verb;
    const char *index_text; /* of prove, show, explain, open */
    uint64_t index;
    const char *log;
    const char *audit_policy;
    const char *bodies; /* a file of body lines, or a control socket */
    bool own;           /* of the agency's own log */
    const char *key;
    const char *passphrase_file;
    const char *certificate; /* the officer's: of a bundle */
    const char *copy;        /* recover: the auditors' copy of bodies */
    const char *bundle;      /* verify: a folder of evidence */
    const char *filler_key;
    const char *old;
    const char *predecessor;        /* verify: the folder of the log before this one */
    const char *predecessor_policy; /* whom to believe of that one */
    const char *predecessor_bodies;
    const char *proof;
    const char *entry;
    const char *body;
    const char *output;
    const char *policy;
    const char *agency;
    const char *rule;
    const char *event;
    const char *decision;
    const char *officer;
    const char *since_text;
    const char *until_text;
    int64_t since;
    int64_t until;
    const char *cosigned_text;
    int64_t cosigned_since; /* verify: the quorum cosigned the head since then */
    uint64_t from;
    uint64_t to;
    uint64_t limit;
    const char *after_text;
    uint64_t after;  /* list: the rows behind this index */
    uint64_t count;  /* sample: --n */
    const char *seed;
    const char *every_text;
    uint64_t every; /* watch: seconds */
    const char *least_text;
    uint64_t least; /* report */
    const char *format; /* of export and report; NULL: csv, text */
    const char *header;
    const char *dossier;
    bool json;
    bool quiet;
};

/* Each verb; the exit status. */
int run_verify(const struct options *o);
int run_prove(const struct options *o);
int run_list(const struct options *o);
int run_show(const struct options *o);
int run_explain(const struct options *o);
int run_sample(const struct options *o);
int run_export(const struct options *o);
int run_report(const struct options *o);
int run_watch(const struct options *o);
int run_recover(const struct options *o);
int run_open(const struct options *o);

/* export --format bundle; verify --bundle. */
struct audit_policy;
int run_bundle(const struct options *o);
/* export --format ldv. */
int run_ldv(const struct options *o);
int run_verify_bundle(const struct options *o, const struct audit_policy *policy);

struct errmsg;
/* Prints "sluis-audit: what" to stderr and returns the exit status of the error (sysexits). */
int options_fail(const char *what, int e, const struct errmsg *why);

#endif
