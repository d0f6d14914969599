/* The verbs of `sluis`, one file each. */
#ifndef SLUIS_AGENT_CLI_VERBS_H
#define SLUIS_AGENT_CLI_VERBS_H

struct cli;

int cli_import(struct cli *c, int argc, char **argv);
int cli_protect(struct cli *c, int argc, char **argv);
int cli_status(struct cli *c, int argc, char **argv);
int cli_witness(struct cli *c, int argc, char **argv);
int cli_withdraw(struct cli *c, int argc, char **argv);
int cli_case(struct cli *c, int argc, char **argv);
int cli_request(struct cli *c, int argc, char **argv);
int cli_requests(struct cli *c, int argc, char **argv);
int cli_results(struct cli *c, int argc, char **argv);
int cli_own_log(struct cli *c, int argc, char **argv);
int cli_standing(struct cli *c, int argc, char **argv);
int cli_keep(struct cli *c, int argc, char **argv);
int cli_inbox(struct cli *c, int argc, char **argv);
int cli_show(struct cli *c, int argc, char **argv);
int cli_claim(struct cli *c, int argc, char **argv);
int cli_consent(struct cli *c, int argc, char **argv);
int cli_refuse(struct cli *c, int argc, char **argv);
int cli_who(struct cli *c, int argc, char **argv);
int cli_receipt(struct cli *c, int argc, char **argv);
int cli_renew(struct cli *c, int argc, char **argv);
int cli_known(struct cli *c, int argc, char **argv);

#endif
