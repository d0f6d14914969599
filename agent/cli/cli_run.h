/* From the command line to a verb; apart from main so that tests run it. */
#ifndef SLUIS_AGENT_CLI_CLI_RUN_H
#define SLUIS_AGENT_CLI_CLI_RUN_H

#include "agent/cli/cli.h"

/* Parses the global options, finds the verb and runs it. Returns an exit code of sysexits. */
int cli_run(const struct cli_verb *verbs, int argc, char **argv);

/* The verb of this name, or NULL. */
const struct cli_verb *cli_find(const struct cli_verb *verbs, const char *name);

#endif
