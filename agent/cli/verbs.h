/* The verbs of `sluis`, one file each. */
#ifndef SLUIS_AGENT_CLI_VERBS_H
#define SLUIS_AGENT_CLI_VERBS_H

struct cli;

int cli_status(struct cli *c, int argc, char **argv);

#endif
