/* The verbs, one or a family in a file of its name. Each is a verb_fn. */
#ifndef SLUIS_CLI_PKI_VERBS_H
#define SLUIS_CLI_PKI_VERBS_H

#include "pki/cli/pki/work.h"

enum err verb_init(struct work *w);
enum err verb_ceremony(struct work *w);
enum err verb_signer(struct work *w);
enum err verb_witness(struct work *w);
enum err verb_witness_ask(struct work *w);
enum err verb_witness_take(struct work *w);
enum err verb_log(struct work *w);
enum err verb_token(struct work *w);
enum err verb_enrol(struct work *w);
enum err verb_broker_init(struct work *w);
enum err verb_approve(struct work *w);
enum err verb_approve_renewal(struct work *w); /* approve of a renewal: without --answer */
enum err verb_renewals(struct work *w);
enum err verb_renew(struct work *w);
enum err verb_accept(struct work *w);
enum err verb_roster_sign(struct work *w);
enum err verb_roster_show(struct work *w);
enum err verb_leave(struct work *w);
enum err verb_roster_remove(struct work *w);
enum err verb_roster_recover(struct work *w);
enum err verb_revoke(struct work *w);
enum err verb_crl(struct work *w);
enum err verb_epoch_confirm(struct work *w);
enum err verb_epoch_new(struct work *w);
enum err verb_epoch_accept(struct work *w);
enum err verb_epoch_half(struct work *w);
enum err verb_epoch_activate(struct work *w);
enum err verb_epoch_retire(struct work *w);
enum err verb_epoch_compromise(struct work *w);
enum err verb_epoch_declare(struct work *w);
enum err verb_epoch_destroy(struct work *w);
enum err verb_epoch_list(struct work *w);
enum err verb_epoch_resign(struct work *w);
enum err verb_rotate(struct work *w);
enum err verb_test_key(struct work *w);
enum err verb_backup(struct work *w);
enum err verb_restore(struct work *w);
enum err verb_list(struct work *w);
enum err verb_mail(struct work *w);
enum err verb_mailbox(struct work *w);

/* Sets *grade to 0 (all is well), 1 (something ends within 14 days) or 2 (within 3 days, over, or wrong). */
enum err verb_status(struct work *w, int *grade);

#endif
