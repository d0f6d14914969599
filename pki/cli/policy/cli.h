/* What the verbs of sluis-policy share: options, the loaded file, output as text or JSON. */
#ifndef SLUIS_CLI_POLICY_CLI_H
#define SLUIS_CLI_POLICY_CLI_H

#include "proto/base/buf.h"
#include "proto/conf/policy_load.h"
#include "proto/policy/explain.h"

#define CLI_LIST_MAX 64

struct options {
    const char *verb;
    const char *file;
    const char *argument; /* the second: a rule for explain, show and dump, the newer file for diff */
    bool json;
    bool html;
    enum language language;
    bool has_at;
    int64_t at_s;
    const char *facts;
    enum role role;
    /* signatures and adoptions */
    const char *key;
    const char *passphrase_file;
    const char *certificates[CLI_LIST_MAX];
    size_t certificates_count;
    const char *signatures[CLI_LIST_MAX];
    size_t signatures_count;
    const char *output;
    const char *rules[CLI_LIST_MAX];
    size_t rules_count;
    uint64_t serial;
    bool withdraw;
    const char *evidence;
};

/* One run: the file is read and loaded, out holds what goes to standard output. */
struct cli {
    const struct options *options;
    int64_t now_s;
    struct buf text; /* the exact bytes of the file */
    struct policy_file *file;
    const struct policy *policy;
    struct buf out;
};

/* A verb returns an exit code of sysexits.h, after writing to c->out. */
typedef int (*verb_fn)(struct cli *c);

int verb_check(struct cli *c);
int verb_test(struct cli *c);
int verb_explain(struct cli *c);
int verb_show(struct cli *c);
int verb_dump(struct cli *c);
int verb_diff(struct cli *c);
int verb_sign(struct cli *c);
int verb_verify(struct cli *c);
int verb_adopt(struct cli *c);

/* Says "sluis-policy: detail" on standard error and gives the exit code for e. */
int cli_fail(enum err e, const struct errmsg *why);

/* Any error in the content of a file is one and the same to cli_fail: never "no such file". */
enum err cli_data_error(enum err e);

/* Says a plain sentence and gives code. */
int cli_complain(int code, const char *text, const char *detail);

#endif
