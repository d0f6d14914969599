/* What `sluis import` and `sluis withdraw` share. */
#ifndef SLUIS_AGENT_CLI_IMPORT_H
#define SLUIS_AGENT_CLI_IMPORT_H

#include "agent/cli/cli.h"

/* --confirm-withdraw N. */
struct import_confirm {
    bool is_given;
    uint64_t count;
};
bool import_confirm_parse(const char *text, struct import_confirm *out);
void import_confirm_put(struct doc_build *b, const struct import_confirm *c);

/* Prints the report of an import; an exit code. */
int import_print(struct cli *c, const struct doc *ok);
/* A line about records on their way into another epoch, out of `status` or `imports`; none where there are none. */
void import_print_anew(struct cli *c, const struct doc *ok);
/* The exit code that its state asks for. */
int import_exit(const struct doc *ok);

#endif
